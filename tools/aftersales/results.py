"""What tools on returns give back."""

from datetime import datetime
from typing import Literal

from core.money import Money
from core.statuses import ReturnReason, ReturnStatus, ReturnType
from tools.phrases import day, joined, listing, plural, words
from tools.result import Quote, Result


class LineEligibility(Result):
    """Whether an item may come back today, by which rule, and what it would bring."""

    sku: str
    title: str
    eligible: bool
    rule: str
    reason: str
    quantity: int
    until: datetime | None
    fee: Money
    return_shipping: Money
    refund: Money
    refund_as: Literal["payment", "store_credit"]
    needs_photo: bool

    @property
    def shown(self) -> str:
        """The item on one line."""
        if not self.eligible:
            return f"{self.title}: **cannot be returned**. {self.reason}"
        until = f" until {day(self.until)}" if self.until else ""
        kind = " as store credit" if self.refund_as == "store_credit" else ""
        costs = [f"{amount} {name}" for amount, name in ((self.fee, "restocking fee"), (self.return_shipping, "shipping")) if amount.minor]
        after = f" after {joined(costs)}" if costs else ""
        photo = "; please have a photo ready" if self.needs_photo else ""
        return f"{self.quantity} × {self.title}: **can be returned**{until}, refund **{self.refund}**{kind}{after}{photo}"


class Eligibility(Result):
    """What of an order may come back for a reason."""

    order: str
    reason: ReturnReason
    items: list[LineEligibility]

    def text(self) -> str:
        """Return one line an item."""
        shown = [item.shown for item in self.items[:10]]
        return listing(f"Returning from order {self.order} ({words(self.reason)}):", shown, len(self.items))


class ReturnedItem(Result):
    """Units that come back."""

    sku: str
    title: str
    quantity: int


class ReturnRequested(Result):
    """A return that was opened."""

    return_number: str
    order: str
    status: ReturnStatus
    type: ReturnType
    reason: ReturnReason
    items: list[ReturnedItem]
    refund: Money
    fee: Money
    return_shipping: Money
    exchange_for: str | None = None
    price_difference: Money | None = None
    """Of an exchange: above zero the customer pays it, below zero gets it back."""
    method: str | None = None
    """Chosen for the money; the original payment when not."""
    needs_photo: bool
    expires_at: datetime

    def text(self) -> str:
        """Return the number, what it brings, and what to do now."""
        what = joined([f"{item.quantity} × {item.title}" for item in self.items])
        lines = [f"Return **{self.return_number}** for order {self.order} is {words(self.status)}: {what}."]
        if self.exchange_for:
            lines.append(f"In exchange: {self.exchange_for}.")
            if self.price_difference and self.price_difference.minor:
                how = "to pay" if self.price_difference.minor > 0 else "to be refunded"
                amount = max(self.price_difference, -self.price_difference)
                lines.append(f"Price difference {how}: **{amount}**, {self.method or 'the original payment'}.")
        elif self.type is ReturnType.REPLACEMENT:
            lines.append("The same item is sent again once we have it back.")
        else:
            kind = " as store credit" if self.type is ReturnType.STORE_CREDIT else ""
            to = f" to {self.method}" if self.method else ""
            lines.append(f"Refund after inspection: **{self.refund}**{kind}{to}.")
        if self.status is ReturnStatus.APPROVED:
            lines.append(f"Please send it back by {day(self.expires_at)}.")
        else:
            lines.append("Please add a photo; we look at it and tell you." if self.needs_photo else "We look at it and tell you.")
        return "\n".join(lines)


class ReturnListed(Result):
    """A return in a list. `customer` is filled for staff."""

    return_number: str
    order: str
    status: ReturnStatus
    type: ReturnType
    reason: ReturnReason
    items: list[ReturnedItem]
    refund: Money
    requested_at: datetime
    expires_at: datetime | None
    note: Quote | None = None
    customer: str | None = None

    @property
    def shown(self) -> str:
        """The return on one line."""
        what = joined([f"{item.quantity} × {item.title}" for item in self.items])
        who = f", {self.customer}" if self.customer else ""
        worth = f", {self.refund}" if self.refund.minor else ""
        state = f"**{words(self.status)}**, {words(self.type)}{worth}"
        return f"{self.return_number} (order {self.order}{who}): {state}, {what}, {words(self.reason)}, {day(self.requested_at)}"


class ReturnsListed(Result):
    """Returns that match, newest first; `total` counts all of them."""

    total: int
    returns: list[ReturnListed]

    def text(self) -> str:
        """Return one line a return."""
        if not self.returns:
            return "No return matches."
        return listing(f"{plural(self.total, 'return')}:", [each.shown for each in self.returns[:10]], self.total)


class ReturnDecided(Result):
    """A return that staff approved or rejected."""

    return_number: str
    order: str
    status: ReturnStatus
    refund: Money
    expires_at: datetime | None

    def text(self) -> str:
        """Return the decision and what follows."""
        if self.status is ReturnStatus.REJECTED:
            return f"Return {self.return_number} for order {self.order} is **rejected**."
        until = f" The customer sends it back by {day(self.expires_at)}." if self.expires_at else ""
        return f"Return {self.return_number} for order {self.order} is **approved**; {self.refund} after inspection.{until}"
