"""Whole stories after the sale, told through the tools that customers, staff, providers and the worker use."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.identity import Principal, system
from core.statuses import PaymentKind
from server.worker.aftercare import Aftercare
from store.tables.payments import PaymentMethod
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.fulfilling import scalar, stock_of, topics
from tests.support.shop import NOW, ON_HAND, Shop
from tools import aftersales, inventory, orders, payments, products, quality
from tools.executor import Executor
from tools.policy import Policy
from tools.registry import Toolbox
from tools.result import Outcome

ONE = {"return_number": "R-1001"}


@pytest.fixture
def provider(shop: Shop) -> Principal:
    return system(shop.owner.tenant_id, "payment provider")


async def settle(shop: Shop, desk: Desk, provider: Principal, outcome: str = "succeeded") -> None:
    """Let the provider answer the one refund that it was asked for."""
    transaction = await scalar(shop, "SELECT id FROM payment_transactions WHERE type = 'refund' AND state = 'pending'")
    await desk.ok(
        provider, "settle_payment", {"transaction": str(transaction), "outcome": outcome, "reason": "declined" * (outcome == "failed")}
    )


async def returned(shop: Shop, desk: Desk, args: dict[str, object], condition: str) -> None:
    """Take a return from the customer's request to its inspection."""
    await desk.confirmed(shop.ana, "request_return", args)
    for tool, more in (("send_return_label", {}), ("receive_return", {}), ("inspect_return", {"condition": condition})):
        await desk.ok(shop.staff, tool, {**ONE, **more})


async def test_a_return_goes_from_the_question_to_the_money_and_the_shelf(shop: Shop, desk: Desk, provider: Principal) -> None:
    """Scenario 2: asked, eligible, approved, label, received, inspected, disposed, refunded, restocked, defect pattern noted."""
    asked = await desk.ok(shop.ana, "return_eligibility", {"order": "1004", "item": "tee", "reason": "changed_mind"})
    assert [each["eligible"] for each in asked["items"]] == [True]
    await returned(shop, desk, {"order": "1004", "item": "tee", "reason": "changed_mind"}, "unopened")
    assert (await desk.ok(shop.ana, "get_return", ONE))["status"] == "inspected"
    on_hand, _ = await stock_of(shop, "TEE-BLK-M")
    disposed = await desk.ok(shop.staff, "dispose_return", ONE)
    assert disposed["items"][0]["disposition"] == "restock"
    assert (await stock_of(shop, "TEE-BLK-M"))[0] == on_hand + 3 == ON_HAND + 3
    paid = await desk.ok(shop.staff, "refund_return", ONE)
    assert (paid["status"], paid["refunded"]["minor"]) == ("refund_pending", 8_500), "three tees less the shipping"
    await settle(shop, desk, provider)
    done = await desk.ok(shop.ana, "get_return", ONE)
    assert (done["status"], done["refunded"]["minor"]) == ("completed", 8_500)
    assert (await desk.ok(shop.ana, "get_order", {"order": "1004"}))["status"] == "delivered", "the headset was kept"
    assert [each for each in await topics(shop) if each.startswith(("return.", "stock.returned"))] == [
        "return.requested",
        "return.approved",
        "return.label_sent",
        "return.received",
        "return.inspected",
        "stock.returned",
        "return.disposed",
        "return.refund_requested",
        "return.completed",
    ]
    broken = {"order": "1004", "item": "headset", "reason": "defective"}
    await desk.confirmed(shop.ana, "request_return", broken)
    again = {"return_number": "R-1002"}
    await desk.ok(shop.ana, "add_return_photo", {**again, "photo": "broken.jpg"})
    await desk.ok(shop.staff, "decide_return", {**again, "approve": True})
    for tool in ("send_return_label", "receive_return"):
        await desk.ok(shop.staff, tool, again)
    for number in ("Q-1001", "Q-1002"):
        await desk.ok(shop.staff, "schedule_inspection", {"item": "HEADSET-BLK", "units": 10})
        await desk.ok(shop.staff, "record_inspection", {"inspection": number, "defective": 1})
    found = await desk.ok(shop.staff, "inspect_return", {**again, "condition": "defective"})
    assert "again and again" in found["detail"], "the third same defect in a month"
    assert await scalar(shop, "SELECT subject FROM alerts WHERE kind = 'quality.defect_pattern'") == "headset:functional"
    order = await desk.ok(shop.ana, "get_order", {"order": "1004"})
    assert order["status"] == "returned", "all of it came back"


