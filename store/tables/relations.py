"""What the shop knows of a customer beyond orders: segments, contacts, consents, and what was handed out of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from core.statuses import ConsentPurpose, InteractionChannel
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, word, words_check


class Segment(TenantRow, table=True):
    """A group of customers: by a rule, so that members come and go by themselves, or made by hand."""

    __tablename__ = "segments"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"), CheckConstraint("members >= 0", name="segments_members_check"))
    slug: str = Field(max_length=40)
    name: str = Field(max_length=80)
    description: str = Field(default="", max_length=300)
    rule: dict[str, Any] | None = Field(default=None, sa_type=JSONB, nullable=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
    """The typed rule of `tools.policy.segments` as data; null when members are put in by hand."""
    members: int = 0
    """Of a segment by rule: how many customers fitted it when it was last counted."""
    counted_at: datetime | None = instant_or_none()
    """When the members of a segment by rule were last written down; null before the first time."""
    created_at: datetime = instant()


class SegmentMember(TenantRow, table=True):
    """A customer in a segment: put in by somebody, or because the rule fitted when it was last counted."""

    __tablename__ = "segment_members"
    __table_args__ = (
        belongs("segment_id", "segments", on_delete="CASCADE"),
        belongs("customer_id", "customers", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "segment_id", "customer_id"),
        Index("segment_members_added_idx", "tenant_id", "segment_id", "added_at", "id"),
    )
    segment_id: UUID
    customer_id: UUID = Field(index=True)
    added_by: str = Field(max_length=120)
    added_at: datetime = instant()


class Interaction(TenantRow, table=True):
    """A contact with a customer that somebody of the shop wrote down."""

    __tablename__ = "interactions"
    __table_args__ = (
        belongs("customer_id", "customers", on_delete="CASCADE"),
        belongs("order_id", "orders"),
        words_check("channel", InteractionChannel, "interactions_channel_check"),
        CheckConstraint("direction IN ('inbound', 'outbound')", name="interactions_direction_check"),
        Index("interactions_customer_idx", "tenant_id", "customer_id", "at"),
    )
    customer_id: UUID
    order_id: UUID | None = None
    channel: InteractionChannel = word(InteractionChannel)
    direction: str = Field(max_length=8)
    summary: str = Field(max_length=1000)
    by: str = Field(max_length=120)
    at: datetime = instant()


class Consent(TenantRow, table=True):
    """One answer of a customer to one purpose. Answers are added, never changed: the newest holds, the others are the proof."""

    __tablename__ = "consents"
    __table_args__ = (
        belongs("customer_id", "customers", on_delete="CASCADE"),
        words_check("purpose", ConsentPurpose, "consents_purpose_check"),
        Index("consents_customer_idx", "tenant_id", "customer_id", "purpose", "at"),
    )
    customer_id: UUID
    purpose: ConsentPurpose = word(ConsentPurpose)
    granted: bool
    source: str = Field(max_length=80)
    """Where it was given, such as sign-up or chat."""
    at: datetime = instant()


class PersonalExport(TenantRow, table=True):
    """Everything that was held about a person at a time, as one JSON document."""

    __tablename__ = "personal_exports"
    __table_args__ = (
        belongs("customer_id", "customers", on_delete="CASCADE"),
        Index("personal_exports_customer_idx", "tenant_id", "customer_id", "created_at"),
    )
    customer_id: UUID
    body: dict[str, Any] = json_column()
    requested_by: str = Field(max_length=120)
    created_at: datetime = instant()
    expires_at: datetime = instant()


class Erasure(TenantRow, table=True):
    """A person who is being forgotten: what is looked for until nothing is left of it, and then only that it was done."""

    __tablename__ = "erasures"
    __table_args__ = (
        belongs("customer_id", "customers"),
        UniqueConstraint("tenant_id", "customer_id"),
        CheckConstraint("done_at IS NULL OR (words = '[]' AND threads = '[]' AND runs = '[]')", name="erasures_done_check"),
        Index("erasures_open_idx", "requested_at", postgresql_where=text("done_at IS NULL")),
    )
    customer_id: UUID
    words: list[Any] = json_column(list)
    """What the person is known by: name, e-mail address, phone number, addresses."""
    threads: list[Any] = json_column(list)
    """Conversations whose memory may be written once more by what works on them."""
    runs: list[Any] = json_column(list)
    """Runs whose live entries are to go."""
    requested_at: datetime = instant()
    done_at: datetime | None = instant_or_none()
