"""Whole stories of fulfilment, told through the tools that people, customers and carriers use."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from core.identity import Principal, system
from server.worker.stockkeeping import serve_waiting
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.fulfilling import add_carrier, add_warehouse, bring, order_from_supplier, scalar, stock_of, topics
from tests.support.shop import NOW, ON_HAND, Shop
from tools.result import Outcome


def carrier_of(shop: Shop) -> Principal:
    return system(shop.owner.tenant_id, "carrier")


async def test_an_order_goes_from_its_warehouse_to_the_customer_and_asks_for_an_opinion(shop: Shop, desk: Desk, watch: Watch) -> None:
    """Scenario 1, from the confirmed order on: allocated, picked, packed, carrier chosen, shipped, tracked, delivered, survey."""
    await add_warehouse(shop, "ROT", {"TEE-BLK-M": 10})
    await add_carrier(shop, "chronopost", 1_290, 1, 9_800, 4.6)
    await add_carrier(shop, "colis_prive", 420, 4, 8_800, 3.5)
    options = await desk.ok(shop.staff, "fulfilment_options", {"order": "1001"})
    assert [option["warehouse"] for option in options["options"]] == ["ROT", "LYO"]
    allocated = await desk.ok(shop.staff, "allocate_order", {"order": "1001"})
    assert (allocated["sends"], allocated["status"]) == (options["proposal"], "processing")
    await desk.ok(shop.staff, "create_pick_list", {"order": "1001"})
    await desk.ok(shop.staff, "confirm_pick", {"order": "1001"})
    await desk.ok(shop.staff, "pack_order", {"order": "1001"})
    quotes = await desk.ok(shop.staff, "carrier_quotes", {"order": "1001"})
    sent = await desk.ok(shop.staff, "create_shipment", {"order": "1001"})
    assert sent["carrier"] == quotes["offers"][0]["carrier"]
    assert await stock_of(shop, "TEE-BLK-M", "ROT") == (8, 0)
    assert await stock_of(shop, "TEE-BLK-M", "LYO") == (ON_HAND, 0)
    label = {"shipment": sent["shipment"], "tracking_number": "6A0001", "label": "labels/1"}
    await desk.ok(carrier_of(shop), "record_label", label)
    for hours, status in enumerate(("picked_up", "in_transit", "out_for_delivery", "delivered"), 1):
        watch.now = NOW + timedelta(hours=hours)
        at = watch.now.isoformat()
        await desk.ok(carrier_of(shop), "record_tracking_event", {"tracking_number": "6A0001", "status": status, "at": at})
    tracked = await desk.ok(shop.ana, "track_order", {"order": "1001"})
    assert (tracked["status"], tracked["shipments"][0]["status"], tracked["late"]) == ("delivered", "delivered", False)
    happened = [topic for topic in await topics(shop) if topic not in {"shipment.moved", "email.requested"}]
    assert happened == [
        "order.allocated",
        "pick_list.created",
        "pick_list.picked",
        "pick_list.packed",
        "shipment.label.requested",
        "order.shipped",
        "shipment.label.created",
        "survey.scheduled",
        "shipment.delivered",
    ]
    due = await scalar(shop, "SELECT body ->> 'due_at' FROM outbox WHERE topic = 'survey.scheduled'")
    assert due == (NOW + timedelta(hours=28)).isoformat()
    assert "delivered" in (await desk.call(shop.ana, "get_order", {"order": "1001"})).text


async def test_a_late_delivery_is_told_credited_noted_and_claimed(shop: Shop, desk: Desk) -> None:
    """Scenario 4: detected past the promised date, the customer told first, 5.00 credit, note and claim; then damage in transit."""
    late = await desk.ok(shop.staff, "late_shipments", {})
    assert [each["order"] for each in late["shipments"]] == ["1010"]
    handled = await desk.ok(shop.staff, "handle_late_shipment", {"order": "1010"})
    assert handled["credit"] == {"minor": 500, "currency": "EUR"}
    assert await scalar(shop, "SELECT body ->> 'template' FROM outbox WHERE topic = 'email.requested'") == "shipment_late"
    records = await desk.ok(shop.staff, "carrier_performance", {"carrier": "DPD"})
    assert (records["carriers"][0]["incidents"], records["carriers"][0]["overdue"]) == (1, 1)
    claim = (await desk.ok(shop.staff, "open_carrier_claim", {"order": "1010", "kind": "late"}))["claim"]
    await desk.ok(shop.manager, "decide_carrier_claim", {"claim": claim, "accepted": True})
    damaged = {"order": "1005", "kind": "damaged", "photos": ["box.jpg", "chair.jpg"], "description": "A leg is broken"}
    assert (await desk.ok(shop.staff, "open_carrier_claim", damaged))["credited"] == {"minor": 1_000, "currency": "EUR"}
    assert await scalar(shop, "SELECT store_credit_minor FROM customers WHERE id = :id", id=shop.ben.customer_id) == 1_500
    returned = await desk.call(shop.ben, "request_return", {"order": "1005", "reason": "damaged_in_shipping", "type": "replacement"})
    assert returned.status in {Outcome.OK, Outcome.PENDING}


async def test_an_item_that_ran_out_waits_for_its_delivery_while_the_rest_is_sent(shop: Shop, desk: Desk) -> None:
    """Scenario 6: out of stock after the order; the customer chooses to wait, the rest goes out, the wait ends when it arrives."""
    await bring(shop, desk, "1002", to="create_pick_list")
    await empty_others(shop, "TEE-GRY-M", 3)
    short = await desk.ok(shop.staff, "confirm_pick", {"order": "1002", "missing": [{"item": "TEE-GRY-M", "quantity": 3}]})
    assert short["short"][0]["quantity"] == 3
    await order_from_supplier(shop, "TEE-GRY-M", 20, 6)
    await desk.ok(shop.staff, "allocate_order", {"order": "1002"})
    options = await desk.ok(shop.ana, "backorder_options", {"order": "1002"})
    missing: dict[str, Any] = options["items"][0]
    assert (missing["quantity"], missing["on_order"], missing["expected_at"][:10]) == (3, True, "2026-11-24")
    assert {each["sku"] for each in missing["alternatives"]} == {"TEE-BLK-L", "TEE-BLK-M"}
    waits = await desk.confirmed(shop.ana, "choose_backorder", {"order": "1002", "choice": "wait"})
    assert await waiting(shop, desk) == [("1002", "TEE-GRY-M", 3, False)]
    assert waits.data["charge_later"]["minor"] == 0, "the order is paid for"
    await desk.ok(shop.staff, "pack_order", {"order": "1002"})
    first = await desk.ok(shop.staff, "create_shipment", {"order": "1002"})
    assert (first["status"], first["fulfilment_status"]) == ("shipped", "partially_fulfilled")
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE stock_levels SET on_hand = 20 WHERE variant_id = :v"), {"v": shop.variants["TEE-GRY-M"]})
    assert await waiting(shop, desk) == [("1002", "TEE-GRY-M", 3, True)]
    arrived = await desk.ok(shop.staff, "allocate_order", {"order": "1002"})
    assert (arrived["filled"], arrived["short"]) == (3, [])
    assert await waiting(shop, desk) == []
    for tool in ("create_pick_list", "confirm_pick", "pack_order"):
        await desk.ok(shop.staff, tool, {"order": "1002"})
    second = await desk.ok(shop.staff, "create_shipment", {"order": "1002"})
    assert second["fulfilment_status"] == "fulfilled"
    assert await stock_of(shop, "TEE-GRY-M") == (17, 0)
    assert await scalar(shop, "SELECT sum(shipped) FROM order_lines WHERE order_id = :o", o=shop.orders["1002"].id) == 4


async def test_what_arrives_goes_to_who_waits_by_itself_and_once(shop: Shop, desk: Desk) -> None:
    await bring(shop, desk, "1002", to="create_pick_list")
    await empty_others(shop, "TEE-GRY-M", 3)
    await desk.ok(shop.staff, "confirm_pick", {"order": "1002", "missing": [{"item": "TEE-GRY-M", "quantity": 3}]})
    await order_from_supplier(shop, "TEE-GRY-M", 20, 6)
    await desk.confirmed(shop.ana, "choose_backorder", {"order": "1002", "choice": "wait"})
    assert await serve_waiting(shop.units, desk.executor, shop.owner.tenant_id) == 0
    async with shop.units.write(shop.owner) as tx:
        arrived = "UPDATE stock_levels SET on_hand = reserved + 20 WHERE variant_id = :v"
        await tx.connection.execute(text(arrived), {"v": shop.variants["TEE-GRY-M"]})
    done = await asyncio.gather(*(serve_waiting(shop.units, desk.executor, shop.owner.tenant_id) for _ in range(5)))
    assert max(done) == 1
    assert await waiting(shop, desk) == []
    assert await scalar(shop, "SELECT count(*) FROM outbox WHERE topic = 'backorder.filled'") == 1
    held = "SELECT sum(r.quantity)::int FROM reservations r JOIN order_lines l ON l.id = r.order_line_id WHERE r.status = 'active' "
    assert await scalar(shop, f"{held} AND l.order_id = :o AND l.sku = 'TEE-GRY-M'", o=shop.orders["1002"].id) == 3
    assert await serve_waiting(shop.units, desk.executor, shop.owner.tenant_id) == 0


async def empty_others(shop: Shop, sku: str, held: int) -> None:
    """Leave no more of a SKU than what is held for the order at hand."""
    async with shop.units.write(shop.owner) as tx:
        query = text("UPDATE stock_levels SET on_hand = :held, reserved = :held WHERE variant_id = :variant")
        await tx.connection.execute(query, {"held": held, "variant": shop.variants[sku]})


async def waiting(shop: Shop, desk: Desk) -> list[tuple[str, str, int, bool]]:
    """Return who waits for what, and whether it has come."""
    found = (await desk.ok(shop.staff, "list_backorders", {}))["backorders"]
    return [(each["order"], each["sku"], each["quantity"], each["arrived"]) for each in found]
