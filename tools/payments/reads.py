"""What could be refunded."""

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import order_lines, orders, payments
from store.unit import ReadTx
from tools.arguments import ItemRef, OrderNumber, Quantity
from tools.items import resolve
from tools.payments.amounts import LineValue, captured_and_refunded, value_lines
from tools.payments.module import module
from tools.payments.results import QuotedItem, RefundQuote
from tools.spec import Args, Effect


class QuoteRefund(Args):
    """Which refund to quote."""

    order: OrderNumber
    item: ItemRef | None = None
    """Only this item of the order."""
    quantity: Quantity | None = None
    """How many units of the item; all of them when left out."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.REFUND_READ,
    examples=(
        "how much can be refunded on order 1042",
        "what would I get back for the headset from 1017",
        "refund quote for order 1042",
        "is there anything left to refund on #1042?",
        "how much money did we already give back on order 1042",
        "what's the max refund for 2 of the t-shirts in order 1042",
        "refundable amount 1042",
        "did my refund for order 1042 go through?",
    ),
)
async def refund_quote(tx: ReadTx, args: QuoteRefund, _ctx: RunContext) -> RefundQuote:
    """Show how much of an order, or of one item of it, can still be refunded and what was refunded already."""
    order = await orders.by_number(tx, args.order)
    sources = await payments.of_order(tx, order.id)
    captured, refunded = captured_and_refunded(sources, order.currency)
    values = value_lines(order, await order_lines.states(tx, order), captured - refunded)
    if args.item is not None or args.quantity is not None:
        values = [resolve(args.item, values, order.number)]
    return RefundQuote(
        order=order.number,
        payment_status=order.payment_status,
        method=" and ".join(source.label for source in sources),
        captured=captured,
        refunded=refunded,
        refundable=captured - refunded,
        items=[_quoted(value, args.quantity, captured) for value in values],
    )


def _quoted(value: LineValue, quantity: int | None, captured: Money) -> QuotedItem:
    units = min(quantity or value.line.quantity, value.line.quantity)
    amount = value.share(units)
    if captured.minor == 0:
        why = "nothing was paid yet"
    elif amount.minor == 0:
        why = "already refunded"
    elif value.refundable < value.paid:
        why = f"{value.paid - value.refundable} of {value.paid} is already refunded"
    else:
        why = "paid and not refunded"
    return QuotedItem(sku=value.sku, title=value.title, quantity=units, refundable=amount, reason=why)
