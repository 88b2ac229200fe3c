"""Status words of kept stock and of orders to suppliers, and the transitions between them."""

from collections.abc import Mapping
from enum import StrEnum

from core.statuses import PurchaseOrderStatus, ReservationStatus


class HoldKind(StrEnum):
    """How long stock is kept aside: a soft hold for minutes, a hard one for a day."""

    SOFT = "soft"
    HARD = "hard"


RESERVATION_TRANSITIONS: Mapping[ReservationStatus, frozenset[ReservationStatus]] = {
    ReservationStatus.ACTIVE: frozenset({ReservationStatus.FULFILLED, ReservationStatus.RELEASED, ReservationStatus.EXPIRED}),
    ReservationStatus.FULFILLED: frozenset(),
    ReservationStatus.RELEASED: frozenset(),
    ReservationStatus.EXPIRED: frozenset(),
}

PURCHASE_ORDER_TRANSITIONS: Mapping[PurchaseOrderStatus, frozenset[PurchaseOrderStatus]] = {
    PurchaseOrderStatus.PROPOSED: frozenset({PurchaseOrderStatus.ORDERED, PurchaseOrderStatus.CANCELLED}),
    PurchaseOrderStatus.ORDERED: frozenset({PurchaseOrderStatus.RECEIVED, PurchaseOrderStatus.CANCELLED}),
    PurchaseOrderStatus.RECEIVED: frozenset(),
    PurchaseOrderStatus.CANCELLED: frozenset(),
}
