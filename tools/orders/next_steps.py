"""What can be done with an order in its present state. A hint: the rules decide again when it is asked for."""

from collections.abc import Iterator, Sequence

from core.identity import Permission, Principal
from core.money import Money
from core.statuses import OrderStatus
from store.queries.order_lines import LineState
from tools.orders.results import Next
from tools.policy.orders import before_shipping


def next_steps(status: OrderStatus, lines: Sequence[LineState], refundable: Money, principal: Principal) -> list[Next]:
    """Return the steps that an order's state leaves open to a caller."""
    return list(_steps(status, lines, refundable, principal))


def _steps(status: OrderStatus, lines: Sequence[LineState], refundable: Money, principal: Principal) -> Iterator[Next]:
    if before_shipping(status):
        yield Next.CANCEL
        yield Next.CHANGE_ADDRESS
    if status is OrderStatus.SHIPPED:
        yield Next.TRACK
    if any(line.returnable for line in lines):
        yield Next.RETURN
        yield Next.EXCHANGE
    if refundable.minor > 0 and not principal.is_customer and principal.may(Permission.REFUND_ISSUE):
        yield Next.REFUND
