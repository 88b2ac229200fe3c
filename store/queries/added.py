"""Files that merchants add as sources of knowledge, and questions that nothing answered."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import text

from core.errors import Conflict, NotFound
from core.ids import new_id
from core.knowing import GapStatus, SourceKind, SourceStatus, Visibility
from core.redact import redact_text, visible
from core.statuses import ArticleCategory, ArticleStatus
from store.queries import passages
from store.tables.knowledge import Article, KnowledgeGap, KnowledgeSource
from store.unit import ReadTx, Tx

_SOURCES = text(
    "SELECT s.slug, s.kind, s.title, s.owner, s.visibility, s.language, s.valid_from, s.valid_until, s.version, s.status, s.reason, "
    "progress.chunks, progress.vectors FROM (SELECT id, slug, kind, title, owner, visibility, language, valid_from, valid_until, version, "
    "status, reason FROM knowledge_sources WHERE tenant_id = :tenant AND (cast(:kind AS varchar) IS NULL OR kind = :kind) "
    "AND (cast(:slug AS varchar) IS NULL OR slug = :slug AND kind IN ('file', 'url')) ORDER BY kind, title, id LIMIT :limit) s "
    "CROSS JOIN LATERAL (SELECT count(*) AS chunks, "
    "count(*) FILTER (WHERE v.embedding = coalesce(cast(:embedding AS varchar), v.embedding) "
    "AND v.embedding NOT IN ('', '-')) AS vectors FROM knowledge_chunks c "
    "LEFT JOIN knowledge_vectors v ON v.tenant_id = c.tenant_id AND v.id = c.id "
    "WHERE c.tenant_id = :tenant AND c.source_id = s.id) progress ORDER BY s.kind, s.title, s.id"
)
_COUNT = text("SELECT count(*) FROM knowledge_sources WHERE tenant_id = :tenant AND kind = ANY (cast(:kinds AS varchar[]))")
_GAPS = text(
    "SELECT number, question, asked, last_at FROM knowledge_gaps WHERE tenant_id = :tenant AND status = 'open' "
    "ORDER BY asked DESC, id LIMIT :limit"
)
_ADDED = text("SELECT id FROM knowledge_sources WHERE tenant_id = :tenant AND slug = :slug AND kind IN ('file', 'url')")
_GAP = text("SELECT id FROM knowledge_gaps WHERE tenant_id = :tenant AND number = :number FOR UPDATE")


class AddedFile(NamedTuple):
    """A file as it is added: the same `slug` again is its next version."""

    slug: str
    title: str
    body: str
    owner: str
    visibility: Visibility = Visibility.PUBLIC
    language: str = "en"
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class SourceLine(NamedTuple):
    """A source and how far it is."""

    slug: str
    kind: str
    title: str
    owner: str
    visibility: str
    language: str
    valid_from: datetime | None
    valid_until: datetime | None
    version: int
    status: str
    reason: str
    chunks: int
    vectors: int


class GapLine(NamedTuple):
    """A question that nothing answered, and how often it was asked."""

    number: str
    question: str
    asked: int
    last_at: datetime


async def add(tx: Tx, file: AddedFile) -> KnowledgeSource:
    """Store a file, which the librarian then cuts into chunks; one of the same slug gets a new version, if it says something else."""
    row = await known(tx, file.slug)
    if row is None:
        row = tx.add(
            KnowledgeSource(
                tenant_id=tx.tenant_id,
                id=new_id(),
                kind=SourceKind.FILE,
                slug=file.slug,
                title=file.title[:200],
                visibility=file.visibility,
                created_at=tx.now,
                updated_at=tx.now,
            )
        )
    elif row.body != file.body:
        row.version += 1
    row.title, row.body, row.link, row.owner = file.title[:200], file.body, f"files/{file.slug}", file.owner
    row.visibility, row.language, row.valid_from, row.valid_until = file.visibility, file.language, file.valid_from, file.valid_until
    await hold(tx, row)
    return row


async def remove(tx: Tx, slug: str) -> None:
    """Delete a file that was added, with all its chunks; Chroma forgets them next.

    Raises:
        NotFound: no such file was added.
    """
    await passages.drop(tx, await locked(tx, slug))


async def locked(tx: Tx, slug: str) -> KnowledgeSource:
    """Return a file that was added, which nobody else changes until this transaction ends.

    Raises:
        NotFound: no such file was added.
    """
    row = await known(tx, slug)
    if row is None:
        raise NotFound("knowledge source", slug)
    return row


async def known(tx: Tx, slug: str) -> KnowledgeSource | None:
    """Return a file if it was added; no file can be added, changed or removed until this transaction ends."""
    await passages.lock(tx)
    found = (await tx.connection.execute(_ADDED, {"tenant": tx.tenant_id, "slug": slug})).scalar()
    return await passages.locked(tx, found) if found else None


async def hold(tx: Tx, row: KnowledgeSource) -> None:
    """Store what was changed of a file beside its text; the librarian then makes its passages follow."""
    row.status, row.reason, row.updated_at = SourceStatus.WAITING, "", tx.now
    tx.session.add(row)
    await tx.session.flush()


async def lines(
    tx: ReadTx, embedding: str | None = None, *, kind: SourceKind | None = None, slug: str | None = None, limit: int = 500
) -> list[SourceLine]:
    """Return sources with their progress.

    Args:
        embedding: whose vectors are counted; by default those of any.
        slug: only the file of this name.
    """
    values = {"tenant": tx.tenant_id, "embedding": embedding, "kind": kind.value if kind else None, "slug": slug, "limit": limit}
    return [SourceLine(*row) for row in await tx.connection.execute(_SOURCES, values)]


async def count(tx: ReadTx, kinds: Sequence[SourceKind]) -> int:
    """Return how many sources of some kinds there are."""
    found = await tx.connection.execute(_COUNT, {"tenant": tx.tenant_id, "kinds": [kind.value for kind in kinds]})
    return int(found.scalar_one())


async def note_gap(tx: ReadTx, question: str) -> str:
    """Note that nothing answered a question, and return its number; empty when too many are open. No personal data is kept.

    A transaction that only reads ends here; with one that writes, the note is kept.
    """
    said = " ".join(redact_text(visible(question)).split())[:300]
    if not any(map(str.isalnum, said)):
        return ""
    digest = sha256(said.lower().rstrip("?!. ").encode()).hexdigest()
    rows = await tx.call_last("knowledge_note_gap", tenant=tx.tenant_id, asked_question=said, question_digest=digest, at=tx.now)
    return str(rows[0]["number"] or "")


async def gaps(tx: ReadTx, limit: int = 50) -> list[GapLine]:
    """Return the open gaps, those asked most first."""
    return [GapLine(*row) for row in await tx.connection.execute(_GAPS, {"tenant": tx.tenant_id, "limit": limit})]


async def draft(tx: Tx, number: str) -> str:
    """Begin an article that answers a gap, as a draft that nobody reads before it is published, and return its slug.

    Raises:
        NotFound: no such gap.
        Conflict: the gap has a draft, or was dismissed.
    """
    found = (await tx.connection.execute(_GAP, {"tenant": tx.tenant_id, "number": number})).scalar()
    gap = await tx.session.get(KnowledgeGap, (tx.tenant_id, found)) if found else None
    if gap is None:
        raise NotFound("knowledge gap", number)
    if gap.status != GapStatus.OPEN:
        raise Conflict(f"{number} is {gap.status} already", code="gap_closed")
    slug = f"answer-{number.lower()}"
    body = f"## {gap.question}\n\nWrite the answer here. It was asked {gap.asked} times, last on {gap.last_at:%-d %B %Y}.\n"
    article = tx.add(
        Article(
            tenant_id=tx.tenant_id,
            id=new_id(),
            slug=slug,
            title=gap.question[:200],
            body=body,
            category=ArticleCategory.FAQ,
            status=ArticleStatus.DRAFT,
            visibility="public",
            updated_at=tx.now,
        )
    )
    await tx.session.flush()
    gap.status, gap.article_id = GapStatus.DRAFTED, article.id
    tx.session.add(gap)
    await tx.session.flush()
    return slug
