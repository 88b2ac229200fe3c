"""Sales channels, listings on them, and what the channels complain about."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from core.selling import ChannelStatus, FixSource
from core.statuses import IssueStatus, IssueType, ListingStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, word, words_check


class Channel(TenantRow, table=True):
    """A marketplace that the store sells on."""

    __tablename__ = "channels"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        words_check("status", ChannelStatus, "channels_status_check"),
        CheckConstraint("connected = (status = 'connected')", name="channels_connected_check"),
    )
    code: str = Field(max_length=20)
    """Such as amazon, ebay, shopify."""
    name: str = Field(max_length=60)
    connected: bool = True
    status: ChannelStatus = word(ChannelStatus, ChannelStatus.CONNECTED)
    pulls_orders: bool = True
    """Whether orders are taken over from it."""
    auto_correct: bool = True
    """Whether learned corrections apply by themselves there."""
    note: str = Field(default="", max_length=300)
    """Why it is paused, for whoever looks next."""
    orders_cursor: str = Field(default="", max_length=200)
    """Up to where its orders were pulled, in the channel's words."""


class Listing(TenantRow, table=True):
    """A variant offered on a channel, with the price and stock that the channel shows."""

    __tablename__ = "listings"
    __table_args__ = (
        UniqueConstraint("tenant_id", "channel_id", "variant_id"),
        UniqueConstraint("tenant_id", "external_id"),
        belongs("channel_id", "channels"),
        belongs("variant_id", "variants"),
        words_check("status", ListingStatus, "listings_status_check"),
        CheckConstraint("price_minor >= 0 AND quantity >= 0", name="listings_price_check"),
    )
    channel_id: UUID
    variant_id: UUID = Field(index=True)
    external_id: str = Field(max_length=40)
    status: ListingStatus = word(ListingStatus, ListingStatus.DRAFT, index=True)
    price_minor: int
    currency: str = Field(max_length=3)
    quantity: int
    fields: dict[str, Any] = json_column()
    """What is published, by the channel's field names."""
    synced_at: datetime | None = instant_or_none()


class ListingIssue(TenantRow, table=True):
    """Something that a channel refuses in a listing, with the fix that is suggested."""

    __tablename__ = "listing_issues"
    __table_args__ = (
        belongs("listing_id", "listings", on_delete="CASCADE"),
        words_check("type", IssueType, "listing_issues_type_check"),
        words_check("status", IssueStatus, "listing_issues_status_check"),
        words_check("source", FixSource, "listing_issues_source_check"),
        CheckConstraint("confidence_pct BETWEEN 0 AND 100", name="listing_issues_confidence_check"),
    )
    listing_id: UUID = Field(index=True)
    type: IssueType = word(IssueType)
    field: str = Field(max_length=40)
    message: str = Field(max_length=300)
    """The channel's own words: external text."""
    suggested_value: str | None = Field(default=None, max_length=500)
    confidence_pct: int = 0
    source: FixSource = word(FixSource, FixSource.NONE)
    """Where the suggested value comes from; what is learned is the source, not the value."""
    rejected_value: str | None = Field(default=None, max_length=500)
    """The suggestion that a person refused last."""
    corrected_by: str = Field(default="", max_length=20)
    """The number of the rule that mended it by itself."""
    status: IssueStatus = word(IssueStatus, IssueStatus.OPEN, index=True)
    created_at: datetime = instant()
    fixed_at: datetime | None = instant_or_none()
