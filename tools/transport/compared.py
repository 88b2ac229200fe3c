"""What tools that compare carriers give back."""

from pydantic import BaseModel

from core.money import Money
from tools.phrases import listing, plural
from tools.policy.carriers import Ranked
from tools.result import Result

_SHOWN = 8


class CarrierScore(BaseModel):
    """An offer with its score in basis points."""

    carrier: str
    service: str
    price: Money
    transit_days: int
    on_time_percent: int
    measured: bool
    """Whether punctuality was measured; else the carrier states it."""
    score_bp: int
    best_at: list[str]

    @classmethod
    def of(cls, ranked: Ranked) -> "CarrierScore":
        """Return a ranked offer for a reader."""
        offer = ranked.offer
        return cls(
            carrier=offer.name,
            service=offer.service,
            price=offer.price,
            transit_days=offer.transit_days,
            on_time_percent=offer.on_time_bp // 100,
            measured=offer.measured,
            score_bp=ranked.score_bp,
            best_at=ranked.best_at,
        )

    @property
    def shown(self) -> str:
        """The offer on one line."""
        best = f", best {' and '.join(self.best_at)}" if self.best_at else ""
        days = plural(self.transit_days, "day")
        punctual = f"{self.on_time_percent} % on time"
        return f"**{self.carrier}** {self.service}: {self.price}, {days}, {punctual}, score {self.score_bp / 100:.1f} %{best}"


class CarrierQuotes(Result):
    """What the carriers ask for an order's next parcel, the best first; `total` counts all offers."""

    order: str
    warehouse: str | None
    weight_grams: int
    parcels: int
    reason: str
    total: int
    offers: list[CarrierScore]

    def text(self) -> str:
        """Return the best offer, why, and the others."""
        if not self.parcels:
            return f"Nothing of order {self.order} is left to send."
        if not self.offers:
            return f"No carrier takes what is left of order {self.order} ({self.weight_grams / 1000:.1f} kg)."
        goods = f"{plural(self.parcels, 'parcel')} of {self.weight_grams / 1000:.1f} kg in all"
        head = f"Order {self.order} from {self.warehouse}, {goods}. {self.reason}."
        return listing(head, [each.shown for each in self.offers[:_SHOWN]], self.total)


class CarrierRecord(BaseModel):
    """How a carrier has done."""

    carrier: str
    parcels: int
    """Parcels that arrived in the time, and those that should have."""
    on_time: int
    on_time_bp: int | None
    """Measured share on time in basis points; none without parcels."""
    stated_bp: int
    overdue: int
    mean_days_late: float
    incidents: int
    open_claims: int

    @property
    def shown(self) -> str:
        """The record on one line."""
        if self.on_time_bp is None:
            return f"**{self.carrier}**: no parcels; it states {self.stated_bp / 100:.0f} %"
        late = f", late ones by {self.mean_days_late} days" if self.mean_days_late else ""
        rate = f"{self.on_time_bp / 100:.1f} % of {plural(self.parcels, 'parcel')} on time (states {self.stated_bp / 100:.0f} %)"
        return f"**{self.carrier}**: {rate}{late}, {self.overdue} overdue, {plural(self.open_claims, 'open claim')}"


class CarrierPerformance(Result):
    """Carriers by their measured punctuality, the best first."""

    days: int
    carriers: list[CarrierRecord]

    def text(self) -> str:
        """Return one line a carrier."""
        head = f"Punctuality over {plural(self.days, 'day')}:"
        return listing(head, [each.shown for each in self.carriers[:_SHOWN]], len(self.carriers))
