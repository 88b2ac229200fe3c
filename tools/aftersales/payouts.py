"""How a return ends: its refund as quoted, or the goods that were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import ReturnStatus, ReturnType, TransactionState, TransactionType
from store.queries import methods, orders, payments
from store.tables.payments import Payment, PaymentMethod
from store.unit import Tx
from tools.aftersales.again import Again, find_again, send_again
from tools.aftersales.handled import ExchangeSent, ReturnPaid, ReturnStep
from tools.aftersales.handling import OneReturn, moved, step
from tools.aftersales.locking import Handled, locked
from tools.aftersales.module import module
from tools.payments.amounts import refundable_of
from tools.payments.charging import charge
from tools.payments.concluding import reason_of
from tools.payments.methods import balance
from tools.payments.paying_back import give_back, pay_back
from tools.policy import Policy
from tools.policy.decision import Decision, allow, deny
from tools.policy.handling_returns import PayoutPlan, ReplacementPlan, decide_payout, decide_replacement
from tools.spec import Args, Audience, Effect

_GOODS = frozenset({ReturnType.EXCHANGE, ReturnType.REPLACEMENT})


@dataclass(frozen=True, slots=True)
class _Payout:
    handled: Handled
    plan: PayoutPlan
    sources: Sequence[Payment]
    to: PaymentMethod | None


@dataclass(frozen=True, slots=True)
class _Replacement:
    handled: Handled
    plan: ReplacementPlan
    sources: Sequence[Payment]
    wanted: list[Again]
    method: PaymentMethod | None


@dataclass(frozen=True, slots=True)
class _Closing:
    handled: Handled
    waiting: Money
    """Of the return's refund, what the provider has not confirmed."""
    failed: bool


def _kind(handled: Handled) -> Literal["money", "goods"]:
    return "goods" if ReturnType(handled.rma.type) in _GOODS else "money"


async def _payout(tx: Tx, args: OneReturn, _ctx: RunContext, _policy: Policy) -> _Payout:
    handled = await locked(tx, args.return_number)
    row = handled.rma
    sources = await payments.of_order(tx, handled.order.id, lock=True)
    to = None
    if row.payment_method_id is not None:
        to = (await methods.by_ids(tx, [row.payment_method_id], lock=True))[row.payment_method_id]
    elif row.type == ReturnType.STORE_CREDIT:
        to = await methods.credit_of(tx, row.customer_id, row.currency)
    plan = PayoutPlan(
        step=handled.step,
        kind=_kind(handled),
        quoted=Money(minor=row.quoted_minor, currency=row.currency),
        refundable=refundable_of(sources, row.currency),
    )
    return _Payout(handled, plan, sources, to)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=_payout,
    policy=lambda _policy, facts, _args, _principal: decide_payout(facts.plan),
    examples=(
        "pay out return R-1007",
        "refund the inspected return R-1012",
        "R-1007 is fine, give the customer the money for it",
        "issue the store credit for return R-1020",
        "send the refund of RMA R-1015",
        "settle return R-1007",
    ),
)
async def refund_return(tx: Tx, args: OneReturn, ctx: RunContext, facts: _Payout) -> ReturnPaid:
    """Refund an inspected return as it was quoted, less its fees; never more than is left on the order."""
    handled, plan, amount = facts.handled, facts.plan, facts.plan.amount
    row, order = handled.rma, handled.order
    moved(tx, handled, ReturnStatus.REFUND_PENDING)
    left, lines = amount.minor, list[tuple[UUID, int]]()
    for line in handled.lines:
        part = min(line.back.refund_minor, left)
        left -= part
        if part:
            lines.append((line.sold.id, part))
    await pay_back(tx, ctx, order, facts.sources, lines, amount, reason_of(handled.rma.number), to=facts.to)
    row.refunded_minor = amount.minor
    if (await _unconfirmed(tx, handled, facts.sources)).waiting.minor == 0:
        moved(tx, handled, ReturnStatus.REFUNDED)
        row.refunded_at = tx.now
    to = facts.to.label if facts.to else "the original payment"
    data: dict[str, JsonValue] = {"return_number": row.number, "amount": amount.model_dump(), "to": to}
    tx.emit("email.requested", customer=str(row.customer_id), template="refund_sent", order=order.number, data=data)
    tx.emit("return.refund_requested", return_number=row.number, order=order.number, amount=amount.model_dump())
    return ReturnPaid(
        return_number=row.number,
        order=order.number,
        status=ReturnStatus(row.status),
        quoted=plan.quoted,
        refunded=amount,
        to=to,
        policy_version=row.policy_version,
    )


