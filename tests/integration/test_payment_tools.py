"""What refunds promise: computed from rows, capped, approved over a limit, and paid back once."""

import asyncio
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, Forbidden
from core.ids import new_id
from core.statuses import TransactionState, TransactionType
from store import audit
from store.tables.payments import PaymentTransaction
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop
from tools.approvals import Answer, Choice
from tools.result import Outcome, ToolResult

PAID = 19_000
"""What order 1004 cost: a headset at 100.00 and three tees at 30.00."""


async def refunded(shop: Shop, order: str = "1004") -> int:
    async with shop.units.read(shop.owner) as tx:
        query = text("SELECT refunded_minor FROM payments WHERE id = :id")
        return (await tx.connection.execute(query, {"id": shop.orders[order].payment_id})).scalar_one()


def euros(minor: int) -> dict[str, object]:
    return {"minor": minor, "currency": "EUR"}


async def test_a_quote_is_computed_line_by_line_from_what_was_paid(shop: Shop, desk: Desk) -> None:
    quote = await desk.ok(shop.ana, "refund_quote", {"order": "1002"})
    assert quote["refundable"] == euros(18_500)
    assert [(item["sku"], item["refundable"]["minor"]) for item in quote["items"]] == [("HEADSET-BLK", 9_474), ("TEE-GRY-M", 8_526)]
    one = await desk.ok(shop.ana, "refund_quote", {"order": "1002", "item": "tees", "quantity": 1})
    assert [item["refundable"] for item in one["items"]] == [euros(2_842)]


async def test_an_order_that_was_not_charged_has_nothing_to_refund(shop: Shop, desk: Desk) -> None:
    assert (await desk.ok(shop.ana, "refund_quote", {"order": "1001"}))["refundable"] == euros(0)
    assert (await desk.call(shop.staff, "issue_refund", {"order": "1001"})).rule == "refund.nothing_left"


async def test_staff_refund_small_amounts_at_once(shop: Shop, desk: Desk) -> None:
    data = await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": "12,50", "reason": "late_delivery"})
    assert (data["amount"], data["payment_status"], data["left_to_refund"]) == (euros(1_250), "partially_refunded", euros(PAID - 1_250))
    assert await refunded(shop) == 1_250


async def test_an_items_refund_is_its_own_price_and_never_more(shop: Shop, desk: Desk) -> None:
    data = await desk.ok(shop.staff, "issue_refund", {"order": "1004", "item": "tee", "quantity": 2, "reason": "missing_item"})
    assert data["amount"] == euros(6_000)
    too_much = await desk.call(shop.staff, "issue_refund", {"order": "1004", "item": "tee", "amount": "50"})
    assert (too_much.status, too_much.code) == (Outcome.FAILED, "refund_line_cap")
    assert (await desk.ok(shop.staff, "issue_refund", {"order": "1004", "item": "tee"}))["amount"] == euros(3_000)
    quote = await desk.ok(shop.staff, "refund_quote", {"order": "1004", "item": "tee"})
    assert quote["items"][0]["reason"] == "already refunded"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"amount": "190.01"}, "denied"),
        ({"amount": "0"}, "denied"),
        ({"amount": "1.234"}, "invalid_input"),
        ({"amount": "-5"}, "invalid_arguments"),
        ({"item": "sofa"}, "item_unknown"),
        ({"quantity": 1}, "item_unclear"),
        ({"item": "headset", "quantity": 2}, "invalid_input"),
        ({"price": "1"}, "invalid_arguments"),
    ],
)
async def test_a_refund_that_does_not_fit_changes_nothing(shop: Shop, desk: Desk, args: dict[str, object], code: str) -> None:
    assert (await desk.call(shop.owner, "issue_refund", {"order": "1004", **args})).code == code
    assert await refunded(shop) == 0


async def test_refunds_over_the_limit_wait_for_a_manager_who_sees_the_amounts(shop: Shop, desk: Desk) -> None:
    asked = await desk.call(shop.staff, "issue_refund", {"order": "1004"})
    assert (asked.status, asked.rule) == (Outcome.PENDING, "refund.over_limit")
    shown = dict(cast("dict[str, Any]", asked.data["approval"])["preview"])
    assert shown["Amount"] == "€190.00"
    assert shown["3 x Merino Tee, Black, M"] == "€90.00"
    assert asked.approval_id is not None
    with pytest.raises(Forbidden):
        await desk.decide(shop.staff, asked.approval_id)
    await desk.decide(shop.manager, asked.approval_id)
    done = await desk.call(shop.staff, "issue_refund", {"order": "1004"}, approval=asked.approval_id)
    assert done.data["payment_status"] == "refunded"
    assert await refunded(shop) == PAID


async def test_from_the_four_eyes_amount_on_nobody_approves_their_own_request(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.manager, "issue_refund", {"order": "1005"})
    with pytest.raises(Forbidden, match="four eyes"):
        await desk.decide(shop.manager, approval)
    await desk.decide(shop.owner, approval)
    assert (await desk.call(shop.manager, "issue_refund", {"order": "1005"}, approval=approval)).status is Outcome.OK


