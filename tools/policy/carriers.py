"""Carriers: which offer is best, what a late or damaged parcel means, and claims."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.fulfilment import SHIPMENT_TRANSITIONS, ClaimStatus, IncidentKind, RateZone
from core.money import Money
from core.statuses import ShipmentStatus
from tools.policy.decision import Decision, allow, deny

_WHOLE_BP = 10_000
_PROGRESS = {status: place for place, status in enumerate(ShipmentStatus)}


class CarrierPolicy(BaseModel):
    """Weights of a carrier's score, how its punctuality is measured, and how long claims are open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    price_weight: int = Field(default=40, ge=1, le=100)
    transit_weight: int = Field(default=30, ge=1, le=100)
    on_time_weight: int = Field(default=20, ge=1, le=100)
    rating_weight: int = Field(default=10, ge=1, le=100)
    measured_days: int = Field(default=90, ge=1, le=365)
    """Punctuality is measured over parcels of so many days."""
    measured_parcels: int = Field(default=20, ge=1, le=1_000)
    """With fewer parcels than this, the rate that the carrier states counts."""
    delivery_hour: int = Field(default=18, ge=0, le=23)
    """Hour (UTC) by which a parcel is promised on its day."""
    claim_days: int = Field(default=30, ge=1, le=365)
    """A claim is made within so many days of the promised date."""
    survey_hours: int = Field(default=24, ge=1, le=720)
    """So long after the delivery the customer is asked for an opinion."""
    europe: tuple[str, ...] = tuple("AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL NO PL PT RO SE SI SK".split())
    """Countries (ISO 3166) with the European rate."""

    def zone(self, origin: str, destination: str) -> RateZone:
        """Return the zone of a way between two countries."""
        if origin == destination:
            return RateZone.DOMESTIC
        return RateZone.EUROPE if {origin, destination} <= set(self.europe) else RateZone.WORLD


class Offer(BaseModel):
    """What a carrier asks for a parcel, and how it has done so far."""

    model_config = ConfigDict(frozen=True)

    carrier: str
    """The carrier's code."""
    name: str
    service: str
    price: Money
    transit_days: int
    on_time_bp: int
    """Share of parcels on time in basis points: measured, or stated by the carrier while there are too few."""
    measured: bool
    rating_tenths: int


class Ranked(BaseModel):
    """An offer with its score in basis points, and what it is best at."""

    offer: Offer
    score_bp: int
    best_at: list[str]


def rank(policy: CarrierPolicy, offers: Sequence[Offer]) -> list[Ranked]:
    """Return the offers with their scores, the best first.

    Each criterion is normalised over the offers at hand: the best of them counts fully, the worst not at all. Equal scores go to the
    cheaper, then to the first code, so the order in which offers come does not matter.
    """
    criteria = (
        ("price", policy.price_weight, [-offer.price.minor for offer in offers]),
        ("transit time", policy.transit_weight, [-offer.transit_days for offer in offers]),
        ("punctuality", policy.on_time_weight, [offer.on_time_bp for offer in offers]),
        ("rating", policy.rating_weight, [offer.rating_tenths for offer in offers]),
    )
    shares = [(name, weight, _normalised(values)) for name, weight, values in criteria]
    total = sum(weight for _, weight, _ in criteria)
    ranked = [
        Ranked(
            offer=offer,
            score_bp=sum(weight * share[position] for _, weight, share in shares) // total,
            best_at=[name for name, _, share in shares if share[position] == _WHOLE_BP],
        )
        for position, offer in enumerate(offers)
    ]
    return sorted(ranked, key=lambda each: (-each.score_bp, each.offer.price.minor, each.offer.carrier, each.offer.service))


