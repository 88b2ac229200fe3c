"""Bulk changes: one row for the whole, and one for each thing that it changed, with what was there before."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from core.selling import BulkKind, BulkRowState, BulkStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, word, words_check


class BulkChange(TenantRow, table=True):
    """A change of many rows at once. It happens in one transaction, so it is there as a whole or not at all."""

    __tablename__ = "bulk_changes"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        words_check("kind", BulkKind, "bulk_changes_kind_check"),
        words_check("status", BulkStatus, "bulk_changes_status_check"),
        CheckConstraint("(status = 'revoked') = (revoked_at IS NOT NULL)", name="bulk_changes_revoked_check"),
        CheckConstraint("changed >= 0 AND changed <= selected", name="bulk_changes_counts_check"),
        Index("bulk_changes_created_idx", "tenant_id", "created_at"),
    )
    number: str = Field(max_length=20)
    kind: BulkKind = word(BulkKind)
    status: BulkStatus = word(BulkStatus, BulkStatus.APPLIED)
    title: str = Field(max_length=200)
    request: dict[str, Any] = json_column()
    """The arguments that were asked for."""
    selected: int = 0
    changed: int = 0
    created_by: str = Field(max_length=120)
    created_at: datetime = instant()
    revoked_by: str = Field(default="", max_length=120)
    revoked_at: datetime | None = instant_or_none()


class BulkChangeRow(TenantRow, table=True):
    """One thing that a bulk change changed."""

    __tablename__ = "bulk_change_rows"
    __table_args__ = (
        UniqueConstraint("tenant_id", "bulk_change_id", "subject_id"),
        belongs("bulk_change_id", "bulk_changes", on_delete="CASCADE"),
        words_check("state", BulkRowState, "bulk_change_rows_state_check"),
    )
    bulk_change_id: UUID
    subject_id: UUID
    """The row that was changed: a variant, a listing, a stock level."""
    label: str = Field(max_length=120)
    """What people call it, such as a SKU."""
    before: dict[str, Any] = json_column()
    after: dict[str, Any] = json_column()
    """Enough to tell whether something else changed it since."""
    state: BulkRowState = word(BulkRowState, BulkRowState.APPLIED)
