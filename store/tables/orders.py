"""Orders with their lines and timeline."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlmodel import Field

from core.statuses import CancelReason, FulfilmentStatus, OrderStatus, PaymentStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, word, words_check


class Order(TenantRow, table=True):
    """What a customer bought. `number` is what people say; it is unique in a tenant and comes from a sequence."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "channel", "external_id"),
        belongs("customer_id", "customers"),
        words_check("status", OrderStatus, "orders_status_check"),
        words_check("payment_status", PaymentStatus, "orders_payment_status_check"),
        words_check("fulfilment_status", FulfilmentStatus, "orders_fulfilment_status_check"),
        CheckConstraint("total_minor >= 0", name="orders_total_check"),
        Index("orders_placed_idx", "tenant_id", "placed_at"),
        Index("orders_status_idx", "tenant_id", "status", "placed_at"),
        belongs("parent_order_id", "orders"),
        CheckConstraint("parent_order_id <> id", name="orders_parent_check"),
        Index("orders_customer_idx", "tenant_id", "customer_id", "placed_at"),
        Index("orders_parent_idx", "tenant_id", "parent_order_id", postgresql_where=text("parent_order_id IS NOT NULL")),
        Index("orders_external_idx", "tenant_id", "external_id"),
        Index("orders_total_idx", "tenant_id", "total_minor"),
        Index("orders_tags_idx", "tags", postgresql_using="gin", postgresql_ops={"tags": "jsonb_path_ops"}),
        Index("orders_delivered_idx", "tenant_id", "delivered_at", postgresql_where=text("status = 'delivered'")),
        Index("orders_cancelled_idx", "tenant_id", "cancelled_at", postgresql_where=text("cancelled_at IS NOT NULL")),
    )
    number: str = Field(max_length=20)
    customer_id: UUID
    channel: str = Field(default="web", max_length=20)
    external_id: str = Field(max_length=60)
    """The channel's own number; a web order repeats `number`, so that the key holds no null."""
    status: OrderStatus = word(OrderStatus)
    payment_status: PaymentStatus = word(PaymentStatus)
    fulfilment_status: FulfilmentStatus = word(FulfilmentStatus)
    on_hold: bool = False
    hold_reason: str | None = Field(default=None, max_length=200)
    currency: str = Field(max_length=3)
    subtotal_minor: int
    shipping_minor: int = 0
    discount_minor: int = 0
    total_minor: int
    ship_to: dict[str, Any] = json_column()
    bill_to: dict[str, Any] = json_column()
    tags: list[Any] = json_column(list)
    cancel_reason: CancelReason | None = Field(default=None, sa_type=String(30), nullable=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
    placed_at: datetime = instant()
    promised_at: datetime | None = instant_or_none()
    shipped_at: datetime | None = instant_or_none()
    delivered_at: datetime | None = instant_or_none()
    cancelled_at: datetime | None = instant_or_none()
    parent_order_id: UUID | None = None
    """The order that this one was split from."""


class OrderLine(TenantRow, table=True):
    """One variant of an order, with its price at the time."""

    __tablename__ = "order_lines"
    __table_args__ = (
        belongs("order_id", "orders", on_delete="CASCADE"),
        belongs("variant_id", "variants"),
        CheckConstraint("quantity > 0 AND unit_price_minor >= 0", name="order_lines_quantity_check"),
        CheckConstraint("shipped BETWEEN 0 AND quantity", name="order_lines_shipped_check"),
    )
    order_id: UUID = Field(index=True)
    variant_id: UUID = Field(index=True)
    sku: str = Field(max_length=40)
    title: str = Field(max_length=200)
    category: str = Field(max_length=40)
    """Slug of the category when it was sold."""
    quantity: int
    shipped: int = 0
    """Units in parcels that were neither cancelled nor returned to the sender: a trigger keeps the sum, a constraint caps it."""
    unit_price_minor: int
    unit_cost_minor: int


class OrderEvent(TenantRow, table=True):
    """One entry of an order's timeline."""

    __tablename__ = "order_events"
    __table_args__ = (belongs("order_id", "orders", on_delete="CASCADE"),)
    order_id: UUID = Field(index=True)
    kind: str = Field(max_length=40)
    """A domain event's name, such as order.placed."""
    text: str = Field(max_length=300)
    actor: str = Field(max_length=120)
    at: datetime = instant()


class OrderChange(TenantRow, table=True):
    """One change of an order's items after it was placed, with the difference that it made."""

    __tablename__ = "order_changes"
    __table_args__ = (
        belongs("order_id", "orders", on_delete="CASCADE"),
        belongs("payment_method_id", "payment_methods"),
    )
    order_id: UUID = Field(index=True)
    difference_minor: int
    """Above zero it was charged, below zero it was paid back."""
    currency: str = Field(max_length=3)
    payment_method_id: UUID | None = None
    created_at: datetime = instant()


class OrderChangeLine(TenantRow, table=True):
    """Units of a line that became another variant of their product."""

    __tablename__ = "order_change_lines"
    __table_args__ = (
        belongs("order_change_id", "order_changes", on_delete="CASCADE"),
        belongs("order_line_id", "order_lines", on_delete="CASCADE"),
        belongs("old_variant_id", "variants"),
        belongs("new_variant_id", "variants"),
        CheckConstraint("quantity > 0 AND old_price_minor >= 0 AND new_price_minor >= 0", name="order_change_lines_quantity_check"),
    )
    order_change_id: UUID = Field(index=True)
    order_line_id: UUID
    """The line that holds the units now."""
    old_variant_id: UUID
    new_variant_id: UUID
    quantity: int
    old_price_minor: int
    new_price_minor: int
