"""What crosses the border of the process: connections to providers, messages on their way out, and reports that came in."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, UniqueConstraint, text
from sqlmodel import Field

from core.providers import ProviderKind
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, word, words_check


class DeliveryStatus(StrEnum):
    """Where an outbound message stands."""

    WAITING = "waiting"
    """To be sent, now or at `next_try_at`."""
    ASKED = "asked"
    """The provider took it and has not decided; it is asked again at `next_try_at` unless it reports before."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """The provider refused it for good."""
    PARKED = "parked"
    """Given up after too many tries; a person looks at it."""


class ReportStatus(StrEnum):
    """What became of a provider's report."""

    RECEIVED = "received"
    RECORDED = "recorded"
    REFUSED = "refused"
    """It fitted nothing here; the provider's next try of the same report is looked at again."""


class ProviderConnection(TenantRow, table=True):
    """How a store reaches one provider, and how the provider proves who it is when it reports back."""

    __tablename__ = "provider_connections"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        words_check("kind", ProviderKind, "provider_connections_kind_check"),
        CheckConstraint("rate_per_second > 0 AND burst > 0", name="provider_connections_rate_check"),
        CheckConstraint("api_key = '' OR api_key LIKE 'v1.%'", name="provider_connections_api_key_check"),
        CheckConstraint("webhook_secret = '' OR webhook_secret LIKE 'v1.%'", name="provider_connections_webhook_secret_check"),
        Index("provider_connections_kind_idx", "tenant_id", "kind", "active"),
    )
    code: str = Field(max_length=40)
    """The provider's name in the address of its webhooks; a carrier's or a channel's own code, or payments, or mail."""
    kind: ProviderKind = word(ProviderKind)
    adapter: str = Field(max_length=20)
    """Which adapter speaks to it, such as http, shopify, csv or smtp."""
    base_url: str = Field(max_length=300)
    api_key: str = Field(default="", max_length=600, repr=False)
    """Sealed (`store/vault.py`)."""
    webhook_secret: str = Field(default="", max_length=600, repr=False)
    """Sealed."""
    options: dict[str, Any] = json_column()
    rate_per_second: float = 10.0
    burst: int = 20
    active: bool = True
    created_at: datetime = instant()


class Delivery(TenantRow, table=True):
    """An outbound message with its state. Messages of one `lane` leave in their order of `position`."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        words_check("status", DeliveryStatus, "deliveries_status_check"),
        CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="deliveries_delivered_check"),
        Index("deliveries_due_idx", "next_try_at", postgresql_where=text("status IN ('waiting', 'asked')")),
        Index("deliveries_lane_idx", "tenant_id", "lane", "position", postgresql_where=text("status = 'waiting'")),
        Index("deliveries_status_idx", "tenant_id", "status", "created_at"),
    )
    position: int | None = Field(default=None, sa_type=BigInteger, sa_column_args=[Identity(always=True)], nullable=False)
    topic: str = Field(max_length=60)
    key: str = Field(max_length=240)
    """The outbox message's key: the provider's Idempotency-Key."""
    lane: str = Field(max_length=120)
    """The payment, shipment, listing or conversation that it belongs to."""
    body: dict[str, Any] = json_column()
    status: DeliveryStatus = word(DeliveryStatus, DeliveryStatus.WAITING)
    tries: int = 0
    attempt: int = 0
    """The fencing token of the lease: only the newest claim may settle the message."""
    next_try_at: datetime = instant()
    lease_until: datetime | None = instant_or_none()
    reference: str = Field(default="", max_length=120)
    """What the provider calls it."""
    reason: str = Field(default="", max_length=300)
    """Why the last try failed, or why it was refused."""
    created_at: datetime = instant()
    delivered_at: datetime | None = instant_or_none()


class ProviderReport(TenantRow, table=True):
    """A report that a provider sent to our webhook, by its own id: the same one twice has one effect."""

    __tablename__ = "provider_reports"
    __table_args__ = (
        belongs("connection_id", "provider_connections", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "connection_id", "event_id"),
        words_check("status", ReportStatus, "provider_reports_status_check"),
        Index("provider_reports_received_idx", "tenant_id", "received_at"),
    )
    connection_id: UUID
    event_id: str = Field(max_length=120)
    type: str = Field(max_length=60)
    status: ReportStatus = word(ReportStatus, ReportStatus.RECEIVED)
    reason: str = Field(default="", max_length=300)
    received_at: datetime = instant()
    recorded_at: datetime | None = instant_or_none()
