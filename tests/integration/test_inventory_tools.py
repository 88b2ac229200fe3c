"""What the stock tools promise: units are kept aside for a while, moved, received in parts and called off; figures follow from sales."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.statuses import ReservationStatus
from store.queries import stock, stock_holds
from store.tables.inventory import Warehouse
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop
from tests.support.shop_data import back_office, set_stock
from tools.result import Outcome


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return back_office(shop)


async def rows(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    """Ask in the owner's name."""
    async with shop.units.read(shop.owner) as tx:
        return [tuple(row) for row in await tx.session.execute(text(query))]


async def topics(shop: Shop) -> list[str]:
    return [row[0] for row in await rows(shop, "SELECT topic FROM outbox ORDER BY topic")]


async def second_warehouse(shop: Shop) -> None:
    async with shop.units.write(shop.owner) as tx:
        tx.add(Warehouse(tenant_id=tx.tenant_id, code="LEJ", name="Leipzig", city="Leipzig", country="DE", capacity_units=500))


async def test_units_kept_aside_are_not_available_until_they_are_let_go(shop: Shop, desk: Desk) -> None:
    kept = await desk.ok(shop.staff, "reserve_stock", {"item": "LAMP", "quantity": 5, "purpose": "Clara, on the phone"})
    assert (kept["reservation"], kept["warehouse"], kept["available"]) == ("H-1001", "LYO", 40)
    assert await rows(shop, "SELECT expires_at - created_at FROM stock_holds") == [(timedelta(minutes=30),)]
    freed = await desk.ok(shop.staff, "release_reservation", {"reservation": "h-1001"})
    assert (freed["status"], freed["available"]) == ("released", 45)
    again = await desk.call(shop.staff, "release_reservation", {"reservation": "H-1001"})
    assert (again.status, again.rule) == (Outcome.DENIED, "stock.hold_ended")
    assert await topics(shop) == ["stock.released", "stock.reserved"]


async def test_no_more_than_what_is_free_is_kept_aside(shop: Shop, desk: Desk) -> None:
    refused = await desk.call(shop.staff, "reserve_stock", {"item": "LAMP", "quantity": 46})
    assert (refused.rule, refused.allowed) == ("stock.not_available", ["reserve at most 45"])
    await set_stock(shop, "LAMP", 200)
    await desk.pending(shop.staff, "reserve_stock", {"item": "LAMP", "quantity": 51, "kind": "hard"})


async def test_what_is_past_its_time_is_free_again_once(shop: Shop, desk: Desk, watch: Watch) -> None:
    await desk.ok(shop.staff, "reserve_stock", {"item": "LAMP", "quantity": 5})
    await desk.ok(shop.staff, "reserve_stock", {"item": "LAMP", "quantity": 7, "kind": "hard"})

    async def expire() -> int:
        async with shop.units.write(shop.owner) as tx:
            return len(await stock_holds.expire(tx))

    assert await expire() == 0
    watch.now = NOW + timedelta(minutes=31)
    assert sorted(await asyncio.gather(*(expire() for _ in range(8)))) == [0] * 7 + [1]
    assert await rows(shop, "SELECT quantity, status FROM stock_holds ORDER BY quantity") == [(5, "expired"), (7, "active")]
    async with shop.units.read(shop.owner) as tx:
        assert stock.available(await stock.levels(tx, [shop.variants["LAMP"]]))[shop.variants["LAMP"]] == 38
    watch.now = NOW + timedelta(hours=25)
    assert await expire() == 1


