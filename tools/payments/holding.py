"""Hold, take and let go of an order's money at the payment provider, by staff."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import HOLDS_BALANCE, OrderStatus, PaymentKind, TransactionState, TransactionType
from store.queries import methods, orders, payments
from store.tables.orders import Order
from store.tables.payments import Payment, PaymentMethod, PaymentTransaction
from store.unit import Tx
from tools.arguments import Amount, OrderNumber
from tools.payments.charging import ask, authorize, charge
from tools.payments.facts import money_of
from tools.payments.methods import PaymentMethodRef, balance, chosen
from tools.payments.module import module
from tools.payments.paying_back import movement
from tools.payments.results import PaymentAsked
from tools.policy import Policy
from tools.policy.payments import HoldingPlan, decide_capture, decide_hold, decide_void
from tools.spec import Args, Audience, Effect

_ALIVE = frozenset({TransactionState.PENDING, TransactionState.SUCCEEDED})


class AuthorizePayment(Args):
    """Which order's open amount to hold, and on what."""

    order: OrderNumber
    payment_method: PaymentMethodRef | None = None
    """On which of the customer's methods; the one that paid the order when left out."""


class CapturePayment(Args):
    """Which order's held money to take."""

    order: OrderNumber
    amount: Amount | None = None
    """Only this much, in the order's currency; all that is held when left out."""


class VoidPayment(Args):
    """Which order's held money to let go of."""

    order: OrderNumber


@dataclass(frozen=True, slots=True)
class Held:
    """What of a payment is held, is being taken or was taken."""

    payment: Payment
    free: int
    """Held, and neither taken nor being taken."""


@dataclass(frozen=True, slots=True)
class HoldingFacts:
    """A plan for held money with the locked rows that it was computed from."""

    plan: HoldingPlan
    order: Order
    held: list[Held]
    method: PaymentMethod | None = None


async def authorize_facts(tx: Tx, args: AuthorizePayment, _ctx: RunContext, _policy: Policy) -> HoldingFacts:
    """Find what of the order's total is neither held nor taken, and what would pay it."""
    order, sources, made = await _money(tx, args.order)
    coming = sum(each.amount_minor for each in made if each.type in {TransactionType.AUTHORIZATION, TransactionType.CHARGE})
    gone = sum(each.amount_minor for each in made if each.type in {TransactionType.REFUND, TransactionType.VOID})
    open_minor = order.total_minor - coming + gone
    method = await _payer(tx, args.payment_method, order, sources)
    holds = balance(method)
    if holds is not None and holds.minor < open_minor:
        raise InvalidInput(f"{method.label} holds {holds}; choose another method", field="payment_method", code="balance_too_low")
    return HoldingFacts(_plan(order, open_minor, open_minor, method.label), order, [], method)


async def capture_facts(tx: Tx, args: CapturePayment, _ctx: RunContext, _policy: Policy) -> HoldingFacts:
    """Find what is held for an order and not taken yet; never more than the order still costs."""
    order, sources, made = await _money(tx, args.order)
    held = held_of(sources, made)
    taken = sum(each.amount_minor for each in made if each.type in {TransactionType.CAPTURE, TransactionType.CHARGE})
    back = sum(each.amount_minor for each in made if each.type == TransactionType.REFUND)
    most = max(min(sum(each.free for each in held), order.total_minor - taken + back), 0)
    named = money_of(args.amount, order.currency)
    return HoldingFacts(_plan(order, named.minor if named else most, most, _labels(held)), order, held)


