"""What carriers answer and report of parcels, written down once each; and what people hear from them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from core.errors import InvalidInput
from core.fulfilment import SHIPMENT_TRANSITIONS
from core.identity import Permission, Principal, RunContext
from core.ids import new_id
from core.statuses import OrderStatus, ShipmentStatus, change
from store.queries import carriers, orders, shipments
from store.tables.orders import Order
from store.tables.shipping import Carrier, Shipment
from store.unit import Tx
from tools.policy import Policy
from tools.policy.carriers import CarrierPolicy, LabelPlan, ParcelReport, decide_label, decide_report, status_after
from tools.policy.decision import Decision, Verdict
from tools.result import Quote
from tools.spec import Args, Audience, Effect, Keying
from tools.transport.module import module
from tools.transport.offers import ShipmentRef
from tools.transport.progress import ON_ITS_WAY, moved, tell_channel
from tools.transport.sent import LabelRecorded, TrackingRecorded

TrackingNumber = Annotated[str, Field(min_length=3, max_length=40, description="The carrier's tracking number")]
Place = Annotated[str, Field(max_length=80, description="Where the parcel was")]
Told = Annotated[str, Field(max_length=200, description="What the carrier said, in its words")]


class RecordLabel(Args):
    """Which shipment got its label."""

    shipment: ShipmentRef
    tracking_number: TrackingNumber
    label: Annotated[str, Field(max_length=200, description="Where the label is kept")] = ""


class RecordTrackingEvent(Args):
    """What a carrier reported of a parcel."""

    tracking_number: ShipmentRef
    status: ShipmentStatus
    """Where the parcel is."""
    at: AwareDatetime
    """When it was there."""
    place: Place = ""
    text: Told = ""
    event_id: Annotated[str, Field(max_length=80, description="The carrier's own number of the report")] = ""


class UpdateShipment(Args):
    """What somebody learned of a parcel on the phone or by mail."""

    shipment: ShipmentRef
    status: ShipmentStatus | None = None
    """Where the parcel is."""
    tracking_number: TrackingNumber | None = None
    """The number that the carrier gave, when the label came by hand."""
    text: Told = ""


@dataclass(frozen=True, slots=True)
class _Reported:
    """A shipment with its order, locked in this order, and the order's other shipments."""

    order: Order
    shipments: Sequence[Shipment]
    shipment: Shipment
    carrier: Carrier
    policy: CarrierPolicy


async def _reported(tx: Tx, args: RecordLabel | RecordTrackingEvent | UpdateShipment, _ctx: RunContext, policy: Policy) -> _Reported:
    known = await shipments.by_ref(tx, args.tracking_number if isinstance(args, RecordTrackingEvent) else args.shipment)
    order = await orders.by_id(tx, known.order_id, lock=True)
    found = await shipments.lock(tx, order.id)
    shipment = next(each for each in found if each.id == known.id)
    return _Reported(order, found, shipment, await carriers.by_id(tx, shipment.carrier_id), policy.carriers)


def _label_plan(facts: _Reported, tracking_number: str) -> LabelPlan:
    shipment = facts.shipment
    given = shipment.tracking_number if shipment.tracking_number != shipment.number else ""
    return LabelPlan(shipment=shipment.number, known=given, given=tracking_number)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    keying=Keying.business(lambda args: f"{args.shipment}:{args.tracking_number}"),
    facts=_reported,
    policy=lambda _policy, facts, args, _principal: decide_label(_label_plan(facts, args.tracking_number)),
    examples=(
        "the carrier made the label of S-1042",
        "label for shipment S-1042 is ready, tracking number 6A123",
        "the carrier gave tracking number DPD1042 to S-1042",
        "store the label reference of shipment S-1017",
        "S-1042 has its label now",
        "the label service answered for S-1042",
    ),
)
async def record_label(tx: Tx, args: RecordLabel, _ctx: RunContext, facts: _Reported) -> LabelRecorded:
    """Record the label and the tracking number that a carrier gave to a shipment."""
    changed = _label(tx, facts, args.tracking_number, args.label)
    shipment = facts.shipment
    return LabelRecorded(
        order=facts.order.number,
        shipment=shipment.number,
        tracking_number=shipment.tracking_number,
        status=ShipmentStatus(shipment.status),
        changed=changed,
    )


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    facts=_reported,
    policy=lambda _policy, facts, args, _principal: decide_report(facts.shipment.number, args.status),
    examples=(
        "the carrier reports S-1042 in transit",
        "scan: parcel DPD1042 is out for delivery",
        "webhook says S-1042 was delivered at noon",
        "the carrier's feed has an exception for S-1017",
        "parcel S-1042 was picked up in Lyon",
        "carrier event: returned to sender, S-1042",
    ),
)
async def record_tracking_event(tx: Tx, args: RecordTrackingEvent, _ctx: RunContext, facts: _Reported) -> TrackingRecorded:
    """Record what a carrier reports of a parcel; duplicates and late reports change nothing else."""
    told = f"{args.status}|{args.at.isoformat()}|{args.place}|{args.text}"
    own = args.event_id or hashlib.sha256(told.encode()).hexdigest()
    return await _report(tx, facts, own, args.status, min(args.at, tx.now), args.place, args.text)


