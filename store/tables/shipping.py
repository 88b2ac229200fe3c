"""Carriers, shipments and what the carriers report."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.statuses import ShipmentStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, word, words_check


class Carrier(TenantRow, table=True):
    """A company that delivers."""

    __tablename__ = "carriers"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)
    code: str = Field(max_length=20)
    name: str = Field(max_length=60)
    on_time_bp: int = Field(ge=0, le=10_000)
    """Share of parcels on time, in basis points."""
    rating: float = 4.0
    price_minor: int
    transit_days: int


class Shipment(TenantRow, table=True):
    """A parcel of an order."""

    __tablename__ = "shipments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "tracking_number"),
        UniqueConstraint("tenant_id", "number"),
        belongs("order_id", "orders", on_delete="CASCADE"),
        belongs("carrier_id", "carriers"),
        belongs("warehouse_id", "warehouses"),
        belongs("pick_list_id", "pick_lists"),
        words_check("status", ShipmentStatus, "shipments_status_check"),
        CheckConstraint("weight_grams >= 0 AND parcels > 0", name="shipments_parcels_check"),
        Index("shipments_promised_idx", "tenant_id", "status", "promised_at"),
        Index("shipments_carrier_idx", "tenant_id", "carrier_id", "delivered_at"),
        Index("shipments_due_idx", "tenant_id", "promised_at"),
        Index("shipments_open_idx", "tenant_id", "promised_at", postgresql_where=text("delivered_at IS NULL")),
    )
    number: str = Field(max_length=20)
    order_id: UUID = Field(index=True)
    carrier_id: UUID
    warehouse_id: UUID
    pick_list_id: UUID | None = None
    tracking_number: str = Field(max_length=40)
    """The carrier's; it repeats `number` until the carrier gives one, so that the key holds no null."""
    label_reference: str | None = Field(default=None, max_length=200)
    """Where the label is kept."""
    weight_grams: int = 0
    parcels: int = 1
    status: ShipmentStatus = word(ShipmentStatus)
    shipped_at: datetime | None = instant_or_none()
    promised_at: datetime | None = instant_or_none()
    delivered_at: datetime | None = instant_or_none()


class ShipmentLine(TenantRow, table=True):
    """Which units of which order line a parcel holds."""

    __tablename__ = "shipment_lines"
    __table_args__ = (
        belongs("shipment_id", "shipments", on_delete="CASCADE"),
        belongs("order_line_id", "order_lines"),
        CheckConstraint("quantity > 0", name="shipment_lines_quantity_check"),
    )
    shipment_id: UUID = Field(index=True)
    order_line_id: UUID = Field(index=True)
    quantity: int


class TrackingEvent(TenantRow, table=True):
    """What a carrier reported of a parcel, once each."""

    __tablename__ = "tracking_events"
    __table_args__ = (
        belongs("shipment_id", "shipments", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "shipment_id", "external_id"),
    )
    shipment_id: UUID = Field(index=True)
    external_id: str = Field(max_length=80)
    """The carrier's own number of the report, or a digest of what it says."""
    status: ShipmentStatus = word(ShipmentStatus)
    place: str = Field(max_length=80)
    text: str = Field(max_length=200)
    at: datetime = instant()
