"""Articles that agents cite: policies, guides, answers to frequent questions."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.statuses import ArticleCategory, ArticleStatus
from store.tables.base import TenantRow, instant, instant_or_none, long_text, word, words_check


class Article(TenantRow, table=True):
    """One page of knowledge; `visibility` is public (customers too) or internal (staff)."""

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("tenant_id", "slug"),
        words_check("status", ArticleStatus, "articles_status_check"),
        words_check("category", ArticleCategory, "articles_category_check"),
        Index(
            "articles_search_idx",
            text("(setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B'))"),
            postgresql_using="gin",
        ),
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
    indexed_at: datetime | None = instant_or_none()
