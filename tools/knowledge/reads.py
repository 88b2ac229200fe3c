"""Reading the shop's articles. The search is handed in, because it needs a connection to Chroma."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import Field

from core.identity import Permission, RunContext
from core.knowing import Visibility
from memory.retrieval import KnowledgeSearch, Wanted
from store.unit import ReadTx
from tools.arguments import Query
from tools.knowledge.citing import cited
from tools.knowledge.module import module
from tools.knowledge.results import ArticlesFound
from tools.knowledge.sources import TOOLS
from tools.spec import Args, Effect, Tool

_CUSTOMERS = (Visibility.PUBLIC, Visibility.CUSTOMER)
_EVERYTHING = (*_CUSTOMERS, Visibility.STAFF)


class SearchArticles(Args):
    """Arguments of `search_articles`."""

    query: Query
    limit: Annotated[int, Field(ge=1, le=10, json_schema_extra={"format": "limit"})] = 4
    """How many passages at most."""


NoteGap = Callable[[ReadTx, str], Awaitable[str]]
"""Notes that nothing answered a question, and returns its number. A transaction that only reads has ended afterwards."""


def knowledge_tools(search: KnowledgeSearch, note_gap: NoteGap | None = None) -> tuple[Tool[Any, Any], ...]:
    """Return the tools of this module over a search; what it does not find is noted, if `note_gap` says where."""

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
        visibility = _CUSTOMERS if tx.principal.is_customer else _EVERYTHING
        passages = await search.search(tx, Wanted(args.query, visibility, limit=args.limit))
        gap = await note_gap(tx, args.query) if note_gap and not passages.found and not passages.degraded else ""
        return ArticlesFound(query=args.query, citations=cited(passages.found, tx.now), gap=gap, degraded=passages.degraded)

    return (search_articles, *TOOLS)
