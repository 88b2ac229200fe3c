"""What agents cite: articles, and the sources of passages; questions that nothing answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlmodel import Field, SQLModel

from core.knowing import GapStatus, SourceKind, SourceStatus, Visibility
from core.statuses import ArticleCategory, ArticleStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, long_text, word, words_check


class Article(TenantRow, table=True):
    """One page of knowledge; `visibility` is public (customers too) or internal (staff)."""

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("tenant_id", "slug"),
        words_check("status", ArticleStatus, "articles_status_check"),
        words_check("category", ArticleCategory, "articles_category_check"),
    )
    slug: str = Field(max_length=80)
    title: str = Field(max_length=200)
    body: str = long_text()
    """Markdown."""
    category: ArticleCategory = word(ArticleCategory)
    status: ArticleStatus = word(ArticleStatus, ArticleStatus.PUBLISHED)
    visibility: str = Field(default="public", max_length=10)
    policy_version: int | None = None
    """Set when the article is rendered from the policy."""
    updated_at: datetime = instant()


class KnowledgeSource(TenantRow, table=True):
    """Where passages come from: a page, a product, a review, a solved ticket, or a file or address that the merchant added.

    Those of the shop's own rows have their row's id; `body` is kept only of files and addresses, as Markdown.
    """

    __tablename__ = "knowledge_sources"
    __table_args__ = (
        words_check("kind", SourceKind, "knowledge_sources_kind_check"),
        words_check("visibility", Visibility, "knowledge_sources_visibility_check"),
        words_check("status", SourceStatus, "knowledge_sources_status_check"),
        CheckConstraint("version >= 1", name="knowledge_sources_version_check"),
        CheckConstraint("(status = 'failed') = (reason <> '')", name="knowledge_sources_reason_check"),
        CheckConstraint("valid_from IS NULL OR valid_until IS NULL OR valid_from < valid_until", name="knowledge_sources_valid_check"),
        Index("knowledge_sources_slug_idx", "tenant_id", "slug", unique=True, postgresql_where=text("kind IN ('file', 'url')")),
        Index("knowledge_sources_kind_idx", "tenant_id", "kind", "title", "id"),
        Index("knowledge_sources_waiting_idx", "tenant_id", "id", postgresql_where=text("status = 'waiting'")),
    )
    kind: SourceKind = word(SourceKind)
    slug: str = Field(max_length=120)
    title: str = Field(max_length=200)
    link: str = Field(default="", max_length=1000)
    body: str = long_text()
    owner: str = Field(default="", max_length=120)
    """Who answers for it."""
    visibility: Visibility = word(Visibility)
    language: str = Field(default="en", max_length=2)
    valid_from: datetime | None = instant_or_none()
    valid_until: datetime | None = instant_or_none()
    version: int = 1
    """Counts the texts that it has had."""
    digest: str = Field(default="", max_length=64)
    """SHA-256 of what its passages were made of."""
    status: SourceStatus = word(SourceStatus, SourceStatus.WAITING)
    reason: str = Field(default="", max_length=300)
    created_at: datetime = instant()
    updated_at: datetime = instant()


class KnowledgeGap(TenantRow, table=True):
    """A question that nothing answered; the same question is one gap, however often it is asked."""

    __tablename__ = "knowledge_gaps"
    __table_args__ = (
        UniqueConstraint("tenant_id", "digest"),
        UniqueConstraint("tenant_id", "number"),
        belongs("article_id", "articles"),
        words_check("status", GapStatus, "knowledge_gaps_status_check"),
        CheckConstraint("asked >= 1 AND last_at >= first_at", name="knowledge_gaps_asked_check"),
        CheckConstraint("(status = 'drafted') = (article_id IS NOT NULL)", name="knowledge_gaps_drafted_check"),
        Index("knowledge_gaps_open_idx", "tenant_id", text("asked DESC"), "id", postgresql_where=text("status = 'open'")),
        Index("knowledge_gaps_article_idx", "tenant_id", "article_id"),
    )
    number: str = Field(max_length=20)
    """Such as K-1001."""
    question: str = Field(max_length=300)
    """Without e-mail addresses, numbers of phones and cards."""
    digest: str = Field(max_length=64)
    asked: int = 1
    status: GapStatus = word(GapStatus, GapStatus.OPEN)
    article_id: UUID | None = None
    first_at: datetime = instant()
    last_at: datetime = instant()


class KnowledgeChunk(TenantRow, table=True):
    """A piece of a source, as it is found and quoted. Its text never changes: another text is another chunk.

    Triggers count its words in `knowledge_terms`, queue it in `knowledge_vectors`, and leave its id in `knowledge_leftovers` at its end.
    """

    __tablename__ = "knowledge_chunks"
    __table_args__ = (
        belongs("source_id", "knowledge_sources", on_delete="CASCADE"),
        Index("knowledge_chunks_source_idx", "tenant_id", "source_id", "section", "place"),
        Index("knowledge_chunks_end_idx", "tenant_id", "valid_until", postgresql_where=text("valid_until IS NOT NULL")),
        Index("knowledge_chunks_search_idx", "search", postgresql_using="gin"),
        Index("knowledge_chunks_names_idx", "names", postgresql_using="gin"),
    )
    source_id: UUID
    place: int
    section: int
    """Chunks of one section are quoted together."""
    kind: str = Field(max_length=8)
    visibility: str = Field(max_length=8)
    language: str = Field(max_length=2)
    valid_from: datetime | None = instant_or_none()
    valid_until: datetime | None = instant_or_none()
    title: str = Field(max_length=200)
    heading: str = Field(max_length=200)
    text: str = long_text()
    digest: str = Field(max_length=64)
    names: list[str] = Field(sa_type=ARRAY(Text))  # pyright: ignore[reportArgumentType, reportCallIssue]
    """Identifiers in capitals, such as SKUs, by which it is found at once."""
    words: int
    search: str = Field(sa_type=TSVECTOR)  # pyright: ignore[reportArgumentType]
    """The title twice, the heading three times, then the text: a word in a heading counts as often."""


class KnowledgeVector(TenantRow, table=True):
    """Which embedding Chroma holds a chunk's vector of: empty, none yet; `-`, one is on its way."""

    __tablename__ = "knowledge_vectors"
    __table_args__ = (Index("knowledge_vectors_embedding_idx", "tenant_id", "embedding"),)
    embedding: str = Field(default="", max_length=100)


class KnowledgeTerm(SQLModel, table=True):
    """In how many chunks a word stands; the empty word counts all chunks and their words."""

    __tablename__ = "knowledge_terms"
    __table_args__ = (CheckConstraint("chunks >= 0", name="knowledge_terms_chunks_check"),)
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    lexeme: str = Field(primary_key=True, sa_type=Text)
    chunks: int
    words: int = Field(default=0, sa_type=BigInteger)


class KnowledgeChange(TenantRow, table=True):
    """A row of the shop changed, and the source made of it has to follow. Triggers write it with the change."""

    __tablename__ = "knowledge_changes"
    kind: str = Field(max_length=8)
    source_id: UUID
    at: datetime = instant()


class KnowledgeLeftover(TenantRow, table=True):
    """A chunk that is gone, whose vector Chroma still holds."""

    __tablename__ = "knowledge_leftovers"


class KnowledgeEmbedding(SQLModel, table=True):
    """An embedding that the store's chunks have vectors of; `ready_at` once all had one."""

    __tablename__ = "knowledge_embeddings"
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    name: str = Field(primary_key=True, max_length=100)
    ready_at: datetime | None = instant_or_none()
