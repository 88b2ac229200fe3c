"""An order's life as a schedule: what lies after now has not happened yet, so every status follows from the clock."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from core.statuses import CancelReason, OrderStatus, ReturnReason, ReturnStatus, ReturnType
from store.seed.catalogue import Good
from store.seed.data.shops import Courier, Depot
from store.seed.model import Shop
from store.seed.people import Person

_FREE_SHIPPING_FROM = 10_000
_SHIPPING = 490


class Signal(NamedTuple):
    """One reason for suspicion, with its points."""

    signal: str
    points: int
    detail: str


@dataclass(frozen=True, slots=True)
class Times:
    """When each step of an order happens; None is a step that will not come by itself."""

    placed: datetime
    confirmed: datetime | None = None
    processing: datetime | None = None
    shipped: datetime | None = None
    promised: datetime | None = None
    arrives: datetime | None = None
    cancelled: datetime | None = None
    silent: datetime | None = None
    """The carrier reports nothing after this."""
    trouble: datetime | None = None
    """The carrier reports an exception at this time."""


class Comeback(NamedTuple):
    """A return of an order's first line, or of the whole order."""

    status: ReturnStatus
    reason: ReturnReason
    type: ReturnType
    requested_at: datetime
    whole: bool
    note: str
    condition: str
    exchange: UUID | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about an order that chance or the story decides."""

    buyer: Person
    lines: tuple[tuple[Good, int], ...]
    times: Times
    courier: Courier
    depot: Depot
    method: str = "card"
    label: str = "Visa ending 4242"
    channel: str = "web"
    discount_pct: int = 0
    declines: int = 0
    """Failed payment attempts before the one that counts."""
    unpaid: bool = False
    """The last attempt failed too."""
    hold: bool = False
    elsewhere: bool = False
    """Delivered to the buyer's other address, so that billing and shipping differ."""
    cancel_reason: CancelReason | None = None
    signals: tuple[Signal, ...] = ()
    comeback: Comeback | None = None
    tags: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Draft:
    """A numbered plan with its amounts and its state at the shop's now."""

    shop: Shop
    number: int
    plan: Plan

    def happened(self, at: datetime | None) -> bool:
        """Return whether a step is in the past and was not forestalled by the cancellation."""
        cancelled = self.plan.times.cancelled
        return at is not None and at <= self.shop.now and (cancelled is None or cancelled > self.shop.now or at <= cancelled)

    @cached_property
    def order_id(self) -> UUID:
        """The order's id."""
        return self.shop.id_of("orders", self.number)

    def line_id(self, position: int) -> UUID:
        """Return the id of the order's line at `position`."""
        return self.shop.id_of("order_lines", f"{self.number}-{position}")

    @property
    def subtotal(self) -> int:
        """Sum of the lines."""
        return sum(good.price * quantity for good, quantity in self.plan.lines)

    @property
    def discount(self) -> int:
        """What the code took off."""
        return self.subtotal * self.plan.discount_pct // 100

    @property
    def shipping(self) -> int:
        """What delivery costs."""
        return 0 if self.subtotal >= _FREE_SHIPPING_FROM else _SHIPPING

    @property
    def total(self) -> int:
        """What the customer pays."""
        return self.subtotal + self.shipping - self.discount

    def net(self, position: int, quantity: int) -> int:
        """Return what was paid for `quantity` units of a line, after its share of the discount."""
        good, _ = self.plan.lines[position]
        return good.price * quantity * (100 - self.plan.discount_pct) // 100

    @cached_property
    def cancelled(self) -> bool:
        """Whether the order is cancelled."""
        return self.happened(self.plan.times.cancelled)

    @cached_property
    def shipped(self) -> bool:
        """Whether the parcel left."""
        return self.happened(self.plan.times.shipped)

    @cached_property
    def delivered(self) -> bool:
        """Whether the parcel arrived."""
        return self.shipped and self.plan.times.silent is None and self.happened(self.plan.times.arrives)

    @cached_property
    def captured_at(self) -> datetime | None:
        """When money was taken: a card when the order is processed, anything else when it is confirmed."""
        times = self.plan.times
        at = times.processing if self.plan.method == "card" else times.confirmed
        return at if self.happened(at) and not self.plan.unpaid else None

    @cached_property
    def status(self) -> OrderStatus:
        """Where the order stands."""
        times, back = self.plan.times, self.plan.comeback
        if self.cancelled:
            return OrderStatus.CANCELLED
        if self.delivered:
            sent_back = (
                back and back.whole and back.type is ReturnType.REFUND and back.status in {ReturnStatus.REFUNDED, ReturnStatus.COMPLETED}
            )
            return OrderStatus.RETURNED if sent_back else OrderStatus.DELIVERED
        if self.shipped:
            return OrderStatus.SHIPPED
        if self.happened(times.processing):
            return OrderStatus.PROCESSING
        return OrderStatus.CONFIRMED if self.happened(times.confirmed) else OrderStatus.PENDING


RETURN_STEPS = {
    ReturnStatus.REQUESTED: timedelta(0),
    ReturnStatus.APPROVED: timedelta(hours=6),
    ReturnStatus.REJECTED: timedelta(hours=6),
    ReturnStatus.LABEL_SENT: timedelta(hours=7),
    ReturnStatus.CANCELLED: timedelta(hours=20),
    ReturnStatus.IN_TRANSIT: timedelta(hours=48),
    ReturnStatus.RECEIVED: timedelta(hours=96),
    ReturnStatus.INSPECTING: timedelta(hours=106),
    ReturnStatus.INSPECTED: timedelta(hours=112),
    ReturnStatus.REFUND_PENDING: timedelta(hours=114),
    ReturnStatus.REFUNDED: timedelta(hours=130),
    ReturnStatus.COMPLETED: timedelta(hours=150),
}
"""How long after the request a return reaches each state."""
