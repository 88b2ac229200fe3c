"""Conversations."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete as sql_delete
from sqlalchemy import func
from sqlmodel import col, select

from core.errors import NotFound
from core.ids import new_id
from store.tables.runtime import Thread, ThreadStatus
from store.unit import ReadTx, Tx


async def create(tx: Tx, thread_id: UUID | None = None, meta: Mapping[str, Any] | None = None) -> Thread:
    """Open a conversation of the caller."""
    who = tx.principal
    row = Thread(
        tenant_id=tx.tenant_id,
        id=thread_id or new_id(),
        user_id=who.user_id,
        customer_id=who.customer_id,
        meta=dict(meta or {}),
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.add(row)
    await tx.session.flush()
    return row


async def get(tx: ReadTx, thread_id: UUID, *, lock: bool = False) -> Thread:
    """Return a conversation of the caller: customers their own, staff their own.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    query = select(Thread).where(
        col(Thread.tenant_id) == tx.tenant_id, col(Thread.id) == thread_id, col(Thread.user_id) == tx.principal.user_id
    )
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("thread", thread_id)
    return row


async def find(
    tx: ReadTx,
    *,
    meta: Mapping[str, Any] | None = None,
    status: ThreadStatus | None = None,
    ids: Sequence[UUID] | None = None,
    limit: int = 10,
    offset: int = 0,
) -> tuple[Sequence[Thread], int]:
    """Return the caller's conversations, newest first, and how many there are."""
    where = [col(Thread.tenant_id) == tx.tenant_id, col(Thread.user_id) == tx.principal.user_id]
    if meta:
        where.append(col(Thread.meta).contains(dict(meta)))
    if status is not None:
        where.append(col(Thread.status) == status)
    if ids is not None:
        where.append(col(Thread.id).in_(list(ids)))
    total = (await tx.session.exec(select(func.count()).select_from(Thread).where(*where))).one()
    query = select(Thread).where(*where).order_by(col(Thread.updated_at).desc(), col(Thread.id).desc()).limit(limit).offset(offset)
    return (await tx.session.exec(query)).all(), int(total)


async def remove(tx: Tx, thread_id: UUID) -> None:
    """Delete a conversation with its runs and their log."""
    await get(tx, thread_id, lock=True)
    await tx.session.execute(sql_delete(Thread).where(col(Thread.tenant_id) == tx.tenant_id, col(Thread.id) == thread_id))