async def _replacement(tx: Tx, args: OneReturn, _ctx: RunContext, _policy: Policy) -> _Replacement:
    handled = await locked(tx, args.return_number)
    row, order = handled.rma, handled.order
    sources = await payments.of_order(tx, order.id, lock=True)
    known = row.payment_method_id or next((each.payment_method_id for each in sources if each.payment_method_id), None)
    method = (await methods.by_ids(tx, [known], lock=True))[known] if known else None
    wanted = await find_again(
        tx, [(line.sold, line.back.exchange_variant_id or line.sold.variant_id, line.back.quantity) for line in handled.lines]
    )
    difference = Money(minor=row.difference_minor, currency=row.currency)
    held = balance(method) if method else None
    payable = difference.minor <= 0 or (method is not None and (held is None or held >= difference))
    plan = ReplacementPlan(
        step=handled.step,
        kind=_kind(handled),
        short=tuple(each.new.title for each in wanted if each.level is None),
        difference=difference,
        payable=payable,
    )
    return _Replacement(handled, plan, sources, wanted, method)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=_replacement,
    policy=lambda _policy, facts, _args, _principal: decide_replacement(facts.plan),
    examples=(
        "ship the exchange for R-1007",
        "send the new size for return R-1012",
        "the replacement of R-1007 can go out",
        "fulfil exchange R-1020",
        "send the other colour, return R-1015",
        "get the replacement item on its way for R-1007",
    ),
)
async def ship_exchange(tx: Tx, args: OneReturn, ctx: RunContext, facts: _Replacement) -> ExchangeSent:
    """Open and reserve the order that sends what an inspected exchange or replacement asked for."""
    handled = facts.handled
    row, order = handled.rma, handled.order
    difference = await _settle(tx, ctx, facts)
    again = await send_again(tx, order, facts.wanted, f"return {row.number}")
    shown = [each.shown for each in facts.wanted]
    row.replacement_order_id = again.id
    moved(tx, handled, ReturnStatus.COMPLETED)
    row.closed_at = tx.now
    number = again.number
    orders.note(tx, order, "return.exchanged", f"Order {number} sends {', '.join(shown)} for return {row.number}")
    tx.emit("order.placed", order=number, channel=again.channel, return_number=row.number)
    tx.emit("return.completed", return_number=row.number, order=order.number, replacement_order=number)
    return ExchangeSent(
        return_number=row.number,
        order=order.number,
        replacement_order=number,
        items=shown,
        difference=difference,
        status=ReturnStatus(row.status),
    )


async def _settle(tx: Tx, ctx: RunContext, facts: _Replacement) -> Money:
    """Charge or pay back the price difference of an exchange, and return what was settled."""
    handled, difference = facts.handled, facts.plan.difference
    if difference.minor > 0:
        assert facts.method is not None
        await charge(tx, ctx, handled.order, facts.method, difference, reason_of(handled.rma.number))
    elif difference.minor < 0:
        left = refundable_of(facts.sources, difference.currency)
        amount = Money(minor=min(-difference.minor, left.minor), currency=difference.currency)
        to = facts.method if handled.rma.payment_method_id else None
        if amount.minor:
            await give_back(tx, ctx, handled.order, facts.sources, (), amount, reason_of(handled.rma.number), to=to)
        return -amount
    return difference


async def _unconfirmed(tx: Tx, handled: Handled, sources: Sequence[Payment]) -> _Closing:
    await tx.session.flush()
    moves = await payments.transactions_of(tx, [source.id for source in sources])
    own = [each for each in moves if each.type == TransactionType.REFUND and each.reason == reason_of(handled.rma.number)]
    pending = sum(each.amount_minor for each in own if each.state == TransactionState.PENDING)
    arrived = sum(each.amount_minor for each in own if each.state in {TransactionState.PENDING, TransactionState.SUCCEEDED})
    waiting = Money(minor=pending, currency=handled.rma.currency)
    return _Closing(handled, waiting, failed=arrived < handled.rma.refunded_minor)


async def _closing(tx: Tx, args: OneReturn, _ctx: RunContext, _policy: Policy) -> _Closing:
    handled = await locked(tx, args.return_number)
    return await _unconfirmed(tx, handled, await payments.of_order(tx, handled.order.id, lock=True))


def _may_complete(_policy: Policy, facts: _Closing, _args: Args, _principal: object) -> Decision:
    at, number = facts.handled.step.status, facts.handled.rma.number
    if at not in {ReturnStatus.REFUND_PENDING, ReturnStatus.REFUNDED}:
        refused = facts.handled.step.reaches(ReturnStatus.REFUNDED)
        return refused or deny("return.not_refunded", f"Return {number} was not refunded yet.", "refund the return")
    if facts.waiting.minor:
        reason = f"The provider has not confirmed {facts.waiting} of return {number} yet."
        return deny("return.refund_on_its_way", reason, "wait for the provider", "show the order's payments")
    if facts.failed:
        return deny("return.refund_failed", f"The refund of return {number} failed at the provider.", "send the return's refund again")
    return allow("return.complete")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=_closing,
    policy=_may_complete,
    examples=(
        "close return R-1007, the refund arrived",
        "complete R-1012",
        "R-1007 is done, file it",
        "finish return R-1020",
        "the money for R-1015 went through, complete it",
        "close the refunded return R-1007",
    ),
)
async def complete_return(tx: Tx, args: OneReturn, _ctx: RunContext, facts: _Closing) -> ReturnStep:
    """Close a return whose refund has arrived."""
    handled = facts.handled
    row, order = handled.rma, handled.order
    if row.status == ReturnStatus.REFUND_PENDING:
        moved(tx, handled, ReturnStatus.REFUNDED)
        row.refunded_at = tx.now
    moved(tx, handled, ReturnStatus.COMPLETED)
    row.closed_at = tx.now
    orders.note(tx, order, "return.completed", f"Return {row.number} completed")
    tx.emit("return.completed", return_number=row.number, order=order.number, replacement_order=None)
    return step(handled, items=True)
