"""What rules decided, with what they were asked: the material on which a new version of the policy is tried out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from store.tables.base import TenantRow, instant, json_column


class DecisionRow(TenantRow, table=True):
    """One decision of one rule. Written by `decision_append` alone, together with its entry in the audit chain."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("verdict IN ('allow', 'deny', 'needs_confirmation', 'needs_approval')", name="decisions_verdict_check"),
        CheckConstraint("outcome IN ('ok', 'denied', 'pending', 'failed')", name="decisions_outcome_check"),
        Index("decisions_at_idx", "tenant_id", "at"),
    )
    at: datetime = instant()
    tool: str = Field(max_length=60)
    rule: str = Field(max_length=60)
    verdict: str = Field(max_length=20)
    outcome: str = Field(max_length=10)
    policy_version: int
    actor: UUID
    """Who called; no foreign key, so that a person can be forgotten."""
    role: str = Field(max_length=20)
    approved: bool = False
    """Whether it was the second decision, under an approval or a confirmation."""
    inputs: dict[str, Any] = json_column()
    """What the rule was asked: {"facts", "args"}, personal text replaced by fingerprints."""