async def void_facts(tx: Tx, args: VoidPayment, _ctx: RunContext, _policy: Policy) -> HoldingFacts:
    """Find what is held for an order and not taken."""
    order, sources, made = await _money(tx, args.order)
    held = held_of(sources, made)
    most = sum(each.free for each in held)
    return HoldingFacts(_plan(order, most, most, _labels(held)), order, held)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PAYMENT_WRITE,
    audience=Audience.STAFF,
    facts=authorize_facts,
    policy=lambda _policy, facts, _args, _principal: decide_hold(facts.plan),
    examples=(
        "authorize the payment of order 1042 again",
        "hold the amount of order 1042 on the customer's PayPal",
        "the card was declined, try the authorization of 1042 once more",
        "reauthorize 1042",
        "place a hold for order 1017 on the Visa ending 4242",
        "get an authorization for the open amount of order 1042",
    ),
)
async def authorize_payment(tx: Tx, args: AuthorizePayment, ctx: RunContext, facts: HoldingFacts) -> PaymentAsked:
    """Have the open amount of an unpaid order held on a payment method of its customer."""
    assert facts.method is not None
    take = charge if PaymentKind(facts.method.kind) in HOLDS_BALANCE else authorize
    await take(tx, ctx, facts.order, facts.method, facts.plan.amount, "staff_authorized")
    return _asked(tx, facts, "payment.authorization_asked", "authorization")


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PAYMENT_WRITE,
    audience=Audience.STAFF,
    facts=capture_facts,
    policy=lambda _policy, facts, _args, _principal: decide_capture(facts.plan),
    examples=(
        "capture the payment of order 1042",
        "take the money for order 1042 now",
        "capture 25.00 of what is authorized on 1042",
        "collect the authorized amount of #1017",
        "order 1042 is packed, capture it",
        "draw the held amount for 1042",
    ),
)
async def capture_payment(tx: Tx, args: CapturePayment, ctx: RunContext, facts: HoldingFacts) -> PaymentAsked:
    """Take money that is held for an order: all of it, or a given amount."""
    left = facts.plan.amount.minor
    for each in facts.held:
        part = min(left, each.free)
        if part:
            transaction = movement(tx, ctx, each.payment, TransactionType.CAPTURE, part, "staff_captured")
            await tx.session.flush()
            ask(tx, "payment.capture.requested", facts.order, each.payment, transaction)
            left -= part
    return _asked(tx, facts, "payment.capture_asked", "capture")


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PAYMENT_WRITE,
    audience=Audience.STAFF,
    facts=void_facts,
    policy=lambda _policy, facts, _args, _principal: decide_void(facts.plan),
    examples=(
        "void the payment of order 1042",
        "let go of the authorization on 1042",
        "release the money held for order 1042",
        "drop the hold on the card for order 1017",
        "we won't ship 1042 soon, void its authorization",
        "cancel the authorization of 1042 but keep the order",
    ),
)
async def void_payment(tx: Tx, args: VoidPayment, ctx: RunContext, facts: HoldingFacts) -> PaymentAsked:
    """Let go of money that is held for an order and was not taken; the order stays."""
    for each in facts.held:
        if each.free:
            transaction = movement(tx, ctx, each.payment, TransactionType.VOID, each.free, "staff_voided")
            await tx.session.flush()
            ask(tx, "payment.void.requested", facts.order, each.payment, transaction)
    return _asked(tx, facts, "payment.void_asked", "void")


async def _money(tx: Tx, number: str) -> tuple[Order, Sequence[Payment], list[PaymentTransaction]]:
    order = await orders.by_number(tx, number, lock=True)
    sources = await payments.of_order(tx, order.id, lock=True)
    made = await payments.transactions_of(tx, [source.id for source in sources])
    return order, sources, [each for each in made if each.state in _ALIVE]


def held_of(sources: Sequence[Payment], made: Sequence[PaymentTransaction]) -> list[Held]:
    """Return what each payment holds. `authorized_minor` counts what a provider confirmed and nobody voided."""
    going = {TransactionType.CAPTURE, TransactionType.VOID}
    found: list[Held] = []
    for source in sources:
        pending = sum(
            each.amount_minor
            for each in made
            if each.payment_id == source.id and each.type in going and each.state == TransactionState.PENDING
        )
        found.append(Held(source, max(source.authorized_minor - source.captured_minor - pending, 0)))
    return found


async def _payer(tx: Tx, ref: str | None, order: Order, sources: Sequence[Payment]) -> PaymentMethod:
    if ref is not None:
        return await chosen(tx, ref, order.customer_id, lock=True)
    ids = [source.payment_method_id for source in sources if source.payment_method_id][-1:]
    known = await methods.by_ids(tx, ids, lock=True)
    if not known:
        raise InvalidInput("on which payment method of the customer?", field="payment_method", code="payment_method_needed")
    return known[ids[0]]


def _plan(order: Order, amount: int, most: int, method: str) -> HoldingPlan:
    return HoldingPlan(
        order=order.number,
        status=OrderStatus(order.status),
        on_hold=order.on_hold,
        amount=Money(minor=amount, currency=order.currency),
        most=Money(minor=most, currency=order.currency),
        method=method,
    )


def _labels(held: Sequence[Held]) -> str:
    return " and ".join(each.payment.label for each in held if each.free) or "the payment"


def _asked(tx: Tx, facts: HoldingFacts, kind: str, what: str) -> PaymentAsked:
    plan = facts.plan
    orders.note(tx, facts.order, kind, f"{what.title()} of {plan.amount} asked for, {plan.method}")
    tx.emit(kind, order=plan.order, amount=plan.amount.model_dump())
    return PaymentAsked(order=plan.order, what=what, amount=plan.amount, method=plan.method)
