"""What tools that handle a return give back."""

from datetime import datetime

from pydantic import Field

from core.aftersales import Disposition, ItemCondition
from core.money import Money
from core.statuses import ReturnReason, ReturnStatus, ReturnType
from tools.phrases import day, joined, listing, plural, words
from tools.result import Quote, Result

_SHOWN = 10


class HandledItem(Result):
    """Units that come back, and what became of them."""

    sku: str
    title: str
    quantity: int
    condition: ItemCondition | None
    disposition: Disposition | None
    disposed: bool

    @property
    def shown(self) -> str:
        """The item on one line."""
        found = f", {words(self.condition)}" if self.condition else ""
        fate = f", {'done' if self.disposed else 'to do'}: {words(self.disposition)}" if self.disposition else ""
        return f"{self.quantity} × {self.title}{found}{fate}"


class ReturnStep(Result):
    """A return that was moved on."""

    return_number: str
    order: str
    status: ReturnStatus
    detail: str = ""
    items: list[HandledItem] = Field(default_factory=list[HandledItem])

    def text(self) -> str:
        """Return the new state, and what was done."""
        more = f" {self.detail}" if self.detail else ""
        head = f"Return **{self.return_number}** for order {self.order} is **{words(self.status)}**.{more}"
        return listing(head, [item.shown for item in self.items[:_SHOWN]], len(self.items)) if self.items else head


class ReturnPaid(Result):
    """A return whose refund is on its way, or sent."""

    return_number: str
    order: str
    status: ReturnStatus
    quoted: Money
    refunded: Money
    to: str
    policy_version: int

    def text(self) -> str:
        """Return what is paid back, and where it goes."""
        less = f" (of {self.quoted} quoted; no more is left on the order)" if self.refunded != self.quoted else ""
        return f"Return **{self.return_number}**: **{self.refunded}**{less} goes back to {self.to}. It is {words(self.status)}."


class ExchangeSent(Result):
    """The order that sends what an exchange or a replacement asked for."""

    return_number: str
    order: str
    replacement_order: str
    items: list[str]
    difference: Money
    """Above zero it was charged, below zero paid back."""
    status: ReturnStatus

    def text(self) -> str:
        """Return the new order, and what was settled."""
        settled = ""
        if self.difference.minor:
            how = "charged" if self.difference.minor > 0 else "paid back"
            settled = f" The difference of {max(self.difference, -self.difference)} is {how}."
        what = joined(self.items[:_SHOWN])
        return f"Order **{self.replacement_order}** sends {what} for return {self.return_number}; the units are reserved.{settled}"


class ReturnDetail(Result):
    """All there is to know of a return. `customer` is filled for staff."""

    return_number: str
    order: str
    status: ReturnStatus
    type: ReturnType
    reason: ReturnReason
    items: list[HandledItem]
    photos: list[Quote]
    quoted: Money
    fee: Money
    return_shipping: Money
    refunded: Money
    label: str | None
    replacement_order: str | None
    policy_version: int
    requested_at: datetime
    decided_at: datetime | None
    expires_at: datetime | None
    received_at: datetime | None
    inspected_at: datetime | None
    refunded_at: datetime | None
    closed_at: datetime | None
    note: Quote | None
    customer: str | None
    refund_failed: Quote | None = None
    """For staff: why the provider refused the refund, in its words."""
    needs_photo: bool
    """A photo is missing, and it is not approved without one."""

    def text(self) -> str:
        """Return the state, the items, the money and the dates."""
        who = f", {self.customer}" if self.customer else ""
        lines = [f"Return **{self.return_number}** (order {self.order}{who}) is **{words(self.status)}**: {words(self.reason)}."]
        lines.append(listing("Items:", [item.shown for item in self.items[:_SHOWN]], len(self.items)))
        kept = [f"{amount} {name}" for amount, name in ((self.fee, "fee"), (self.return_shipping, "shipping")) if amount.minor]
        if self.quoted.minor:
            off = f" after {joined(kept)}" if kept else ""
            lines.append(f"Refund: {self.quoted}{off}; paid back so far: {self.refunded}.")
        if self.refund_failed is not None:
            lines.append(f"The provider refused the refund: “{self.refund_failed.text}”. Send it again, or pay it out as store credit.")
        if self.replacement_order:
            lines.append(f"Order {self.replacement_order} sends the new items.")
        if self.label:
            lines.append(f"Label: {self.label}.")
        if self.needs_photo:
            lines.append("A photo is needed before it is approved.")
        elif self.photos:
            lines.append(f"{plural(len(self.photos), 'photo')} on file.")
        steps = (
            ("requested", self.requested_at),
            ("decided", self.decided_at),
            ("received", self.received_at),
            ("inspected", self.inspected_at),
            ("refunded", self.refunded_at),
            ("closed", self.closed_at),
        )
        lines.append("; ".join(f"{name} {day(at)}" for name, at in steps if at) + ".")
        if self.status in {ReturnStatus.APPROVED, ReturnStatus.LABEL_SENT} and self.expires_at:
            lines.append(f"To be sent back by {day(self.expires_at)}.")
        return "\n".join(lines)


class Returner(Result):
    """A customer who returns unusually often, and what about it is unusual."""

    customer: str
    email: str
    returns: int
    rejected: int
    orders_returned: int
    orders_delivered: int
    share_percent: int
    worth: Money
    usual_reason: ReturnReason
    worn_items: int
    signals: list[str]

    @property
    def shown(self) -> str:
        """The customer on one line."""
        return f"{self.customer} ({self.email}), {plural(self.returns, 'return')} worth {self.worth}: {joined(self.signals)}"


class AbuseReport(Result):
    """Customers whose returns are unusual, the highest share first; `total` counts all of them."""

    total: int
    since: datetime
    customers: list[Returner]

    def text(self) -> str:
        """Return one line a customer."""
        if not self.customers:
            return f"No customer's returns since {day(self.since)} are unusual."
        head = f"{plural(self.total, 'customer')} with unusual returns since {day(self.since)}:"
        return listing(head, [each.shown for each in self.customers[:_SHOWN]], self.total)


class ReturnsExpired(Result):
    """Returns that were not sent back in time, and are cancelled now."""

    returns: list[str]

    def text(self) -> str:
        """Return their numbers."""
        if not self.returns:
            return "No approved return has expired."
        return f"{plural(len(self.returns), 'return')} expired and cancelled: {joined(self.returns[:_SHOWN])}."
