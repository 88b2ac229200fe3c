"""Which warehouse sends what of an order, how it is picked and packed, and who waits for stock."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.fulfilment import LIVE_PICKS, BackorderStatus, PickStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, word, words_check


class Allocation(TenantRow, table=True):
    """One choice of the warehouses that send an order, kept as it was made. The newest counts."""

    __tablename__ = "allocations"
    __table_args__ = (
        belongs("order_id", "orders", on_delete="CASCADE"),
        CheckConstraint("score_bp BETWEEN 0 AND 10000", name="allocations_score_check"),
        CheckConstraint("short_units >= 0", name="allocations_short_check"),
        Index("allocations_order_idx", "tenant_id", "order_id", "created_at"),
    )
    order_id: UUID
    score_bp: int
    """Score of the chosen warehouse in basis points; of a split, of the warehouse that sends most."""
    chosen: list[Any] = json_column(list)
    """What each chosen warehouse sends: [{"warehouse", "sku", "quantity"}]."""
    alternatives: list[Any] = json_column(list)
    """All warehouses with their scores and reasons."""
    reason: str = Field(max_length=300)
    short_units: int = 0
    """Units that no warehouse had."""
    policy_version: int
    created_at: datetime = instant()


class PickList(TenantRow, table=True):
    """What somebody takes off the shelves of one warehouse for one order."""

    __tablename__ = "pick_lists"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        belongs("order_id", "orders", on_delete="CASCADE"),
        belongs("warehouse_id", "warehouses"),
        words_check("status", PickStatus, "pick_lists_status_check"),
        CheckConstraint("weight_grams >= 0 AND parcels >= 0", name="pick_lists_parcels_check"),
        Index(
            "pick_lists_live_key",
            "tenant_id",
            "order_id",
            "warehouse_id",
            unique=True,
            postgresql_where=text(f"status IN ({', '.join(repr(each.value) for each in sorted(LIVE_PICKS))})"),
        ),
        Index("pick_lists_order_idx", "tenant_id", "order_id"),
        Index("pick_lists_status_idx", "tenant_id", "status", "created_at"),
    )
    number: str = Field(max_length=20)
    order_id: UUID
    warehouse_id: UUID
    status: PickStatus = word(PickStatus, PickStatus.OPEN)
    weight_grams: int = 0
    """With packaging; 0 until it is packed."""
    parcels: int = 0
    created_at: datetime = instant()
    picked_at: datetime | None = instant_or_none()
    packed_at: datetime | None = instant_or_none()


class PickLine(TenantRow, table=True):
    """Units of an order line on a pick list, and how many of them were found."""

    __tablename__ = "pick_lines"
    __table_args__ = (
        belongs("pick_list_id", "pick_lists", on_delete="CASCADE"),
        belongs("order_line_id", "order_lines"),
        CheckConstraint("quantity > 0 AND picked BETWEEN 0 AND quantity", name="pick_lines_quantity_check"),
    )
    pick_list_id: UUID = Field(index=True)
    order_line_id: UUID
    quantity: int
    picked: int = 0


class Backorder(TenantRow, table=True):
    """Units of an order line that the customer waits for."""

    __tablename__ = "backorders"
    __table_args__ = (
        belongs("order_line_id", "order_lines"),
        belongs("variant_id", "variants"),
        belongs("purchase_order_id", "purchase_orders"),
        words_check("status", BackorderStatus, "backorders_status_check"),
        CheckConstraint("quantity > 0 AND charge_minor >= 0", name="backorders_quantity_check"),
        Index("backorders_waiting_idx", "tenant_id", "status", "created_at"),
        Index("backorders_purchase_idx", "tenant_id", "purchase_order_id"),
    )
    order_line_id: UUID = Field(index=True)
    variant_id: UUID
    purchase_order_id: UUID | None = None
    """The order to a supplier that the units come with, if one is under way."""
    quantity: int
    status: BackorderStatus = word(BackorderStatus, BackorderStatus.WAITING)
    charge_minor: int
    """What is charged when they arrive; 0 when they are paid for."""
    currency: str = Field(max_length=3)
    expected_at: datetime = instant()
    created_at: datetime = instant()
    filled_at: datetime | None = instant_or_none()
