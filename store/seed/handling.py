"""Rows of what people do with orders and parcels: pick lists of what is being prepared, and claims for what went wrong."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.fulfilment import ClaimStatus, IncidentKind, PickStatus
from core.statuses import OrderStatus, ReturnReason
from store.seed.draft import Draft
from store.seed.model import Row

_STAGES = (PickStatus.OPEN, PickStatus.PICKED, PickStatus.PACKED)
_UNIT_GRAMS = 500
_PACKAGING_GRAMS = 200
_CLAIMED = 4
"""Of so many late parcels, one is claimed."""
_ANSWERS = {
    ClaimStatus.OPEN: "",
    ClaimStatus.ACCEPTED: "The carrier accepts the claim and pays with the next statement.",
    ClaimStatus.REJECTED: "The carrier says that the address was incomplete.",
}


def pick_list(draft: Draft, number: int) -> Iterator[Row]:
    """Yield the pick list of an order that is being prepared, at some stage."""
    if draft.status is not OrderStatus.PROCESSING or draft.plan.hold or draft.plan.times.processing is None:
        return
    stage = _STAGES[number % len(_STAGES)]
    began: datetime = draft.plan.times.processing
    units = sum(quantity for _, quantity in draft.plan.lines)
    packed = stage is PickStatus.PACKED
    yield draft.shop.row(
        "pick_lists",
        draft.number,
        number=f"P-{number}",
        order_id=draft.order_id,
        warehouse_id=draft.warehouse_id,
        status=stage.value,
        weight_grams=units * _UNIT_GRAMS + _PACKAGING_GRAMS if packed else 0,
        parcels=1 if packed else 0,
        created_at=began,
        picked_at=min(began + timedelta(minutes=25), draft.shop.now) if stage is not PickStatus.OPEN else None,
        packed_at=min(began + timedelta(minutes=40), draft.shop.now) if packed else None,
    )


def pick_lines(draft: Draft, picks: Row) -> Iterator[Row]:
    """Yield what is on the list."""
    for position, (_, quantity) in enumerate(draft.plan.lines):
        yield draft.shop.row(
            "pick_lines",
            f"{draft.number}-{position}",
            pick_list_id=picks["id"],
            order_line_id=draft.line_id(position),
            quantity=quantity,
            picked=0 if picks["status"] == PickStatus.OPEN else quantity,
        )


def incident(draft: Draft) -> Iterator[Row]:
    """Yield the note against the carrier for a parcel that the shop made a claim for."""
    kind = _claimed(draft)
    if kind is not None:
        yield draft.shop.row(
            "carrier_incidents",
            draft.number,
            shipment_id=draft.shop.id_of("shipments", draft.number),
            carrier_id=draft.shop.id_of("carriers", draft.plan.courier.code),
            kind=kind.value,
            credit_minor=0,
            currency=draft.shop.profile.currency,
            policy_version=1,
            created_at=_noticed(draft),
        )


def claim(draft: Draft, number: int) -> Iterator[Row]:
    """Yield the claim: for the goods when they were damaged, for the rate when the parcel was late."""
    kind = _claimed(draft)
    if kind is None:
        return
    status = list(ClaimStatus)[number % len(ClaimStatus)]
    damaged = kind is IncidentKind.DAMAGED
    amount = draft.subtotal - draft.discount if damaged else draft.plan.courier.price_minor
    yield draft.shop.row(
        "carrier_claims",
        draft.number,
        number=f"C-{number}",
        shipment_id=draft.shop.id_of("shipments", draft.number),
        carrier_id=draft.shop.id_of("carriers", draft.plan.courier.code),
        kind=kind.value,
        status=status.value,
        description="The box was crushed on one side and the item inside is damaged." if damaged else "Delivered after the promised date.",
        photos=["box.jpg", "item.jpg"] if damaged else [],
        amount_minor=amount,
        awarded_minor=amount if status is ClaimStatus.ACCEPTED else 0,
        currency=draft.shop.profile.currency,
        note=_ANSWERS[status],
        opened_at=_noticed(draft),
        decided_at=None if status is ClaimStatus.OPEN else min(_noticed(draft) + timedelta(days=3), draft.shop.now),
    )


def _claimed(draft: Draft) -> IncidentKind | None:
    """Return what the parcel is claimed for: damage that a customer returned, and some of the late ones."""
    times, back = draft.plan.times, draft.plan.comeback
    if not draft.delivered or times.arrives is None or times.promised is None:
        return None
    if back is not None and back.reason is ReturnReason.DAMAGED_IN_SHIPPING:
        return IncidentKind.DAMAGED
    return IncidentKind.LATE if times.arrives > times.promised and draft.number % _CLAIMED == 0 else None


def _noticed(draft: Draft) -> datetime:
    arrived = draft.plan.times.arrives or draft.shop.now
    return min(arrived + timedelta(hours=5), draft.shop.now)
