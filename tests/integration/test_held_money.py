"""What staff may do with money: hold, take and let go of it through the provider, and give credit up to a limit."""

import asyncio
from typing import Any, cast

import pytest
from sqlalchemy import text

from core.errors import Forbidden
from tests.integration.test_order_changes import balance, one, wallet
from tests.support.desk import Desk
from tests.support.shop import Shop
from tools.result import Outcome

TOPICS = "SELECT string_agg(topic, ',' ORDER BY id) FROM outbox WHERE topic LIKE 'payment.%.requested'"


async def test_held_money_is_taken_once_and_never_more_than_is_held(shop: Shop, desk: Desk) -> None:
    part = await desk.ok(shop.staff, "capture_payment", {"order": "1001", "amount": "20"})
    assert part["amount"]["minor"] == 2_000
    assert (await desk.call(shop.staff, "capture_payment", {"order": "1001", "amount": "40.01"})).rule == "payment.amount"
    rest = await desk.ok(shop.staff, "capture_payment", {"order": "1001"})
    assert rest["amount"]["minor"] == 4_000
    assert (await desk.call(shop.staff, "capture_payment", {"order": "1001"})).rule == "payment.nothing_held"
    assert await one(shop, TOPICS) == "payment.capture.requested,payment.capture.requested"


async def test_captures_that_race_never_ask_for_more_than_is_held(shop: Shop, desk: Desk) -> None:
    done = await asyncio.gather(*(desk.call(shop.staff, "capture_payment", {"order": "1001", "amount": "25"}) for _ in range(10)))
    assert sum(each.status is Outcome.OK for each in done) == 2
    assert await one(shop, "SELECT sum(amount_minor) FROM payment_transactions WHERE type = 'capture'") == 5_000


async def test_what_is_held_can_be_let_go_and_held_again(shop: Shop, desk: Desk) -> None:
    await wallet(shop, shop.ana)
    assert (await desk.call(shop.staff, "authorize_payment", {"order": "1001"})).rule == "payment.nothing_open"
    assert (await desk.ok(shop.staff, "void_payment", {"order": "1001"}))["amount"]["minor"] == 6_000
    assert (await desk.call(shop.staff, "void_payment", {"order": "1001"})).rule == "payment.nothing_held"
    again = await desk.ok(shop.staff, "authorize_payment", {"order": "1001", "payment_method": "PayPal"})
    assert (again["amount"]["minor"], again["method"]) == (6_000, "PayPal account")
    assert await one(shop, TOPICS) == "payment.void.requested,payment.authorization.requested"


@pytest.mark.parametrize(
    ("tool", "order", "rule"),
    [
        ("capture_payment", "1006", "payment.order_held"),
        ("capture_payment", "1008", "payment.order_closed"),
        ("authorize_payment", "1004", "payment.order_closed"),
    ],
)
async def test_money_of_held_and_closed_orders_is_left_alone(shop: Shop, desk: Desk, tool: str, order: str, rule: str) -> None:
    await wallet(shop, shop.ana)
    await wallet(shop, shop.ben)
    assert (await desk.call(shop.staff, tool, {"order": order})).rule == rule


async def test_a_failed_payment_is_tried_again_and_listed(shop: Shop, desk: Desk) -> None:
    await wallet(shop, shop.ben)
    listed = await desk.ok(shop.staff, "failed_payments", {"days": 7})
    assert [(each["order"], each["amount"]["minor"]) for each in listed["payments"]] == [("1007", 2_000)]
    assert (await desk.ok(shop.staff, "authorize_payment", {"order": "1007"}))["amount"]["minor"] == 2_000
    assert (await desk.call(shop.ana, "failed_payments", {})).status is Outcome.DENIED


async def test_the_payments_of_an_order_show_every_movement_to_its_owner(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "item": "headset"})
    shown = await desk.ok(shop.ana, "order_payments", {"order": "1004"})
    assert (shown["captured"]["minor"], shown["refunded"]["minor"], shown["refundable"]["minor"]) == (19_000, 10_000, 9_000)
    assert [each["type"] for each in shown["payments"][0]["movements"]] == ["charge", "refund"]
    for stranger in (shop.ben, shop.eve):
        assert (await desk.call(stranger, "order_payments", {"order": "1004"})).code == "not_found"


