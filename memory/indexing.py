"""Bring the index of articles up to date with Postgres, which is the truth."""

from uuid import UUID

from core.identity import Principal
from core.statuses import ArticleStatus
from memory.articles import ArticleIndex, Visibility, split
from store.queries import articles
from store.queries.articles import Stale
from store.unit import Units


async def index_articles(units: Units, principal: Principal, index: ArticleIndex, *, everything: bool = False) -> int:
    """Index the tenant's articles that changed since they were indexed, and return how many.

    Safe to run again and beside itself. No transaction is open while vectors are made.

    Args:
        principal: somebody of the tenant who is not a customer.
        everything: index all, such as after a change of the embedding model or the loss of Chroma's data.

    Raises:
        Unavailable: Chroma or Postgres cannot be reached; what was indexed stays noted.
    """
    done, last = 0, None
    while batch := await _stale(units, principal, everything, last):
        for article in batch:
            await _index(index, principal.tenant_id, article)
        async with units.write(principal) as tx:
            for article in batch:
                await articles.mark_indexed(tx, article)
        done, last = done + len(batch), batch[-1].id
    return done


async def _stale(units: Units, principal: Principal, everything: bool, after: UUID | None) -> list[Stale]:
    async with units.read(principal) as tx:
        return await articles.stale(tx, everything=everything, after=after)


async def _index(index: ArticleIndex, tenant_id: UUID, article: Stale) -> None:
    visibility: Visibility = "internal" if article.visibility == "internal" else "public"
    chunks = split(article.id, article.title, article.body, visibility=visibility)
    if article.status == ArticleStatus.PUBLISHED.value and chunks:
        await index.upsert(tenant_id, chunks)
    else:
        await index.delete_article(tenant_id, article.id)
