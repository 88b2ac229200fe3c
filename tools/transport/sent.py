"""What tools that send parcels and follow them give back."""

from datetime import datetime

from core.money import Money
from core.statuses import FulfilmentStatus, OrderStatus, ShipmentStatus
from tools.phrases import day, plural, words
from tools.result import Quote, Result


class ShipmentCreated(Result):
    """A parcel that goes out, with its carrier and why."""

    order: str
    shipment: str
    status: OrderStatus
    fulfilment_status: FulfilmentStatus
    carrier: str
    service: str
    price: Money
    """What the shop pays the carrier."""
    warehouse: str
    parcels: int
    weight_grams: int
    promised_at: datetime | None
    score_bp: int
    reason: str

    def text(self) -> str:
        """Return what goes out, with whom and why."""
        when = f", promised for {day(self.promised_at)}" if self.promised_at else ""
        part = "" if self.fulfilment_status is FulfilmentStatus.FULFILLED else f" The order is {words(self.fulfilment_status)}."
        return (
            f"Shipment **{self.shipment}** of order {self.order} goes from {self.warehouse} with {self.carrier} {self.service} "
            f"for {self.price}: {plural(self.parcels, 'parcel')} of {self.weight_grams / 1000:.1f} kg in all{when}. {self.reason}. "
            f"The label is on its way.{part}"
        )


class ShipmentCancelled(Result):
    """A shipment that the carrier never got."""

    order: str
    shipment: str
    status: OrderStatus
    fulfilment_status: FulfilmentStatus
    units: int

    def text(self) -> str:
        """Return what is back."""
        return (
            f"Shipment {self.shipment} is **cancelled**: {plural(self.units, 'unit')} packed and held for order {self.order}, "
            f"which is {words(self.status)}."
        )


class LabelRecorded(Result):
    """A shipment with its tracking number."""

    order: str
    shipment: str
    tracking_number: str
    status: ShipmentStatus
    changed: bool
    """Whether this was news."""

    def text(self) -> str:
        """Return the tracking number."""
        return f"Shipment {self.shipment} of order {self.order} is {words(self.status)}, tracking number {self.tracking_number}."


class TrackingRecorded(Result):
    """A parcel after a report."""

    order: str
    order_status: OrderStatus
    shipment: str
    carrier: str
    tracking_number: Quote
    status: ShipmentStatus
    duplicate: bool
    """Whether the same report came before."""
    moved: bool
    """Whether the parcel's status changed."""

    def text(self) -> str:
        """Return where the parcel is."""
        news = "" if self.moved else " The report was known." if self.duplicate else " The report is kept; the status stays."
        return f"Shipment {self.shipment} of order {self.order} is **{words(self.status)}** with {self.carrier}.{news}"
