"""What was paid, what failed, and what customers can pay with."""

from datetime import timedelta
from uuid import UUID

from core.errors import InvalidInput, NotFound
from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import PaymentKind
from store.queries import methods, orders, payments
from store.tables.customers import Customer
from store.tables.payments import Payment, PaymentMethod, PaymentTransaction
from store.unit import ReadTx
from tools.arguments import CustomerRef, Days, Limit, OrderNumber
from tools.customers.which import one_customer
from tools.payments.amounts import captured_and_refunded
from tools.payments.methods import PaymentMethodRef, balance, which
from tools.payments.module import module
from tools.payments.results import (
    BalanceMoved,
    FailedPayments,
    FailedShown,
    GiftCardBalance,
    MethodShown,
    Movement,
    OrderPayments,
    PaymentMethodsListed,
    PaymentShown,
)
from tools.result import Quote
from tools.spec import Args, Audience, Effect

_LAST = 5


class ShowPayments(Args):
    """Which order's payments to show."""

    order: OrderNumber


@module.tool(
    effect=Effect.READ,
    permission=Permission.PAYMENT_READ,
    examples=(
        "show the payments of order 1042",
        "how was order 1042 paid",
        "which card was charged for order 1017",
        "payment history of 1042",
        "was the money for order 1042 captured or only authorized",
        "transactions of order 1042",
        "did you charge me twice for 1042?",
    ),
)
async def order_payments(tx: ReadTx, args: ShowPayments, _ctx: RunContext) -> OrderPayments:
    """Show the payments of an order with every transaction: held, taken, paid back, and what can still be refunded."""
    order = await orders.by_number(tx, args.order)
    sources = await payments.of_order(tx, order.id)
    made = await payments.transactions_of(tx, [source.id for source in sources])
    named = await methods.by_ids(tx, [each.payment_method_id for each in made if each.payment_method_id])
    captured, refunded = captured_and_refunded(sources, order.currency)
    return OrderPayments(
        order=order.number,
        payment_status=order.payment_status,
        total=Money(minor=order.total_minor, currency=order.currency),
        captured=captured,
        refunded=refunded,
        refundable=captured - refunded,
        payments=[_payment(source, [each for each in made if each.payment_id == source.id], named) for source in sources],
    )


class ListFailed(Args):
    """Since when to look."""

    days: Days = 7
    """How many days back."""
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.PAYMENT_WATCH,
    audience=Audience.STAFF,
    examples=(
        "which payments failed today",
        "failed payments of the last 7 days",
        "any declined cards this week?",
        "show payment failures",
        "list orders whose payment was refused",
        "payments that did not go through in the last 30 days",
    ),
)
async def failed_payments(tx: ReadTx, args: ListFailed, _ctx: RunContext) -> FailedPayments:
    """List payments that a provider refused, newest first, with their orders."""
    total, rows = await payments.failed(tx, tx.now - timedelta(days=args.days), args.limit)
    return FailedPayments(
        days=args.days,
        total=total,
        payments=[
            FailedShown(
                order=row.order,
                customer=row.customer,
                method=row.method,
                type=row.type,  # pyright: ignore[reportArgumentType] checked by a constraint
                amount=Money(minor=row.amount_minor, currency=row.currency),
                why=Quote.external(row.reason) if row.reason else None,
                at=row.at,
                order_status=row.order_status,  # pyright: ignore[reportArgumentType] checked by a constraint
                payment_status=row.payment_status,  # pyright: ignore[reportArgumentType] checked by a constraint
            )
            for row in rows
        ],
    )


class ListPaymentMethods(Args):
    """Whose payment methods to list."""

    customer: CustomerRef | None = None
    """Which customer (for staff); customers see their own."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.PAYMENT_READ,
    examples=(
        "which payment methods do I have",
        "what cards are on my account",
        "list my saved payment methods",
        "payment methods of Alice Moreau",
        "how can I pay",
        "do I have PayPal on file?",
        "what can bruno@mail.example pay with",
    ),
)
async def list_payment_methods(tx: ReadTx, args: ListPaymentMethods, _ctx: RunContext) -> PaymentMethodsListed:
    """List what a customer can pay with: cards, PayPal, gift cards and store credit."""
    customer = await _customer(tx, args.customer)
    known = await methods.of_customer(tx, customer[0])
    return PaymentMethodsListed(customer=customer[1], methods=[_method(method) for method in known])


class ShowGiftCard(Args):
    """Which gift card."""

    gift_card: PaymentMethodRef | None = None
    """Its code, or words; all gift cards of the customer when left out."""
    customer: CustomerRef | None = None
    """Whose (for staff); not needed with a code."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.PAYMENT_READ,
    examples=(
        "how much is left on my gift card",
        "gift card balance",
        "what's the balance of GC-1001",
        "is there still money on my gift card?",
        "check gift card GC-1004",
        "how much has Alice Moreau left on her gift card",
    ),
)
async def gift_card_balance(tx: ReadTx, args: ShowGiftCard, _ctx: RunContext) -> GiftCardBalance:
    """Show what a gift card holds and what moved it last."""
    if args.gift_card is not None and (card := await methods.by_reference(tx, args.gift_card)):
        if card.kind != PaymentKind.GIFT_CARD:
            raise NotFound("gift card", args.gift_card)
        return await _cards(tx, [card])
    if not tx.principal.is_customer and args.customer is None:
        raise NotFound("gift card", args.gift_card) if args.gift_card else InvalidInput("which gift card, or whose?", field="gift_card")
    customer_id, _ = await _customer(tx, args.customer)
    cards = [method for method in await methods.of_customer(tx, customer_id) if method.kind == PaymentKind.GIFT_CARD]
    return await _cards(tx, [which(args.gift_card, cards)] if args.gift_card else cards)


async def _customer(tx: ReadTx, ref: str | None) -> tuple[UUID, str | None]:
    """Return whose methods are meant, with the name for staff."""
    if tx.principal.customer_id is not None:
        return tx.principal.customer_id, None
    if ref is None:
        raise InvalidInput("which customer?", field="customer", code="customer_needed")
    found: Customer = await one_customer(tx, ref)
    return found.id, found.name


async def _cards(tx: ReadTx, cards: list[PaymentMethod]) -> GiftCardBalance:
    shown = GiftCardBalance(cards=[_method(card) for card in cards])
    if len(cards) == 1:
        shown.movements = [
            BalanceMoved(at=each.created_at, amount=Money(minor=each.delta_minor, currency=cards[0].currency), reason=each.reason)
            for each in await methods.movements(tx, cards[0].id, _LAST)
        ]
    return shown


def _method(method: PaymentMethod) -> MethodShown:
    return MethodShown(method=method.label, kind=PaymentKind(method.kind), reference=method.reference, balance=balance(method))


def _payment(source: Payment, made: list[PaymentTransaction], named: dict[UUID, PaymentMethod]) -> PaymentShown:
    def money(minor: int) -> Money:
        return Money(minor=minor, currency=source.currency)

    return PaymentShown(
        method=source.label,
        authorized=money(source.authorized_minor),
        captured=money(source.captured_minor),
        refunded=money(source.refunded_minor),
        refundable=money(source.captured_minor - source.refunded_minor),
        movements=[
            Movement(
                type=each.type,
                state=each.state,
                amount=money(each.amount_minor),
                at=each.created_at,
                to=named[each.payment_method_id].label if each.payment_method_id else None,
                note=Quote.external(each.reason) if each.reason else None,
            )
            for each in made
        ],
    )
