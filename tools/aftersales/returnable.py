"""Order lines as the return policy sees them."""

from core.money import Money
from store.queries import order_lines, payments
from store.queries.order_lines import LineState
from store.tables.orders import Order
from store.unit import ReadTx
from tools.payments.amounts import LineValue, refundable_of, value_lines
from tools.policy.returns import ReturnableLine


async def valued(tx: ReadTx, order: Order) -> list[LineValue]:
    """Return an order's lines with what was paid for them and can still be paid back."""
    sources = await payments.of_order(tx, order.id)
    return value_lines(order, await order_lines.states(tx, order), refundable_of(sources, order.currency))


def returnable(value: LineValue) -> ReturnableLine:
    """Return a line for the policy; a unit is worth what was paid for it and not paid back yet."""
    line = value.line
    return ReturnableLine(
        line_id=str(line.id),
        sku=line.sku,
        title=line.title,
        category=line.category,
        quantity_left=line.returnable,
        unit_price=Money(minor=_unit_worth(value, line), currency=value.paid.currency),
        delivered_at=line.delivered_at,
    )


def _unit_worth(value: LineValue, line: LineState) -> int:
    paid = value.paid.minor // line.quantity
    return min(paid, value.refundable.minor // line.returnable) if line.returnable else paid