async def test_a_customers_refund_is_decided_by_the_shop(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.ana, "issue_refund", {"order": "1004", "amount": "1"})
    with pytest.raises(Forbidden):
        await desk.decide(shop.ana, approval)
    assert await refunded(shop) == 0


async def test_an_approval_pays_once_however_many_use_it(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.staff, "issue_refund", {"order": "1004", "amount": "150"})
    await desk.decide(shop.manager, approval)
    done = await asyncio.gather(*(desk.call(shop.staff, "issue_refund", {"order": "1004"}, approval=approval) for _ in range(5)))
    assert {each.status for each in done} == {Outcome.OK}
    assert sum(not each.replayed for each in done) == 1
    assert await refunded(shop) == 15_000


async def test_an_approval_is_void_when_the_amounts_changed_meanwhile(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.staff, "issue_refund", {"order": "1004"})
    await desk.decide(shop.manager, approval)
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": "10"})
    late = await desk.call(shop.staff, "issue_refund", {"order": "1004"}, approval=approval)
    assert late.status is Outcome.PENDING, "a fresh request with the fresh amount"
    assert late.approval_id != approval
    assert "€180.00" in late.text
    assert await refunded(shop) == 1_000


async def test_somebody_elses_approval_or_a_rejected_one_is_no_good(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.staff, "issue_refund", {"order": "1004"})
    assert (await desk.call(shop.staff, "issue_refund", {"order": "1004"}, approval=approval)).code == "approval_not_usable"
    await desk.decide(shop.manager, approval, Answer(decision=Choice.REJECT))
    assert (await desk.call(shop.staff, "issue_refund", {"order": "1004"}, approval=approval)).code == "approval_not_usable"
    assert (await desk.call(shop.manager, "issue_refund", {"order": "1004"}, approval=approval)).code == "approval_mismatch"
    with pytest.raises(Conflict):
        await desk.decide(shop.manager, approval)
    assert await refunded(shop) == 0


async def test_the_same_key_twice_at_once_refunds_once(shop: Shop, desk: Desk) -> None:
    async def refund() -> ToolResult:
        return await desk.call(shop.staff, "issue_refund", {"order": "1004", "amount": "20"}, key="retry")

    done = await asyncio.gather(*(refund() for _ in range(5)))
    assert sum(not each.replayed for each in done) == 1
    assert all(each.data == done[0].data and each.text == done[0].text for each in done)
    assert await refunded(shop) == 2_000


async def test_small_refunds_that_race_add_up_to_the_limit(shop: Shop, desk: Desk) -> None:
    done = await asyncio.gather(*(desk.call(shop.staff, "issue_refund", {"order": "1004", "amount": "80"}) for _ in range(4)))
    assert sorted(each.status for each in done) == [Outcome.OK, Outcome.PENDING, Outcome.PENDING, Outcome.PENDING]
    assert await refunded(shop) == 8_000


async def test_approved_refunds_that_race_never_pass_what_was_captured(shop: Shop, desk: Desk) -> None:
    wanted = {"order": "1004", "amount": "120"}
    approvals = [await desk.pending(shop.staff, "issue_refund", wanted) for _ in range(4)]
    for approval in approvals:
        await desk.decide(shop.manager, approval)
    done = await asyncio.gather(*(desk.call(shop.staff, "issue_refund", wanted, approval=approval) for approval in approvals))
    assert sum(each.status is Outcome.OK for each in done) == 1
    assert await refunded(shop) == 12_000


async def test_postgres_refuses_a_refund_over_the_cap_whoever_writes_it(shop: Shop) -> None:
    with pytest.raises(IntegrityError, match="payments_refund_cap_check"):
        async with shop.units.write(shop.owner) as tx:
            tx.add(
                PaymentTransaction(
                    tenant_id=tx.tenant_id,
                    payment_id=shop.orders["1004"].payment_id,
                    type=TransactionType.REFUND,
                    state=TransactionState.PENDING,
                    amount_minor=PAID + 1,
                    currency="EUR",
                    idempotency_key=str(new_id()),
                    created_at=NOW,
                )
            )
    assert await refunded(shop) == 0


async def test_a_refund_leaves_one_outbound_message_and_one_link_in_the_chain(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "item": "headset"})
    async with shop.units.read(shop.owner) as tx:
        rows = (await tx.connection.execute(text("SELECT topic, key, body FROM outbox ORDER BY key"))).all()
        lines = (await tx.connection.execute(text("SELECT order_line_id, amount_minor FROM refund_lines"))).all()
        counts = (await tx.connection.execute(text("SELECT (SELECT count(*) FROM ledger), (SELECT count(*) FROM audit)"))).one()
        assert (await audit.verify(tx)).broken_at is None
    assert [row.topic for row in rows] == ["payment.refund.requested", "payment.refunded"]
    assert rows[0].body["amount"] == euros(10_000)
    assert UUID(rows[0].body["transaction"])
    assert [tuple(line) for line in lines] == [(shop.orders["1004"].line_ids["HEADSET-BLK"], 10_000)]
    assert tuple(counts) == (1, 1)
