"""Returns (RMAs) and support tickets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from core.statuses import ReturnReason, ReturnStatus, ReturnType, TicketPriority, TicketStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, long_text, word, words_check


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


class ReturnLine(TenantRow, table=True):
    """Units of an order line that come back."""

    __tablename__ = "return_lines"
    __table_args__ = (
        belongs("return_id", "returns", on_delete="CASCADE"),
        belongs("order_line_id", "order_lines"),
        belongs("exchange_variant_id", "variants"),
        CheckConstraint("quantity > 0", name="return_lines_quantity_check"),
    )
    return_id: UUID = Field(index=True)
    order_line_id: UUID = Field(index=True)
    quantity: int
    exchange_variant_id: UUID | None = None
    condition: str | None = Field(default=None, max_length=20)
    """Found at inspection: unopened, opened, used, damaged, defective."""


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
