"""Fraud checks, what people decided of them, where orders came from, and the block list."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.statuses import BlockKind, FraudDecision, FraudOutcome
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, word, words_check


class FraudCheck(TenantRow, table=True):
    """A score of an order with its signals, so that reading it later gives the same figure."""

    __tablename__ = "fraud_checks"
    __table_args__ = (
        belongs("order_id", "orders", on_delete="CASCADE"),
        words_check("decision", FraudDecision, "fraud_checks_decision_check"),
        CheckConstraint("score BETWEEN 0 AND 100", name="fraud_checks_score_check"),
        CheckConstraint("(reviewed_at IS NULL) = (review_outcome IS NULL)", name="fraud_checks_review_check"),
    )
    order_id: UUID = Field(index=True)
    score: int
    decision: FraudDecision = word(FraudDecision, index=True)
    signals: list[Any] = json_column(list)
    """Each {"signal", "points", "detail"}."""
    policy_version: int
    checked_at: datetime = instant()
    reviewed_by: str | None = Field(default=None, max_length=120)
    reviewed_at: datetime | None = instant_or_none()
    review_outcome: str | None = Field(default=None, max_length=20)


class FraudRuling(TenantRow, table=True):
    """What a person decided of an order that a check stopped. A check is approved or blocked once; it may be held before."""

    __tablename__ = "fraud_rulings"
    __table_args__ = (
        belongs("order_id", "orders", on_delete="CASCADE"),
        belongs("check_id", "fraud_checks", on_delete="CASCADE"),
        words_check("outcome", FraudOutcome, "fraud_rulings_outcome_check"),
        Index("fraud_rulings_final_idx", "tenant_id", "check_id", unique=True, postgresql_where=text("outcome <> 'hold'")),
    )
    order_id: UUID = Field(index=True)
    check_id: UUID
    outcome: FraudOutcome = word(FraudOutcome)
    reason: str = Field(max_length=300)
    decided_by: str = Field(max_length=120)
    decided_at: datetime = instant()


class OrderOrigin(TenantRow, table=True):
    """Where an order came from, as far as the channel or the payment provider told."""

    __tablename__ = "order_origins"
    __table_args__ = (belongs("order_id", "orders", on_delete="CASCADE"), UniqueConstraint("tenant_id", "order_id"))
    order_id: UUID
    ip: str = Field(default="", max_length=45)
    card: str = Field(default="", max_length=80)
    """The provider's fingerprint of the card, the same for each use of it."""


class BlockEntry(TenantRow, table=True):
    """An e-mail, card, address or IP that is blocked, until it expires. Entries are compared by the SQL function `block_key`."""

    __tablename__ = "block_entries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "value"),
        words_check("kind", BlockKind, "block_entries_kind_check"),
        CheckConstraint("expires_at IS NULL OR expires_at > created_at", name="block_entries_expiry_check"),
        Index("block_entries_key_idx", "tenant_id", "kind", text("block_key(kind, value)"), unique=True),
    )
    kind: str = Field(max_length=12)
    value: str = Field(max_length=200)
    reason: str = Field(max_length=200)
    created_by: str = Field(default="", max_length=120, sa_column_kwargs={"server_default": ""})
    created_at: datetime = instant()
    expires_at: datetime | None = instant_or_none()
