"""Returns (RMAs), warranty claims, support tickets and surveys."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlmodel import Field

from core.aftersales import Disposition, ItemCondition, WarrantyRemedy, WarrantyStatus
from core.statuses import ReturnReason, ReturnStatus, ReturnType, TicketPriority, TicketStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, long_text, word, words_check


def _words_or_none(column: str, words: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IS NULL OR {column} IN ({listed})", name=f"return_lines_{column}_check")


class Return(TenantRow, table=True):
    """A return merchandise authorisation."""

    __tablename__ = "returns"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        belongs("order_id", "orders"),
        belongs("customer_id", "customers"),
        belongs("payment_method_id", "payment_methods"),
        words_check("status", ReturnStatus, "returns_status_check"),
        words_check("reason", ReturnReason, "returns_reason_check"),
        words_check("type", ReturnType, "returns_type_check"),
        Index("returns_status_idx", "tenant_id", "status", "requested_at"),
        Index("returns_requested_idx", "tenant_id", "requested_at"),
        belongs("warehouse_id", "warehouses"),
        belongs("replacement_order_id", "orders"),
        CheckConstraint("refunded_minor BETWEEN 0 AND quoted_minor", name="returns_refunded_check"),
        Index("returns_expiry_idx", "tenant_id", "expires_at", postgresql_where=text("status IN ('approved', 'label_sent')")),
    )
    number: str = Field(max_length=20)
    """Such as R-1007."""
    order_id: UUID = Field(index=True)
    customer_id: UUID = Field(index=True)
    status: ReturnStatus = word(ReturnStatus, ReturnStatus.REQUESTED)
    reason: ReturnReason = word(ReturnReason)
    type: ReturnType = word(ReturnType)
    note: str = long_text()
    """The customer's words."""
    quoted_minor: int = 0
    """What will be refunded after inspection, by the policy of `policy_version`."""
    fee_minor: int = 0
    shipping_fee_minor: int = 0
    refunded_minor: int = 0
    payment_method_id: UUID | None = None
    """Where the money goes, or what pays an exchange's difference; the original payment when none was chosen."""
    difference_minor: int = 0
    """What the wanted variants of an exchange cost more (or, below zero, less) than what comes back; settled when it is sent."""
    currency: str = Field(max_length=3)
    rule: str = Field(max_length=60)
    policy_version: int
    requested_at: datetime = instant()
    decided_at: datetime | None = instant_or_none()
    expires_at: datetime | None = instant_or_none()
    received_at: datetime | None = instant_or_none()
    label_reference: str = Field(default="", max_length=200)
    """Where the return label is kept; empty until it is sent."""
    warehouse_id: UUID | None = None
    """Where it was received."""
    replacement_order_id: UUID | None = None
    """The order that sends what an exchange or a replacement asked for."""
    inspected_at: datetime | None = instant_or_none()
    refunded_at: datetime | None = instant_or_none()
    closed_at: datetime | None = instant_or_none()