async def test_a_transfer_moves_free_units_and_nothing_else(shop: Shop, desk: Desk) -> None:
    await second_warehouse(shop)
    args = {"item": "LAMP", "source": "Lyon", "target": "leipzig", "quantity": 46}
    refused = await desk.call(shop.manager, "transfer_stock", args)
    assert (refused.rule, refused.allowed) == ("stock.not_available", ["move at most 45"])
    moved = await desk.ok(shop.manager, "transfer_stock", {**args, "quantity": 20})
    assert (moved["transfer"], moved["left_at_source"], moved["available_at_target"]) == ("TR-1001", 25, 20)
    assert await rows(shop, "SELECT delta, reason, reference FROM stock_movements ORDER BY delta") == [
        (-20, "transfer", "TR-1001"),
        (20, "transfer", "TR-1001"),
    ]
    same = await desk.call(shop.manager, "transfer_stock", {**args, "target": "LYO", "quantity": 1})
    assert same.rule == "stock.same_warehouse"
    assert (await desk.call(shop.staff, "transfer_stock", {**args, "quantity": 1})).rule == "permission.stock:write"


async def test_a_purchase_order_is_received_in_parts_and_never_over(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.manager, "create_purchase_order", {"item": "LAMP", "quantity": 10})
    part = await desk.ok(shop.staff, "receive_purchase_order", {"purchase_order": "PO-1001", "quantity": 4})
    assert (part["status"], part["outstanding"], part["on_hand"]) == ("ordered", 6, 54)
    over = await desk.call(shop.staff, "receive_purchase_order", {"purchase_order": "PO-1001", "quantity": 7})
    assert (over.rule, over.allowed[0]) == ("purchase.too_many", "receive at most 6")
    [item] = (await desk.ok(shop.staff, "check_stock", {"item": "LAMP"}))["items"]
    assert item["on_order"] == 6
    rest = await desk.ok(shop.staff, "receive_purchase_order", {"purchase_order": "PO-1001"})
    assert (rest["status"], rest["received"], rest["received_in_all"], rest["on_hand"]) == ("received", 6, 10, 60)
    closed = await desk.call(shop.staff, "receive_purchase_order", {"purchase_order": "PO-1001", "quantity": 1})
    assert closed.rule == "purchase.not_open"
    assert await rows(shop, "SELECT sum(delta), count(*) FROM stock_movements WHERE reference = 'PO-1001'") == [(10, 2)]


async def test_the_rest_of_a_purchase_order_is_called_off_by_who_confirms_it(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.manager, "create_purchase_order", {"item": "LAMP", "quantity": 10})
    await desk.ok(shop.staff, "receive_purchase_order", {"purchase_order": "PO-1001", "quantity": 4})
    done = await desk.confirmed(shop.manager, "cancel_purchase_order", {"purchase_order": "PO-1001"})
    assert (done.data["status"], done.data["received"], done.data["called_off"]) == ("cancelled", 4, 6)
    assert done.data["saved"] == {"minor": 6_000, "currency": "EUR"}
    found = await desk.ok(shop.staff, "list_purchase_orders", {"status": "cancelled"})
    assert [(each["purchase_order"], each["received"]) for each in found["purchase_orders"]] == [("PO-1001", 4)]
    unknown = await desk.call(shop.manager, "cancel_purchase_order", {"purchase_order": "PO-99"})
    assert unknown.code == "not_found"
    elsewhere = await desk.call(shop.other_owner, "receive_purchase_order", {"purchase_order": "PO-1001"})
    assert elsewhere.code == "not_found"


async def test_overdue_orders_are_those_that_should_have_come(shop: Shop, desk: Desk, watch: Watch) -> None:
    await desk.ok(shop.manager, "create_purchase_order", {"item": "LAMP", "quantity": 10})
    assert (await desk.ok(shop.staff, "list_purchase_orders", {"overdue": True}))["total"] == 0
    watch.now = NOW + timedelta(days=8)
    found = await desk.ok(shop.staff, "list_purchase_orders", {"overdue": True, "supplier": "mak", "item": "lamp"})
    assert [each["overdue"] for each in found["purchase_orders"]] == [True]


async def test_one_delivery_is_booked_once_however_often_it_is_sent(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.manager, "create_purchase_order", {"item": "LAMP", "quantity": 10})
    args = {"purchase_order": "PO-1001", "quantity": 3}
    await asyncio.gather(*(desk.call(shop.staff, "receive_purchase_order", args, key="delivery-1") for _ in range(5)))
    assert await rows(shop, "SELECT received_quantity FROM purchase_orders") == [(3,)]


