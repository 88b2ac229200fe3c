"""Status words of the catalogue, of bulk changes and of sales channels, with the transitions between them."""

from collections.abc import Mapping
from enum import StrEnum


class ProductStatus(StrEnum):
    """Whether a product is sold. Customers see what is published."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class BulkKind(StrEnum):
    """What a bulk change is about."""

    PRICE = "price"
    PUSH = "push"
    LISTING = "listing"
    STOCK = "stock"


class BulkStatus(StrEnum):
    """Whether a bulk change stands."""

    APPLIED = "applied"
    REVOKED = "revoked"


class BulkRowState(StrEnum):
    """What became of one row of a bulk change."""

    APPLIED = "applied"
    RESTORED = "restored"
    KEPT = "kept"
    """Something else changed it since, so a revocation left it alone."""


class ChannelStatus(StrEnum):
    """Whether anything goes to a sales channel."""

    CONNECTED = "connected"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"


class FixSource(StrEnum):
    """Where the value of a correction comes from; NONE is a value that somebody gave."""

    NONE = ""
    TITLE = "title"
    BRAND = "brand"
    CATEGORY = "category"
    DESCRIPTION = "description"
    SKU = "sku"
    SHORTENED = "shortened"
    """The listing's own text, cut to what the channel takes."""


class RuleStatus(StrEnum):
    """Whether a correction applies by itself."""

    SUGGESTED = "suggested"
    ACTIVE = "active"
    REVOKED = "revoked"


class SyncStatus(StrEnum):
    """How far a synchronisation with a channel is."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"


class SyncTrigger(StrEnum):
    """What started a synchronisation."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    WEBHOOK = "webhook"


class ChannelOrderStatus(StrEnum):
    """Whether an order of a channel became an order of the shop."""

    IMPORTED = "imported"
    BLOCKED = "blocked"
    """It cannot be taken over yet, such as for an unknown SKU; the next pull tries again."""


class MessageStatus(StrEnum):
    """Where a message of a channel stands: what buyers wrote is open or answered, what the shop writes a draft or sent."""

    OPEN = "open"
    ANSWERED = "answered"
    DRAFT = "draft"
    SENT = "sent"


PRODUCT_TRANSITIONS: Mapping[ProductStatus, frozenset[ProductStatus]] = {
    ProductStatus.DRAFT: frozenset({ProductStatus.PUBLISHED, ProductStatus.ARCHIVED}),
    ProductStatus.PUBLISHED: frozenset({ProductStatus.DRAFT, ProductStatus.ARCHIVED}),
    ProductStatus.ARCHIVED: frozenset({ProductStatus.DRAFT, ProductStatus.PUBLISHED}),
}
BULK_TRANSITIONS: Mapping[BulkStatus, frozenset[BulkStatus]] = {
    BulkStatus.APPLIED: frozenset({BulkStatus.REVOKED}),
    BulkStatus.REVOKED: frozenset(),
}
CHANNEL_TRANSITIONS: Mapping[ChannelStatus, frozenset[ChannelStatus]] = {
    ChannelStatus.CONNECTED: frozenset({ChannelStatus.PAUSED, ChannelStatus.DISCONNECTED}),
    ChannelStatus.PAUSED: frozenset({ChannelStatus.CONNECTED, ChannelStatus.DISCONNECTED}),
    ChannelStatus.DISCONNECTED: frozenset({ChannelStatus.CONNECTED}),
}
RULE_TRANSITIONS: Mapping[RuleStatus, frozenset[RuleStatus]] = {
    RuleStatus.SUGGESTED: frozenset({RuleStatus.ACTIVE}),
    RuleStatus.ACTIVE: frozenset({RuleStatus.SUGGESTED, RuleStatus.REVOKED}),
    RuleStatus.REVOKED: frozenset(),
}
"""A revoked rule is learned no more: whoever took it back meant it."""
SYNC_TRANSITIONS: Mapping[SyncStatus, frozenset[SyncStatus]] = {
    SyncStatus.PENDING: frozenset({SyncStatus.RUNNING, SyncStatus.SUCCEEDED, SyncStatus.PARTIAL, SyncStatus.FAILED}),
    SyncStatus.RUNNING: frozenset({SyncStatus.SUCCEEDED, SyncStatus.PARTIAL, SyncStatus.FAILED}),
    SyncStatus.SUCCEEDED: frozenset(),
    SyncStatus.PARTIAL: frozenset(),
    SyncStatus.FAILED: frozenset(),
}
