"""Payments of an order. A trigger keeps their sums and a constraint caps what is paid back."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, text, update
from sqlmodel import col, select

from core.errors import NotFound
from core.statuses import TransactionState, TransactionType
from store.tables.payments import Payment, PaymentTransaction, RefundLine
from store.unit import ReadTx, Tx

_FAILED = text(
    """
    WITH newest AS MATERIALIZED (
      SELECT t.*, count(*) OVER () AS total FROM payment_transactions t
      WHERE t.tenant_id = :tenant AND t.state = 'failed' AND t.created_at >= :since ORDER BY t.created_at DESC, t.id LIMIT :limit
    )
    SELECT o.number, c.name, p.label, t.type, t.amount_minor, t.currency, coalesce(nullif(t.failure, ''), t.reason) AS why,
           t.created_at, o.status, o.payment_status, t.total
    FROM newest t
    JOIN payments p ON p.tenant_id = :tenant AND p.id = t.payment_id
    JOIN orders o ON o.tenant_id = :tenant AND o.id = p.order_id
    JOIN customers c ON c.tenant_id = :tenant AND c.id = o.customer_id
    ORDER BY t.created_at DESC, t.id
    """
)
"""What is shown is chosen before it is joined: the planner cannot know how few rows row security leaves, and would join them all."""


class FailedPayment(NamedTuple):
    """A movement that a provider refused, with its order."""

    order: str
    customer: str
    method: str
    type: str
    amount_minor: int
    currency: str
    reason: str
    at: datetime
    order_status: str
    payment_status: str


async def of_order(tx: ReadTx, order_id: UUID, *, lock: bool = False) -> Sequence[Payment]:
    """Return the payments of an order, oldest first, locked when `lock`: after the order, before stock."""
    query = (
        select(Payment)
        .where(col(Payment.tenant_id) == tx.tenant_id, col(Payment.order_id) == order_id)
        .order_by(col(Payment.created_at), col(Payment.id))
    )
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).all()


async def transactions_of(tx: ReadTx, payment_ids: Sequence[UUID]) -> Sequence[PaymentTransaction]:
    """Return the movements of some payments, oldest first."""
    query = (
        select(PaymentTransaction)
        .where(col(PaymentTransaction.tenant_id) == tx.tenant_id, col(PaymentTransaction.payment_id).in_(payment_ids))
        .order_by(col(PaymentTransaction.created_at), col(PaymentTransaction.id))
    )
    return (await tx.session.exec(query)).all()


async def failed(tx: ReadTx, since: datetime, limit: int) -> tuple[int, list[FailedPayment]]:
    """Return how many movements failed since then, and the newest `limit` of them."""
    rows = (await tx.connection.execute(_FAILED, {"tenant": tx.tenant_id, "since": since, "limit": limit})).all()
    return (int(rows[0].total) if rows else 0), [FailedPayment(*row[:-1]) for row in rows]


async def refunds_of(tx: ReadTx, payment_ids: Sequence[UUID], limit: int = 10) -> Sequence[PaymentTransaction]:
    """Return the newest refunds of some payments."""
    query = (
        select(PaymentTransaction)
        .where(col(PaymentTransaction.tenant_id) == tx.tenant_id, col(PaymentTransaction.payment_id).in_(payment_ids))
        .where(col(PaymentTransaction.type) == TransactionType.REFUND)
        .order_by(col(PaymentTransaction.created_at).desc())
        .limit(limit)
    )
    return (await tx.session.exec(query)).all()


async def by_line(tx: ReadTx, transaction_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many minor units of some refunds belong to which order line."""
    query = (
        select(RefundLine.order_line_id, func.sum(RefundLine.amount_minor))
        .where(col(RefundLine.tenant_id) == tx.tenant_id, col(RefundLine.transaction_id).in_(transaction_ids))
        .group_by(col(RefundLine.order_line_id))
    )
    return {line: int(minor) for line, minor in (await tx.session.exec(query)).all()}


async def order_of_transaction(tx: ReadTx, transaction_id: UUID) -> UUID:
    """Return the order that a movement of money belongs to.

    Raises:
        NotFound: unknown, or another store's.
    """
    same = and_(col(PaymentTransaction.tenant_id) == col(Payment.tenant_id), col(PaymentTransaction.payment_id) == col(Payment.id))
    query = select(Payment.order_id).join(PaymentTransaction, same).where(*_is(tx, transaction_id))
    found = (await tx.session.exec(query)).first()
    if found is None:
        raise NotFound("payment transaction", transaction_id)
    return found


async def transaction(tx: ReadTx, transaction_id: UUID, *, lock: bool = False) -> PaymentTransaction:
    """Return a movement of money that is known to exist, locked when `lock`: after its payment."""
    query = select(PaymentTransaction).where(*_is(tx, transaction_id))
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).one()


async def cancel_pending(tx: Tx, payment_ids: Sequence[UUID]) -> None:
    """Call off what the provider has not taken yet, so that no money is taken for a cancelled order."""
    taking = [TransactionType.AUTHORIZATION, TransactionType.CAPTURE, TransactionType.CHARGE]
    query = (
        update(PaymentTransaction)
        .where(col(PaymentTransaction.tenant_id) == tx.tenant_id, col(PaymentTransaction.payment_id).in_(payment_ids))
        .where(col(PaymentTransaction.type).in_(taking), col(PaymentTransaction.state) == TransactionState.PENDING)
        .values(state=TransactionState.CANCELLED)
    )
    await tx.connection.execute(query)


def _is(tx: ReadTx, transaction_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(PaymentTransaction.tenant_id) == tx.tenant_id, col(PaymentTransaction.id) == transaction_id
