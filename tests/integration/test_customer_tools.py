"""What customers' data promises: theirs alone, changed with care, and a standing that follows from what was paid."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from store.tables.relations import Segment
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.people import people_desk
from tests.support.shop import NOW, Shop
from tools.customers.segments import count_segments
from tools.result import Outcome

HOME = {"line1": "12 Rue de la Paix", "postal_code": "75002", "city": "Paris", "country": "fr"}
WORK = {"line1": "5 Keizersgracht", "postal_code": "1015", "city": "Amsterdam", "country": "NL", "line2": "2nd floor"}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return people_desk(shop)


async def column(shop: Shop, query: str) -> list[Any]:
    async with shop.units.read(shop.owner) as tx:
        return list((await tx.connection.execute(text(query))).scalars())


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("silva", ["Ana Silva"]),
        ("@first.example", ["Ana Silva", "Ben Okafor"]),
        ("ben okafor", ["Ben Okafor"]),
        ("612 345", ["Ana Silva"]),
        ("100%", []),
        ("eve", []),
        ("06 12 34", ["Ana Silva"]),
        ("+33 6 12", ["Ana Silva"]),
        ("ana 345678", ["Ana Silva"]),
        ("ben 345678", []),
        ("&|!:*'", []),
    ],
)
async def test_staff_find_customers_by_what_they_know(shop: Shop, desk: Desk, words: str, names: list[str]) -> None:
    await desk.ok(shop.staff, "update_profile", {"customer": "ana", "phone": "+33 6 12 34 56 78"})
    found = await desk.ok(shop.staff, "find_customers", {"words": words})
    assert ([each["customer"] for each in found["customers"]], found["total"]) == (names, len(names))


async def test_a_customer_at_a_glance(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.staff, "add_interaction", {"customer": "ana", "summary": "Likes the tees", "order": "1004"})
    await desk.ok(shop.ana, "set_consent", {"purpose": "email_marketing", "granted": True})
    await desk.ok(shop.staff, "assign_segment", {"customer": "ana", "segment": "Friends", "create": True})
    shown = await desk.ok(shop.staff, "get_customer", {"customer": "Ana Silva"})
    assert (shown["orders"], shown["risk"], shown["contacts"]) == (4, "low", 1)
    assert (shown["segments"], shown["consents"]) == (["Friends"], ["email_marketing"])


async def test_a_customer_sees_and_changes_their_own_profile_only(shop: Shop, desk: Desk) -> None:
    assert (await desk.ok(shop.ana, "my_profile", {}))["customer"] == "Ana Silva"
    for tool, args in (("my_profile", {}), ("loyalty_status", {}), ("update_profile", {"name": "Stolen"}), ("add_address", HOME)):
        foreign = await desk.call(shop.ana, tool, {**args, "customer": "ben@first.example"})
        unknown = await desk.call(shop.ana, tool, {**args, "customer": "nobody@first.example"})
        assert foreign.code == unknown.code == "not_found"
    for tool in ("find_customers", "get_customer", "list_segments", "export_personal_data"):
        assert (await desk.call(shop.ana, tool, {"words": "ben", "customer": "ben"})).status is Outcome.DENIED
    unnamed = await desk.call(shop.staff, "my_profile", {})
    assert (unnamed.status, unnamed.code) == (Outcome.FAILED, "invalid_input")
    assert (await desk.call(shop.other_owner, "my_profile", {"customer": "ana@first.example"})).code == "not_found"


async def test_a_customer_confirms_a_change_and_leaves_the_email_to_staff(shop: Shop, desk: Desk) -> None:
    result = await desk.confirmed(shop.ana, "update_profile", {"name": "Ana Martin", "phone": "+33 6 12 34 56 78"})
    assert (result.data["customer"], result.data["changed"]) == ("Ana Martin", ["Name", "Phone"])
    assert (await desk.call(shop.ana, "update_profile", {"email": "new@first.example"})).rule == "profile.email_by_staff"
    assert (await desk.call(shop.ana, "update_profile", {"name": "Ana Martin"})).rule == "profile.nothing_to_change"
    changed = await desk.ok(shop.staff, "update_profile", {"customer": "Ana Martin", "email": "New@first.example"})
    assert changed["email"] == "new@first.example"
    taken = await desk.call(shop.staff, "update_profile", {"customer": "Ana Martin", "email": "BEN@first.example"})
    assert taken.rule == "profile.email_taken"
    assert await column(shop, "SELECT body ->> 'template' FROM outbox WHERE topic = 'email.requested'") == ["profile_changed"] * 2


async def test_addresses_are_added_replaced_and_removed(shop: Shop, desk: Desk) -> None:
    added = await desk.ok(shop.ana, "add_address", HOME)
    assert [each["address"]["text"] for each in added["addresses"]] == ["Ana Silva, 12 Rue de la Paix, 75002 Paris, FR"]
    assert (await desk.call(shop.ana, "add_address", {**HOME, "line1": "12 rue de la paix"})).rule == "address.known"
    await desk.ok(shop.ana, "add_address", WORK)
    unclear = await desk.call(shop.ana, "remove_address", {"which": "Lyon"})
    assert (unclear.code, "2. Ana Silva, 5 Keizersgracht" in unclear.text) == ("address_unclear", True)
    moved = await desk.confirmed(shop.ana, "update_address", {**HOME, "line1": "14 Rue de la Paix", "which": "paris"})
    assert moved.data["addresses"][0]["address"]["text"] == "Ana Silva, 14 Rue de la Paix, 75002 Paris, FR"
    left = await desk.confirmed(shop.ana, "remove_address", {"which": "2"})
    assert len(left.data["addresses"]) == 1
    assert (await desk.ok(shop.staff, "my_profile", {"customer": "ana"}))["addresses"][0]["number"] == 1
    assert await column(shop, "SELECT DISTINCT ship_to ->> 'city' FROM orders WHERE number < '2000'") == ["Lyon"]


async def test_many_addresses_at_once_stay_below_the_limit(shop: Shop, desk: Desk) -> None:
    calls = (desk.call(shop.ana, "add_address", {**HOME, "line1": f"{turn} Rue de la Paix"}) for turn in range(1, 31))
    results = await asyncio.gather(*calls)
    assert sum(result.status is Outcome.OK for result in results) == 20
    assert {result.rule for result in results if result.status is not Outcome.OK} == {"address.too_many"}


async def test_one_key_adds_one_address(shop: Shop, desk: Desk) -> None:
    for _ in range(2):
        await desk.call(shop.ana, "add_address", HOME, key="same")
    assert await column(shop, "SELECT count(*) FROM addresses") == [1]


async def test_a_tier_follows_from_what_was_paid_and_kept(shop: Shop, desk: Desk, watch: Watch) -> None:
    bronze = await desk.ok(shop.eve, "loyalty_status", {})
    assert (bronze["tier"], bronze["points"], bronze["missing"]["minor"]) == ("bronze", 40, 26_000)
    ana = await desk.ok(shop.ana, "loyalty_status", {})
    paid = await column(
        shop,
        "SELECT sum(captured_minor - refunded_minor) FROM payments p JOIN orders o ON o.id = p.order_id "
        "JOIN customers c ON c.id = o.customer_id WHERE c.name = 'Ana Silva'",
    )
    assert ana["spent"]["minor"] == paid[0] == 39_500
    assert (ana["tier"], ana["earned"], ana["next_tier"], ana["points"]) == ("silver", "silver", "gold", 395 * 110 // 100)
    watch.now = NOW + timedelta(days=400)
    assert (await desk.ok(shop.ana, "loyalty_status", {}))["tier"] == "bronze"


async def test_a_granted_tier_is_kept(shop: Shop, desk: Desk) -> None:
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE customers SET loyalty_tier = 'gold' WHERE name = 'Ana Silva'"))
    ana = await desk.ok(shop.ana, "loyalty_status", {})
    assert (ana["tier"], ana["granted"], ana["earned"], ana["next_tier"]) == ("gold", "gold", "silver", "platinum")
    assert "free shipping" in ana["benefits"]


async def test_consent_is_given_and_withdrawn_and_every_answer_is_kept(shop: Shop, desk: Desk, watch: Watch) -> None:
    letters = {"purpose": "email_marketing"}
    await desk.ok(shop.ana, "set_consent", {**letters, "granted": True})
    assert (await desk.call(shop.ana, "set_consent", {**letters, "granted": True})).rule == "consent.nothing_to_change"
    watch.now = NOW + timedelta(hours=1)
    await desk.ok(shop.staff, "set_consent", {**letters, "granted": False, "customer": "ana"})
    assert (await desk.ok(shop.ana, "my_profile", {}))["consents"] == {"email_marketing": False}
    assert await column(shop, "SELECT source FROM consents ORDER BY at") == ["the customer", "staff: Stella Staff"]


async def test_contacts_are_listed_newest_first_and_only_with_the_customers_own_orders(shop: Shop, desk: Desk, watch: Watch) -> None:
    await desk.ok(shop.staff, "add_interaction", {"customer": "ana", "summary": "Asked about sizes"})
    watch.now = NOW + timedelta(hours=1)
    call = {"customer": "ana", "channel": "email", "direction": "outbound", "summary": "Sent the guide", "order": "1004"}
    await desk.ok(shop.staff, "add_interaction", call)
    history = await desk.ok(shop.staff, "interaction_history", {"customer": "ana"})
    assert [(each["summary"]["text"], each["order"]) for each in history["interactions"]] == [
        ("Sent the guide", "1004"),
        ("Asked about sizes", None),
    ]
    assert (await desk.call(shop.staff, "add_interaction", {**call, "order": "1005"})).code == "not_found"


async def counted(shop: Shop, every: timedelta = timedelta(0)) -> int:
    """Let the worker count the segments by rule."""
    async with shop.units.write(shop.owner) as tx:
        return await count_segments(tx, every)


async def test_a_segment_is_counted_again_after_a_while_and_who_left_is_gone(shop: Shop, desk: Desk, watch: Watch) -> None:
    async with shop.units.write(shop.owner) as tx:
        tx.add(Segment(tenant_id=tx.tenant_id, slug="regulars", name="Regulars", rule={"min_orders": 5}, created_at=NOW))
    hour = timedelta(hours=1)
    assert await counted(shop, hour) == 1
    assert await counted(shop, hour) == 0, "it was counted just now"
    async with shop.units.write(shop.owner) as tx:
        await tx.run("UPDATE orders SET customer_id = %s WHERE customer_id = %s", (shop.ana.customer_id, shop.ben.customer_id))
    watch.now = NOW + hour + timedelta(seconds=1)
    assert await counted(shop, hour) == 1
    [regulars] = (await desk.ok(shop.staff, "list_segments", {"segment": "Regulars"}))["segments"]
    assert (regulars["members"], regulars["customers"]) == (1, ["Ana Silva (ana@first.example)"])


async def test_segments_by_rule_follow_the_orders_and_those_by_hand_the_people(shop: Shop, desk: Desk) -> None:
    async with shop.units.write(shop.owner) as tx:
        rules = {"regulars": {"min_orders": 5}, "sleeping": {"idle_days": 30, "min_orders": 1}, "big": {"min_spent_minor": 60_000}}
        for slug, rule in rules.items():
            tx.add(Segment(tenant_id=tx.tenant_id, slug=slug, name=slug.title(), rule=rule, created_at=NOW))
    listed = (await desk.ok(shop.staff, "list_segments", {}))["segments"]
    assert {each["counted_at"] for each in listed} == {None}
    assert await counted(shop) == 3
    members = {each["segment"]: each["members"] for each in (await desk.ok(shop.staff, "list_segments", {}))["segments"]}
    assert members == {"regulars": 1, "sleeping": 0, "big": 1}
    [regulars] = (await desk.ok(shop.staff, "list_segments", {"segment": "Regulars"}))["segments"]
    assert regulars["customers"] == ["Ben Okafor (ben@first.example)"]
    by_rule = await desk.call(shop.staff, "assign_segment", {"customer": "ana", "segment": "regulars"})
    assert by_rule.rule == "segment.by_rule"
    unknown = await desk.call(shop.staff, "assign_segment", {"customer": "ana", "segment": "VIP"})
    assert unknown.rule == "segment.unknown"
    vip = await desk.ok(shop.staff, "assign_segment", {"customer": "ana", "segment": "VIP", "create": True})
    assert (vip["member"], vip["members"]) == (True, 1)
    assert (await desk.call(shop.staff, "assign_segment", {"customer": "ana", "segment": "vip"})).rule == "segment.nothing_to_change"
    gone = await desk.ok(shop.staff, "assign_segment", {"customer": "ana", "segment": "vip", "remove": True})
    assert (gone["member"], gone["members"]) == (False, 0)
