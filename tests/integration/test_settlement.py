"""What the payment provider answers is written down once, whatever comes twice, late or at the same time."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.identity import Principal, system
from core.ids import TenantId, new_id
from tests.support.desk import Desk
from tests.support.shop import Shop
from tools.result import Outcome, ToolResult


@pytest.fixture
def provider(shop: Shop) -> Principal:
    return system(shop.owner.tenant_id, "payment provider")


async def row(shop: Shop, query: str, **values: object) -> Any:
    async with shop.units.read(shop.owner) as tx:
        return (await tx.connection.execute(text(query), values)).one()


async def pending(shop: Shop, order: str, kind: str) -> UUID:
    query = "SELECT t.id FROM payment_transactions t WHERE t.payment_id = :payment AND t.type = :kind AND t.state = 'pending'"
    return (await row(shop, query, payment=shop.orders[order].payment_id, kind=kind)).id


async def request(shop: Shop, order: str, kind: str, state: str = "pending", minor: int | None = None) -> UUID:
    """Put a movement on an order's payment, as a tool does that asks the provider for it."""
    transaction = new_id()
    async with shop.units.write(shop.owner) as tx:
        query = (
            "INSERT INTO payment_transactions (tenant_id, id, payment_id, type, state, amount_minor, currency, reason, idempotency_key, "
            "created_at) VALUES (:tenant, :id, :payment, :kind, :state, :minor, 'EUR', '', :key, :now)"
        )
        placed = shop.orders[order]
        values = {"tenant": tx.tenant_id, "payment": placed.payment_id, "minor": minor or placed.total, "kind": kind, "state": state}
        await tx.connection.execute(text(query), {**values, "id": transaction, "key": str(transaction), "now": tx.now})
    return transaction


async def refunded(shop: Shop, desk: Desk, amount: str = "50") -> UUID:
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": amount})
    return await pending(shop, "1004", "refund")


def answer(transaction: UUID, outcome: str = "succeeded", **more: str) -> dict[str, str]:
    return {"transaction": str(transaction), "outcome": outcome, "provider_reference": "re_1", **more}


async def topics(shop: Shop) -> list[str]:
    async with shop.units.read(shop.owner) as tx:
        return list((await tx.connection.execute(text("SELECT topic FROM outbox ORDER BY id"))).scalars())


async def test_a_refund_that_went_through_is_settled_and_the_customer_is_told(shop: Shop, desk: Desk, provider: Principal) -> None:
    transaction = await refunded(shop, desk)
    data = await desk.ok(provider, "settle_payment", answer(transaction))
    assert (data["order"], data["state"], data["payment_status"], data["changed"]) == ("1004", "succeeded", "partially_refunded", True)
    stored = await row(shop, "SELECT state, provider_reference, settled_at FROM payment_transactions WHERE id = :id", id=transaction)
    assert (stored.state, stored.provider_reference) == ("succeeded", "re_1")
    assert stored.settled_at is not None
    assert (await topics(shop))[-2:] == ["payment.refund.succeeded", "email.requested"]
    mail = await row(shop, "SELECT body, lane FROM deliveries WHERE topic = 'email.requested'")
    assert (mail.body["template"], mail.body["order"], mail.body["data"]["amount"]) == ("refund_sent", "1004", "€50.00")
    assert mail.lane.startswith("message:")


async def test_a_refund_that_failed_can_be_made_again(shop: Shop, desk: Desk, provider: Principal) -> None:
    transaction = await refunded(shop, desk)
    data = await desk.ok(provider, "settle_payment", answer(transaction, "failed", reason="the account is closed"))
    assert (data["payment_status"], data["reason"]["text"]) == ("paid", "the account is closed")
    quote = await desk.ok(shop.staff, "refund_quote", {"order": "1004"})
    assert quote["refundable"]["minor"] == 19_000
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": "60"})
    assert "payment.refund.failed" in await topics(shop)