async def test_a_refund_that_fails_keeps_the_return_open_and_alerts_the_merchant(shop: Shop, desk: Desk, provider: Principal) -> None:
    await returned(shop, desk, {"order": "1004", "item": "tee", "reason": "changed_mind"}, "opened")
    await desk.ok(shop.staff, "refund_return", ONE)
    await settle(shop, desk, provider, "failed")
    assert (await desk.ok(shop.ana, "get_return", ONE))["status"] == "refund_pending"
    assert await scalar(shop, "SELECT subject FROM alerts WHERE kind = 'return.refund_failed'") == "R-1001"
    assert "declined" in (await desk.ok(shop.staff, "get_return", ONE))["refund_failed"]["text"]
    assert (await desk.ok(shop.ana, "get_return", ONE))["refund_failed"] is None, "what the provider says is for staff"


_ALERT = "SELECT status FROM alerts WHERE kind = 'return.refund_failed'"


async def declined(shop: Shop, desk: Desk, provider: Principal) -> None:
    """Let the provider refuse the refund of a return of three tees."""
    await returned(shop, desk, {"order": "1004", "item": "tee", "reason": "changed_mind"}, "opened")
    await desk.ok(shop.staff, "refund_return", ONE)
    await settle(shop, desk, provider, "failed")


async def test_a_declined_refund_is_sent_again_and_closes_the_return(shop: Shop, desk: Desk, provider: Principal) -> None:
    await declined(shop, desk, provider)
    assert (await desk.call(shop.staff, "complete_return", ONE)).rule == "return.refund_failed"
    again = await desk.ok(shop.staff, "retry_return_refund", ONE)
    assert (again["refunded"]["minor"], again["status"]) == (8_500, "refund_pending")
    assert (await desk.call(shop.staff, "retry_return_refund", ONE)).rule == "return.refund_on_its_way"
    await settle(shop, desk, provider, "failed")
    assert await scalar(shop, "SELECT times FROM alerts WHERE kind = 'return.refund_failed'") == 2
    await desk.ok(shop.staff, "retry_return_refund", ONE)
    await settle(shop, desk, provider)
    assert (await desk.ok(shop.ana, "get_return", ONE))["status"] == "completed"
    assert await scalar(shop, _ALERT) == "resolved"
    assert (await desk.call(shop.staff, "retry_return_refund", ONE)).rule == "return.refund_not_due"
    lines = (
        "SELECT sum(l.amount_minor) FROM refund_lines l JOIN payment_transactions t ON t.id = l.transaction_id WHERE t.state = 'succeeded'"
    )
    assert await scalar(shop, lines) == 8_500


async def test_a_declined_refund_is_paid_out_as_store_credit_once_somebody_confirms(shop: Shop, desk: Desk, provider: Principal) -> None:
    await declined(shop, desk, provider)
    credit = {**ONE, "to": "store credit"}
    paid = (await desk.confirmed(shop.staff, "retry_return_refund", credit)).data
    assert (paid["status"], paid["refunded"]["minor"], paid["to"]) == ("refunded", 8_500, "Store credit")
    assert await scalar(shop, "SELECT balance_minor FROM payment_methods WHERE kind = 'store_credit'") == 8_500
    assert await scalar(shop, _ALERT) == "resolved"
    assert (await desk.ok(shop.staff, "complete_return", ONE))["status"] == "completed"


