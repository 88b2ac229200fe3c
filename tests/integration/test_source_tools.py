"""Files of the merchant's own by tools: who may, what is confirmed first, and that a second call of one key has one effect."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from memory.embed import HashEmbedder
from memory.index import KnowledgeIndex
from memory.indexing import index_knowledge
from store.embedded import Endpoints
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop
from tools.executor import Executor
from tools.knowledge.sources import TOOLS
from tools.registry import Toolbox
from tools.result import Outcome

GUIDE = {"source": "zeppelin.md", "text": "# Zeppelin care\n\nMoor the zeppelin to a mast of 40 metres."}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    desk = Desk(shop.units)
    desk.executor = Executor(shop.units, Toolbox(TOOLS), {})
    return desk


async def topics(shop: Shop) -> list[str]:
    async with shop.units.read(shop.owner) as tx:
        statement = text("SELECT topic FROM outbox WHERE topic LIKE 'knowledge.%' ORDER BY id")
        return [row.topic for row in await tx.connection.execute(statement)]


async def test_a_file_is_added_looked_at_and_listed(shop: Shop, desk: Desk, endpoints: Endpoints) -> None:
    made = await desk.ok(shop.owner, "add_source", GUIDE)
    assert (made["title"]["text"], made["visibility"], made["status"], made["version"]) == ("Zeppelin care", "staff", "waiting", 1)
    index = KnowledgeIndex(endpoints.chroma_url, HashEmbedder())
    await index_knowledge(shop.units, shop.owner, index)
    await index.close()
    seen = await desk.call(shop.staff, "get_source", {"source": "zeppelin.md"})
    assert (seen.data["status"], seen.data["passages"], seen.data["with_vector"]) == ("ready", 1, 1)
    assert seen.text.startswith("zeppelin.md “Zeppelin care” (version 1, for the shop's people): 1 passage. Added by")
    assert seen.provenance == "external_text"
    listed = await desk.ok(shop.staff, "list_sources", {"kind": "file"})
    assert (listed["total"], [each["source"] for each in listed["sources"]]) == (1, ["zeppelin.md"])
    assert await topics(shop) == ["knowledge.source_added"]


async def test_what_customers_will_read_is_confirmed_first(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.owner, "add_source", GUIDE)
    publish = {"source": "zeppelin.md", "visibility": "public"}
    result = await desk.confirmed(shop.owner, "change_source", publish)
    assert (result.status, result.data["visibility"]) == (Outcome.OK, "public")
    assert (await desk.call(shop.owner, "add_source", {**GUIDE, "visibility": "public"})).status is Outcome.OK, "the same text again"
    rewritten = {**GUIDE, "visibility": "public", "text": "Moor the zeppelin to anything."}
    assert (await desk.call(shop.owner, "add_source", rewritten)).status is Outcome.PENDING
    hidden = await desk.ok(shop.owner, "change_source", {"source": "zeppelin.md", "visibility": "staff"})
    assert (hidden["visibility"], hidden["version"]) == ("staff", 1)


async def test_removing_is_confirmed_and_leaves_nothing(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.owner, "add_source", GUIDE)
    result = await desk.confirmed(shop.owner, "remove_source", {"source": "zeppelin.md"})
    assert (result.status, result.data["source"]) == (Outcome.OK, "zeppelin.md")
    assert (await desk.call(shop.owner, "get_source", {"source": "zeppelin.md"})).code == "not_found"
    assert await topics(shop) == ["knowledge.source_added", "knowledge.source_removed"]


async def test_only_who_may_and_only_their_own_shop(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.owner, "add_source", GUIDE)
    for who in (shop.staff, shop.ana):
        for tool, args in (("add_source", GUIDE), ("change_source", {**PUBLIC}), ("remove_source", {"source": "zeppelin.md"})):
            assert (await desk.call(who, tool, args)).rule == "permission.knowledge:write"
    assert (await desk.call(shop.ana, "list_sources", {})).rule == "permission.knowledge:read"
    foreign = await desk.call(shop.other_owner, "remove_source", {"source": "zeppelin.md"})
    assert foreign.code == "not_found"


PUBLIC = {"source": "zeppelin.md", "visibility": "public"}


async def test_a_file_has_days_and_can_lose_them(shop: Shop, desk: Desk, watch: Watch) -> None:
    dated = {**GUIDE, "valid_from": "2090-01-01", "valid_until": "2090-02-01"}
    assert (await desk.ok(shop.owner, "add_source", dated))["valid_until"] == "2090-02-01"
    over = (NOW - timedelta(days=1)).date().isoformat()
    for args in ({"valid_until": over}, {"valid_from": "2090-03-01"}):
        assert (await desk.call(shop.owner, "change_source", {"source": "zeppelin.md", **args})).rule == "knowledge.time"
    free = await desk.ok(shop.owner, "change_source", {"source": "zeppelin.md", "always": True})
    assert (free["valid_from"], free["valid_until"]) == (None, None)
    assert (await desk.call(shop.owner, "change_source", {"source": "zeppelin.md"})).code == "invalid_input"


async def test_one_key_adds_once_and_many_at_once_make_versions_of_one_file(shop: Shop, desk: Desk) -> None:
    for _ in range(2):
        assert (await desk.call(shop.owner, "add_source", GUIDE, key="once")).data["version"] == 1
    texts = [{**GUIDE, "text": f"Moor it to mast {number}."} for number in range(20)]
    made = await asyncio.gather(*(desk.ok(shop.owner, "add_source", args) for args in texts))
    assert sorted(each["version"] for each in made) == list(range(2, 22))
    assert (await desk.ok(shop.owner, "list_sources", {"kind": "file"}))["total"] == 1


@pytest.mark.parametrize("change", [{"text": "\u200b"}, {"source": "../x.md"}, {"source": ""}, {"language": "german"}])
async def test_what_is_no_file_is_refused(shop: Shop, desk: Desk, change: dict[str, Any]) -> None:
    assert (await desk.call(shop.owner, "add_source", {**GUIDE, **change})).status is Outcome.FAILED
