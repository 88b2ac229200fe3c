"""What orders promise: seen by their owner only, cancelled once, held and redirected before they ship."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import text

from core.statuses import TransactionType
from store import audit
from store.queries import orders as order_rows
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.shop import NOW, ON_HAND, Shop
from tools.result import Outcome, Provenance, ToolResult


async def scalar(shop: Shop, query: str, **values: object) -> object:
    """Ask one figure in the owner's name."""
    async with shop.units.read(shop.owner) as tx:
        return (await tx.connection.execute(text(query), values)).scalar()


def plain(result: ToolResult) -> dict[str, Any]:
    return cast("dict[str, Any]", result.data)


async def reserved(shop: Shop, sku: str) -> object:
    return await scalar(shop, "SELECT reserved FROM stock_levels WHERE variant_id = :variant", variant=shop.variants[sku])


async def test_a_customer_finds_their_own_orders_only(shop: Shop, desk: Desk) -> None:
    found = await desk.ok(shop.ana, "find_orders", {})
    assert found["total"] == 4
    assert [order["order"] for order in found["orders"]] == ["1002", "1001", "1003", "1004"]
    assert all(order["customer"] is None for order in found["orders"])
    assert (await desk.ok(shop.ana, "find_orders", {"customer": "Ben Okafor"}))["total"] == 0


@pytest.mark.parametrize("tool", ["get_order", "track_order", "refund_quote", "return_eligibility", "cancel_order", "issue_refund"])
async def test_somebody_elses_order_and_an_unknown_order_look_the_same(shop: Shop, desk: Desk, tool: str) -> None:
    foreign = await desk.call(shop.ana, tool, {"order": "1005"})
    unknown = await desk.call(shop.ana, tool, {"order": "9005"})
    assert foreign.status is unknown.status is Outcome.FAILED
    assert foreign.code == "not_found"
    assert foreign.model_dump() == {**unknown.model_dump(), "text": "order 1005 was not found"}
    other_shops = await desk.call(shop.owner, tool, {"order": "2001"})
    assert other_shops.text == "order 2001 was not found"


@pytest.mark.parametrize(
    ("args", "numbers"),
    [
        ({"status": "delivered"}, ["1004", "1005"]),
        ({"item": "headsets"}, ["1002", "1006", "1004"]),
        ({"item": "black merino tee"}, ["1001", "1004"]),
        ({"customer": "ben"}, ["1006", "1007", "1009", "1008", "1010", "1005"]),
        ({"customer": "ana@first.example", "days": 3}, ["1002", "1001"]),
        ({"on_hold": True}, ["1006"]),
        ({"item": "100%"}, []),
    ],
)
async def test_staff_narrow_orders_by_what_they_know(shop: Shop, desk: Desk, args: dict[str, object], numbers: list[str]) -> None:
    found = await desk.ok(shop.staff, "find_orders", args)
    assert sorted(order["order"] for order in found["orders"]) == sorted(numbers)
    assert found["total"] == len(numbers)


async def test_a_list_is_bounded_and_says_how_many_there_are(shop: Shop, desk: Desk) -> None:
    result = await desk.call(shop.staff, "find_orders", {"limit": 2})
    assert (len(plain(result)["orders"]), plain(result)["total"]) == (2, 10)
    assert result.text.endswith("and 8 more.")


async def test_an_order_shows_all_that_belongs_to_it(shop: Shop, desk: Desk) -> None:
    result = await desk.call(shop.staff, "get_order", {"order": "order 1004"})
    data = plain(result)
    assert data["customer"] == "Ana Silva"
    assert [(item["sku"], item["delivered"]) for item in data["items"]] == [("HEADSET-BLK", 1), ("TEE-BLK-M", 3)]
    assert data["can"] == ["return items", "exchange items", "refund"]
    assert "8 November 2026" in result.text
    assert result.provenance is Provenance.EXTERNAL_TEXT


async def test_a_customer_does_not_read_why_an_order_is_held(shop: Shop, desk: Desk) -> None:
    assert "score 60" in (await desk.call(shop.staff, "get_order", {"order": "1006"})).text
    assert "score" not in (await desk.call(shop.ben, "get_order", {"order": "1006"})).model_dump_json()


