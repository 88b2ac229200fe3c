"""Warehouses, stock, reservations, movements and orders to suppliers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.statuses import PurchaseOrderStatus, ReservationStatus
from core.stock_statuses import HoldKind
from store.tables.base import TenantRow, belongs, instant, instant_or_none, word, words_check


class Warehouse(TenantRow, table=True):
    """A place that holds stock."""

    __tablename__ = "warehouses"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)
    code: str = Field(max_length=12)
    name: str = Field(max_length=80)
    city: str = Field(max_length=80)
    country: str = Field(max_length=2)
    capacity_units: int


class StockLevel(TenantRow, table=True):
    """Units of a variant in a warehouse; available = on_hand - reserved, and never below zero."""

    __tablename__ = "stock_levels"
    __table_args__ = (
        UniqueConstraint("tenant_id", "variant_id", "warehouse_id"),
        belongs("variant_id", "variants"),
        belongs("warehouse_id", "warehouses"),
        CheckConstraint("on_hand >= 0 AND reserved >= 0 AND reserved <= on_hand", name="stock_levels_units_check"),
    )
    variant_id: UUID
    warehouse_id: UUID
    on_hand: int
    reserved: int = 0


class Reservation(TenantRow, table=True):
    """Units held for an order line."""

    __tablename__ = "reservations"
    __table_args__ = (
        belongs("order_line_id", "order_lines"),
        belongs("variant_id", "variants"),
        belongs("warehouse_id", "warehouses"),
        words_check("status", ReservationStatus, "reservations_status_check"),
        CheckConstraint("quantity > 0", name="reservations_quantity_check"),
    )
    order_line_id: UUID = Field(index=True)
    variant_id: UUID
    warehouse_id: UUID
    quantity: int
    status: ReservationStatus = word(ReservationStatus, ReservationStatus.ACTIVE)
    created_at: datetime = instant()
    expires_at: datetime | None = instant_or_none()


class StockMovement(TenantRow, table=True):
    """One change of on_hand, with its reason."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        belongs("variant_id", "variants"),
        belongs("warehouse_id", "warehouses"),
        Index("stock_movements_variant_idx", "tenant_id", "variant_id", "created_at"),
    )
    variant_id: UUID
    warehouse_id: UUID
    delta: int
    reason: str = Field(max_length=40)
    reference: str | None = Field(default=None, max_length=80)
    created_at: datetime = instant()


class PurchaseOrder(TenantRow, table=True):
    """An order to a supplier for one variant."""

    __tablename__ = "purchase_orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        belongs("supplier_id", "suppliers"),
        belongs("variant_id", "variants"),
        belongs("warehouse_id", "warehouses"),
        words_check("status", PurchaseOrderStatus, "purchase_orders_status_check"),
        CheckConstraint("quantity > 0", name="purchase_orders_quantity_check"),
        CheckConstraint(
            "received_quantity BETWEEN 0 AND quantity AND (status <> 'received' OR received_quantity = quantity) "
            "AND (status <> 'proposed' OR received_quantity = 0)",
            name="purchase_orders_received_check",
        ),
        Index("purchase_orders_status_idx", "tenant_id", "status", "expected_at"),
        Index("purchase_orders_created_idx", "tenant_id", "created_at"),
    )
    number: str = Field(max_length=20)
    supplier_id: UUID
    variant_id: UUID = Field(index=True)
    warehouse_id: UUID
    quantity: int
    received_quantity: int = 0
    unit_cost_minor: int
    currency: str = Field(max_length=3)
    status: PurchaseOrderStatus = word(PurchaseOrderStatus, PurchaseOrderStatus.ORDERED)
    created_at: datetime = instant()
    expected_at: datetime = instant()
    closed_at: datetime | None = instant_or_none()
    """When the last units came, or when the rest was called off."""


class StockHold(TenantRow, table=True):
    """Units that somebody keeps aside for a while, before there is an order; they count as reserved."""

    __tablename__ = "stock_holds"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        belongs("variant_id", "variants"),
        belongs("warehouse_id", "warehouses"),
        words_check("kind", HoldKind, "stock_holds_kind_check"),
        words_check("status", ReservationStatus, "stock_holds_status_check"),
        CheckConstraint("quantity > 0 AND expires_at > created_at", name="stock_holds_quantity_check"),
        CheckConstraint("(status = 'active') = (ended_at IS NULL)", name="stock_holds_ended_check"),
        Index("stock_holds_active_idx", "tenant_id", "expires_at", postgresql_where=text("status = 'active'")),
    )
    number: str = Field(max_length=20)
    """Such as H-1001."""
    variant_id: UUID
    warehouse_id: UUID
    quantity: int
    kind: HoldKind = word(HoldKind)
    status: ReservationStatus = word(ReservationStatus, ReservationStatus.ACTIVE)
    purpose: str = Field(max_length=120)
    held_by: str = Field(max_length=120)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    ended_at: datetime | None = instant_or_none()
