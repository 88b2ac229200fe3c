"""Reading the shop's articles. The search is handed in, because it needs a connection to Chroma."""

from typing import Annotated, Any

from pydantic import Field

from core.identity import Permission, RunContext
from memory.articles import Visibility
from memory.retrieval import ArticleSearch
from store.unit import ReadTx
from tools.arguments import Query
from tools.knowledge.module import module
from tools.knowledge.results import ArticlesFound, Citation
from tools.spec import Args, Effect, Tool

_PUBLIC: tuple[Visibility, ...] = ("public",)
_EVERYTHING: tuple[Visibility, ...] = ("public", "internal")


class SearchArticles(Args):
    """Arguments of `search_articles`."""

    query: Query
    limit: Annotated[int, Field(ge=1, le=10, json_schema_extra={"format": "limit"})] = 4
    """How many passages at most."""


def knowledge_tools(search: ArticleSearch) -> tuple[Tool[Any, Any], ...]:
    """Return the tools of this module over a search."""

    @module.tool(
        effect=Effect.READ,
        permission=Permission.ARTICLE_READ,
        examples=(
            "what is your return policy for electronics?",
            "how long do I have to send something back",
            "how do I clean leather shoes",
            "who pays for return shipping",
            "what happens when my parcel is late?",
            "can I cancel after it shipped",
            "do you ship abroad",
            "my headset won't connect to my phone",
            "which size should I take",
            "what are our approval limits for refunds",
        ),
    )
    async def search_articles(tx: ReadTx, args: SearchArticles, _ctx: RunContext) -> ArticlesFound:
        """Find what the shop's policies, guides and answers say about a question, with sources to cite."""
        visibility = _PUBLIC if tx.principal.is_customer else _EVERYTHING
        passages = await search.search(tx, args.query, visibility=visibility, limit=args.limit)
        citations = [
            Citation(number=number, title=each.title, slug=each.slug, heading=each.heading, excerpt=each.text)
            for number, each in enumerate(passages.found, start=1)
        ]
        return ArticlesFound(query=args.query, citations=citations, degraded=passages.degraded)

    return (search_articles,)
