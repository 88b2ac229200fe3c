"""Payments of an order. A trigger keeps their sums and a constraint caps what is paid back."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select

from core.statuses import TransactionState, TransactionType
from store.tables.payments import Payment, PaymentTransaction
from store.unit import ReadTx, Tx


async def of_order(tx: ReadTx, order_id: UUID, *, lock: bool = False) -> Sequence[Payment]:
    """Return the payments of an order, oldest first, locked when `lock`: after the order, before stock."""
    query = (
        select(Payment)
        .where(col(Payment.tenant_id) == tx.tenant_id, col(Payment.order_id) == order_id)
        .order_by(col(Payment.created_at), col(Payment.id))
    )
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).all()


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
