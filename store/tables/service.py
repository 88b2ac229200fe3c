"""What the run service keeps beside runs: schedules, items of clients, answers under an idempotency key."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column


class Cron(TenantRow, table=True):
    """A run that starts by the clock, in the name of the user who scheduled it and with the rights that the user has at that time."""

    __tablename__ = "crons"
    __table_args__ = (
        belongs("user_id", "users"),
        belongs("thread_id", "threads", on_delete="CASCADE"),
        CheckConstraint("on_completion IN ('delete', 'keep')", name="crons_completion_check"),
        CheckConstraint("NOT enabled OR next_at IS NOT NULL", name="crons_next_check"),
        Index("crons_due_idx", "next_at", postgresql_where=text("enabled")),
        Index("crons_user_idx", "tenant_id", "user_id", "created_at"),
    )
    user_id: UUID
    thread_id: UUID | None = None
    """The conversation that each run goes on with; without one, each run has a conversation of its own."""
    assistant: str = Field(max_length=40)
    schedule: str = Field(max_length=100)
    timezone: str | None = Field(default=None, max_length=60)
    payload: dict[str, Any] = json_column()
    """What each run is asked: `{"messages", "multitask", "stream_mode"}`."""
    meta: dict[str, Any] = json_column()
    on_completion: str = Field(default="delete", max_length=6)
    enabled: bool = True
    end_at: datetime | None = instant_or_none()
    next_at: datetime | None = instant_or_none()
    created_at: datetime = instant()
    updated_at: datetime = instant()


class StoreItem(TenantRow, table=True):
    """A value that a client of the API keeps under a namespace and a key; each user has a store of their own."""

    __tablename__ = "store_items"
    __table_args__ = (
        belongs("user_id", "users"),
        belongs("customer_id", "customers"),
        UniqueConstraint("tenant_id", "user_id", "namespace", "key"),
        CheckConstraint("cardinality(namespace) BETWEEN 1 AND 10", name="store_items_depth_check"),
        Index("store_items_expiry_idx", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )
    user_id: UUID
    customer_id: UUID | None = None
    namespace: list[str] = Field(sa_type=ARRAY(Text))  # pyright: ignore[reportArgumentType, reportCallIssue]
    key: str = Field(max_length=200)
    value: dict[str, Any] = json_column()
    created_at: datetime = instant()
    updated_at: datetime = instant()
    expires_at: datetime | None = instant_or_none()


class KeptAnswer(TenantRow, table=True):
    """What was answered to a request with an `Idempotency-Key`: the same request gets it again for a day."""

    __tablename__ = "kept_answers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", "key"),
        Index("kept_answers_age_idx", "created_at"),
    )
    user_id: UUID
    customer_id: UUID | None = None
    key: str = Field(max_length=200)
    request_hash: str = Field(max_length=64)
    body: bytes = Field(default=b"", sa_type=LargeBinary)
    created_at: datetime = instant()


__all__ = ["Cron", "KeptAnswer", "StoreItem"]
