"""Fraud checks and the block list."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from core.statuses import FraudDecision
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, word, words_check


class FraudCheck(TenantRow, table=True):
    """A score of an order with its signals, so that reading it later gives the same figure."""

    __tablename__ = "fraud_checks"
    __table_args__ = (
        belongs("order_id", "orders", on_delete="CASCADE"),
        words_check("decision", FraudDecision, "fraud_checks_decision_check"),
        CheckConstraint("score BETWEEN 0 AND 100", name="fraud_checks_score_check"),
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


class BlockEntry(TenantRow, table=True):
    """An e-mail, card, address or IP that is blocked, until it expires."""

    __tablename__ = "block_entries"
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "value"),)
    kind: str = Field(max_length=12)
    value: str = Field(max_length=200)
    reason: str = Field(max_length=200)
    created_at: datetime = instant()
    expires_at: datetime | None = instant_or_none()
