"""What tools on payments give back."""

from uuid import UUID

from core.money import Money
from core.statuses import PaymentStatus, TransactionState, TransactionType
from tools.phrases import bullets, words
from tools.result import Quote, Result


class QuotedItem(Result):
    """One item with what can still be refunded for it, and why."""

    sku: str
    title: str
    quantity: int
    refundable: Money
    reason: str


class RefundQuote(Result):
    """What was paid for an order, what went back, and what still can."""

    order: str
    payment_status: PaymentStatus
    method: str
    captured: Money
    refunded: Money
    refundable: Money
    items: list[QuotedItem]

    def text(self) -> str:
        """Return the figures and a line an item."""
        if self.refundable.minor == 0:
            paid = f"All of {self.captured} was refunded." if self.refunded.minor else "Nothing was paid yet."
            return f"Order {self.order} has nothing left to refund. {paid}"
        shown = bullets(f"{item.quantity} × {item.title}: **{item.refundable}** ({item.reason})" for item in self.items[:8])
        head = f"Up to **{self.refundable}** can be refunded on order {self.order}, to {self.method}."
        paid = f"Paid: {self.captured}. Already refunded: {self.refunded}."
        return "\n".join([head, *shown, paid])


class RefundedItem(Result):
    """One item with its part of a refund."""

    title: str
    quantity: int
    amount: Money


class RefundIssued(Result):
    """A refund that is on its way."""

    order: str
    amount: Money
    items: list[RefundedItem]
    method: str
    reason: str
    payment_status: PaymentStatus
    left_to_refund: Money

    def text(self) -> str:
        """Return what goes back and where."""
        head = f"**{self.amount}** is being refunded on order {self.order} to {self.method}."
        parts = bullets(f"{item.quantity} × {item.title}: {item.amount}" for item in self.items[:8])
        left = f"{self.left_to_refund} could still be refunded." if self.left_to_refund.minor else "Nothing is left to refund."
        return "\n".join([head, *parts, f"Reason: {words(self.reason)}. {left}"])


class PaymentSettled(Result):
    """How a movement of money ended; `changed` is false when that was known already."""

    order: str
    transaction: UUID
    type: TransactionType
    amount: Money
    state: TransactionState
    payment_status: PaymentStatus
    changed: bool
    reason: Quote | None = None
    """Why the provider refused it."""

    def text(self) -> str:
        """Return how it ended and what the order's payment is now."""
        why = f" (“{self.reason.text}”)" if self.reason else ""
        known = "" if self.changed else " This was known already."
        status = words(self.payment_status)
        return f"{words(self.type).capitalize()} of {self.amount} on order {self.order} {self.state}{why}. Payment: {status}.{known}"
