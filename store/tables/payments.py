"""Payment methods, payments and their transactions.

Refunds never exceed what was captured and no balance falls below zero: triggers keep the sums, constraints hold them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.statuses import PaymentKind, TransactionState, TransactionType
from store.tables.base import TenantRow, belongs, instant, instant_or_none, word, words_check


class PaymentMethod(TenantRow, table=True):
    """Something that a customer can pay with; a gift card and store credit hold a balance, the sum of their movements."""

    __tablename__ = "payment_methods"
    __table_args__ = (
        UniqueConstraint("tenant_id", "reference"),
        belongs("customer_id", "customers", on_delete="CASCADE"),
        words_check("kind", PaymentKind, "payment_methods_kind_check"),
        CheckConstraint("balance_minor >= 0", name="payment_methods_balance_check"),
        CheckConstraint("balance_minor = 0 OR kind IN ('gift_card', 'store_credit')", name="payment_methods_holds_check"),
    )
    customer_id: UUID = Field(index=True)
    kind: PaymentKind = word(PaymentKind)
    reference: str = Field(max_length=60)
    """What it is known by: the provider's token, or the code of a gift card."""
    brand: str | None = Field(default=None, max_length=20)
    """A card's brand, such as visa."""
    last_four: str | None = Field(default=None, max_length=4)
    currency: str = Field(max_length=3)
    balance_minor: int = 0
    active: bool = True
    created_at: datetime = instant()

    @property
    def label(self) -> str:
        """What a customer recognises, such as Visa ending 4242."""
        match self.kind:
            case PaymentKind.CARD:
                return f"{(self.brand or 'card').title()} ending {self.last_four or '????'}"
            case PaymentKind.PAYPAL:
                return "PayPal account"
            case PaymentKind.GIFT_CARD:
                return f"Gift card ending {self.reference[-4:]}"
            case _:
                return "Store credit"


class BalanceMovement(TenantRow, table=True):
    """One change of the balance of a gift card or of store credit. Rows are only ever added; a trigger sums them."""

    __tablename__ = "balance_movements"
    __table_args__ = (
        belongs("payment_method_id", "payment_methods", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "payment_method_id", "reference"),
        CheckConstraint("delta_minor <> 0", name="balance_movements_delta_check"),
    )
    payment_method_id: UUID
    delta_minor: int
    reason: str = Field(max_length=60)
    reference: str = Field(max_length=240)
    """What moved it, so that the same cause moves it once."""
    created_at: datetime = instant()


class Payment(TenantRow, table=True):
    """How an order is paid; the sums are kept beside the transactions so that a constraint can cap them."""

    __tablename__ = "payments"
    __table_args__ = (
        belongs("order_id", "orders", on_delete="CASCADE"),
        belongs("payment_method_id", "payment_methods"),
        CheckConstraint(
            "authorized_minor >= 0 AND captured_minor >= 0 AND refunded_minor >= 0 AND refunded_minor <= captured_minor",
            name="payments_refund_cap_check",
        ),
    )
    order_id: UUID = Field(index=True)
    method: str = Field(max_length=20)
    """card, paypal, gift_card or store_credit."""
    payment_method_id: UUID | None = None
    """The customer's method on file, where it is one."""
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
        belongs("payment_method_id", "payment_methods"),
        UniqueConstraint("tenant_id", "idempotency_key"),
        words_check("type", TransactionType, "payment_transactions_type_check"),
        words_check("state", TransactionState, "payment_transactions_state_check"),
        CheckConstraint("amount_minor > 0", name="payment_transactions_amount_check"),
        Index("payment_transactions_refunds_idx", "tenant_id", "created_at", postgresql_where=text("type = 'refund'")),
    )
    payment_id: UUID = Field(index=True)
    type: TransactionType = word(TransactionType)
    state: TransactionState = word(TransactionState)
    payment_method_id: UUID | None = None
    """Where a refund goes when not back to the payment's own method."""
    amount_minor: int
    currency: str = Field(max_length=3)
    reason: str = Field(default="", max_length=200)
    idempotency_key: str = Field(max_length=200)
    created_at: datetime = instant()
    provider_reference: str = Field(default="", max_length=120)
    """What the provider calls it."""
    failure: str = Field(default="", max_length=300)
    """Why the provider refused it."""
    settled_at: datetime | None = instant_or_none()


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
