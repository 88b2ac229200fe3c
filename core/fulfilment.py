"""Words of picking, packing, backorders, carriers' rates and claims, and the moves between them."""

from collections.abc import Mapping
from enum import StrEnum

from core.statuses import ShipmentStatus


class PickStatus(StrEnum):
    """Where a pick list stands."""

    OPEN = "open"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class BackorderStatus(StrEnum):
    """Whether units that a customer waits for have come."""

    WAITING = "waiting"
    FILLED = "filled"
    CANCELLED = "cancelled"


class BackorderChoice(StrEnum):
    """What a customer wants when an item is out of stock after the order."""

    WAIT = "wait"
    ALTERNATIVE = "alternative"


class RateZone(StrEnum):
    """How far a parcel goes, seen from its warehouse."""

    DOMESTIC = "domestic"
    EUROPE = "europe"
    WORLD = "world"


class IncidentKind(StrEnum):
    """What went wrong with a parcel."""

    LATE = "late"
    DAMAGED = "damaged"
    LOST = "lost"


class ClaimStatus(StrEnum):
    """Where a claim against a carrier stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


_REPORTED = frozenset(
    {
        ShipmentStatus.IN_TRANSIT,
        ShipmentStatus.OUT_FOR_DELIVERY,
        ShipmentStatus.DELIVERED,
        ShipmentStatus.EXCEPTION,
        ShipmentStatus.FAILED,
        ShipmentStatus.RETURNED,
    }
)
_WITH_CARRIER = _REPORTED | {ShipmentStatus.PICKED_UP}
_BEFORE_PICKUP = frozenset({ShipmentStatus.CANCELLED})
SHIPMENT_TRANSITIONS: Mapping[ShipmentStatus, frozenset[ShipmentStatus]] = {
    ShipmentStatus.PENDING: frozenset({ShipmentStatus.LABEL_CREATED}) | _WITH_CARRIER | _BEFORE_PICKUP,
    ShipmentStatus.LABEL_CREATED: _WITH_CARRIER | _BEFORE_PICKUP,
    ShipmentStatus.PICKED_UP: _REPORTED,
    ShipmentStatus.IN_TRANSIT: _REPORTED - {ShipmentStatus.IN_TRANSIT},
    ShipmentStatus.OUT_FOR_DELIVERY: _REPORTED - {ShipmentStatus.OUT_FOR_DELIVERY},
    ShipmentStatus.EXCEPTION: _REPORTED - {ShipmentStatus.EXCEPTION},
    ShipmentStatus.FAILED: frozenset({ShipmentStatus.DELIVERED, ShipmentStatus.RETURNED}),
    ShipmentStatus.DELIVERED: frozenset({ShipmentStatus.RETURNED}),
    ShipmentStatus.RETURNED: frozenset(),
    ShipmentStatus.CANCELLED: frozenset(),
}
"""A scan may be missing, so a carrier's report may skip steps; none leads back to before the carrier had the parcel."""

PICK_TRANSITIONS: Mapping[PickStatus, frozenset[PickStatus]] = {
    PickStatus.OPEN: frozenset({PickStatus.PICKED, PickStatus.CANCELLED}),
    PickStatus.PICKED: frozenset({PickStatus.PACKED, PickStatus.CANCELLED}),
    PickStatus.PACKED: frozenset({PickStatus.SHIPPED, PickStatus.CANCELLED}),
    PickStatus.SHIPPED: frozenset({PickStatus.PACKED}),
    PickStatus.CANCELLED: frozenset(),
}
"""A shipment that is cancelled before pick-up leaves its list packed again."""

CLAIM_TRANSITIONS: Mapping[ClaimStatus, frozenset[ClaimStatus]] = {
    ClaimStatus.OPEN: frozenset({ClaimStatus.ACCEPTED, ClaimStatus.REJECTED}),
    ClaimStatus.ACCEPTED: frozenset(),
    ClaimStatus.REJECTED: frozenset(),
}

LIVE_PICKS = frozenset({PickStatus.OPEN, PickStatus.PICKED, PickStatus.PACKED})
"""Lists whose units stand aside for an order and have not left."""

NOT_SENT = frozenset({ShipmentStatus.CANCELLED, ShipmentStatus.RETURNED})
"""Parcels whose units the customer does not have and will not get by this parcel: they may be sent again."""
