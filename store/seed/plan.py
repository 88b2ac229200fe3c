"""What chance or the story decides of an order: its life as a schedule, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from core.statuses import CancelReason, ReturnReason, ReturnStatus, ReturnType
from store.seed.catalogue import Good
from store.seed.data.shops import Courier, Depot
from store.seed.people import Person


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
