"""What the payment provider answered, written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import OrderStatus, PaymentStatus, TransactionState, TransactionType
from store.queries import orders, payments
from store.tables.orders import Order
from store.tables.payments import Payment, PaymentTransaction
from store.unit import Tx
from tools.payments.concluding import conclude
from tools.payments.module import module
from tools.payments.paying_back import SWITCHED, call_off, give_back, pay_back
from tools.payments.results import PaymentSettled
from tools.policy import Policy, settlement
from tools.policy.settlement import Answer
from tools.result import Quote
from tools.spec import Args, Audience, Effect, Keying

_DONE = {
    TransactionType.AUTHORIZATION: "payment.authorized",
    TransactionType.CAPTURE: "payment.captured",
    TransactionType.CHARGE: "payment.captured",
    TransactionType.REFUND: "payment.refund.succeeded",
    TransactionType.VOID: "payment.voided",
}
_REFUSED = {
    TransactionType.REFUND: "payment.refund.failed",
    TransactionType.VOID: "payment.void.failed",
}
_TAKING = frozenset({TransactionType.CAPTURE, TransactionType.CHARGE})
_COMING = _TAKING | {TransactionType.AUTHORIZATION}
_ALIVE = frozenset({TransactionState.PENDING, TransactionState.SUCCEEDED})


class Outcome(StrEnum):
    """How a movement of money ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class SettlePayment(Args):
    """Which movement ended, and how."""

    transaction: UUID
    """The payment transaction that was requested."""
    outcome: Outcome
    """How it ended."""
    provider_reference: Annotated[str, Field(max_length=120, description="What the provider calls it")] = ""
    reason: Annotated[str, Field(max_length=300, description="Why the provider refused it, in its words")] = ""


@dataclass(frozen=True, slots=True)
class SettlementFacts:
    """The movement with its payment and order, locked in this order: order, payments, movement."""

    order: Order
    sources: Sequence[Payment]
    source: Payment
    transaction: PaymentTransaction
    answer: Answer


async def settlement_facts(tx: Tx, args: SettlePayment, _ctx: RunContext, _policy: Policy) -> SettlementFacts:
    """Lock what an answer is about.

    Raises:
        NotFound: the store has no such movement.
    """
    order_id = await payments.order_of_transaction(tx, args.transaction)
    order = await orders.by_id(tx, order_id, lock=True)
    sources = await payments.of_order(tx, order_id, lock=True)
    transaction = await payments.transaction(tx, args.transaction, lock=True)
    answer = Answer(
        type=TransactionType(transaction.type), state=TransactionState(transaction.state), outcome=TransactionState(args.outcome.value)
    )
    source = next(each for each in sources if each.id == transaction.payment_id)
    return SettlementFacts(order, sources, source, transaction, answer)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    keying=Keying.business(lambda args: f"{args.transaction}:{args.outcome}"),
    facts=settlement_facts,
    policy=lambda _policy, facts, _args, _principal: settlement.decide(facts.answer),
    examples=(
        "the provider says the refund went through",
        "the authorization was declined: insufficient funds",
        "capture succeeded at the payment provider",
        "the payment provider could not refund the card",
        "the void of the authorization was accepted",
        "the charge failed, the card has expired",
    ),
)
async def settle_payment(tx: Tx, args: SettlePayment, ctx: RunContext, facts: SettlementFacts) -> PaymentSettled:
    """Record how an authorization, a capture, a refund or a void ended at the payment provider."""
    transaction, order = facts.transaction, facts.order
    effect = facts.answer.effect
    changed = effect in {settlement.Effect.SETTLES, settlement.Effect.TOO_LATE}
    if changed:
        transaction.state = facts.answer.outcome
        transaction.provider_reference, transaction.settled_at = args.provider_reference, tx.now
        transaction.failure = args.reason if args.outcome is Outcome.FAILED else ""
        tx.session.add(transaction)
        _hold(tx, facts)
        await tx.session.flush()
        sources = await payments.of_order(tx, order.id, lock=True)
        made = await payments.transactions_of(tx, [each.id for each in sources])
        order.payment_status = status_of(sources, made)
        tx.session.add(order)
        _tell(tx, facts, args.reason)
        if effect is settlement.Effect.TOO_LATE:
            await _undo(tx, ctx, facts, sources)
        await conclude(tx, order, transaction)
    amount = Money(minor=transaction.amount_minor, currency=transaction.currency)
    return PaymentSettled(
        order=order.number,
        transaction=transaction.id,
        type=facts.answer.type,
        amount=amount,
        state=TransactionState(transaction.state),
        payment_status=PaymentStatus(order.payment_status),
        changed=changed,
        reason=Quote.external(transaction.failure) if transaction.failure else None,
    )


