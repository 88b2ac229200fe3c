"""What was ordered and sold, by day: kept by triggers as differences, so that a report never reads all orders.

Rows of the same key are added up when they are read; `store.queries.figures.fold` makes one row of many.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Index
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


class SalesDay(TenantRow, table=True):
    """A difference of what was sold of a variant on a day (UTC); cancelled orders do not count."""

    __tablename__ = "sales_days"
    __table_args__ = (Index("sales_days_day_idx", "tenant_id", "day"), Index("sales_days_variant_idx", "tenant_id", "variant_id", "day"))
    day: date
    variant_id: UUID
    currency: str = Field(max_length=3)
    units: int
    revenue_minor: int = Field(sa_type=BigInteger)