async def test_stuck_orders_are_told_by_kind_and_oldest_first(shop: Shop, desk: Desk) -> None:
    found = await desk.ok(shop.staff, "stuck_orders", {})
    assert found["totals"] == {"held": 1, "unshipped": 1, "silent": 1, "unpaid": 1}
    assert [(each["order"], each["kind"]) for each in found["orders"]] == [
        ("1010", "silent"),
        ("1009", "unshipped"),
        ("1006", "held"),
        ("1007", "unpaid"),
    ]
    assert (await desk.call(shop.ana, "stuck_orders", {})).status is Outcome.DENIED


async def test_a_cancellation_waits_for_its_requester_and_releases_stock_exactly_once(shop: Shop, desk: Desk) -> None:
    before = await reserved(shop, "TEE-BLK-M")
    approval = await desk.pending(shop.ana, "cancel_order", {"order": "1001"})
    assert await reserved(shop, "TEE-BLK-M") == before == 2
    await desk.decide(shop.ana, approval)
    outcomes = await asyncio.gather(*(desk.call(shop.ana, "cancel_order", {"order": "1001"}, approval=approval) for _ in range(4)))
    assert [outcome.status for outcome in outcomes] == [Outcome.OK] * 4
    assert sorted(outcome.replayed for outcome in outcomes) == [False, True, True, True]
    assert await reserved(shop, "TEE-BLK-M") == 0
    assert await scalar(shop, "SELECT on_hand FROM stock_levels WHERE variant_id = :v", v=shop.variants["TEE-BLK-M"]) == ON_HAND
    again = await desk.call(shop.ana, "cancel_order", {"order": "1001"})
    assert (again.status, again.rule) == (Outcome.DENIED, "cancellation.before_shipping")


async def test_two_approved_cancellations_of_one_order_have_one_effect(shop: Shop, desk: Desk) -> None:
    approvals = [await desk.pending(shop.ana, "cancel_order", {"order": "1002"}) for _ in range(2)]
    for approval in approvals:
        await desk.decide(shop.ana, approval)
    outcomes = await asyncio.gather(*(desk.call(shop.ana, "cancel_order", {"order": "1002"}, approval=each) for each in approvals))
    assert sorted(outcome.status for outcome in outcomes) == [Outcome.DENIED, Outcome.OK]
    assert await reserved(shop, "HEADSET-BLK") == 0
    assert await scalar(shop, "SELECT refunded_minor FROM payments WHERE id = :id", id=shop.orders["1002"].payment_id) == 18_500


async def test_a_cancelled_paid_order_is_refunded_through_the_outbox(shop: Shop, desk: Desk) -> None:
    result = await desk.confirmed(shop.ana, "cancel_order", {"order": "1002", "reason": "no_longer_needed"})
    assert result.data["refund"] == {"minor": 18_500, "currency": "EUR"}
    assert (result.data["status"], result.data["payment_status"], result.data["released_units"]) == ("cancelled", "refunded", 4)
    async with shop.units.read(shop.owner) as tx:
        topics = (await tx.connection.execute(text("SELECT topic FROM outbox ORDER BY key"))).scalars().all()
    assert topics == ["payment.refund.requested", "payment.refunded", "order.cancelled"]
    lines = "SELECT sum(amount_minor) FROM refund_lines"
    assert await scalar(shop, lines) == 18_000, "the lines' part; 5.00 of delivery belong to no line"


async def test_a_cancelled_authorized_order_is_voided_not_refunded(shop: Shop, desk: Desk) -> None:
    result = await desk.confirmed(shop.ana, "cancel_order", {"order": "1001"})
    assert result.data["refund"] == {"minor": 0, "currency": "EUR"}
    kinds = "SELECT string_agg(type, ',' ORDER BY created_at) FROM payment_transactions WHERE payment_id = :id"
    assert await scalar(shop, kinds, id=shop.orders["1001"].payment_id) == f"{TransactionType.AUTHORIZATION},{TransactionType.VOID}"


@pytest.mark.parametrize("order", ["1003", "1004", "1008"])
async def test_what_has_left_or_ended_cannot_be_cancelled_or_redirected(shop: Shop, desk: Desk, order: str) -> None:
    assert (await desk.call(shop.owner, "cancel_order", {"order": order})).rule == "cancellation.before_shipping"
    new = {"order": order, "line1": "9 New Street", "city": "Paris", "postal_code": "75002", "country": "fr"}
    assert (await desk.call(shop.owner, "change_address", new)).rule == "address.before_shipping"
    assert (await desk.call(shop.owner, "hold_order", {"order": order, "reason": "check"})).rule == "hold.before_shipping"


