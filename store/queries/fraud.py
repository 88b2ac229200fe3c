"""Fraud checks, held orders and what is known of a customer's past."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.statuses import FraudOutcome
from store.tables.fraud import FraudCheck, FraudRuling
from store.tables.orders import Order
from store.unit import ReadTx, Tx

_QUEUE = text(
    """
    SELECT o.number, o.total_minor, o.currency, o.placed_at, o.hold_reason, c.name AS customer, c.email, checked.score, checked.decision,
      checked.signals, count(*) OVER ()::int AS total
    FROM orders o JOIN customers c ON c.tenant_id = o.tenant_id AND c.id = o.customer_id
    JOIN LATERAL (
      SELECT f.score, f.decision, f.signals, f.reviewed_at FROM fraud_checks f
      WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id ORDER BY f.checked_at DESC, f.id DESC LIMIT 1
    ) checked ON checked.decision IN ('review', 'block') AND checked.reviewed_at IS NULL
    WHERE o.tenant_id = :tenant AND o.on_hold AND o.status IN ('pending', 'confirmed', 'processing')
    ORDER BY checked.score DESC, o.placed_at LIMIT :limit
    """
)
_PAST = text(
    """
    SELECT count(*)::int AS orders, count(*) FILTER (WHERE o.status = 'cancelled')::int AS cancelled,
      count(*) FILTER (WHERE o.cancel_reason = 'fraud_detected')::int AS fraudulent,
      count(*) FILTER (WHERE o.on_hold)::int AS on_hold,
      coalesce(max(f.score), 0)::int AS highest_score,
      count(*) FILTER (WHERE f.decision IN ('review', 'block'))::int AS suspicious,
      coalesce(sum(t.declined), 0)::int AS failed_payments
    FROM orders o
    LEFT JOIN LATERAL (
      SELECT f.score, f.decision FROM fraud_checks f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id
      ORDER BY f.checked_at DESC, f.id DESC LIMIT 1
    ) f ON true
    LEFT JOIN LATERAL (
      SELECT count(*) AS declined FROM payments p
      JOIN payment_transactions x ON x.tenant_id = p.tenant_id AND x.payment_id = p.id AND x.state = 'failed'
      WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id
    ) t ON true
    WHERE o.tenant_id = :tenant AND o.customer_id = :customer
    """
)
_BLOCKED = text(
    "SELECT reason FROM block_entries WHERE tenant_id = :tenant AND kind = 'email' AND lower(value) = lower(:email) "
    "AND (expires_at IS NULL OR expires_at > :now) LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An order that waits for a person's decision."""

    number: str
    total_minor: int
    currency: str
    placed_at: datetime
    hold_reason: str | None
    customer: str
    email: str
    score: int
    decision: str
    signals: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Past:
    """A customer's orders as fraud checks see them."""

    orders: int
    cancelled: int
    fraudulent: int
    on_hold: int
    highest_score: int
    suspicious: int
    failed_payments: int


async def queue(tx: ReadTx, limit: int) -> tuple[int, list[HeldRow]]:
    """Return how many orders wait for a decision, and the `limit` with the highest scores."""
    rows = (await tx.session.execute(_QUEUE, {"tenant": tx.tenant_id, "limit": limit})).mappings().all()
    return (rows[0]["total"] if rows else 0), [HeldRow(**{name: row[name] for name in HeldRow.__slots__}) for row in rows]


async def latest_check(tx: ReadTx, order_id: UUID) -> FraudCheck | None:
    """Return the newest check of an order."""
    query = (
        select(FraudCheck)
        .where(col(FraudCheck.tenant_id) == tx.tenant_id, col(FraudCheck.order_id) == order_id)
        .order_by(col(FraudCheck.checked_at).desc(), col(FraudCheck.id).desc())
        .limit(1)
    )
    return (await tx.session.exec(query)).first()


async def past(tx: ReadTx, customer_id: UUID) -> Past:
    """Return what the checks and payments say of a customer's orders."""
    row = (await tx.session.execute(_PAST, {"tenant": tx.tenant_id, "customer": customer_id})).mappings().one()
    return Past(**row)


async def block_reason(tx: ReadTx, email: str) -> str | None:
    """Return why an e-mail address is on the block list now, or None."""
    values = {"tenant": tx.tenant_id, "email": email, "now": tx.now}
    return (await tx.session.execute(_BLOCKED, values)).scalar()


async def ruling(tx: ReadTx, check_id: UUID) -> FraudRuling | None:
    """Return the newest decision of a person on a check."""
    query = (
        select(FraudRuling)
        .where(col(FraudRuling.tenant_id) == tx.tenant_id, col(FraudRuling.check_id) == check_id)
        .order_by(col(FraudRuling.decided_at).desc(), col(FraudRuling.id).desc())
        .limit(1)
    )
    return (await tx.session.exec(query)).first()


def rule(tx: Tx, order: Order, check: FraudCheck, outcome: FraudOutcome, reason: str) -> FraudRuling:
    """Keep a person's decision on a check; the check itself counts as reviewed once it is not merely held."""
    by = (tx.principal.name or tx.principal.role.value)[:120]
    if outcome is not FraudOutcome.HOLD:
        check.reviewed_by, check.reviewed_at, check.review_outcome = by, tx.now, outcome.value
        tx.session.add(check)
    return tx.add(
        FraudRuling(
            tenant_id=tx.tenant_id,
            order_id=order.id,
            check_id=check.id,
            outcome=outcome,
            reason=reason[:300],
            decided_by=by,
            decided_at=tx.now,
        )
    )
