"""What can still be paid back, computed from the store's rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.money import Money
from store.queries.order_lines import LineState
from store.tables.orders import Order
from tools.policy.shares import net_of_discount


@dataclass(frozen=True, slots=True)
class LineValue:
    """An order line with what was paid for it and what of that can still be paid back."""

    line: LineState
    paid: Money
    """After the line's share of the order's discount."""
    refundable: Money

    @property
    def sku(self) -> str:
        """The line's SKU."""
        return self.line.sku

    @property
    def title(self) -> str:
        """The line's title."""
        return self.line.title

    @property
    def category(self) -> str:
        """The line's category."""
        return self.line.category

    def share(self, quantity: int) -> Money:
        """Return what `quantity` units are worth, never more than the line can still be paid back."""
        whole = self.paid.minor if quantity >= self.line.quantity else self.paid.minor * quantity // self.line.quantity
        return Money(minor=min(whole, self.refundable.minor), currency=self.paid.currency)


class Sums(Protocol):
    """A payment's sums, in minor units."""

    captured_minor: int
    refunded_minor: int


def captured_and_refunded(payments: Sequence[Sums], currency: str) -> tuple[Money, Money]:
    """Return what was captured for an order and what of it was paid back or is about to be."""
    captured = sum(payment.captured_minor for payment in payments)
    refunded = sum(payment.refunded_minor for payment in payments)
    return Money(minor=captured, currency=currency), Money(minor=refunded, currency=currency)


def refundable_of(payments: Sequence[Sums], currency: str) -> Money:
    """Return what can still be paid back for an order: captured minus already refunded."""
    captured, refunded = captured_and_refunded(payments, currency)
    return captured - refunded


def value_lines(order: Order, lines: Sequence[LineState], refundable: Money) -> list[LineValue]:
    """Return each line with what was paid for it; no line is refundable for more than the order is."""
    paid = net_of_discount([line.unit_price_minor * line.quantity for line in lines], order.discount_minor)
    return [
        LineValue(
            line,
            Money(minor=amount, currency=order.currency),
            Money(minor=max(min(amount - line.refunded_minor, refundable.minor), 0), currency=order.currency),
        )
        for line, amount in zip(lines, paid, strict=True)
    ]


def spread(total: Money, values: Sequence[LineValue]) -> list[tuple[LineValue, Money]]:
    """Give out `total` to lines up to what each can still be paid back; what no line can bear belongs to delivery."""
    left, given = total.minor, list[tuple[LineValue, Money]]()
    for value in values:
        part = min(left, value.refundable.minor)
        if part > 0:
            given.append((value, Money(minor=part, currency=total.currency)))
            left -= part
    return given
