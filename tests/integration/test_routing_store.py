"""A store's own messages: kept with its intents, learned from, used by its customers alone."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from agents.routing.labelled import read_messages, read_routes
from agents.routing.router import Router
from agents.routing.stored import StoredRouters, train_store
from core.errors import InvalidInput
from store.queries import routing
from tests.support.shop import Shop
from tools.toolbox import build_toolbox

OWN = [(f"{verb} my blimwick {when}", "BLIMWICK") for verb in ("wind", "oil", "tune", "polish") for when in ("now", "today", "again")]


async def label(shop: Shop, route: str = "after_sales") -> None:
    async with shop.units.write(shop.owner) as tx:
        await routing.set_routes(tx, {"BLIMWICK": route})
        await routing.add_messages(tx, OWN)


async def test_a_store_s_messages_teach_its_router_and_nobody_else_s(shop: Shop) -> None:
    router = Router(build_toolbox(None), stored=StoredRouters(shop.units))
    await label(shop)
    before = (await router.votes("oil the blimwick", shop.ben)).sides["after_sales"]
    (done,) = await train_store(shop.units, router, shop.owner)
    assert (done.audience, done.version, done.messages) == ("customer", 1, len(OWN))
    router = Router(build_toolbox(None), stored=StoredRouters(shop.units))
    assert (await router.votes("oil the blimwick", shop.ana)).sides["after_sales"] > 0.8 > before
    assert (await router.votes("oil the blimwick", shop.eve)).sides["after_sales"] == pytest.approx(before, abs=0.01)
    async with shop.units.read(shop.other_owner) as tx:
        assert (await routing.intents(tx), await routing.newest(tx, 10), await routing.model_heads(tx)) == ([], [], [])


async def test_a_text_has_one_label_and_the_newest_counts(shop: Shop) -> None:
    await label(shop)
    async with shop.units.write(shop.owner) as tx:
        await routing.set_routes(tx, {"OTHER": "human"})
        assert await routing.add_messages(tx, [("Wind my blimwick NOW", "OTHER"), ("wind my blimwick now", "OTHER")]) == 1
    async with shop.units.read(shop.owner) as tx:
        assert [(row.intent, row.route, row.messages) for row in await routing.intents(tx)] == [
            ("BLIMWICK", "after_sales", len(OWN) - 1),
            ("OTHER", "human", 1),
        ]


async def test_a_changed_table_changes_what_is_learned(shop: Shop) -> None:
    router = Router(build_toolbox(None))
    await label(shop)
    await train_store(shop.units, router, shop.owner)
    await label(shop, "human")
    (done,) = await train_store(shop.units, router, shop.owner)
    assert done.version == 2
    votes = await Router(build_toolbox(None), stored=StoredRouters(shop.units)).votes("oil the blimwick", shop.ana)
    assert max(votes.sides, key=votes.sides.__getitem__) == "human"


async def test_messages_for_desks_of_staff_teach_the_router_of_staff(shop: Shop) -> None:
    await label(shop, "risk/stock")
    (done,) = await train_store(shop.units, Router(build_toolbox(None)), shop.owner)
    assert done.audience == "staff"


async def test_without_messages_there_is_nothing_to_learn(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="label messages first"):
        await train_store(shop.units, Router(build_toolbox(None)), shop.owner)


@pytest.mark.parametrize(
    "broken",
    [
        "INSERT INTO route_intents (tenant_id, intent, route, updated_at) VALUES ('{tenant}', 'X', 'Not a route', now())",
        "INSERT INTO route_messages (tenant_id, id, text, digest, intent, created_at) "
        "VALUES ('{tenant}', gen_random_uuid(), 'hello', 'd', 'NO SUCH INTENT', now())",
        "INSERT INTO route_models (tenant_id, audience, version, messages, sentences, figures, body, trained_at) "
        "VALUES ('{tenant}', 'everybody', 1, 1, '', '{{}}', '', now())",
    ],
)
async def test_the_database_refuses_what_makes_no_sense(shop: Shop, broken: str) -> None:
    with pytest.raises(DBAPIError):
        async with shop.units.write(shop.owner) as tx:
            await tx.run(broken.format(tenant=shop.owner.tenant_id))


async def test_customers_do_not_see_what_others_wrote(shop: Shop) -> None:
    await label(shop)
    async with shop.units.read(shop.ana) as tx:
        assert await routing.newest(tx, 10) == []


@pytest.mark.parametrize(
    ("messages", "routes", "why"),
    [
        ("a,b\n1,2\n", "intent,route\nX,human\n", "no column sentence"),
        ("sentence,label\nhello,\n", "intent,route\nX,human\n", "without a label"),
        ("sentence,label\nhello,Y\n", "intent,route\nX,human\n", "no route for Y"),
        ("sentence,label\nhello,X\n", "intent,route\nX,nowhere\n", "is no route"),
    ],
)
def test_files_are_refused_with_a_reason(tmp_path: Path, messages: str, routes: str, why: str) -> None:
    (tmp_path / "messages.csv").write_text(messages, encoding="utf-8")
    (tmp_path / "routes.csv").write_text(routes, encoding="utf-8")
    with pytest.raises(InvalidInput, match=why):
        read_routes(tmp_path / "routes.csv", [intent for _, intent in read_messages(tmp_path / "messages.csv")])


def test_a_file_for_several_shops_tells_them_by_their_intents(tmp_path: Path) -> None:
    path = tmp_path / "routes.csv"
    path.write_text("shop,intent,route\none,A,human\ntwo,A,knowledge\ntwo,B,after_sales\n", encoding="utf-8")
    assert read_routes(path, ["A", "B"]) == {"A": "knowledge", "B": "after_sales"}
    assert read_routes(path, ["A"], "one") == {"A": "human"}
    with pytest.raises(InvalidInput, match="has no shop three"):
        read_routes(path, ["A"], "three")