def _hold(tx: Tx, facts: SettlementFacts) -> None:
    """Keep the held sum true; Postgres itself sums what was captured and paid back."""
    source, answer, minor = facts.source, facts.answer, facts.transaction.amount_minor
    succeeded = answer.outcome is TransactionState.SUCCEEDED
    if answer.type is TransactionType.AUTHORIZATION:
        source.authorized_minor = minor if succeeded else 0
    elif answer.type is TransactionType.VOID:
        source.authorized_minor = 0 if succeeded else minor
    tx.session.add(source)


def status_of(sources: Sequence[Payment], made: Sequence[PaymentTransaction]) -> PaymentStatus:
    """Return what is paid of an order, by its payments and their movements, oldest first.

    What went back because another method pays now is no refund: it does not count, neither as taken nor as paid back.
    """
    alive = [each for each in made if each.state in _ALIVE]
    switched = sum(each.amount_minor for each in alive if each.type == TransactionType.REFUND and each.reason == SWITCHED)
    captured = sum(each.captured_minor for each in sources) - switched
    refunded = sum(each.refunded_minor for each in sources) - switched
    if captured > 0:
        return PaymentStatus.PAID if refunded <= 0 else PaymentStatus.REFUNDED if refunded >= captured else PaymentStatus.PARTIALLY_REFUNDED
    if any(each.authorized_minor > each.captured_minor for each in sources):
        return PaymentStatus.AUTHORIZED
    last = next((each for each in reversed(made) if each.type in _COMING and each.state != TransactionState.CANCELLED), None)
    return PaymentStatus.FAILED if last is not None and last.state == TransactionState.FAILED else PaymentStatus.PENDING


def _tell(tx: Tx, facts: SettlementFacts, reason: str) -> None:
    order, transaction, answer = facts.order, facts.transaction, facts.answer
    amount = Money(minor=transaction.amount_minor, currency=transaction.currency)
    succeeded = answer.outcome is TransactionState.SUCCEEDED
    topic = _DONE[answer.type] if succeeded else _REFUSED.get(answer.type, "payment.failed")
    why = f": {reason}" if reason and not succeeded else ""
    orders.note(tx, order, topic, f"{answer.type.value.capitalize()} of {amount} {answer.outcome}{why}")
    about = {"order": order.number, "payment": str(transaction.payment_id), "transaction": str(transaction.id)}
    tx.emit(topic, **about, amount=amount.model_dump(), reason=reason, payment_status=PaymentStatus(order.payment_status).value)
    if succeeded and answer.type is TransactionType.REFUND:
        data: JsonValue = {"amount": str(amount), "method": facts.source.label}
        tx.emit("email.requested", customer=str(order.customer_id), template="refund_sent", order=order.number, data=data)


async def _undo(tx: Tx, ctx: RunContext, facts: SettlementFacts, sources: Sequence[Payment]) -> None:
    """Give back what the provider took after it was called off: for an order that was cancelled, or that another method pays now."""
    cancelled = OrderStatus(facts.order.status) is OrderStatus.CANCELLED
    own = sources if cancelled else [each for each in sources if each.id == facts.source.id]
    if facts.answer.type is TransactionType.AUTHORIZATION:
        await call_off(tx, ctx, facts.order, own)
    elif facts.answer.type in _TAKING:
        amount = Money(minor=facts.transaction.amount_minor, currency=facts.transaction.currency)
        if cancelled:
            await pay_back(tx, ctx, facts.order, own, [], amount, "order_cancelled")
        else:
            await give_back(tx, ctx, facts.order, own, [], amount, SWITCHED)
    if not cancelled:
        await tx.session.flush()
        known = await payments.of_order(tx, facts.order.id, lock=True)
        facts.order.payment_status = status_of(known, await payments.transactions_of(tx, [each.id for each in known]))
        tx.session.add(facts.order)
