"""What the knowledge tool promises: whole passages with sources, for eyes that may see them, with or without Chroma."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from agents.policy_pages import render_policy_pages
from core.errors import Unavailable
from core.identity import Principal
from core.statuses import ArticleStatus
from memory.embed import HashEmbedder
from memory.index import KnowledgeIndex
from memory.indexing import index_knowledge
from memory.retrieval import HybridSearch
from store.embedded import Endpoints
from tests.support.desk import Desk
from tests.support.shop import Shop
from tests.support.shop_data import add_article
from tools.executor import Executor
from tools.knowledge import knowledge_tools
from tools.knowledge.results import ArticlesFound
from tools.policy import Policy
from tools.registry import Toolbox

NOWHERE = "http://127.0.0.1:1"


def desk_over(shop: Shop, index: KnowledgeIndex) -> Desk:
    """Return the executor over the knowledge tools."""
    desk = Desk(shop.units)
    desk.executor = Executor(shop.units, Toolbox(knowledge_tools(HybridSearch(index))), {})
    return desk


@pytest.fixture
async def index(endpoints: Endpoints) -> AsyncIterator[KnowledgeIndex]:
    index = KnowledgeIndex(endpoints.chroma_url, HashEmbedder())
    yield index
    await index.close()


@pytest.fixture
async def desk(shop: Shop, index: KnowledgeIndex) -> Desk:
    """The policy's pages and two guides, indexed."""
    for page in render_policy_pages(Policy(), "EUR"):
        await add_article(shop, page.slug, page.body, visibility=page.visibility, title=page.title)
    await add_article(shop, "care-leather", "## Cleaning\n\nBrush off the dirt, then wipe with saddle soap.", title="Caring for leather")
    await add_article(shop, "unfinished", "Zeppelins are delivered by moonlight.", status=ArticleStatus.DRAFT)
    await index_knowledge(shop.units, shop.owner, index, everything=True)
    return desk_over(shop, index)


async def ask(desk: Desk, who: Principal, query: str) -> dict[str, Any]:
    return await desk.ok(who, "search_articles", {"query": query})


@pytest.mark.parametrize(
    ("query", "slug", "heading", "says"),
    [
        ("what is your return policy for electronics?", "returns-policy", "Electronics", "30 days"),
        ("How long do I have to return a headset?", "returns-policy", "Electronics", "restocking fee of 15 %"),
        ("what is your return policy?", "returns-policy", "", "Furniture: 14 days"),
        ("who pays for return shipping", "returns-policy", "Return shipping", "€5.00"),
        ("what happens when my parcel is late?", "delivery-policy", "Late parcels", "€5.00"),
        ("is there a warranty", "warranty-policy", "What is covered", "90 days"),
        ("how do I clean leather", "care-leather", "Cleaning", "saddle soap"),
    ],
)
async def test_the_best_passage_answers_and_is_quoted_whole(shop: Shop, desk: Desk, query: str, slug: str, heading: str, says: str) -> None:
    result = await desk.call(shop.ana, "search_articles", {"query": query})
    best = ArticlesFound.model_validate(result.data).citations[0]
    assert (best.number, best.slug, best.heading) == (1, slug, heading)
    assert says in best.quoted
    assert best.quoted in result.text
    assert "[1]" in result.text
    assert "Sources" in result.text
    assert result.data["degraded"] is False


async def test_customers_never_see_internal_pages_and_nobody_sees_drafts(shop: Shop, desk: Desk) -> None:
    query = "refunds: four eyes, a manager approves the limit"
    assert "internal-approvals" in [each["slug"] for each in (await ask(desk, shop.staff, query))["citations"]]
    assert "internal-approvals" not in [each["slug"] for each in (await ask(desk, shop.ana, query))["citations"]]
    for who in (shop.ana, shop.owner):
        assert (await ask(desk, who, "zeppelins by moonlight"))["citations"] == []


async def test_a_page_that_became_internal_is_hidden_before_it_is_indexed_again(shop: Shop, desk: Desk) -> None:
    assert (await ask(desk, shop.ana, "leather saddle soap"))["citations"]
    async with shop.units.write(shop.owner) as tx:
        await tx.session.execute(text("UPDATE articles SET visibility = 'internal' WHERE slug = 'care-leather'"))
    assert (await ask(desk, shop.ana, "leather saddle soap"))["citations"] == []


async def test_another_shop_finds_nothing(shop: Shop, desk: Desk) -> None:
    assert (await ask(desk, shop.eve, "return policy for electronics"))["citations"] == []


@pytest.mark.parametrize("query", ["write me a poem about the sea", "tell me a joke", "the of and", "%' OR 'x'='x' --", "!!!"])
async def test_what_no_article_is_about_is_said_plainly(shop: Shop, desk: Desk, query: str) -> None:
    result = await desk.call(shop.ana, "search_articles", {"query": query})
    assert result.data["citations"] == []
    assert "say nothing about" in result.text


async def test_without_chroma_the_words_alone_answer_and_the_result_says_so(shop: Shop, desk: Desk) -> None:
    lone = desk_over(shop, KnowledgeIndex(NOWHERE, HashEmbedder()))
    result = await lone.call(shop.ana, "search_articles", {"query": "return policy for electronics"})
    found = ArticlesFound.model_validate(result.data)
    assert found.degraded
    assert found.citations[0].heading == "Electronics"
    assert "by words only" in result.text


async def chunks_of(shop: Shop) -> set[UUID]:
    async with shop.units.read(shop.owner) as tx:
        return set((await tx.session.execute(text("SELECT id FROM knowledge_chunks"))).scalars())


async def test_only_what_changed_is_indexed_again_and_what_went_is_forgotten(shop: Shop, desk: Desk, index: KnowledgeIndex) -> None:
    assert await index_knowledge(shop.units, shop.owner, index) == 0
    before = await chunks_of(shop)
    async with shop.units.write(shop.owner) as tx:
        change = "UPDATE articles SET body = '## Cleaning\n\nUse a dry brush of horsehair.' WHERE slug = 'care-leather'"
        await tx.session.execute(text(change))
        await tx.session.execute(text("UPDATE articles SET status = 'archived' WHERE slug = 'warranty-policy'"))
    assert (await ask(desk, shop.ana, "is there a warranty"))["citations"] == [], "what is archived is hidden at once"
    assert await index_knowledge(shop.units, shop.owner, index) == 1
    assert (await ask(desk, shop.ana, "leather cleaning"))["citations"][0]["excerpt"] == "Use a dry brush of horsehair."
    async with shop.units.read(shop.owner) as tx:
        versions = {row.slug: row.version for row in await tx.session.execute(text("SELECT slug, version FROM knowledge_sources"))}
        gone = (await tx.session.execute(text("SELECT count(*) FROM knowledge_leftovers"))).scalar()
    assert (versions["care-leather"], "warranty-policy" in versions, gone) == (2, False, 0)
    [hits] = await index.search(shop.owner.tenant_id, ["warranty"], visibility=["public", "staff"], limit=100)
    assert not {hit.id for hit in hits} & (before - await chunks_of(shop))


async def test_an_outage_while_indexing_is_raised_and_loses_nothing(shop: Shop, index: KnowledgeIndex) -> None:
    await add_article(shop, "fresh", "Something new about zeppelins.")
    with pytest.raises(Unavailable):
        await index_knowledge(shop.units, shop.owner, KnowledgeIndex(NOWHERE, HashEmbedder()))
    desk = desk_over(shop, index)
    assert await index_knowledge(shop.units, shop.owner, index) > 0
    assert (await ask(desk, shop.ana, "zeppelins"))["citations"][0]["slug"] == "fresh"