class ReturnLine(TenantRow, table=True):
    """Units of an order line that come back."""

    __tablename__ = "return_lines"
    __table_args__ = (
        belongs("return_id", "returns", on_delete="CASCADE"),
        belongs("order_line_id", "order_lines"),
        belongs("exchange_variant_id", "variants"),
        CheckConstraint("quantity > 0", name="return_lines_quantity_check"),
        CheckConstraint("refund_minor >= 0", name="return_lines_refund_check"),
        _words_or_none("condition", ItemCondition),
        _words_or_none("disposition", Disposition),
        CheckConstraint("disposed_at IS NULL OR disposition <> 'manual_review'", name="return_lines_disposed_check"),
    )
    return_id: UUID = Field(index=True)
    order_line_id: UUID = Field(index=True)
    quantity: int
    exchange_variant_id: UUID | None = None
    condition: str | None = Field(default=None, max_length=20)
    """An `ItemCondition`, found at inspection."""
    refund_minor: int = 0
    """Its part of what the return was quoted."""
    disposition: Disposition | None = Field(default=None, sa_type=String(18), nullable=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
    disposed_at: datetime | None = instant_or_none()


class ReturnPhoto(TenantRow, table=True):
    """A picture of what comes back, kept elsewhere; here is where."""

    __tablename__ = "return_photos"
    __table_args__ = (
        belongs("return_id", "returns", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "return_id", "reference"),
        CheckConstraint("reference <> ''", name="return_photos_reference_check"),
    )
    return_id: UUID
    reference: str = Field(max_length=300)
    added_by: str = Field(max_length=120)
    added_at: datetime = instant()


class Ticket(TenantRow, table=True):
    """A customer's question that a person answers."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        belongs("customer_id", "customers"),
        belongs("order_id", "orders"),
        words_check("status", TicketStatus, "tickets_status_check"),
        words_check("priority", TicketPriority, "tickets_priority_check"),
        Index("tickets_status_idx", "tenant_id", "status", "created_at"),
        CheckConstraint("(status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)", name="tickets_resolved_check"),
    )
    number: str = Field(max_length=20)
    """Such as T-1003."""
    customer_id: UUID = Field(index=True)
    order_id: UUID | None = None
    subject: str = Field(max_length=200)
    body: str = long_text()
    status: TicketStatus = word(TicketStatus, TicketStatus.OPEN)
    priority: TicketPriority = word(TicketPriority, TicketPriority.NORMAL)
    created_at: datetime = instant()
    first_reply_due_at: datetime = instant()
    resolve_due_at: datetime = instant()
    first_replied_at: datetime | None = instant_or_none()
    resolved_at: datetime | None = instant_or_none()
    escalated_at: datetime | None = instant_or_none()
    escalation_reason: str = Field(default="", max_length=300)
    resolution: str = Field(default="", max_length=1000)
    """What was done about it."""


class TicketMessage(TenantRow, table=True):
    """One reply to a ticket."""

    __tablename__ = "ticket_messages"
    __table_args__ = (
        belongs("ticket_id", "tickets", on_delete="CASCADE"),
        Index("ticket_messages_ticket_idx", "tenant_id", "ticket_id", "at"),
    )
    ticket_id: UUID
    author: str = Field(max_length=120)
    from_customer: bool
    text: str = long_text()
    at: datetime = instant()


class WarrantyClaim(TenantRow, table=True):
    """A customer's claim that an item failed within its warranty. One open claim a line."""

    __tablename__ = "warranty_claims"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        belongs("customer_id", "customers"),
        belongs("order_id", "orders"),
        belongs("order_line_id", "order_lines"),
        words_check("status", WarrantyStatus, "warranty_claims_status_check"),
        words_check("remedy", WarrantyRemedy, "warranty_claims_remedy_check"),
        CheckConstraint("(status = 'approved') = (remedy IS NOT NULL)", name="warranty_claims_approved_check"),
        CheckConstraint("(status = 'open') = (decided_at IS NULL)", name="warranty_claims_decided_check"),
        belongs("replacement_order_id", "orders"),
        CheckConstraint("quantity > 0", name="warranty_claims_quantity_check"),
        CheckConstraint(
            "refunded_minor >= 0 AND (refunded_minor = 0 OR (remedy IS NOT NULL AND remedy = 'refund'))",
            name="warranty_claims_refund_check",
        ),
        CheckConstraint(
            "replacement_order_id IS NULL OR (remedy IS NOT NULL AND remedy = 'replacement')", name="warranty_claims_replacement_check"
        ),
        Index("warranty_claims_line_idx", "tenant_id", "order_line_id"),
        Index("warranty_claims_customer_idx", "tenant_id", "customer_id", "opened_at"),
        Index("warranty_claims_open_idx", "tenant_id", "order_line_id", unique=True, postgresql_where=text("status = 'open'")),
        Index("warranty_claims_status_idx", "tenant_id", "status", "opened_at"),
    )
    number: str = Field(max_length=20)
    """Such as W-1001."""
    customer_id: UUID
    order_id: UUID
    order_line_id: UUID
    quantity: int
    status: WarrantyStatus = word(WarrantyStatus, WarrantyStatus.OPEN)
    problem: str = long_text()
    """In the customer's words."""
    remedy: WarrantyRemedy | None = Field(default=None, sa_type=String(11), nullable=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
    note: str = long_text()
    """Why it was decided so."""
    refunded_minor: int = 0
    """What a refund paid back, in the order's currency."""
    replacement_order_id: UUID | None = None
    """The order that sends what a replacement asked for."""
    covered_until: datetime = instant()
    policy_version: int
    opened_at: datetime = instant()
    decided_at: datetime | None = instant_or_none()


class Survey(TenantRow, table=True):
    """What a customer was asked about an order, and answered. Once an order."""

    __tablename__ = "surveys"
    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id"),
        belongs("customer_id", "customers"),
        belongs("order_id", "orders", on_delete="CASCADE"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="surveys_rating_check"),
        CheckConstraint(
            "(answered_at IS NULL) = (rating IS NULL) AND (answered_at IS NULL) = (recommends IS NULL)", name="surveys_answer_check"
        ),
        Index("surveys_answered_idx", "tenant_id", "answered_at"),
        Index("surveys_sent_idx", "tenant_id", "sent_at"),
        Index("surveys_customer_idx", "tenant_id", "customer_id"),
    )
    customer_id: UUID
    order_id: UUID
    sent_at: datetime = instant()
    answered_at: datetime | None = instant_or_none()
    rating: int | None = None
    recommends: bool | None = None
    comment: str = long_text()
