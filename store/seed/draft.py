"""A plan seen from now: what lies ahead has not happened yet, so every status follows from the clock."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from core.statuses import OrderStatus, ReturnStatus
from store.seed.model import Shop
from store.seed.plan import Plan

_FREE_SHIPPING_FROM = 10_000
_SHIPPING = 490


@dataclass(frozen=True)
class Draft:
    """A numbered plan with its amounts and its state at the shop's now."""

    shop: Shop
    number: int
    plan: Plan
    return_number: int
    """The number that the order's return gets, if it has one."""

    def happened(self, at: datetime | None) -> bool:
        """Return whether a step is in the past and was not forestalled by the cancellation."""
        cancelled = self.plan.times.cancelled
        return at is not None and at <= self.shop.now and (cancelled is None or cancelled > self.shop.now or at <= cancelled)

    @cached_property
    def order_id(self) -> UUID:
        """The order's id."""
        return self.shop.id_of("orders", self.number)

    @cached_property
    def line_ids(self) -> list[UUID]:
        """The ids of the order's lines."""
        return [self.shop.id_of("order_lines", f"{self.number}-{position}") for position in range(len(self.plan.lines))]

    def line_id(self, position: int) -> UUID:
        """Return the id of the order's line at `position`."""
        return self.line_ids[position]

    @cached_property
    def warehouse_id(self) -> UUID:
        """The warehouse that sends the order."""
        return self.shop.id_of("warehouses", self.plan.depot.code)

    @cached_property
    def subtotal(self) -> int:
        """Sum of the lines."""
        return sum(good.price * quantity for good, quantity in self.plan.lines)

    @cached_property
    def discount(self) -> int:
        """What the code took off."""
        return self.subtotal * self.plan.discount_pct // 100

    @cached_property
    def shipping(self) -> int:
        """What delivery costs."""
        return 0 if self.subtotal >= _FREE_SHIPPING_FROM else _SHIPPING

    @cached_property
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
            sent_back = back and back.whole and back.exchange is None and back.status in {ReturnStatus.REFUNDED, ReturnStatus.COMPLETED}
            return OrderStatus.RETURNED if sent_back else OrderStatus.DELIVERED
        if self.shipped:
            return OrderStatus.SHIPPED
        if self.happened(times.processing):
            return OrderStatus.PROCESSING
        return OrderStatus.CONFIRMED if self.happened(times.confirmed) else OrderStatus.PENDING
