"""What tools on transport give back."""

from datetime import datetime

from core.statuses import OrderStatus, ShipmentStatus
from tools.phrases import bullets, day, listing, plural, words
from tools.result import Quote, Result


class CarrierReport(Result):
    """What a carrier reported."""

    at: datetime
    status: ShipmentStatus
    what: Quote


class Parcel(Result):
    """A parcel of the order."""

    carrier: str
    tracking_number: str
    status: ShipmentStatus
    shipped_at: datetime | None
    promised_at: datetime | None
    delivered_at: datetime | None
    late: bool
    events: list[CarrierReport]


class OrderTracked(Result):
    """Where an order's parcels are."""

    order: str
    status: OrderStatus
    promised_at: datetime | None
    late: bool
    shipments: list[Parcel]

    def text(self) -> str:
        """Return where each parcel is and what was reported last."""
        if not self.shipments:
            promise = f" Delivery is promised for {day(self.promised_at)}." if self.promised_at and self.status in _MOVING else ""
            return f"Order {self.order} is {words(self.status)} and has not shipped{' yet' if self.status in _MOVING else ''}.{promise}"
        return "\n".join(_parcel(self.order, parcel) for parcel in self.shipments[:3])


_MOVING = frozenset({OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING})


def _parcel(order: str, parcel: Parcel) -> str:
    head = f"Order {order} is **{words(parcel.status)}** with {parcel.carrier}, tracking number {parcel.tracking_number}."
    if parcel.delivered_at:
        when = f"Delivered on {day(parcel.delivered_at)}{', later than promised' if parcel.late else ''}."
    elif parcel.promised_at:
        when = (
            f"It was promised for {day(parcel.promised_at)} and is **late**." if parcel.late else f"Promised for {day(parcel.promised_at)}."
        )
    else:
        when = ""
    events = bullets(f"{day(event.at)}: {event.what.text}" for event in parcel.events[:3])
    return "\n".join([f"{head} {when}".strip(), *events])


class LateShipment(Result):
    """A parcel that is past its promised date and not delivered."""

    order: str
    customer: str
    carrier: str
    tracking_number: str
    status: ShipmentStatus
    promised_at: datetime
    days_late: int
    told: bool
    """Whether the customer was told and credited."""
    last_event: Quote | None = None
    last_event_at: datetime | None = None


class LateShipments(Result):
    """Late parcels, the latest first; `total` counts all of them."""

    total: int
    shipments: list[LateShipment]

    def text(self) -> str:
        """Return one line a parcel."""
        if not self.shipments:
            return "No parcel is late."
        shown = [
            f"Order {each.order} ({each.customer}): {each.carrier} {each.tracking_number}, {words(each.status)}, "
            f"promised {day(each.promised_at)}, {plural(each.days_late, 'day')} late{', customer told' if each.told else ''}"
            for each in self.shipments[:10]
        ]
        return listing(f"**{plural(self.total, 'parcel')} late**:", shown, self.total)