async def test_many_corrections_are_made_together_or_not_at_all(shop: Shop, desk: Desk) -> None:
    items = [{"item": "LAMP", "delta": -10}, {"item": "CHAIR", "delta": 2}, {"item": "LAMP", "delta": -1}]
    done = await desk.ok(shop.manager, "bulk_adjust_stock", {"warehouse": "LYO", "items": items})
    assert {each["sku"]: (each["delta"], each["on_hand"]) for each in done["items"]} == {"LAMP": (-11, 39), "CHAIR": (2, 52)}
    short = [{"item": "CHAIR", "delta": 1}, {"item": "LAMP", "delta": -40}]
    refused = await desk.call(shop.manager, "bulk_adjust_stock", {"warehouse": "LYO", "items": short})
    assert refused.rule == "stock.below_zero"
    assert "LAMP (at most 34)" in refused.text
    assert await rows(shop, "SELECT count(*) FROM stock_movements") == [(2,)]
    await desk.pending(shop.manager, "bulk_adjust_stock", {"warehouse": "LYO", "items": [{"item": "CHAIR", "delta": 51}]})


async def test_low_stock_is_told_once_for_each_crossing(shop: Shop, desk: Desk) -> None:
    await set_stock(shop, "LAMP", 50, reorder_point=20)
    for _ in range(3):
        await desk.ok(shop.manager, "adjust_stock", {"item": "LAMP", "warehouse": "LYO", "delta": -13})
    assert (await topics(shop)).count("stock.low") == 1
    await desk.ok(shop.manager, "adjust_stock", {"item": "LAMP", "warehouse": "LYO", "delta": 30})
    await desk.ok(shop.staff, "reserve_stock", {"item": "LAMP", "quantity": 20})
    assert (await topics(shop)).count("stock.low") == 2


async def test_two_warehouses_that_fall_at_once_tell_one_crossing(shop: Shop, desk: Desk) -> None:
    await second_warehouse(shop)
    await set_stock(shop, "LAMP", 50, reorder_point=20)
    await desk.ok(shop.manager, "transfer_stock", {"item": "LAMP", "source": "LYO", "target": "LEJ", "quantity": 20})
    calls = [
        desk.call(shop.manager, "adjust_stock", {"item": "LAMP", "warehouse": place, "delta": -1})
        for _ in range(18)
        for place in ("LYO", "LEJ")
    ]
    assert {result.status for result in await asyncio.gather(*calls)} == {Outcome.OK}
    assert (await topics(shop)).count("stock.low") == 1


async def test_the_reorder_point_is_set_by_hand_or_from_sales(shop: Shop, desk: Desk) -> None:
    done = await desk.ok(shop.manager, "set_reorder_point", {"item": "LAMP", "reorder_point": 46})
    assert (done["old_reorder_point"], done["reorder_point"], done["level"]) == (0, 46, "low")
    assert "stock.low" in await topics(shop)
    same = await desk.call(shop.manager, "set_reorder_point", {"item": "LAMP", "reorder_point": 46})
    assert same.rule == "stock.same_reorder_point"
    computed = await desk.ok(shop.manager, "set_reorder_point", {"item": "LAMP"})
    [[mean, peak]] = await rows(shop, "SELECT mean_daily_sales, max_daily_sales FROM variants WHERE sku = 'LAMP' AND max_daily_sales > 0")
    assert (round(mean * 90), peak) == (6, 4)
    assert computed["reorder_point"] == 40, "the best day's 4 units over the longest lead of 10 days"


