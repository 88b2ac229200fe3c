"""Requests for a decision."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select

from core.errors import NotFound
from store.tables.runtime import Approval, ApprovalStatus
from store.unit import ReadTx, Tx


async def get(tx: ReadTx, approval_id: UUID, *, lock: bool = False) -> Approval:
    """Return an approval that the caller may see, locked against a second decision when `lock`.

    Raises:
        NotFound: unknown, or not the caller's.
    """
    query = select(Approval).where(col(Approval.tenant_id) == tx.tenant_id, col(Approval.id) == approval_id)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("approval", approval_id)
    return row


async def find(tx: ReadTx, *, status: ApprovalStatus | None = None, thread_id: UUID | None = None, limit: int = 50) -> Sequence[Approval]:
    """Return approvals, newest first."""
    query = select(Approval).where(col(Approval.tenant_id) == tx.tenant_id)
    if status is not None:
        query = query.where(col(Approval.status) == status)
    if thread_id is not None:
        query = query.where(col(Approval.thread_id) == thread_id)
    return (await tx.session.exec(query.order_by(col(Approval.created_at).desc()).limit(limit))).all()


async def supersede(tx: Tx, thread_id: UUID) -> Sequence[UUID]:
    """Close every open request of a thread: the user went on instead of deciding. Return their ids."""
    query = (
        update(Approval)
        .where(col(Approval.tenant_id) == tx.tenant_id, col(Approval.thread_id) == thread_id)
        .where(col(Approval.status).in_([ApprovalStatus.OPEN, ApprovalStatus.APPROVED]))
        .values(status=ApprovalStatus.SUPERSEDED, decided_at=tx.now)
        .returning(col(Approval.id))
    )
    return (await tx.session.execute(query)).scalars().all()
