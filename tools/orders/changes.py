"""What tools that change orders give back."""

from core.money import Money
from core.statuses import CancelReason, OrderStatus, PaymentStatus
from tools.phrases import bullets, plural, words
from tools.result import Quote, Result


class OrderCancelled(Result):
    """An order that is cancelled, what is paid back and how many units are free again."""

    order: str
    status: OrderStatus
    payment_status: PaymentStatus
    reason: CancelReason
    refund: Money
    method: str
    released_units: int
    items: list[str]

    def text(self) -> str:
        """Return what was cancelled and what goes back."""
        money = f"**{self.refund}** goes back to {self.method}." if self.refund.minor else "Nothing was charged, so nothing is refunded."
        head = f"Order {self.order} is **cancelled** ({words(self.reason)}). {money}"
        return "\n".join([head, *bullets(self.items[:8]), f"{plural(self.released_units, 'unit')} back in stock."])


class ItemsModified(Result):
    """An order with other items, and what the difference is."""

    order: str
    changes: list[tuple[str, str]]
    """What went and what came instead."""
    difference: Money
    """Above zero it is charged, below zero paid back."""
    total: Money
    method: str

    def text(self) -> str:
        """Return what became what, and the money."""
        lines = [f"The items of order {self.order} are **changed**:", *bullets(f"{old} became {new}" for old, new in self.changes[:8])]
        if self.difference.minor > 0:
            lines.append(f"**{self.difference}** more is charged to {self.method}.")
        elif self.difference.minor < 0:
            lines.append(f"**{-self.difference}** goes back to {self.method}.")
        return "\n".join([*lines, f"The order now costs {self.total}."])


class AddressChanged(Result):
    """An order that goes somewhere else now."""

    order: str
    old_address: Quote
    new_address: Quote

    def text(self) -> str:
        """Return the new address."""
        return f"Order {self.order} now goes to {self.new_address.text}.\nBefore: {self.old_address.text}."


class OrderHeld(Result):
    """An order that is held back."""

    order: str
    on_hold: bool
    hold_reason: str

    def text(self) -> str:
        """Return why it is held back."""
        return f"Order {self.order} is **on hold**: {self.hold_reason}. It will not ship until it is released."
