"""What tools that make parcels good and claim them give back."""

from datetime import datetime

from pydantic import BaseModel

from core.fulfilment import ClaimStatus, IncidentKind
from core.money import Money
from tools.phrases import day, joined, listing, plural
from tools.result import Quote, Result

_SHOWN = 10


class LateHandled(Result):
    """A late delivery that was made good."""

    order: str
    shipments: list[str]
    carriers: list[str]
    credit: Money

    def text(self) -> str:
        """Return who was told, credited and noted."""
        credit = f" and credited with **{self.credit}** (store credit)" if self.credit.minor else ""
        return f"The customer of order {self.order} is told of the delay{credit}. It is noted against {joined(self.carriers)}."


class ClaimOpened(Result):
    """A claim against a carrier."""

    claim: str
    order: str
    shipment: str
    carrier: str
    kind: IncidentKind
    amount: Money
    credited: Money
    """What the customer got for it now."""

    def text(self) -> str:
        """Return the claim and what comes next."""
        credit = f" The customer is told and credited with {self.credited} (store credit)." if self.credited.minor else ""
        further = "" if self.kind is IncidentKind.LATE else " Open a return for the refund or the replacement."
        return f"Claim **{self.claim}** against {self.carrier} for {self.amount}: order {self.order}, {self.kind}.{credit}{further}"


class ClaimAnswered(Result):
    """A claim that its carrier answered."""

    claim: str
    status: ClaimStatus
    amount: Money
    awarded: Money

    def text(self) -> str:
        """Return the answer."""
        paid = f": {self.awarded} of {self.amount} is paid" if self.awarded.minor else f": the shop bears {self.amount}"
        return f"Claim {self.claim} is **{self.status}**{paid}."


class ClaimShown(BaseModel):
    """A claim in a list."""

    claim: str
    order: str
    shipment: str
    carrier: str
    kind: IncidentKind
    status: ClaimStatus
    amount: Money
    awarded: Money
    opened_at: datetime
    answer: Quote | None

    @property
    def shown(self) -> str:
        """The claim on one line."""
        paid = f", {self.awarded} paid" if self.awarded.minor else ""
        about = f"{self.claim} against {self.carrier}, order {self.order} {self.kind}"
        return f"{about}: {self.status}, {self.amount}{paid}, {day(self.opened_at)}"


class ClaimsListed(Result):
    """Claims that match, the newest first; `total`, `claimed` and `paid` count all of them."""

    total: int
    claimed: list[Money]
    paid: list[Money]
    claims: list[ClaimShown]

    def text(self) -> str:
        """Return the sums and one line a claim."""
        if not self.claims:
            return "No claim matches."
        sums = f"{joined([str(each) for each in self.claimed])} claimed, {joined([str(each) for each in self.paid])} paid"
        return listing(f"{plural(self.total, 'claim')}, {sums}:", [each.shown for each in self.claims[:_SHOWN]], self.total)
