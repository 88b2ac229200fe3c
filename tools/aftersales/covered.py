"""What tools of warranty claims give back."""

from datetime import datetime

from core.aftersales import WarrantyRemedy, WarrantyStatus
from core.money import Money
from tools.phrases import day, listing, plural, words
from tools.result import Quote, Result

_SHOWN = 10


class ItemCovered(Result):
    """How long an item of an order is covered."""

    sku: str
    title: str
    delivered_at: datetime | None
    covered_until: datetime | None
    covered: bool
    open_claim: str | None

    @property
    def shown(self) -> str:
        """The item on one line."""
        if self.covered_until is None:
            return f"{self.title}: not delivered yet"
        state = "covered until" if self.covered else "the warranty ended on"
        claim = f"; claim {self.open_claim} is open" if self.open_claim else ""
        return f"{self.title}: {state} **{day(self.covered_until)}**{claim}"


class Coverage(Result):
    """The warranty of an order's items."""

    order: str
    items: list[ItemCovered]

    def text(self) -> str:
        """Return one line an item."""
        return listing(f"Warranty of order {self.order}:", [item.shown for item in self.items[:_SHOWN]], len(self.items))


class ClaimShown(Result):
    """A warranty claim. `customer` is filled for staff."""

    claim: str
    status: WarrantyStatus
    remedy: WarrantyRemedy | None
    order: str
    customer: str | None
    sku: str
    title: str
    quantity: int
    problem: Quote
    note: str
    covered_until: datetime
    opened_at: datetime
    decided_at: datetime | None
    refunded: Money
    replacement_order: str | None
    overdue: bool

    @property
    def shown(self) -> str:
        """The claim on one line."""
        who = f", {self.customer}" if self.customer else ""
        late = ", **overdue**" if self.overdue else ""
        fate = f"{self.status}{f' ({self.remedy})' if self.remedy else ''}{late}"
        return f"{self.claim} {self.title}, order {self.order}{who}: {fate}, opened {day(self.opened_at)}: “{self.problem.text[:120]}”"

    def text(self) -> str:
        """Return what is claimed, and what was decided."""
        who = f", {self.customer}" if self.customer else ""
        late = ", **overdue**" if self.overdue else ""
        lines = [
            f"Warranty claim **{self.claim}** is **{self.status}**{late}: {self.quantity} × {self.title} of order {self.order}{who}.",
            f"Opened {day(self.opened_at)}, covered until {day(self.covered_until)}: {self.problem.text}",
        ]
        if self.decided_at:
            lines.append(
                f"Decided {day(self.decided_at)}{f': {words(self.remedy)}' if self.remedy else ''}.{f' {self.note}' if self.note else ''}"
            )
        if self.refunded.minor:
            lines.append(f"{self.refunded} were paid back.")
        if self.replacement_order:
            lines.append(f"Order {self.replacement_order} sends the replacement.")
        return "\n".join(lines)


class ClaimFiled(Result):
    """A warranty claim that waits for a decision."""

    claim: str
    order: str
    title: str
    quantity: int
    covered_until: datetime
    decided_by: datetime

    def text(self) -> str:
        """Return the number, and when to expect a decision."""
        what = f"{self.quantity} × {self.title} of order {self.order}"
        return f"Warranty claim **{self.claim}** is open: {what}. A person decides by {day(self.decided_by)}."


class ClaimDecided(Result):
    """What was decided of a warranty claim."""

    claim: str
    order: str
    status: WarrantyStatus
    remedy: WarrantyRemedy | None
    refunded: Money
    replacement_order: str | None

    def text(self) -> str:
        """Return the decision, and what follows from it."""
        follows = {
            WarrantyRemedy.REFUND: f" {self.refunded} goes back.",
            WarrantyRemedy.REPLACEMENT: f" Order {self.replacement_order} sends a replacement.",
            WarrantyRemedy.REPAIR: " It is to be repaired.",
        }
        more = follows[self.remedy] if self.remedy else ""
        return f"Warranty claim **{self.claim}** (order {self.order}) is **{self.status}**.{more} The customer is told."


class ClaimsListed(Result):
    """Warranty claims that match, open ones first; `total` and `overdue` count all of them."""

    total: int
    overdue: int
    claims: list[ClaimShown]

    def text(self) -> str:
        """Return one line a claim."""
        if not self.claims:
            return "No warranty claim matches."
        head = f"{plural(self.total, 'warranty claim')}, {self.overdue} overdue:"
        return listing(head, [each.shown for each in self.claims[:_SHOWN]], self.total)