async def test_a_new_address_is_shown_beside_the_old_one_before_it_counts(shop: Shop, desk: Desk) -> None:
    new = {"order": "1001", "line1": "9 New Street", "city": "Paris", "postal_code": "75002", "country": "fr"}
    asked = await desk.call(shop.ana, "change_address", new)
    preview = plain(asked)["approval"]["preview"]
    assert preview[1:] == [
        ["Old address", "Somebody, 1 Rue Haute, 69001 Lyon, FR"],
        ["New address", "Somebody, 9 New Street, 75002 Paris, FR"],
    ]
    assert (await desk.confirmed(shop.ana, "change_address", new)).status is Outcome.OK
    async with shop.units.read(shop.ana) as tx:
        assert (await order_rows.by_number(tx, "1001")).ship_to["city"] == "Paris"


async def test_a_held_orders_address_is_approved_by_a_manager(shop: Shop, desk: Desk) -> None:
    new = {"order": "1006", "line1": "9 New Street", "city": "Paris", "postal_code": "75002", "country": "FR"}
    assert (await desk.call(shop.ben, "change_address", new)).rule == "address.held_order"


async def test_staff_hold_an_order_once(shop: Shop, desk: Desk) -> None:
    held = await desk.ok(shop.staff, "hold_order", {"order": "1002", "reason": "Address looks wrong"})
    assert held == {"order": "1002", "on_hold": True, "hold_reason": "Address looks wrong"}
    assert (await desk.call(shop.staff, "hold_order", {"order": "1002", "reason": "again"})).rule == "hold.already"
    assert (await desk.call(shop.ana, "hold_order", {"order": "1001", "reason": "x"})).status is Outcome.DENIED


async def test_a_late_parcel_is_late_for_both_sides(shop: Shop, desk: Desk) -> None:
    tracked = await desk.ok(shop.ben, "track_order", {"order": "1010"})
    assert (tracked["late"], tracked["shipments"][0]["tracking_number"]) == (True, "DPD1010")
    assert tracked["shipments"][0]["events"][0]["what"]["provenance"] == "external_text"
    late = await desk.ok(shop.staff, "late_shipments", {})
    assert [(each["order"], each["days_late"]) for each in late["shipments"]] == [("1010", 3)]
    assert not (await desk.ok(shop.ana, "track_order", {"order": "1003"}))["late"]


async def test_an_unshipped_order_says_when_it_is_promised(shop: Shop, desk: Desk) -> None:
    text_ = (await desk.call(shop.ana, "track_order", {"order": "1001"})).text
    assert text_ == "Order 1001 is confirmed and has not shipped yet. Delivery is promised for 21 November 2026."


async def test_a_customer_at_a_glance_counts_what_was_kept(shop: Shop, desk: Desk) -> None:
    ana = await desk.ok(shop.staff, "get_customer", {"customer": "ANA@first.example"})
    assert (ana["customer"], ana["orders"], ana["lifetime_value"]) == ("Ana Silva", 4, [{"minor": 39_500, "currency": "EUR"}])
    unclear = await desk.call(shop.staff, "get_customer", {"customer": "first"})
    assert unclear.code == "customer_unclear"
    assert "Ana Silva (ana@first.example)" in unclear.text
    assert (await desk.call(shop.staff, "get_customer", {"customer": "Eve Stone"})).code == "not_found"


async def test_every_effect_has_one_ledger_row_and_one_link_of_a_whole_chain(shop: Shop, desk: Desk, watch: Watch) -> None:
    await desk.call(shop.staff, "hold_order", {"order": "1002", "reason": "check"}, key="same")
    watch.now = NOW + timedelta(seconds=1)
    await desk.call(shop.staff, "hold_order", {"order": "1002", "reason": "check"}, key="same")
    await desk.confirmed(shop.ana, "cancel_order", {"order": "1001"})
    await desk.call(shop.owner, "cancel_order", {"order": "1004"})
    async with shop.units.read(shop.owner) as tx:
        verdict = await audit.verify(tx)
    assert verdict.broken_at is None
    assert await scalar(shop, "SELECT count(*) FROM ledger") == 4
    assert await scalar(shop, "SELECT count(*) FROM audit WHERE action LIKE 'tool.%'") == 4
    assert verdict.entries == 5, "the fifth is the customer's own confirmation"
