"""What tools on customers give back."""

from datetime import datetime

from pydantic import BaseModel

from core.money import Money
from core.statuses import ConsentPurpose, InteractionChannel, LoyaltyTier, OrderStatus
from tools.phrases import bullets, day, joined, listing, plural, words
from tools.policy.risk import RiskLevel
from tools.result import Quote, Result


class LastOrder(Result):
    """One of a customer's newest orders."""

    order: str
    status: OrderStatus
    placed_at: datetime
    total: Money


class CustomerShown(Result):
    """A customer at a glance."""

    customer: str
    email: str
    phone: str | None
    since: datetime
    erased: bool = False
    loyalty_tier: LoyaltyTier
    store_credit: Money
    orders: int
    cancelled: int
    lifetime_value: list[Money]
    """Paid and not paid back, one amount a currency."""
    return_rate_percent: int
    """Orders with a return, of those not cancelled."""
    open_tickets: int
    risk: RiskLevel
    segments: list[str]
    consents: list[ConsentPurpose]
    """What the customer allows."""
    contacts: int
    """Contacts that somebody wrote down."""
    last_orders: list[LastOrder]

    def text(self) -> str:
        """Return the figures and the newest orders."""
        value = joined([str(amount) for amount in self.lifetime_value]) or "nothing yet"
        head = f"**{self.customer}** ({self.email}), {self.loyalty_tier}, risk {self.risk}, customer since {day(self.since)}."
        counts = f"{plural(self.orders, 'order')}, {self.cancelled} cancelled, worth **{value}**."
        back = f"Returns something of {self.return_rate_percent} % of orders."
        open_now = (
            f"{plural(self.open_tickets, 'open ticket')}, store credit {self.store_credit}, {plural(self.contacts, 'contact')} noted."
        )
        groups = [f"In {joined(self.segments)}."] if self.segments else []
        allows = [f"Allows {joined([words(purpose) for purpose in self.consents])}."] if self.consents else []
        shown = bullets(f"Order {each.order}: {words(each.status)}, {each.total}, {day(each.placed_at)}" for each in self.last_orders)
        return "\n".join([head, counts, back, open_now, *groups, *allows, *shown])


class CustomerListed(BaseModel):
    """A customer in a list."""

    customer: str
    email: str
    phone: str | None
    loyalty_tier: LoyaltyTier
    orders: int
    since: datetime


class CustomersFound(Result):
    """Customers that match, by name."""

    total: int
    customers: list[CustomerListed]

    def text(self) -> str:
        """Return one line a customer."""
        if not self.customers:
            return "No customer matches."
        shown = [f"{each.customer} ({each.email}), {plural(each.orders, 'order')}, since {day(each.since)}" for each in self.customers[:10]]
        return listing(f"{plural(self.total, 'customer')}:", shown, self.total)


class AddressShown(BaseModel):
    """One of a customer's addresses, with its number in the list."""

    number: int
    address: Quote


class Loyalty(BaseModel):
    """A customer's tier, and what it is worth."""

    tier: LoyaltyTier
    points: int
    benefits: list[str]


class ProfileShown(Result):
    """What the shop keeps of a customer's own data."""

    customer: str
    email: str
    phone: str | None
    since: datetime
    store_credit: Money
    loyalty: Loyalty
    addresses: list[AddressShown]
    consents: dict[ConsentPurpose, bool]
    """Each purpose that was asked about."""

    def text(self) -> str:
        """Return name, e-mail, phone, addresses and what is allowed."""
        lines = [
            f"**{self.customer}**, {self.email}, phone {self.phone or 'not given'}, customer since {day(self.since)}.",
            f"{self.loyalty.tier.capitalize()} with {plural(self.loyalty.points, 'point')}, store credit {self.store_credit}.",
            *(["Addresses:", *[f"{each.number}. {each.address.text}" for each in self.addresses]] if self.addresses else ["No address."]),
        ]
        answers = [f"{words(purpose)}: {'yes' if granted else 'no'}" for purpose, granted in self.consents.items()]
        return "\n".join([*lines, *([f"Consents: {', '.join(answers)}."] if answers else ["No consent was asked for."])])


class ProfileChanged(Result):
    """A profile after a change."""

    customer: str
    email: str
    phone: str | None
    changed: list[str]

    def text(self) -> str:
        """Confirm the change."""
        return f"Changed: {joined(self.changed)}. The profile is now {self.customer}, {self.email}, phone {self.phone or 'not given'}."


class AddressBook(Result):
    """A customer's addresses after a change."""

    customer: str
    done: str
    addresses: list[AddressShown]

    def text(self) -> str:
        """Confirm the change and list what is there now."""
        listed = [f"{each.number}. {each.address.text}" for each in self.addresses]
        return "\n".join([f"{self.done}.", *(["Addresses now:", *listed] if listed else ["No address is left."])])


