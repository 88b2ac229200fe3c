"""Payments and their transactions. Refunds can never exceed what was captured: a trigger sees to it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from core.statuses import TransactionState, TransactionType
from store.tables.base import TenantRow, belongs, instant, word, words_check


class Payment(TenantRow, table=True):
    """How an order is paid; the sums are kept beside the transactions so that a constraint can cap them."""

    __tablename__ = "payments"
    __table_args__ = (
        belongs("order_id", "orders", on_delete="CASCADE"),
        CheckConstraint(
            "authorized_minor >= 0 AND captured_minor >= 0 AND refunded_minor >= 0 AND refunded_minor <= captured_minor",
            name="payments_refund_cap_check",
        ),
    )
    order_id: UUID = Field(index=True)
    method: str = Field(max_length=20)
    """card, paypal or gift_card."""
    label: str = Field(max_length=60)
    """What a customer recognises, such as "Visa ending 4242"."""
    currency: str = Field(max_length=3)
    authorized_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    created_at: datetime = instant()


class PaymentTransaction(TenantRow, table=True):
    """One movement at the payment provider."""

    __tablename__ = "payment_transactions"
    __table_args__ = (
        belongs("payment_id", "payments", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "idempotency_key"),
        words_check("type", TransactionType, "payment_transactions_type_check"),
        words_check("state", TransactionState, "payment_transactions_state_check"),
        CheckConstraint("amount_minor > 0", name="payment_transactions_amount_check"),
    )
    payment_id: UUID = Field(index=True)
    type: TransactionType = word(TransactionType)
    state: TransactionState = word(TransactionState)
    amount_minor: int
    currency: str = Field(max_length=3)
    reason: str = Field(default="", max_length=200)
    idempotency_key: str = Field(max_length=200)
    created_at: datetime = instant()


class RefundLine(TenantRow, table=True):
    """How much of a refund belongs to which order line."""

    __tablename__ = "refund_lines"
    __table_args__ = (
        belongs("transaction_id", "payment_transactions", on_delete="CASCADE"),
        belongs("order_line_id", "order_lines"),
        CheckConstraint("amount_minor > 0", name="refund_lines_amount_check"),
    )
    transaction_id: UUID = Field(index=True)
    order_line_id: UUID = Field(index=True)
    amount_minor: int