def _may_update(_policy: Policy, facts: _Reported, args: UpdateShipment, _principal: Principal) -> Decision:
    if args.tracking_number is not None:
        label = decide_label(_label_plan(facts, args.tracking_number))
        if label.verdict is Verdict.DENY:
            return label
    return decide_report(facts.shipment.number, args.status)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.SHIPMENT_WRITE,
    audience=Audience.STAFF,
    facts=_reported,
    policy=_may_update,
    examples=(
        "DPD says on the phone that S-1042 was delivered",
        "enter tracking number 6A12345 for shipment S-1042",
        "the driver has picked up S-1042",
        "mark shipment S-1017 as returned, it came back to us",
        "the carrier wrote that S-1042 is lost in transit, note it as failed",
        "set S-1042 to out for delivery",
    ),
)
async def update_shipment(tx: Tx, args: UpdateShipment, _ctx: RunContext, facts: _Reported) -> TrackingRecorded:
    """Record by hand what a carrier said of a parcel: its status, or its tracking number."""
    if args.status is None and args.tracking_number is None:
        raise InvalidInput("what has changed: the status, or the tracking number?", field="status", code="nothing_given")
    if args.tracking_number is not None:
        _label(tx, facts, args.tracking_number, "")
    if args.status is None:
        return _recorded(facts, known=False, moved_on=False)
    who = tx.principal.name or tx.principal.role.value
    return await _report(tx, facts, f"hand-{new_id()}", args.status, tx.now, "", args.text or f"Noted by {who}")


def _label(tx: Tx, facts: _Reported, tracking_number: str, reference: str) -> bool:
    """Give a shipment its tracking number; one that was cancelled meanwhile, or has it already, stays as it is."""
    shipment = facts.shipment
    status = ShipmentStatus(shipment.status)
    if shipment.tracking_number == tracking_number or status is ShipmentStatus.CANCELLED:
        return False
    shipment.tracking_number, shipment.label_reference = tracking_number, reference or None
    if status is ShipmentStatus.PENDING:
        shipment.status = change(f"shipment {shipment.number}", status, ShipmentStatus.LABEL_CREATED, SHIPMENT_TRANSITIONS)
    tx.session.add(shipment)
    orders.note(tx, facts.order, "shipment.label_created", f"{facts.carrier.name} gave tracking number {tracking_number}")
    tx.emit("shipment.label.created", order=facts.order.number, shipment=shipment.number, tracking_number=tracking_number)
    tx.emit(
        "email.requested",
        customer=str(facts.order.customer_id),
        template="shipment_sent",
        order=facts.order.number,
        data={"carrier": facts.carrier.name, "tracking_number": tracking_number},
    )
    return True


async def _report(
    tx: Tx, facts: _Reported, external_id: str, status: ShipmentStatus, at: datetime, place: str, text: str
) -> TrackingRecorded:
    """Store a report and let the shipment follow all that was reported of it, in the order in which it happened."""
    shipment, before = facts.shipment, ShipmentStatus(facts.shipment.status)
    if not await shipments.record(tx, shipment.id, external_id, status, at, place, text):
        return _recorded(facts, known=True, moved_on=False)
    reports = [ParcelReport(at=each.at, status=ShipmentStatus(each.status)) for each in await shipments.reports(tx, shipment.id)]
    after = status_after(ShipmentStatus.PENDING, reports)
    if before is ShipmentStatus.CANCELLED or after in {before, ShipmentStatus.PENDING, ShipmentStatus.CANCELLED}:
        return _recorded(facts, known=False, moved_on=False)
    shipment.status = after
    arrived = [each.at for each in reports if each.status is ShipmentStatus.DELIVERED]
    if after is ShipmentStatus.DELIVERED:
        shipment.delivered_at = min(arrived)
    tx.session.add(shipment)
    await moved(tx, facts.policy, facts.order, facts.shipments, shipment, facts.carrier.name, shipment.delivered_at or at)
    if sum(each.status in ON_ITS_WAY for each in reports) == 1 and status in ON_ITS_WAY:
        await tell_channel(tx, facts.order, shipment, facts.carrier.name)
    return _recorded(facts, known=False, moved_on=True)


def _recorded(facts: _Reported, *, known: bool, moved_on: bool) -> TrackingRecorded:
    shipment = facts.shipment
    return TrackingRecorded(
        order=facts.order.number,
        order_status=OrderStatus(facts.order.status),
        shipment=shipment.number,
        carrier=facts.carrier.name,
        tracking_number=Quote.external(shipment.tracking_number),
        status=ShipmentStatus(shipment.status),
        duplicate=known,
        moved=moved_on,
    )
