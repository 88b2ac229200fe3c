"""What customers pay with, and the movements of what holds a balance. A trigger keeps each balance, a constraint holds it at zero."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func
from sqlmodel import col, select

from core.ids import new_id
from core.statuses import PaymentKind
from store.tables.payments import BalanceMovement, PaymentMethod
from store.unit import ReadTx, Tx

ISSUED = "issued"
"""Why a balance grew without a payment: goodwill or a gift."""


async def of_customer(tx: ReadTx, customer_id: UUID, *, lock: bool = False) -> Sequence[PaymentMethod]:
    """Return what a customer can pay with, oldest first, locked when `lock`: after order and payments, before stock."""
    query = (
        select(PaymentMethod)
        .where(col(PaymentMethod.tenant_id) == tx.tenant_id, col(PaymentMethod.customer_id) == customer_id, col(PaymentMethod.active))
        .order_by(col(PaymentMethod.created_at), col(PaymentMethod.id))
    )
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).all()


async def by_ids(tx: ReadTx, ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, PaymentMethod]:
    """Return methods by id, locked in the order of their ids when `lock`."""
    if not ids:
        return {}
    query = (
        select(PaymentMethod)
        .where(col(PaymentMethod.tenant_id) == tx.tenant_id, col(PaymentMethod.id).in_(ids))
        .order_by(col(PaymentMethod.id))
    )
    rows = await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)
    return {row.id: row for row in rows}


async def by_reference(tx: ReadTx, reference: str) -> PaymentMethod | None:
    """Return the method that is known by a reference, such as a gift card by its code."""
    query = select(PaymentMethod).where(
        col(PaymentMethod.tenant_id) == tx.tenant_id, func.lower(PaymentMethod.reference) == reference.strip().lower()
    )
    return (await tx.session.exec(query)).first()


async def credit_of(tx: Tx, customer_id: UUID, currency: str) -> PaymentMethod:
    """Return a customer's store credit, opened when there is none yet, locked."""
    query = select(PaymentMethod).where(
        col(PaymentMethod.tenant_id) == tx.tenant_id,
        col(PaymentMethod.customer_id) == customer_id,
        col(PaymentMethod.kind) == PaymentKind.STORE_CREDIT,
    )
    found = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()
    if found is None:
        found = await open_balance(tx, customer_id, PaymentKind.STORE_CREDIT, f"credit-{customer_id}", currency)
    return found


async def open_balance(tx: Tx, customer_id: UUID, kind: PaymentKind, reference: str, currency: str) -> PaymentMethod:
    """Open an empty gift card or store credit."""
    method = PaymentMethod(
        tenant_id=tx.tenant_id,
        id=new_id(),
        customer_id=customer_id,
        kind=kind,
        reference=reference,
        currency=currency,
        created_at=tx.now,
    )
    tx.add(method)
    await tx.session.flush()
    return method


async def move(tx: Tx, method: PaymentMethod, delta_minor: int, reason: str, reference: str) -> None:
    """Change a balance by `delta_minor`, once for each `reference`. Postgres refuses what would take it below zero."""
    tx.add(
        BalanceMovement(
            tenant_id=tx.tenant_id,
            payment_method_id=method.id,
            delta_minor=delta_minor,
            reason=reason[:60],
            reference=reference,
            created_at=tx.now,
        )
    )
    await tx.session.flush()
    await tx.session.refresh(method)


async def issued_since(tx: ReadTx, customer_id: UUID, since: datetime) -> int:
    """Return how many minor units of credit the shop gave a customer since then."""
    query = (
        select(func.coalesce(func.sum(BalanceMovement.delta_minor), 0))
        .join(
            PaymentMethod,
            and_(
                col(PaymentMethod.tenant_id) == col(BalanceMovement.tenant_id),
                col(PaymentMethod.id) == col(BalanceMovement.payment_method_id),
            ),
        )
        .where(col(PaymentMethod.tenant_id) == tx.tenant_id, col(PaymentMethod.customer_id) == customer_id)
        .where(col(BalanceMovement.reason) == ISSUED, col(BalanceMovement.created_at) >= since)
    )
    return int((await tx.session.exec(query)).one())


async def movements(tx: ReadTx, method_id: UUID, limit: int) -> Sequence[BalanceMovement]:
    """Return the newest movements of a balance."""
    query = (
        select(BalanceMovement)
        .where(col(BalanceMovement.tenant_id) == tx.tenant_id, col(BalanceMovement.payment_method_id) == method_id)
        .order_by(col(BalanceMovement.created_at).desc(), col(BalanceMovement.id).desc())
        .limit(limit)
    )
    return (await tx.session.exec(query)).all()
