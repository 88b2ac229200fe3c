"""A return's refund that the provider refused: what is missing, and how it is sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import PaymentKind, ReturnStatus, ReturnType, TransactionState, TransactionType
from store.queries import alerts, methods, orders, payments
from store.tables.aftersales import Return
from store.tables.payments import Payment, PaymentMethod
from store.unit import ReadTx, Tx
from tools.aftersales.handled import ReturnPaid
from tools.aftersales.handling import OneReturn, moved
from tools.aftersales.locking import Handled, locked
from tools.aftersales.module import module
from tools.items import terms
from tools.payments.amounts import refundable_of
from tools.payments.concluding import REFUND_FAILED, reason_of
from tools.payments.methods import PaymentMethodRef, admit_target, chosen
from tools.payments.paying_back import pay_back
from tools.policy import Policy, returns
from tools.policy.handling_returns import RetryPlan, decide_retry
from tools.spec import Audience, Effect

_CREDIT = terms("store credit")


class RetryReturnRefund(OneReturn):
    """Which return, and where its money goes instead."""

    to: PaymentMethodRef | None = None
    """Store credit or another of the customer's methods; the same way again when left out."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the refund of a return stands at its providers, in minor units."""

    waiting: int
    arrived: int
    missing: int
    """Refused, and not made up for."""
    why: str
    """The last refusal in the provider's words."""
    by_line: dict[UUID, int]
    """What arrived or is on its way, of each line of the order."""


@dataclass(frozen=True, slots=True)
class _Retry:
    handled: Handled
    plan: RetryPlan
    sources: Sequence[Payment]
    to: PaymentMethod | None
    standing: Standing


async def standing(tx: ReadTx, row: Return, sources: Sequence[Payment]) -> Standing:
    """Return how the refund of a return stands."""
    moves = await payments.transactions_of(tx, [source.id for source in sources])
    own = [each for each in moves if each.type == TransactionType.REFUND and each.reason == reason_of(row.number)]
    waiting = sum(each.amount_minor for each in own if each.state == TransactionState.PENDING)
    arrived = sum(each.amount_minor for each in own if each.state == TransactionState.SUCCEEDED)
    alive = [each.id for each in own if each.state in {TransactionState.PENDING, TransactionState.SUCCEEDED}]
    why = next((each.failure for each in reversed(own) if each.state == TransactionState.FAILED), "")
    return Standing(waiting, arrived, max(row.refunded_minor - waiting - arrived, 0), why, await payments.by_line(tx, alive))


async def _retry(tx: Tx, args: RetryReturnRefund, _ctx: RunContext, policy: Policy) -> _Retry:
    handled = await locked(tx, args.return_number)
    row = handled.rma
    sources = await payments.of_order(tx, handled.order.id, lock=True)
    stands = await standing(tx, row, sources)
    before = await _before(tx, row)
    to = await _target(tx, args.to, row) or before
    admit_target(to, sources)
    refused = None
    if to is not None and (before is None or to.id != before.id):
        original = to.id in {source.payment_method_id for source in sources}
        refused = returns.destination(policy.returns, PaymentKind(to.kind), to.label, original=original)
    plan = RetryPlan(
        step=handled.step,
        waiting=Money(minor=stands.waiting, currency=row.currency),
        missing=Money(minor=stands.missing, currency=row.currency),
        refundable=refundable_of(sources, row.currency),
        to=to.label if to else "the original payment",
        elsewhere=to is not before,
        refused_target=refused,
    )
    return _Retry(handled, plan, sources, to, stands)


async def _before(tx: Tx, row: Return) -> PaymentMethod | None:
    """Return the method that a return was to be paid to, None for the original payment."""
    if row.payment_method_id is not None:
        return (await methods.by_ids(tx, [row.payment_method_id], lock=True))[row.payment_method_id]
    return await methods.credit_of(tx, row.customer_id, row.currency) if row.type == ReturnType.STORE_CREDIT else None


async def _target(tx: Tx, ref: str | None, row: Return) -> PaymentMethod | None:
    if ref is None:
        return None
    if terms(ref) == _CREDIT:
        return await methods.credit_of(tx, row.customer_id, row.currency)
    return await chosen(tx, ref, row.customer_id, lock=True)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=_retry,
    policy=lambda _policy, facts, _args, _principal: decide_retry(facts.plan),
    examples=(
        "the refund of return R-1007 was declined, try it again",
        "retry the failed refund of R-1012",
        "the bank refused R-1007, pay it out as store credit instead",
        "send the declined refund for return R-1020 to her gift card",
        "R-1015 is stuck in refund pending because the card was closed, use store credit",
        "repeat the return refund that the provider rejected, R-1007",
    ),
)
async def retry_return_refund(tx: Tx, args: RetryReturnRefund, ctx: RunContext, facts: _Retry) -> ReturnPaid:
    """Send a return's refund again that the provider declined: the same way, or to store credit or another method."""
    handled, plan, amount = facts.handled, facts.plan, facts.plan.amount
    row, order = handled.rma, handled.order
    left, lines = amount.minor, list[tuple[UUID, int]]()
    for line in handled.lines:
        part = min(line.back.refund_minor - facts.standing.by_line.get(line.sold.id, 0), left)
        if part > 0:
            left -= part
            lines.append((line.sold.id, part))
    await pay_back(tx, ctx, order, facts.sources, lines, amount, reason_of(row.number), to=facts.to)
    await tx.session.flush()
    if (await standing(tx, row, facts.sources)).arrived >= row.refunded_minor:
        moved(tx, handled, ReturnStatus.REFUNDED)
        row.refunded_at = tx.now
        await alerts.settle(tx, REFUND_FAILED, row.number)
    orders.note(tx, order, "return.refund_retried", f"Refund of return {row.number} sent again: {amount} to {plan.to}")
    tx.emit("return.refund_requested", return_number=row.number, order=order.number, amount=amount.model_dump())
    return ReturnPaid(
        return_number=row.number,
        order=order.number,
        status=ReturnStatus(row.status),
        quoted=Money(minor=row.quoted_minor, currency=row.currency),
        refunded=amount,
        to=plan.to,
        policy_version=row.policy_version,
    )
