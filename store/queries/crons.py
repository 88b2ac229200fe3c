"""Runs that start by the clock. Each user sees their own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from core.errors import Conflict, NotFound
from store.tables.service import Cron
from store.unit import ReadTx, Tx

MOST_CRONS = 100
"""At most this many schedules of one user."""


async def add(tx: Tx, cron: Cron) -> Cron:
    """Keep a schedule of the caller.

    Raises:
        Conflict: the caller has too many.
    """
    count = (await tx.session.exec(select(func.count()).select_from(Cron).where(*_own(tx)))).one()
    if int(count) >= MOST_CRONS:
        raise Conflict(f"there are {MOST_CRONS} schedules already; delete some first", code="too_many_crons")
    tx.add(cron)
    await tx.session.flush()
    return cron


async def get(tx: ReadTx, cron_id: UUID, *, lock: bool = False) -> Cron:
    """Return a schedule of the caller.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    query = select(Cron).where(*_own(tx), col(Cron.id) == cron_id)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("cron", cron_id)
    return row


async def due(tx: Tx, cron_id: UUID) -> Cron | None:
    """Return a schedule whose time has come, locked; None when another process took it or it was changed."""
    where = [col(Cron.tenant_id) == tx.tenant_id, col(Cron.id) == cron_id, col(Cron.enabled), col(Cron.next_at) <= tx.now]
    return (await tx.session.exec(select(Cron).where(*where).with_for_update(skip_locked=True))).first()


async def remove(tx: Tx, cron_id: UUID) -> None:
    """Delete a schedule of the caller.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    await tx.session.delete(await get(tx, cron_id, lock=True))


async def find(
    tx: ReadTx,
    *,
    assistant: str | None = None,
    thread_id: UUID | None = None,
    enabled: bool | None = None,
    meta: Mapping[str, Any] | None = None,
    sort_by: str = "created_at",
    descending: bool = True,
    limit: int = 10,
    offset: int = 0,
) -> tuple[Sequence[Cron], int]:
    """Return the caller's schedules, and how many there are."""
    where = _own(tx)
    if assistant is not None:
        where.append(col(Cron.assistant) == assistant)
    if thread_id is not None:
        where.append(col(Cron.thread_id) == thread_id)
    if enabled is not None:
        where.append(col(Cron.enabled) == enabled)
    if meta:
        where.append(col(Cron.meta).contains(dict(meta)))
    total = (await tx.session.exec(select(func.count()).select_from(Cron).where(*where))).one()
    column = _SORTS[sort_by]
    order = column.desc() if descending else column.asc()
    rows = (await tx.session.exec(select(Cron).where(*where).order_by(order, col(Cron.id)).limit(limit).offset(offset))).all()
    return rows, int(total)


def next_is(cron: Cron, at: datetime | None) -> None:
    """Set when a schedule is due next; without a next time it ends."""
    cron.next_at = at
    cron.enabled = cron.enabled and at is not None


_SORTS: dict[str, Any] = {
    "cron_id": col(Cron.id),
    "assistant_id": col(Cron.assistant),
    "thread_id": col(Cron.thread_id),
    "next_run_date": col(Cron.next_at),
    "end_time": col(Cron.end_at),
    "created_at": col(Cron.created_at),
    "updated_at": col(Cron.updated_at),
}


def _own(tx: ReadTx) -> list[ColumnElement[bool]]:
    return [col(Cron.tenant_id) == tx.tenant_id, col(Cron.user_id) == tx.principal.user_id]
