"""Customers' own data: what they change themselves, what needs a look, and when a person can be forgotten."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Principal, Role
from tools.policy.decision import Decision, Preview, allow, approve, confirm, deny
from tools.policy.figures import Loosens


class CustomerPolicy(BaseModel):
    """Limits on what is kept of a customer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    addresses_at_most: int = Field(default=20, ge=1, le=200)
    export_days: Annotated[int, Loosens.UP] = Field(default=30, ge=1, le=365)
    """How long an export of personal data can be fetched."""


class ProfilePlan(BaseModel):
    """A change of a profile; `changes` are label, old and new value."""

    customer: str
    changes: list[tuple[str, str, str]]
    changes_email: bool
    email_taken: bool
    erased: bool


def decide_profile(plan: ProfilePlan, principal: Principal) -> Decision:
    """Decide on a change of a profile: customers confirm their own, and leave the e-mail address to staff."""
    if plan.erased:
        return deny("profile.erased", "This customer's data was erased.", "find another customer")
    if not plan.changes:
        return deny("profile.nothing_to_change", "The profile already says so.", "show the profile")
    if plan.changes_email and principal.is_customer:
        reason = "The e-mail address is how you sign in, so a person changes it."
        return deny("profile.email_by_staff", reason, "open a ticket and we change it with you")
    if plan.email_taken:
        return deny("profile.email_taken", "Another customer has this e-mail address.", "show the customer with this address")
    if not principal.is_customer:
        return allow("profile.staff")
    rows = tuple((label, f"{old or 'none'} -> {new}") for label, old, new in plan.changes)
    return confirm("profile.confirm", "Please check the changes.", Preview(title="Change your profile", rows=rows))


class AddressChange(BaseModel):
    """A change of one of a customer's addresses, each in one line; `old` or `new` is empty when it is added or removed."""

    old: str
    new: str
    count: int
    """How many addresses the customer has."""
    known: bool = False
    """Whether the customer has the new one already."""


def decide_address(policy: CustomerPolicy, plan: AddressChange, principal: Principal) -> Decision:
    """Decide on a customer's addresses: adding one is harmless, customers confirm the rest."""
    if plan.new and plan.known:
        return deny("address.known", f"This address is already there: {plan.new}.", "show the profile")
    if not plan.old and plan.count >= policy.addresses_at_most:
        return deny("address.too_many", f"At most {policy.addresses_at_most} addresses are kept.", "remove an address first")
    if not principal.is_customer or not plan.old:
        return allow("address.book")
    title = "Change an address" if plan.new else "Remove an address"
    rows = (("Address", plan.old), *((("New address", plan.new),) if plan.new else ()))
    return confirm("address.book_confirm", "Orders that are already placed keep their address.", Preview(title=title, rows=rows))


class ConsentPlan(BaseModel):
    """An answer to one purpose."""

    purpose: str
    granted: bool
    current: bool | None


def decide_consent(plan: ConsentPlan, _principal: Principal) -> Decision:
    """Take any answer that is new: consent is given and withdrawn equally easily."""
    if plan.current is plan.granted:
        state = "given" if plan.granted else "withheld"
        return deny("consent.nothing_to_change", f"Consent to {plan.purpose.replace('_', ' ')} is already {state}.", "show the profile")
    return allow("consent.customer_decides")


class SegmentPlan(BaseModel):
    """A customer who is put into a segment, or taken out."""

    segment: str
    by_rule: bool
    exists: bool
    create: bool
    member: bool
    remove: bool
    others: list[str]
    """Segments that are made by hand."""


def decide_segment(plan: SegmentPlan) -> Decision:
    """Decide on a member of a segment; a rule's members come and go by themselves."""
    if plan.by_rule:
        reason = f"Members of {plan.segment} follow from its rule."
        return deny("segment.by_rule", reason, *(f"use {name}" for name in plan.others), "make a segment by hand")
    if not plan.exists and (plan.remove or not plan.create):
        return deny("segment.unknown", f"There is no segment {plan.segment}.", *(f"use {name}" for name in plan.others), "create it")
    if plan.member is not plan.remove:
        state = "is not in" if plan.remove else "is already in"
        return deny("segment.nothing_to_change", f"The customer {state} {plan.segment}.", "list the segments")
    return allow("segment.by_hand")


class ErasurePlan(BaseModel):
    """What stands against forgetting a person, and what would go."""

    customer: str
    email: str
    erased: bool
    open_orders: list[str]
    open_returns: list[str]
    pending_refunds: int
    rows: dict[str, int]
    """What is taken out, by what it is."""
    kept: dict[str, int]
    """What stays for the books, without anything personal."""
    invoices: int = 0
    invoice_years: int = 10

    @property
    def kept_invoices(self) -> str:
        """Say which invoices stay, and why; nothing when there are none."""
        if not self.invoices:
            return ""
        return f"{self.invoices}, as they were issued: tax law requires them to be kept unchanged for {self.invoice_years} years"


def decide_erasure(plan: ErasurePlan, _principal: Principal) -> Decision:
    """Forget a person only when nothing is open between them and the shop, and only with the owner's approval."""
    if plan.erased:
        return deny("erasure.done", "This customer's data was erased already.", "nothing has to be done")
    open_things = [f"order {number}" for number in plan.open_orders] + [f"return {number}" for number in plan.open_returns]
    if plan.pending_refunds:
        open_things.append(f"{plan.pending_refunds} pending refunds")
    if open_things:
        reason = f"Something is still open: {', '.join(open_things[:8])}."
        return deny("erasure.open_business", reason, "settle or cancel what is open, then ask again")
    rows: tuple[tuple[str, str], ...] = (
        ("Customer", f"{plan.customer} ({plan.email})"),
        *((f"Removed: {what}", str(count)) for what, count in plan.rows.items() if count),
        *((f"Kept without personal data: {what}", str(count)) for what, count in plan.kept.items() if count),
        *([("Kept: invoices", plan.kept_invoices)] if plan.invoices else []),
        ("Afterwards", "It cannot be undone."),
    )
    preview = Preview(title="Erase everything personal of a customer", rows=rows)
    return approve("erasure.approval", "Erasing a person needs the owner's approval.", preview, role=Role.OWNER)


def decide_note(_facts: Any, _principal: Principal) -> Decision:
    """Let staff write down a contact, and export what is held about a person who asks."""
    return allow("customer.record")