class InteractionShown(BaseModel):
    """A contact with a customer."""

    at: datetime
    channel: InteractionChannel
    direction: str
    summary: Quote
    """As a colleague wrote it down; may quote the customer."""
    order: str | None
    by: str

    @property
    def shown(self) -> str:
        """The contact on one line."""
        about = f", order {self.order}" if self.order else ""
        return f"{day(self.at)}, {self.channel} {self.direction}{about}, {self.by}: “{self.summary.text}”"


class InteractionAdded(Result):
    """A contact that was written down."""

    customer: str
    interaction: InteractionShown

    def text(self) -> str:
        """Confirm the note."""
        return f"Noted for {self.customer}: {self.interaction.shown}"


class InteractionsListed(Result):
    """Contacts with a customer, the newest first."""

    customer: str
    total: int
    interactions: list[InteractionShown]

    def text(self) -> str:
        """Return one line a contact."""
        if not self.interactions:
            return f"No contact with {self.customer} was noted."
        shown = [each.shown for each in self.interactions[:10]]
        return listing(f"{plural(self.total, 'contact')} with {self.customer}:", shown, self.total)


class LoyaltyShown(Result):
    """Where a customer stands in the loyalty programme."""

    customer: str
    tier: LoyaltyTier
    granted: LoyaltyTier
    """The tier that the shop granted; what is earned counts when it is higher."""
    earned: LoyaltyTier
    spent: Money
    """Paid and not paid back within the window."""
    window_days: int
    points: int
    benefits: list[str]
    next_tier: LoyaltyTier | None
    missing: Money | None
    """What is still to be spent for the next tier."""

    def text(self) -> str:
        """Return tier, points, benefits, and how far the next tier is."""
        lines = [
            f"**{self.customer}** is **{self.tier}** with {plural(self.points, 'point')}: {self.spent} in {self.window_days} days.",
            *bullets(self.benefits),
        ]
        if self.next_tier and self.missing:
            lines.append(f"{self.missing} more and it is {self.next_tier}.")
        return "\n".join(lines)


class ConsentSet(Result):
    """A consent as it now stands."""

    customer: str
    purpose: ConsentPurpose
    granted: bool
    at: datetime

    def text(self) -> str:
        """Confirm the answer."""
        given = "given" if self.granted else "withdrawn"
        return f"Consent of {self.customer} to {words(self.purpose)} is {given}."


class SegmentShown(BaseModel):
    """A segment with its members."""

    segment: str
    name: str
    members: int
    counted_at: datetime | None
    """When they were counted: a rule is looked at again and again by the worker; null before the first time."""
    rule: str
    """The rule in words, or that it is made by hand."""
    customers: list[str]
    """The newest members, when one segment was asked for."""


class SegmentsListed(Result):
    """Segments of customers."""

    segments: list[SegmentShown]

    def text(self) -> str:
        """Return one line a segment."""
        if not self.segments:
            return "There is no segment."
        lines: list[str] = []
        for each in self.segments:
            members = plural(each.members, "customer") if each.counted_at else "not counted yet"
            lines.append(f"- **{each.name}** (`{each.segment}`): {members}, {each.rule}")
            lines += [f"  - {name}" for name in each.customers[:10]]
        return "\n".join(lines)


class SegmentAssigned(Result):
    """A customer's place in a segment after a change."""

    customer: str
    segment: str
    member: bool
    members: int

    def text(self) -> str:
        """Confirm the change."""
        state = "is now in" if self.member else "is no longer in"
        return f"{self.customer} {state} {self.segment} ({plural(self.members, 'customer')})."


class DataExported(Result):
    """A document with everything that is held about a person."""

    customer: str
    export: str
    """Its id."""
    link: str
    """Where a manager fetches the document."""
    rows: dict[str, int]
    """What it holds, by section."""
    bytes: int
    expires_at: datetime

    def text(self) -> str:
        """Say what the document holds and how long it can be fetched."""
        held = ", ".join(f"{words(section)} {count}" for section, count in self.rows.items() if count)
        return f"The export of {self.customer} is ready at `{self.link}` ({self.bytes} bytes) until {day(self.expires_at)}: {held}."


class DataErased(Result):
    """A person who was forgotten. It names nobody."""

    reference: str
    """The customer's id, which stays on the books."""
    removed: dict[str, int]
    kept: dict[str, int]
    invoices: str = ""
    """Which invoices stay as they were issued, and why."""

    def text(self) -> str:
        """Say what was taken out and what stays."""
        gone = ", ".join(f"{words(what)} {count}" for what, count in self.removed.items() if count) or "nothing else"
        stays = ", ".join(f"{words(what)} {count}" for what, count in self.kept.items() if count) or "nothing"
        invoices = f" Invoices kept: {self.invoices}." if self.invoices else ""
        return f"The customer's personal data is erased ({gone}). Kept for the books, without personal data: {stays}.{invoices}"