async def test_the_same_answer_twice_at_once_counts_once(shop: Shop, desk: Desk, provider: Principal) -> None:
    transaction = await refunded(shop, desk)
    done = await asyncio.gather(*(desk.call(provider, "settle_payment", answer(transaction)) for _ in range(20)))
    assert {each.status for each in done} == {Outcome.OK}
    assert sum(not each.replayed for each in done) == 1
    assert (await topics(shop)).count("payment.refund.succeeded") == 1


async def test_of_answers_that_contradict_each_other_the_first_stands(shop: Shop, desk: Desk, provider: Principal) -> None:
    transaction = await refunded(shop, desk)

    async def say(outcome: str) -> ToolResult:
        return await desk.call(provider, "settle_payment", answer(transaction, outcome))

    done = await asyncio.gather(*(say(outcome) for outcome in ("succeeded", "failed") * 10))
    assert {each.status for each in done} == {Outcome.OK}
    states = {str(each.data["state"]) for each in done}
    assert len(states) == 1
    assert len({"payment.refund.succeeded", "payment.refund.failed"} & set(await topics(shop))) == 1


async def test_an_authorization_holds_and_a_capture_takes_the_money(shop: Shop, desk: Desk, provider: Principal) -> None:
    held = await desk.ok(provider, "settle_payment", answer(await request(shop, "1007", "authorization")))
    assert held["payment_status"] == "authorized"
    taken = await desk.ok(provider, "settle_payment", answer(await request(shop, "1007", "capture")))
    assert taken["payment_status"] == "paid"
    sums = await row(shop, "SELECT authorized_minor, captured_minor FROM payments WHERE id = :id", id=shop.orders["1007"].payment_id)
    assert tuple(sums) == (2_000, 2_000)


async def test_a_declined_charge_leaves_the_order_unpaid(shop: Shop, desk: Desk, provider: Principal) -> None:
    data = await desk.ok(provider, "settle_payment", answer(await request(shop, "1007", "charge"), "failed", reason="insufficient funds"))
    assert (data["payment_status"], data["reason"]["text"]) == ("failed", "insufficient funds")
    note = await row(shop, "SELECT text, actor FROM order_events WHERE kind = 'payment.failed'")
    assert tuple(note) == ("Charge of €20.00 failed: insufficient funds", "payment provider")


@pytest.mark.parametrize(("kind", "back"), [("charge", "refund"), ("authorization", "void")])
async def test_money_that_was_taken_after_the_order_was_cancelled_goes_back(
    shop: Shop, desk: Desk, provider: Principal, kind: str, back: str
) -> None:
    late = await request(shop, "1008", kind, "cancelled")
    data = await desk.ok(provider, "settle_payment", answer(late))
    assert (data["state"], data["changed"]) == ("succeeded", True)
    assert await pending(shop, "1008", back)
    assert f"payment.{back}.requested" in await topics(shop)


async def test_a_failure_that_comes_after_the_cancellation_changes_nothing(shop: Shop, desk: Desk, provider: Principal) -> None:
    late = await request(shop, "1008", "charge", "cancelled")
    assert (await desk.ok(provider, "settle_payment", answer(late, "failed")))["changed"] is False
    assert await topics(shop) == []


async def test_nobody_but_the_provider_settles(shop: Shop, desk: Desk) -> None:
    transaction = await refunded(shop, desk)
    for who in (shop.owner, shop.manager, shop.staff, shop.ana):
        assert (await desk.call(who, "settle_payment", answer(transaction))).status is Outcome.DENIED
    stranger = system(TenantId(shop.other_owner.tenant_id), "payment provider")
    assert (await desk.call(stranger, "settle_payment", answer(transaction))).code == "not_found"
    assert await pending(shop, "1004", "refund") == transaction


async def test_messages_of_one_payment_share_a_lane(shop: Shop, desk: Desk) -> None:
    for _ in range(2):
        await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": "10"})
    found = await row(
        shop, "SELECT count(*) AS messages, count(DISTINCT lane) AS lanes, count(DISTINCT position) AS places FROM deliveries"
    )
    assert tuple(found) == (2, 1, 2)
