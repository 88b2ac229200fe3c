"""What comes from sales channels and what was learned of them: corrections, synchronisations, orders, messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.selling import ChannelOrderStatus, FixSource, MessageStatus, RuleStatus, SyncStatus, SyncTrigger
from core.statuses import IssueType
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, long_text, word, words_check


class CorrectionRule(TenantRow, table=True):
    """A way to mend a field that a channel refuses, and how sure it is by what people decided."""

    __tablename__ = "correction_rules"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "channel_id", "field", "type", "source"),
        belongs("channel_id", "channels"),
        words_check("type", IssueType, "correction_rules_type_check"),
        words_check("status", RuleStatus, "correction_rules_status_check"),
        CheckConstraint(
            "source IN ('title', 'brand', 'category', 'description', 'sku', 'shortened')", name="correction_rules_source_check"
        ),
        CheckConstraint("confidence_pct BETWEEN 10 AND 99", name="correction_rules_confidence_check"),
        CheckConstraint("applied >= 0", name="correction_rules_applied_check"),
    )
    number: str = Field(max_length=20)
    channel_id: UUID
    field: str = Field(max_length=40)
    type: IssueType = word(IssueType)
    source: FixSource = word(FixSource)
    confidence_pct: int
    status: RuleStatus = word(RuleStatus, RuleStatus.SUGGESTED)
    applied: int = 0
    """How often it mended a listing by itself."""
    learned_at: datetime | None = instant_or_none()
    revoked_at: datetime | None = instant_or_none()
    revoked_by: str = Field(default="", max_length=120)


class SyncRun(TenantRow, table=True):
    """One synchronisation with a channel; at most one that has not ended."""

    __tablename__ = "sync_runs"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        belongs("channel_id", "channels"),
        words_check("status", SyncStatus, "sync_runs_status_check"),
        words_check("trigger", SyncTrigger, "sync_runs_trigger_check"),
        CheckConstraint("imported >= 0 AND known >= 0 AND blocked >= 0", name="sync_runs_counts_check"),
        CheckConstraint("(status IN ('pending', 'running')) = (finished_at IS NULL)", name="sync_runs_finished_check"),
        Index("sync_runs_started_idx", "tenant_id", "started_at"),
        Index(
            "sync_runs_open_idx",
            "tenant_id",
            "channel_id",
            unique=True,
            postgresql_where=text("status IN ('pending', 'running')"),
        ),
    )
    number: str = Field(max_length=20)
    channel_id: UUID
    trigger: SyncTrigger = word(SyncTrigger, SyncTrigger.MANUAL)
    status: SyncStatus = word(SyncStatus, SyncStatus.PENDING)
    imported: int = 0
    known: int = 0
    """Orders that were taken over before."""
    blocked: int = 0
    note: str = Field(default="", max_length=300)
    started_by: str = Field(max_length=120)
    started_at: datetime = instant()
    finished_at: datetime | None = instant_or_none()


class ChannelOrder(TenantRow, table=True):
    """An order as a channel reported it: the lock and the memory by which it is taken over once."""

    __tablename__ = "channel_orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "channel_id", "external_id"),
        belongs("channel_id", "channels"),
        belongs("order_id", "orders"),
        words_check("status", ChannelOrderStatus, "channel_orders_status_check"),
        CheckConstraint("(status = 'imported') = (order_id IS NOT NULL)", name="channel_orders_imported_check"),
        Index("channel_orders_blocked_idx", "tenant_id", "last_seen_at", postgresql_where=text("status = 'blocked'")),
    )
    channel_id: UUID
    external_id: str = Field(max_length=60)
    status: ChannelOrderStatus = word(ChannelOrderStatus, ChannelOrderStatus.BLOCKED)
    order_id: UUID | None = None
    problems: list[Any] = json_column(list)
    """Why it could not be taken over, in our words."""
    times_seen: int = 1
    first_seen_at: datetime = instant()
    last_seen_at: datetime = instant()


class ChannelMessage(TenantRow, table=True):
    """A message of a conversation on a channel: what a buyer wrote, or what the shop answers."""

    __tablename__ = "channel_messages"
    __table_args__ = (
        UniqueConstraint("tenant_id", "channel_id", "external_id"),
        belongs("channel_id", "channels"),
        words_check("status", MessageStatus, "channel_messages_status_check"),
        CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="channel_messages_sent_check"),
        Index("channel_messages_conversation_idx", "tenant_id", "channel_id", "conversation", "created_at"),
        Index("channel_messages_status_idx", "tenant_id", "status", "created_at"),
        Index(
            "channel_messages_draft_idx",
            "tenant_id",
            "channel_id",
            "conversation",
            unique=True,
            postgresql_where=text("status = 'draft'"),
        ),
    )
    channel_id: UUID
    conversation: str = Field(max_length=80)
    external_id: str = Field(max_length=80)
    """The channel's own number of the message; of the shop's own, our id."""
    author: str = Field(max_length=120)
    body: str = long_text()
    subject: str = Field(default="", max_length=160)
    status: MessageStatus = word(MessageStatus, MessageStatus.OPEN)
    created_at: datetime = instant()
    sent_at: datetime | None = instant_or_none()
