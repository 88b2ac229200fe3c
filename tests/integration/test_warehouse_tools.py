"""What fulfilment promises: the best warehouse sends, units are held where they are picked, what ran out is the customer's choice."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from store.tables.fulfilment import PickList
from tests.support.desk import Desk
from tests.support.fulfilling import add_warehouse, bring, empty_shelf, order_from_supplier, scalar, stock_of, topics
from tests.support.shop import NOW, ON_HAND, Shop
from tools.result import Outcome


async def test_warehouses_are_shown_with_their_load_against_the_target(shop: Shop, desk: Desk) -> None:
    await add_warehouse(shop, "ROT", {"LAMP": 80}, capacity=100)
    await add_warehouse(shop, "LEI", {"LAMP": 95}, capacity=100)
    found = await desk.ok(shop.staff, "warehouse_stock", {})
    assert {each["warehouse"]: each["load"] for each in found["warehouses"]} == {"LYO": "below", "ROT": "within", "LEI": "above"}
    assert found["target"] == "70-85 %"
    only = await desk.ok(shop.staff, "warehouse_stock", {"warehouse": "Rot"})
    assert [(each["warehouse"], each["utilisation_percent"]) for each in only["warehouses"]] == [("ROT", 80)]
    assert (await desk.call(shop.ana, "warehouse_stock", {})).status is Outcome.DENIED


async def test_the_warehouse_with_all_lines_is_proposed_and_a_split_only_when_none_has_all(shop: Shop, desk: Desk) -> None:
    await add_warehouse(shop, "ROT", {"HEADSET-BLK": 5, "TEE-GRY-M": 5}, capacity=100)
    await add_warehouse(shop, "LEI", {"HEADSET-BLK": 50}, capacity=10_000)
    found = await desk.ok(shop.staff, "fulfilment_options", {"order": "1002"})
    assert {each["warehouse"] for each in found["proposal"]} == {"ROT"}
    assert found["score_bp"] == 7_000 + 3_000 * 90 // 100
    assert [each["warehouse"] for each in found["options"]] == ["ROT", "LYO", "LEI"]
    await empty_shelf(shop, "TEE-GRY-M", 2)
    await empty_shelf(shop, "HEADSET-BLK", 0)
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE stock_levels SET on_hand = 9 WHERE variant_id = :v AND warehouse_id IN (SELECT id FROM "
                                         "warehouses WHERE code = 'LEI')"), {"v": shop.variants["HEADSET-BLK"]})  # fmt: skip
    split = await desk.ok(shop.staff, "fulfilment_options", {"order": "1002"})
    assert split["split"]
    assert {(each["warehouse"], each["sku"], each["quantity"]) for each in split["proposal"]} == {
        ("ROT", "TEE-GRY-M", 2),
        ("LYO", "TEE-GRY-M", 1),
        ("LEI", "HEADSET-BLK", 1),
    }


async def test_allocating_moves_the_reservations_and_keeps_the_choice_with_its_alternatives(shop: Shop, desk: Desk) -> None:
    await add_warehouse(shop, "ROT", {"TEE-BLK-M": 5})
    assert await stock_of(shop, "TEE-BLK-M") == (ON_HAND, 2)
    done = await desk.ok(shop.staff, "allocate_order", {"order": "1001"})
    assert (done["status"], done["sends"][0]["warehouse"], done["score_bp"]) == ("processing", "ROT", 7_000 + 30 * 9_950 // 100)
    assert await stock_of(shop, "TEE-BLK-M") == (ON_HAND, 0)
    assert await stock_of(shop, "TEE-BLK-M", "ROT") == (5, 2)
    assert await scalar(shop, "SELECT alternatives -> 1 ->> 'warehouse' FROM allocations") == "LYO"
    again = await desk.ok(shop.staff, "allocate_order", {"order": "1001", "warehouse": "LYO"})
    assert again["sends"][0]["warehouse"] == "LYO"
    assert (await stock_of(shop, "TEE-BLK-M"), await stock_of(shop, "TEE-BLK-M", "ROT")) == ((ON_HAND, 2), (5, 0))


@pytest.mark.parametrize(
    ("order", "rule"),
    [("1006", "fulfilment.on_hold"), ("1007", "fulfilment.status"), ("1008", "fulfilment.status"), ("1004", "fulfilment.status"),
     ("1003", "fulfilment.nothing_open")],
)  # fmt: skip
async def test_what_may_not_be_sent_is_not_prepared(shop: Shop, desk: Desk, order: str, rule: str) -> None:
    refused = await desk.call(shop.manager, "allocate_order", {"order": order})
    assert (refused.status, refused.rule) == (Outcome.DENIED, rule)
    assert refused.allowed


async def test_an_order_whose_payment_failed_is_not_prepared(shop: Shop, desk: Desk) -> None:
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE orders SET payment_status = 'failed' WHERE number = '1001'"))
    assert (await desk.call(shop.staff, "allocate_order", {"order": "1001"})).rule == "fulfilment.unpaid"


async def test_a_foreign_or_unknown_order_is_not_found_and_customers_do_not_fulfil(shop: Shop, desk: Desk) -> None:
    for tool in ("allocate_order", "create_pick_list", "confirm_pick", "pack_order", "fulfilment_options"):
        assert (await desk.call(shop.staff, tool, {"order": "2001"})).text == "order 2001 was not found"
        assert (await desk.call(shop.ana, tool, {"order": "1001"})).status is Outcome.DENIED
    assert (await desk.call(shop.ana, "backorder_options", {"order": "1005"})).text == "order 1005 was not found"


async def test_a_list_is_made_once_picked_and_packed(shop: Shop, desk: Desk) -> None:
    assert (await desk.call(shop.staff, "create_pick_list", {"order": "1001"})).rule == "fulfilment.not_allocated"
    await bring(shop, desk, "1001", to="create_pick_list")
    assert (await desk.call(shop.staff, "create_pick_list", {"order": "1001"})).rule == "pick.nothing_held"
    assert (await desk.call(shop.staff, "pack_order", {"order": "1001"})).rule == "pick.none_picked"
    picked = await desk.ok(shop.staff, "confirm_pick", {"order": "1001"})
    assert (picked["status"], picked["items"][0]["picked"], picked["short"]) == ("picked", 2, [])
    packed = await desk.call(shop.staff, "pack_order", {"order": "1001"}, key="pack-once")
    assert (packed.data["parcels"], packed.data["weight_grams"]) == (1, 2 * 500 + 200)
    assert (await desk.call(shop.staff, "pack_order", {"order": "1001"}, key="pack-once")).replayed
    listed = await desk.ok(shop.staff, "pick_lists", {"order": "1001"})
    assert [(each["status"], each["parcels"]) for each in listed["pick_lists"]] == [("packed", 1)]
    assert (await desk.call(shop.staff, "allocate_order", {"order": "1001"})).rule == "fulfilment.nothing_open"


async def test_fifty_pickers_make_one_list(shop: Shop, desk: Desk) -> None:
    await bring(shop, desk, "1002", to="allocate_order")
    results = await asyncio.gather(*(desk.call(shop.staff, "create_pick_list", {"order": "1002"}) for _ in range(50)))
    assert [result.status for result in results].count(Outcome.OK) == 1
    assert {result.rule for result in results if result.status is not Outcome.OK} == {"pick.nothing_held"}
    assert await scalar(shop, "SELECT count(*) FROM pick_lists") == 1


async def test_a_warehouse_has_one_living_list_of_an_order_even_without_the_executor(shop: Shop) -> None:
    async def insert(number: str) -> None:
        async with shop.units.write(shop.owner) as tx:
            depot = (await tx.connection.execute(text("SELECT id FROM warehouses"))).scalar_one()
            tx.add(PickList(tenant_id=tx.tenant_id, number=number, order_id=shop.orders["1002"].id, warehouse_id=depot, created_at=NOW))

    await insert("P-1")
    with pytest.raises(IntegrityError, match="pick_lists_live_key"):
        await insert("P-2")


async def test_what_a_picker_does_not_find_leaves_the_stock_and_the_order_is_short(shop: Shop, desk: Desk) -> None:
    await bring(shop, desk, "1002", to="create_pick_list")
    too_many = await desk.call(shop.staff, "confirm_pick", {"order": "1002", "missing": [{"item": "grey tee", "quantity": 4}]})
    assert too_many.code == "more_than_listed"
    done = await desk.ok(shop.staff, "confirm_pick", {"order": "1002", "missing": [{"item": "grey tee", "quantity": 2}]})
    assert [(each["sku"], each["quantity"]) for each in done["short"]] == [("TEE-GRY-M", 2)]
    assert await stock_of(shop, "TEE-GRY-M") == (ON_HAND - 2, 1)
    moved = "SELECT string_agg(reason || delta, ',') FROM stock_movements"
    assert await scalar(shop, moved) == "short_pick-2"
    again = await desk.ok(shop.staff, "allocate_order", {"order": "1002"})
    assert [(each["sku"], each["quantity"]) for each in again["sends"]] == [("TEE-GRY-M", 2)]
    assert await stock_of(shop, "TEE-GRY-M") == (ON_HAND - 2, 3)


async def test_a_list_on_which_nothing_was_found_is_over(shop: Shop, desk: Desk) -> None:
    await bring(shop, desk, "1001", to="create_pick_list")
    done = await desk.ok(shop.staff, "confirm_pick", {"order": "1001", "missing": [{"item": "TEE-BLK-M", "quantity": 2}]})
    assert done["status"] == "cancelled"
    assert (await desk.call(shop.staff, "pack_order", {"order": "1001"})).rule == "pick.none_picked"


async def test_a_cancelled_order_is_no_longer_picked(shop: Shop, desk: Desk) -> None:
    await bring(shop, desk, "1001", to="create_pick_list")
    await desk.confirmed(shop.ana, "cancel_order", {"order": "1001"})
    assert (await desk.ok(shop.staff, "pick_lists", {}))["total"] == 0
    assert (await desk.call(shop.staff, "confirm_pick", {"order": "1001"})).rule == "fulfilment.status"
    assert await stock_of(shop, "TEE-BLK-M") == (ON_HAND, 0)


async def test_nothing_of_a_cancelled_order_is_missing(shop: Shop, desk: Desk) -> None:
    assert (await desk.ok(shop.ben, "backorder_options", {"order": "1008"}))["items"] == []
    for choice in ("wait", "alternative"):
        assert (await desk.call(shop.ben, "choose_backorder", {"order": "1008", "choice": choice})).rule == "backorder.status"


async def test_an_order_that_is_being_picked_is_not_split(shop: Shop, desk: Desk) -> None:
    await bring(shop, desk, "1001", to="create_pick_list")
    assert (await desk.call(shop.staff, "split_order", {"order": "1001", "item": "TEE-BLK-M", "quantity": 1})).rule == "split.picking"


async def test_a_customer_waits_for_the_next_delivery_and_is_charged_when_it_comes(shop: Shop, desk: Desk) -> None:
    await empty_shelf(shop, "TEE-BLK-M", 0)
    await order_from_supplier(shop, "TEE-BLK-M", 1, 2)
    done = await desk.ok(shop.staff, "allocate_order", {"order": "1001"})
    assert (done["sends"], done["short"][0]["quantity"]) == ([], 2)
    assert {"order.short", "email.requested"} <= set(await topics(shop))
    options = await desk.ok(shop.ana, "backorder_options", {"order": "1001"})
    assert (options["items"][0]["quantity"], options["items"][0]["on_order"]) == (2, False)
    chosen = await desk.confirmed(shop.ana, "choose_backorder", {"order": "1001", "choice": "wait"})
    assert chosen.data["charge_later"] == {"minor": 6_000, "currency": "EUR"}
    assert (await desk.call(shop.ana, "choose_backorder", {"order": "1001", "choice": "wait"})).rule == "backorder.nothing_missing"
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE stock_levels SET on_hand = 3 WHERE variant_id = :v"), {"v": shop.variants["TEE-BLK-M"]})
    arrived = await desk.ok(shop.staff, "allocate_order", {"order": "1001"})
    assert (arrived["filled"], arrived["short"]) == (2, [])
    assert await scalar(shop, "SELECT amount_minor FROM payment_transactions WHERE type = 'capture' AND state = 'pending'") == 6_000
    assert await scalar(shop, "SELECT string_agg(status, ',') FROM backorders") == "filled"


async def test_two_customers_do_not_wait_for_the_same_units_of_a_delivery(shop: Shop, desk: Desk) -> None:
    await empty_shelf(shop, "LAMP", 0)
    await order_from_supplier(shop, "LAMP", 4, 5)
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE orders SET status = 'confirmed', payment_status = 'authorized' WHERE number = '1007'"))
    approvals = [await desk.pending(shop.ben, "choose_backorder", {"order": order, "choice": "wait"}) for order in ("1009", "1007")]
    for approval in approvals:
        await desk.decide(shop.ben, approval)
    outcomes = await asyncio.gather(
        *(
            desk.call(shop.ben, "choose_backorder", {"order": order, "choice": "wait"}, approval=approval)
            for order, approval in zip(("1009", "1007"), approvals, strict=True)
        )
    )
    assert sorted(outcome.status for outcome in outcomes) == [Outcome.OK, Outcome.PENDING], "the second is asked again, with a later date"
    assert await scalar(shop, "SELECT sum(quantity) <= 4 FROM backorders WHERE purchase_order_id IS NOT NULL")


async def test_an_alternative_takes_the_place_of_what_ran_out_and_costs_no_more(shop: Shop, desk: Desk) -> None:
    await empty_shelf(shop, "TEE-BLK-M", 0)
    await desk.ok(shop.staff, "allocate_order", {"order": "1001"})
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE variants SET price_minor = 3300 WHERE sku = 'TEE-BLK-L'"))
    unclear = await desk.call(shop.ana, "choose_backorder", {"order": "1001", "choice": "alternative"})
    assert unclear.code == "item_unclear"
    done = await desk.confirmed(shop.ana, "choose_backorder", {"order": "1001", "choice": "alternative", "instead": "TEE-BLK-L"})
    assert done.status is Outcome.OK, done
    assert await scalar(shop, "SELECT sku || ' ' || quantity || ' ' || unit_price_minor FROM order_lines WHERE order_id = :o",
                        o=shop.orders["1001"].id) == "TEE-BLK-L 2 3000"  # fmt: skip
    assert await stock_of(shop, "TEE-BLK-L") == (ON_HAND, 2)
    assert (await desk.ok(shop.ana, "backorder_options", {"order": "1001"}))["items"] == []


async def test_a_cheaper_alternative_on_a_paid_order_pays_the_difference_back(shop: Shop, desk: Desk) -> None:
    await bring(shop, desk, "1002", to="create_pick_list")
    await desk.ok(shop.staff, "confirm_pick", {"order": "1002", "missing": [{"item": "TEE-GRY-M", "quantity": 2}]})
    await empty_shelf(shop, "TEE-GRY-M", 0)
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE variants SET price_minor = 2500 WHERE sku = 'TEE-BLK-L'"))
        await tx.connection.execute(text("UPDATE reservations SET status = 'active' WHERE status = 'expired'"))
        await tx.connection.execute(text("UPDATE stock_levels SET on_hand = 1, reserved = 1 WHERE variant_id = :v"),
                                    {"v": shop.variants["TEE-GRY-M"]})  # fmt: skip
    done = await desk.confirmed(shop.ana, "choose_backorder", {"order": "1002", "choice": "alternative", "instead": "TEE-BLK-L"})
    assert done.data["pay_back"] == {"minor": 1_000, "currency": "EUR"}
    assert await scalar(shop, "SELECT total_minor FROM orders WHERE number = '1002'") == shop.orders["1002"].total - 1_000
    lines = "SELECT string_agg(sku || ' ' || quantity, ',' ORDER BY sku) FROM order_lines WHERE order_id = :o"
    assert await scalar(shop, lines, o=shop.orders["1002"].id) == "HEADSET-BLK 1,TEE-BLK-L 2,TEE-GRY-M 1"


async def test_a_customer_does_not_see_what_suppliers_are_paid(shop: Shop, desk: Desk) -> None:
    await order_from_supplier(shop, "LAMP", 4, 5)
    async with shop.units.read(shop.ana) as tx:
        assert (await tx.connection.execute(text("SELECT count(*) FROM purchase_orders"))).scalar() == 0
        assert (await tx.connection.execute(text("SELECT count(*) FROM allocations"))).scalar() == 0
    async with shop.units.read(shop.eve) as tx:
        foreign = text("SELECT count(*) FROM expected_arrivals(:variants)")
        assert (await tx.connection.execute(foreign, {"variants": [shop.variants["LAMP"]]})).scalar() == 0