async def test_twenty_people_send_a_declined_refund_again_and_it_goes_once(shop: Shop, desk: Desk, provider: Principal) -> None:
    await declined(shop, desk, provider)
    done = await asyncio.gather(*(desk.call(shop.staff, "retry_return_refund", ONE) for _ in range(20)))
    assert sorted(each.status for each in done).count(Outcome.OK) == 1
    assert {each.rule for each in done if each.status is not Outcome.OK} == {"return.refund_on_its_way"}
    assert await scalar(shop, "SELECT count(*) FROM payment_transactions WHERE type = 'refund' AND state = 'pending'") == 1
    assert (await desk.call(shop.ana, "retry_return_refund", ONE)).status is not Outcome.OK, "customers have no say in it"


async def test_the_worker_asks_for_opinions_and_ends_returns_that_were_never_sent(shop: Shop, desk: Desk, watch: Watch) -> None:
    """The end of scenario 1: a day after the delivery the customer is asked, and answers."""
    care = Aftercare(desk.units, desk.executor)
    await desk.confirmed(shop.ana, "request_return", {"order": "1004", "item": "tee", "reason": "changed_mind"})
    assert await care.once() == 1
    assert (await topics(shop)).count("survey.sent") == 2
    assert await care.once() == 0, "nothing is due twice"
    assert (await desk.ok(shop.ana, "answer_survey", {"order": "1004", "rating": 5, "recommends": True}))["rating"] == 5
    assert (await desk.ok(shop.staff, "survey_summary", {}))["recommend_percent"] == 100
    watch.now = NOW + timedelta(days=Policy().returns.rma_valid_days, seconds=1)
    assert await care.once() == 1
    assert (await desk.ok(shop.ana, "get_return", ONE))["status"] == "cancelled"
    assert await care.once() == 0


async def test_a_customer_finds_a_product_in_words_and_asks_about_it(shop: Shop) -> None:
    """Scenario 3: a need in words, products with reasons, a question about one, its reviews and stock."""
    desk = Desk(shop.units)
    tools = (*products.TOOLS, *inventory.TOOLS, *orders.TOOLS, *payments.TOOLS, *aftersales.TOOLS, *quality.TOOLS)
    desk.executor = Executor(shop.units, Toolbox(tools), {})
    found = await desk.ok(shop.ana, "search_products", {"query": "merino tee", "max_price": "40"})
    assert [each["title"] for each in found["products"]] == ["Merino Tee"]
    shown = await desk.ok(shop.ana, "get_product", {"product": found["products"][0]["product"]})
    assert {each["sku"] for each in shown["variants"]} == {"TEE-BLK-M", "TEE-BLK-L", "TEE-GRY-M"}


@pytest.mark.parametrize(("answer", "status"), [("succeeded", "paid"), ("failed", "failed")])
async def test_a_switched_payment_is_named_for_what_the_new_method_did(
    shop: Shop, desk: Desk, provider: Principal, answer: str, status: str
) -> None:
    """The old payment goes back whole; that is no refund of the order."""
    async with shop.units.write(shop.owner) as tx:
        tx.add(
            PaymentMethod(
                tenant_id=tx.tenant_id,
                customer_id=shop.ben.customer_id,
                kind=PaymentKind.CARD,
                reference="pm_2",
                brand="mastercard",
                last_four="1881",
                currency="EUR",
                created_at=tx.now,
            )
        )
        await tx.connection.execute(text("UPDATE orders SET status = 'pending' WHERE number = '1009'"))
    switched = await desk.confirmed(shop.staff, "change_payment_method", {"order": "1009", "payment_method": "Mastercard 1881"})
    assert switched.status is Outcome.OK, switched.text
    taken = await scalar(shop, "SELECT id FROM payment_transactions WHERE type = 'charge' AND state = 'pending'")
    assert (await desk.ok(provider, "settle_payment", {"transaction": str(taken), "outcome": answer}))["payment_status"] == status
    back = await scalar(shop, "SELECT id FROM payment_transactions WHERE type = 'refund' AND state = 'pending'")
    assert (await desk.ok(provider, "settle_payment", {"transaction": str(back), "outcome": "succeeded"}))["payment_status"] == status
