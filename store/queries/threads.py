"""Conversations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete as sql_delete
from sqlalchemy import func
from sqlmodel import col, select

from core.errors import NotFound
from core.identity import Principal
from core.ids import new_id
from store.tables.runtime import Thread, ThreadStatus
from store.unit import ReadTx, Tx


async def create(tx: Tx, thread_id: UUID | None = None, meta: Mapping[str, Any] | None = None, *, transient: bool = False) -> Thread:
    """Open a conversation of the caller; a transient one is for a single run."""
    row = tx.add(fresh(tx.principal, tx.now, thread_id, meta, transient=transient))
    await tx.session.flush()
    return row


def fresh(
    who: Principal, now: datetime, thread_id: UUID | None = None, meta: Mapping[str, Any] | None = None, *, transient: bool = False
) -> Thread:
    """Return a conversation that is not stored yet."""
    return Thread(
        tenant_id=who.tenant_id,
        id=thread_id or new_id(),
        user_id=who.user_id,
        customer_id=who.customer_id,
        transient=transient,
        meta=dict(meta or {}),
        created_at=now,
        updated_at=now,
    )


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
    sort_by: str = "updated_at",
    descending: bool = True,
    limit: int = 10,
    offset: int = 0,
) -> tuple[Sequence[Thread], int]:
    """Return the caller's conversations that were opened to last, newest first, and how many there are."""
    where = [col(Thread.transient).is_(False), col(Thread.tenant_id) == tx.tenant_id, col(Thread.user_id) == tx.principal.user_id]
    if meta:
        where.append(col(Thread.meta).contains(dict(meta)))
    if status is not None:
        where.append(col(Thread.status) == status)
    if ids is not None:
        where.append(col(Thread.id).in_(list(ids)))
    total = (await tx.session.exec(select(func.count()).select_from(Thread).where(*where))).one()
    order = [one.desc() if descending else one.asc() for one in (_SORTS[sort_by], col(Thread.id))]
    return (await tx.session.exec(select(Thread).where(*where).order_by(*order).limit(limit).offset(offset))).all(), int(total)


async def taken(tx: ReadTx, thread_id: UUID) -> Thread | None:
    """Return the caller's conversation of an id, None when the id is free for them."""
    where = [col(Thread.tenant_id) == tx.tenant_id, col(Thread.id) == thread_id, col(Thread.user_id) == tx.principal.user_id]
    return (await tx.session.exec(select(Thread).where(*where))).first()


async def remove(tx: Tx, thread_id: UUID) -> None:
    """Delete a conversation with its runs and their log."""
    await get(tx, thread_id, lock=True)
    await sweep(tx, thread_id)


async def sweep(tx: Tx, thread_id: UUID) -> None:
    """Delete a conversation whoever's it is, as the upkeep does with transient ones."""
    await tx.session.execute(sql_delete(Thread).where(col(Thread.tenant_id) == tx.tenant_id, col(Thread.id) == thread_id))


_SORTS: dict[str, Any] = {
    "thread_id": col(Thread.id),
    "status": col(Thread.status),
    "created_at": col(Thread.created_at),
    "updated_at": col(Thread.updated_at),
    "state_updated_at": col(Thread.updated_at),
}