@pytest.mark.parametrize("tool", ["issue_store_credit", "issue_gift_card"])
async def test_credit_adds_up_to_the_limit_then_a_manager_approves(shop: Shop, desk: Desk, tool: str) -> None:
    args = {"customer": "ana@first.example", "amount": "15"}
    given = await desk.ok(shop.staff, tool, args)
    assert given["balance"]["minor"] == 1_500
    waiting = await desk.call(shop.staff, tool, args)
    assert (waiting.status, waiting.rule) == (Outcome.PENDING, "credit.over_limit")
    assert waiting.approval_id
    with pytest.raises(Forbidden):
        await desk.decide(shop.staff, waiting.approval_id)
    await desk.decide(shop.manager, waiting.approval_id)
    assert (await desk.call(shop.staff, tool, args, approval=waiting.approval_id)).status is Outcome.OK
    assert (await desk.call(shop.owner, tool, {**args, "amount": "480"})).rule == "credit.cap"
    assert (await desk.call(shop.ana, tool, args)).status is Outcome.DENIED
    assert await one(shop, "SELECT sum(delta_minor) FROM balance_movements WHERE reason = 'issued'") == 3_000


async def test_store_credit_is_one_balance_that_the_customer_repeats(shop: Shop, desk: Desk) -> None:
    args = {"customer": "Ana Silva", "amount": "5"}
    done = await asyncio.gather(*(desk.call(shop.staff, "issue_store_credit", args, key="once") for _ in range(5)))
    assert [cast("dict[str, Any]", each.data["balance"])["minor"] for each in done] == [500] * 5
    assert await one(shop, "SELECT store_credit_minor FROM customers WHERE id = :id", id=shop.ana.customer_id) == 500
    method = await one(shop, "SELECT id FROM payment_methods WHERE kind = 'store_credit' AND customer_id = :id", id=shop.ana.customer_id)
    assert await balance(shop, method) == 500


async def test_credits_that_race_stay_within_the_limit(shop: Shop, desk: Desk) -> None:
    args = {"customer": "Ana Silva", "amount": "10"}
    done = await asyncio.gather(*(desk.call(shop.staff, "issue_store_credit", args) for _ in range(20)))
    assert sum(each.status is Outcome.OK for each in done) == 2


async def test_an_exchange_names_its_difference_and_what_pays_it(shop: Shop, desk: Desk) -> None:
    await wallet(shop, shop.ana)
    args = {"order": "1004", "item": "tee", "wanted": "size L", "quantity": 2, "payment_method": "gift card"}
    done = await desk.confirmed(shop.ana, "request_exchange", args)
    assert done.data["price_difference"]["minor"] == 1_000
    assert done.data["method"] == "Gift card ending -ana"
    row = "SELECT difference_minor FROM returns WHERE payment_method_id IS NOT NULL"
    assert await one(shop, row) == 1_000


async def test_a_return_of_several_items_in_one_request_goes_to_the_chosen_method(shop: Shop, desk: Desk) -> None:
    await wallet(shop, shop.ana)
    args = {"order": "1004", "item": "headset", "more": [{"item": "tee", "quantity": 2}], "reason": "size_fit", "refund_to": "gift card"}
    done = await desk.confirmed(shop.ana, "request_return", args)
    items = cast("list[dict[str, Any]]", done.data["items"])
    assert [(each["sku"], each["quantity"]) for each in items] == [("HEADSET-BLK", 1), ("TEE-BLK-M", 2)]
    assert (done.data["refund"]["minor"], done.data["method"]) == (8_000 + 5_500, "Gift card ending -ana")
    wrong = {**args, "refund_to": "PayPal", "more": []}
    assert (await desk.call(shop.ana, "request_return", wrong)).rule == "return.refund_to"


async def test_a_refund_to_a_gift_card_is_credited_at_once(shop: Shop, desk: Desk) -> None:
    mine = await wallet(shop, shop.ana, gift_minor=100)
    async with shop.units.write(shop.owner) as tx:
        values = {"gift": mine["gift"], "payment": shop.orders["1004"].payment_id}
        await tx.connection.execute(text("UPDATE payments SET method = 'gift_card', payment_method_id = :gift WHERE id = :payment"), values)
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": "20"})
    assert await balance(shop, mine["gift"]) == 2_100
    assert await one(shop, TOPICS) is None
