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
