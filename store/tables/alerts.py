"""Alerts: what somebody of the shop should look at, once each while it lasts."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.statuses import AlertLevel, AlertStatus
from store.tables.base import TenantRow, instant, instant_or_none, json_column, long_text, word, words_check


class Alert(TenantRow, table=True):
    """Something that went wrong or will. While it is not resolved, the same `kind` and `subject` raise it again and add no row."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        words_check("level", AlertLevel, "alerts_level_check"),
        words_check("status", AlertStatus, "alerts_status_check"),
        CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="alerts_resolved_check"),
        CheckConstraint("times > 0 AND expires_at > raised_at", name="alerts_times_check"),
        Index("alerts_open_idx", "tenant_id", "kind", "subject", unique=True, postgresql_where=text("status <> 'resolved'")),
        Index("alerts_raised_idx", "tenant_id", "raised_at"),
    )
    number: str = Field(max_length=20)
    """Such as A-1004."""
    kind: str = Field(max_length=40)
    """Such as stock.low."""
    subject: str = Field(max_length=120)
    """What it is about, such as a SKU, an order or a carrier."""
    level: AlertLevel = word(AlertLevel)
    status: AlertStatus = word(AlertStatus, AlertStatus.ACTIVE)
    title: str = Field(max_length=200)
    detail: str = long_text()
    data: dict[str, Any] = json_column()
    times: int = 1
    """How often it was raised."""
    created_at: datetime = instant()
    raised_at: datetime = instant()
    """When it was raised last."""
    expires_at: datetime = instant()
    handled_by: str = Field(default="", max_length=120)
    note: str = Field(default="", max_length=300)
    acknowledged_at: datetime | None = instant_or_none()
    resolved_at: datetime | None = instant_or_none()
