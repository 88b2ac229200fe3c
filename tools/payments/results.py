"""What tools on payments give back."""

from datetime import datetime
from uuid import UUID

from core.money import Money
from core.statuses import OrderStatus, PaymentKind, PaymentStatus, TransactionState, TransactionType
from tools.phrases import bullets, day, listing, plural, words
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


class Movement(Result):
    """One movement of an order's money. `to` is filled for a refund to another method than the payment's."""

    type: TransactionType
    state: TransactionState
    amount: Money
    at: datetime
    to: str | None = None
    note: Quote | None = None
    """What the provider or the shop said of it."""


class PaymentShown(Result):
    """One payment of an order with its movements."""

    method: str
    authorized: Money
    captured: Money
    refunded: Money
    refundable: Money
    movements: list[Movement]

    @property
    def shown(self) -> str:
        """The payment on one line."""
        moved = [f"{words(each.type)} {each.amount} {each.state}{f' to {each.to}' if each.to else ''}" for each in self.movements[-6:]]
        return f"{self.method}: captured {self.captured}, refunded {self.refunded}, refundable **{self.refundable}** ({'; '.join(moved)})"


class OrderPayments(Result):
    """All payments of an order with their sums."""

    order: str
    payment_status: PaymentStatus
    total: Money
    captured: Money
    refunded: Money
    refundable: Money
    payments: list[PaymentShown]

    def text(self) -> str:
        """Return the sums and a line a payment."""
        if not self.payments:
            return f"Order {self.order} ({self.total}) has no payment."
        head = f"Order {self.order}, total {self.total}, is {words(self.payment_status)}: {self.refundable} can still be refunded."
        return listing(head, [each.shown for each in self.payments[:8]], len(self.payments))


class FailedShown(Result):
    """A movement that a provider refused."""

    order: str
    customer: str
    method: str
    type: TransactionType
    amount: Money
    why: Quote | None
    at: datetime
    order_status: OrderStatus
    payment_status: PaymentStatus

    @property
    def shown(self) -> str:
        """The failure on one line."""
        why = f": {self.why.text}" if self.why else ""
        state = f"order {words(self.order_status)}, {words(self.payment_status)}"
        what = f"{words(self.type)} of {self.amount} on {self.method} failed {day(self.at)}{why}"
        return f"Order {self.order}, {self.customer}: {what} ({state})"


class FailedPayments(Result):
    """Failed payments, newest first; `total` counts all of them."""

    days: int
    total: int
    payments: list[FailedShown]

    def text(self) -> str:
        """Return one line a failure."""
        if not self.payments:
            return f"No payment failed in the last {plural(self.days, 'day')}."
        head = f"{plural(self.total, 'failed payment')} in the last {plural(self.days, 'day')}:"
        return listing(head, [each.shown for each in self.payments[:10]], self.total)


class MethodShown(Result):
    """A payment method of a customer. `balance` is what a gift card or store credit holds."""

    method: str
    kind: PaymentKind
    reference: str
    balance: Money | None

    @property
    def shown(self) -> str:
        """The method on one line."""
        return f"{self.method} ({self.reference})" + (f": **{self.balance}**" if self.balance else "")


class PaymentMethodsListed(Result):
    """What a customer can pay with. `customer` is filled for staff."""

    customer: str | None = None
    methods: list[MethodShown]

    def text(self) -> str:
        """Return one line a method."""
        who = f" of {self.customer}" if self.customer else ""
        if not self.methods:
            return f"No payment method{who} is on file."
        return listing(f"Payment methods{who}:", [each.shown for each in self.methods[:10]], len(self.methods))


class BalanceMoved(Result):
    """One change of a balance."""

    at: datetime
    amount: Money
    reason: str


class GiftCardBalance(Result):
    """What gift cards hold; `movements` are the newest of the one that was asked for."""

    cards: list[MethodShown]
    movements: list[BalanceMoved] = []

    def text(self) -> str:
        """Return the balance, and what moved it last."""
        if not self.cards:
            return "There is no gift card on file."
        lines = [f"{each.method} ({each.reference}) holds **{each.balance}**." for each in self.cards[:10]]
        return "\n".join([*lines, *bullets(f"{day(each.at)}: {each.amount}, {words(each.reason)}" for each in self.movements[:5])])


class CreditIssued(Result):
    """Credit that a customer was given."""

    customer: str
    method: str
    reference: str
    amount: Money
    balance: Money
    reason: str

    def text(self) -> str:
        """Return what was given and what there is now."""
        given = f"{self.customer} was given **{self.amount}** ({words(self.reason)})."
        return f"{given} {self.method} ({self.reference}) now holds {self.balance}."


class PaymentMethodChanged(Result):
    """An order that another method pays."""

    order: str
    old: str
    new: str
    amount: Money
    payment_status: PaymentStatus

    def text(self) -> str:
        """Return what pays and what is paid back."""
        return f"Order {self.order} is paid with **{self.new}**: {self.amount}. {self.old} gets {self.amount} back."


class PaymentAsked(Result):
    """What the payment provider was asked to do."""

    order: str
    what: str
    amount: Money
    method: str

    def text(self) -> str:
        """Return what was asked for."""
        return f"{self.what.title()} of **{self.amount}** on order {self.order} is asked for, {self.method}. The provider answers shortly."