def _normalised(values: Sequence[int]) -> list[int]:
    least, most = min(values, default=0), max(values, default=0)
    return [(value - least) * _WHOLE_BP // (most - least) if most > least else _WHOLE_BP for value in values]


def why(ranked: Sequence[Ranked], chosen: Ranked) -> str:
    """Return why an offer was chosen, for people."""
    best = f"best on {', '.join(chosen.best_at)}" if chosen.best_at else "the best mix of price, time and punctuality"
    others = [each for each in ranked if each is not chosen]
    if not others:
        return f"{chosen.offer.name} is the only offer"
    head = f"{chosen.offer.name} {chosen.offer.service}: score {chosen.score_bp / 100:.1f} %, {best}"
    if chosen is not ranked[0]:
        return f"{head}; chosen by hand over {ranked[0].offer.name} with {ranked[0].score_bp / 100:.1f} %"
    return f"{head}; next {others[0].offer.name} {others[0].offer.service} with {others[0].score_bp / 100:.1f} %"


class ParcelReport(BaseModel):
    """What a carrier says of a parcel at an instant."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    status: ShipmentStatus


def status_after(start: ShipmentStatus, reports: Sequence[ParcelReport]) -> ShipmentStatus:
    """Return where a parcel is after all its reports, told in the order of their instants.

    A report that its predecessors do not allow (a scan after the delivery) is history and moves nothing. Neither duplicates nor the
    order in which reports came in make a difference.
    """
    status = start
    for report in sorted(reports, key=lambda each: (each.at, _PROGRESS[each.status])):
        if report.status in SHIPMENT_TRANSITIONS[status]:
            status = report.status
    return status


class ShipPlan(BaseModel):
    """A parcel that is about to be sent."""

    order: str
    packed: bool
    offers: int
    carrier: str = ""
    """The carrier that was asked for, if one was."""
    carrier_offers: bool = True


def decide_shipment(plan: ShipPlan) -> Decision:
    """Decide on a shipment of an order that passed the gate."""
    if not plan.packed:
        return deny("shipment.not_packed", f"Nothing of order {plan.order} is packed.", "pick and pack it first", "show its pick lists")
    if plan.offers == 0:
        return deny("shipment.no_offer", f"No carrier takes this parcel of order {plan.order}.", "pack it into more parcels")
    if not plan.carrier_offers:
        return deny("shipment.carrier_unfit", f"{plan.carrier} does not take this parcel of order {plan.order}.", "show the carrier quotes")
    return allow("shipment.create")


def decide_cancel_shipment(shipment: str, status: ShipmentStatus) -> Decision:
    """Decide on taking a shipment back: only until the carrier has it."""
    if ShipmentStatus.CANCELLED in SHIPMENT_TRANSITIONS[status]:
        return allow("shipment.cancel_before_pickup")
    state = status.replace("_", " ")
    reason = f"Shipment {shipment} is {state}: it can only be cancelled before the carrier has it."
    return deny("shipment.picked_up", reason, "ask the carrier to return it", "wait for its delivery and open a return")


class LabelPlan(BaseModel):
    """A tracking number that a carrier gives to a shipment."""

    shipment: str
    known: str
    """The number that it has already."""
    given: str


def decide_label(plan: LabelPlan) -> Decision:
    """Let a shipment have one tracking number; the same again is harmless."""
    if plan.known and plan.given and plan.known != plan.given:
        reason = f"Shipment {plan.shipment} has tracking number {plan.known} already."
        return deny("shipment.other_label", reason, "cancel the shipment and create it again")
    return allow("shipment.reported")


def decide_report(shipment: str, status: ShipmentStatus | None) -> Decision:
    """Let a carrier report anything but what only the shop decides."""
    if status in {ShipmentStatus.PENDING, ShipmentStatus.CANCELLED}:
        return deny("shipment.no_report", f"No carrier reports shipment {shipment} as {status}.", "cancel the shipment")
    return allow("shipment.reported")


class LatePlan(BaseModel):
    """A late parcel that somebody wants to make good."""

    order: str
    late: int
    """Parcels past their promised date."""
    handled: int
    """Those of them that were made good before."""
    credit: Money


def decide_late(plan: LatePlan) -> Decision:
    """Decide on telling the customer and crediting the delay: once a parcel."""
    if plan.late == 0:
        return deny("late.not_late", f"No parcel of order {plan.order} is past its promised date.", "track the order")
    if plan.late == plan.handled:
        return deny("late.handled", f"The customer of order {plan.order} was told and credited before.", "open a claim against the carrier")
    return allow("late.once_a_parcel")


class ClaimPlan(BaseModel):
    """A claim against a carrier, before it is made."""

    shipment: str
    kind: IncidentKind
    status: ShipmentStatus
    late: bool
    photos: int
    claimed: bool
    """Whether there is such a claim."""
    days_since_promise: int
    amount: Money


def decide_claim(policy: CarrierPolicy, plan: ClaimPlan) -> Decision:
    """Decide on a claim: with photos for damage, in time, once, and for something that happened."""
    if plan.claimed:
        return deny("claim.once", f"There is a claim for shipment {plan.shipment} ({plan.kind}) already.", "list the carrier claims")
    if plan.status in {ShipmentStatus.PENDING, ShipmentStatus.LABEL_CREATED, ShipmentStatus.CANCELLED}:
        return deny("claim.not_sent", f"The carrier never had shipment {plan.shipment}.", "cancel the shipment")
    if plan.kind is IncidentKind.DAMAGED and plan.photos == 0:
        return deny("claim.needs_photos", "A claim for damage needs photos of the box and the item.", "ask the customer for photos")
    if plan.kind is IncidentKind.LATE and not plan.late:
        return deny("claim.not_late", f"Shipment {plan.shipment} is not past its promised date.", "track the order")
    if plan.kind is IncidentKind.LOST and plan.status is ShipmentStatus.DELIVERED:
        return deny("claim.delivered", f"The carrier reports shipment {plan.shipment} as delivered.", "ask the carrier for its proof")
    if plan.days_since_promise > policy.claim_days:
        reason = f"Claims are made within {policy.claim_days} days of the promised date; that was {plan.days_since_promise} days ago."
        return deny("claim.too_late", reason, "ask the carrier for goodwill")
    if plan.amount.minor == 0:
        return deny("claim.nothing", f"Nothing was paid for shipment {plan.shipment}.", "note it on the order")
    return allow("claim.open")


class AnswerPlan(BaseModel):
    """A carrier's answer to a claim."""

    claim: str
    status: ClaimStatus
    amount: Money
    awarded: Money


def decide_answer(plan: AnswerPlan) -> Decision:
    """Decide on recording an answer: once, and for no more than was claimed."""
    if plan.status is not ClaimStatus.OPEN:
        return deny("claim.decided", f"Claim {plan.claim} was {plan.status} before.", "list the carrier claims")
    if plan.awarded > plan.amount:
        return deny("claim.cap", f"{plan.awarded} is more than the {plan.amount} that was claimed.", f"record at most {plan.amount}")
    return allow("claim.answer")
