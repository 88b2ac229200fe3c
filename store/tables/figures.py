"""What was ordered, sold, sent and delivered, by day: kept by triggers as differences, so that a report never reads all orders.

Rows of the same key are added up when they are read; `store.queries.figures.fold` makes one row of many.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from store.tables.base import TenantRow


class OrderDay(TenantRow, table=True):
    """A difference of the orders of a day (UTC), of one channel, status and currency."""

    __tablename__ = "order_days"
    __table_args__ = (Index("order_days_day_idx", "tenant_id", "day"),)
    day: date
    channel: str = Field(max_length=20)
    status: str = Field(max_length=10)
    currency: str = Field(max_length=3)
    orders: int
    total_minor: int = Field(sa_type=BigInteger)
    discount_minor: int = Field(sa_type=BigInteger)


class DispatchDay(TenantRow, table=True):
    """A difference of the orders of a day (UTC) that were shipped so many days later, a part of a day counted as one."""

    __tablename__ = "dispatch_days"
    __table_args__ = (
        Index("dispatch_days_day_idx", "tenant_id", "day"),
        CheckConstraint("within_days >= 0", name="dispatch_days_within_check"),
    )
    day: date
    within_days: int
    orders: int


class ArrivalDay(TenantRow, table=True):
    """A difference of a carrier's parcels that arrived on a day (UTC) and were promised for another or the same."""

    __tablename__ = "arrival_days"
    __table_args__ = (
        Index("arrival_days_promised_idx", "tenant_id", "promised"),
        Index("arrival_days_arrived_idx", "tenant_id", "arrived"),
    )
    promised: date
    arrived: date
    carrier_id: UUID
    parcels: int
    on_time: int
    late_seconds: int = Field(sa_type=BigInteger)


class SalesDay(TenantRow, table=True):
    """A difference of what was sold of a variant on a day (UTC); cancelled orders do not count."""

    __tablename__ = "sales_days"
    __table_args__ = (Index("sales_days_day_idx", "tenant_id", "day"), Index("sales_days_variant_idx", "tenant_id", "variant_id", "day"))
    day: date
    variant_id: UUID
    currency: str = Field(max_length=3)
    units: int
    revenue_minor: int = Field(sa_type=BigInteger)
    cost_minor: int = Field(sa_type=BigInteger)
