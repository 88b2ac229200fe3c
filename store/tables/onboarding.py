"""Merchants that apply to sell here."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.statuses import ApplicationStatus
from store.tables.base import TenantRow, instant, instant_or_none, json_column, word, words_check


class MerchantApplication(TenantRow, table=True):
    """A merchant's application. It is approved with a licence, a tax certificate and a commission, or not at all."""

    __tablename__ = "merchant_applications"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        words_check("status", ApplicationStatus, "merchant_applications_status_check"),
        CheckConstraint("monthly_orders >= 0", name="merchant_applications_volume_check"),
        CheckConstraint(
            "status <> 'approved' OR (licence <> '' AND tax_certificate <> '' AND commission_bp IS NOT NULL)",
            name="merchant_applications_approved_check",
        ),
        CheckConstraint("(status IN ('approved', 'rejected')) = (decided_at IS NOT NULL)", name="merchant_applications_decided_check"),
        Index(
            "merchant_applications_open_idx",
            "tenant_id",
            text("lower(email)"),
            unique=True,
            postgresql_where=text("status NOT IN ('approved', 'rejected')"),
        ),
        Index("merchant_applications_status_idx", "tenant_id", "status", "submitted_at"),
    )
    number: str = Field(max_length=20)
    """Such as M-1002."""
    company: str = Field(max_length=120)
    contact: str = Field(max_length=120)
    email: str = Field(max_length=200)
    country: str = Field(max_length=2)
    monthly_orders: int
    licence: str = Field(default="", max_length=120)
    """Reference of the trade licence, empty while it is missing."""
    tax_certificate: str = Field(default="", max_length=120)
    """Reference of the tax certificate, empty while it is missing."""
    status: ApplicationStatus = word(ApplicationStatus, ApplicationStatus.SUBMITTED)
    requested: list[Any] = json_column(list)
    """Documents that the merchant was asked for and has not sent."""
    commission_bp: int | None = None
    """Agreed commission in basis points (12 % = 1 200)."""
    note: str = Field(default="", max_length=500)
    submitted_at: datetime = instant()
    updated_at: datetime = instant()
    decided_at: datetime | None = instant_or_none()
    decided_by: str = Field(default="", max_length=120)
