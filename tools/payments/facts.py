"""What the rules on refunds need to know, read under lock."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.errors import InvalidInput
from core.identity import RunContext
from core.money import Money
from store.queries import order_lines, orders, payments
from store.tables.orders import Order
from store.tables.payments import Payment
from store.unit import Tx
from tools.arguments import Amount, ItemRef, OrderNumber, Quantity
from tools.items import resolve
from tools.payments.amounts import LineValue, refundable_of, spread, value_lines
from tools.policy import Policy
from tools.policy.refunds import RefundItem, RefundPlan
from tools.spec import Args


class RefundReason(StrEnum):
    """Why money goes back without a return."""

    GOODWILL = "goodwill"
    DAMAGED = "damaged"
    LATE_DELIVERY = "late_delivery"
    MISSING_ITEM = "missing_item"
    PRICE_DIFFERENCE = "price_difference"
    OTHER = "other"


class IssueRefund(Args):
    """Which money goes back. Without an item and an amount, everything that is left."""

    order: OrderNumber
    item: ItemRef | None = None
    """Only this item of the order."""
    quantity: Quantity | None = None
    """How many units of the item; all of them when left out."""
    amount: Amount | None = None
    """Only this much, in the order's currency; computed from the order when left out."""
    reason: RefundReason = RefundReason.GOODWILL
    """Why the customer is refunded."""


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """A refund's plan with the locked rows that it was computed from."""

    plan: RefundPlan
    order: Order
    payments: list[Payment]

    @property
    def lines(self) -> list[tuple[UUID, int]]:
        """How many minor units of the refund belong to which order line."""
        return [(UUID(item.line_id), item.amount.minor) for item in self.plan.items]


async def refund_facts(tx: Tx, args: IssueRefund, _ctx: RunContext, _policy: Policy) -> RefundFacts:
    """Compute a refund from the order's rows.

    Raises:
        NotFound, InvalidInput: the order, the item or the amount does not fit.
    """
    order = await orders.by_number(tx, args.order, lock=True)
    sources = list(await payments.of_order(tx, order.id, lock=True))
    refundable = refundable_of(sources, order.currency)
    values = value_lines(order, await order_lines.states(tx, order), refundable)
    named = money_of(args.amount, order.currency)
    if args.item is not None or args.quantity is not None:
        items, amount = _one_item(args, order, values, named)
    else:
        amount = named or refundable
        items = spread(amount, values) if named is None else []
    plan = RefundPlan(
        order=order.number,
        items=[_item(value, part, args.quantity) for value, part in items],
        amount=amount,
        refundable=refundable,
        refunded=Money(minor=sum(source.refunded_minor for source in sources), currency=amount.currency),
        method=" and ".join(source.label for source in sources if source.captured_minor > source.refunded_minor) or "the original payment",
    )
    return RefundFacts(plan, order, sources)


def _one_item(args: IssueRefund, order: Order, values: list[LineValue], named: Money | None) -> tuple[list[tuple[LineValue, Money]], Money]:
    value = resolve(args.item, values, order.number)
    quantity = args.quantity or value.line.quantity
    if quantity > value.line.quantity:
        raise InvalidInput(f"order {order.number} has {value.line.quantity} of {value.title}", field="quantity")
    amount = named or value.share(quantity)
    if value.refundable < amount and named:
        raise InvalidInput(f"at most {value.refundable} can still be refunded for {value.title}", field="amount", code="refund_line_cap")
    return ([(value, amount)] if amount.minor > 0 else []), amount


def _item(value: LineValue, amount: Money, quantity: int | None) -> RefundItem:
    return RefundItem(line_id=str(value.line.id), title=value.title, quantity=quantity or value.line.quantity, amount=amount)


def money_of(amount: str | None, currency: str) -> Money | None:
    """Read an amount that a person named.

    Raises:
        InvalidInput: it is no amount of the currency.
    """
    if amount is None:
        return None
    try:
        return Money.parse(amount, currency)
    except ValueError as error:
        raise InvalidInput(str(error).removeprefix("amount: "), field="amount") from error