async def test_a_proposal_follows_from_what_was_sold(shop: Shop, desk: Desk) -> None:
    [item] = (await desk.ok(shop.staff, "reorder_proposal", {"item": "LAMP"}))["items"]
    assert (item["max_daily_sales"], item["lead_days"], item["max_lead_days"]) == (4, 7, 10)
    assert item["reorder_point"] == 40
    assert item["safety_stock"] == 40
    assert item["order_quantity"] == 35, "sqrt(2 x 365 x 6/90 x 50 / 2) = 34.9"
    assert item["order_now"] is False
    await set_stock(shop, "LAMP", 30)
    found = await desk.ok(shop.staff, "reorder_proposal", {})
    assert "LAMP" in [each["sku"] for each in found["items"]]


async def test_movements_are_summed_by_reason(shop: Shop, desk: Desk) -> None:
    for delta, reason in ((-2, "damaged"), (-1, "damaged"), (5, "found")):
        await desk.ok(shop.manager, "adjust_stock", {"item": "LAMP", "warehouse": "LYO", "delta": delta, "reason": reason})
    seen = await desk.ok(shop.staff, "stock_movements", {"item": "LAMP", "warehouse": "LYO"})
    assert (seen["total"], seen["net"]) == (3, 2)
    assert {each["reason"]: each["delta"] for each in seen["by_reason"]} == {"found": 5, "damaged": -3}
    assert {each["reference"]["text"] for each in seen["movements"]} == {"Max Manager"}


async def test_customers_have_none_of_this(shop: Shop, desk: Desk) -> None:
    for tool, args in (
        ("stock_movements", {"item": "LAMP"}),
        ("reorder_proposal", {}),
        ("list_purchase_orders", {}),
        ("reserve_stock", {"item": "LAMP", "quantity": 1}),
        ("receive_purchase_order", {"purchase_order": "PO-1001"}),
    ):
        assert (await desk.call(shop.ana, tool, args)).status is Outcome.DENIED


async def test_a_hold_that_ended_stays_ended(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.staff, "reserve_stock", {"item": "LAMP", "quantity": 5})
    calls = [desk.call(shop.staff, "release_reservation", {"reservation": "H-1001"}) for _ in range(10)]
    outcomes = [result.status for result in await asyncio.gather(*calls)]
    assert outcomes.count(Outcome.OK) == 1
    assert await rows(shop, "SELECT status FROM stock_holds") == [(ReservationStatus.RELEASED.value,)]


async def test_corrections_in_bulk_are_taken_back_but_not_what_was_counted_again_or_is_gone_by_now(
    shop: Shop, desk: Desk, watch: Watch
) -> None:
    items = [{"item": "LAMP", "delta": 5}, {"item": "CHAIR", "delta": 4}, {"item": "TEE-BLK-M", "delta": 3}]
    done = await desk.ok(shop.manager, "bulk_adjust_stock", {"warehouse": "LYO", "items": items})
    assert done["bulk_change"] == "B-1001"
    watch.now = NOW + timedelta(minutes=1)
    await desk.ok(shop.manager, "adjust_stock", {"item": "CHAIR", "delta": -1, "reason": "counted", "warehouse": "LYO"})
    await set_stock(shop, "TEE-BLK-M", 2)
    before = dict(await rows(shop, "SELECT v.sku, s.on_hand FROM stock_levels s JOIN variants v ON v.id = s.variant_id"))
    back = await desk.ok(shop.manager, "revoke_bulk_change", {"bulk_change": "B-1001"})
    assert (back["restored"], back["kept"]) == (1, 2)
    after = dict(await rows(shop, "SELECT v.sku, s.on_hand FROM stock_levels s JOIN variants v ON v.id = s.variant_id"))
    assert {sku: after[sku] - before[sku] for sku in ("LAMP", "CHAIR", "TEE-BLK-M")} == {"LAMP": -5, "CHAIR": 0, "TEE-BLK-M": 0}
    assert (await desk.call(shop.manager, "revoke_bulk_change", {"bulk_change": "B-1001"})).rule == "bulk.revoked"
    changes = await desk.ok(shop.manager, "bulk_changes", {})
    assert [(each["kind"], each["status"], each["changed"]) for each in changes["changes"]] == [("stock", "revoked", 3)]
