"""Codes that take something off an order, for a limited number of orders."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from store.tables.base import TenantRow, belongs, instant


class Coupon(TenantRow, table=True):
    """A code with its worth: a share or an amount. A trigger counts its uses and a constraint caps them."""

    __tablename__ = "coupons"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("uses BETWEEN 0 AND max_uses", name="coupons_uses_check"),
        CheckConstraint(
            "percent BETWEEN 0 AND 100 AND amount_minor >= 0 AND (percent > 0) <> (amount_minor > 0)", name="coupons_value_check"
        ),
        CheckConstraint("code = upper(code)", name="coupons_code_check"),
    )
    code: str = Field(max_length=40)
    percent: int = 0
    amount_minor: int = 0
    """In the store's currency."""
    minimum_minor: int = 0
    """The goods of an order must be worth this much."""
    max_uses: int
    uses: int = 0
    created_at: datetime = instant()
    expires_at: datetime = instant()


class CouponUse(TenantRow, table=True):
    """An order that a code was used for."""

    __tablename__ = "coupon_uses"
    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id"),
        belongs("coupon_id", "coupons"),
        belongs("order_id", "orders", on_delete="CASCADE"),
        Index("coupon_uses_coupon_idx", "tenant_id", "coupon_id"),
    )
    coupon_id: UUID
    order_id: UUID
    used_at: datetime = instant()
