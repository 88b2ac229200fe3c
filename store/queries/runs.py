"""Runs: queued, claimed, kept alive, ended. Numbers of the log come from the same row, so that they have no gaps."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from sqlalchemy import delete, text, update
from sqlmodel import col, select

from core.errors import NotFound
from core.events import RunFact, RunFinished
from core.identity import Principal, RunContext
from core.ids import RunId, ThreadId
from store import events
from store.tables.runtime import Run, RunStatus, Thread, ThreadStatus
from store.unit import ReadTx, Tx, Units, call, translated

_ACTIVE = (RunStatus.PENDING, RunStatus.RUNNING)
_CLOSE = """
WITH done AS (
  UPDATE runs SET status = %(status)s, error = %(error)s::text::jsonb, lease_until = NULL, updated_at = %(now)s
  WHERE tenant_id = %(tenant)s AND id = %(run)s
)
UPDATE threads SET error = %(error)s::text::jsonb, updated_at = %(now)s, status = CASE WHEN EXISTS (
    SELECT 1 FROM runs next WHERE next.tenant_id = %(tenant)s AND next.thread_id = %(thread)s AND next.status = 'pending'
  ) THEN 'busy' ELSE %(shown)s END
WHERE tenant_id = %(tenant)s AND id = %(thread)s
"""
_PROGRESS = "SELECT seq, status FROM runs WHERE tenant_id = %s AND id = %s AND user_id = %s"
_CANCEL = text(
    "UPDATE runs SET status = 'interrupted', seq = seq + 1, cancel_requested_at = :now, updated_at = :now, lease_until = NULL "
    "WHERE tenant_id = :tenant AND id = :run AND status IN ('pending', 'running') AND (NOT :unread OR reader_until < :now) RETURNING seq"
)
_AT_REST = (
    "UPDATE runs SET thinned_at = %(now)s WHERE tenant_id = %(tenant)s AND id = %(run)s AND thinned_at IS NULL AND NOT EXISTS ("
    "SELECT 1 FROM runs o WHERE o.tenant_id = %(tenant)s AND o.thread_id = %(thread)s AND o.status IN ('pending', 'running')) RETURNING 1"
)
_STOPPED = {"error": "UserInterrupt", "message": "User interrupted the run"}
_LEFT = {"error": "UserInterrupt", "message": "Nobody followed the run any more, so it was stopped"}


async def get(tx: ReadTx, run_id: UUID, thread_id: UUID | None = None) -> Run:
    """Return a run of one of the caller's conversations.

    Raises:
        NotFound: unknown, of another thread, or somebody else's.
    """
    query = select(Run).where(col(Run.tenant_id) == tx.tenant_id, col(Run.id) == run_id, col(Run.user_id) == tx.principal.user_id)
    if thread_id is not None:
        query = query.where(col(Run.thread_id) == thread_id)
    row = (await tx.session.exec(query)).first()
    if row is None:
        raise NotFound("run", run_id)
    return row


async def queue_with_thread(units: Units, who: Principal, thread: Thread, run: Run) -> None:
    """Store a new conversation and its first run, in one round trip."""
    await units.call(
        "queue_run",
        p_tenant=who.tenant_id,
        p_customer=str(who.customer_id or ""),
        p_thread=thread.model_dump_json(),
        p_run=run.model_dump_json(),
    )


async def progress(tx: ReadTx, run_id: UUID) -> tuple[int, str]:
    """Return the number of the last stored fact of one of the caller's runs, and its status.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    found = await tx.run(_PROGRESS, (tx.tenant_id, run_id, tx.principal.user_id))
    if not found:
        raise NotFound("run", run_id)
    return found[0][0], found[0][1]


class Claimed(NamedTuple):
    """A run that a worker has just claimed, whoever's it is, with what it has to do."""

    tenant_id: UUID
    run_id: UUID
    thread_id: UUID
    attempt: int
    user_id: UUID
    customer_id: UUID | None
    assistant: str
    input: dict[str, Any]
    principal: dict[str, Any]
    opens: bool
    """Whether the conversation has no checkpoint yet."""


async def claim(units: Units, worker: str, lease_seconds: float, most: int) -> list[Claimed]:
    """Claim runs that wait or were left, oldest first, at most one of a conversation; none of them can be claimed by another worker."""
    rows = await units.call("claim_runs", worker=worker, lease_seconds=lease_seconds, most=most)
    return [Claimed(**row) for row in rows]


async def claimed(tx: ReadTx, run_id: UUID) -> Run:
    """Return a run that this worker has just claimed, whoever's it is."""
    return (await tx.session.exec(select(Run).where(col(Run.tenant_id) == tx.tenant_id, col(Run.id) == run_id))).one()


async def stored(tx: ReadTx, run_id: UUID) -> Run | None:
    """Return a run, whoever's it is; None when it was deleted."""
    return (await tx.session.exec(select(Run).where(col(Run.tenant_id) == tx.tenant_id, col(Run.id) == run_id))).first()


async def by_key(tx: Tx, key: str) -> Run | None:
    """Return the run that the caller created under an idempotency key; another request with it waits until this transaction ends."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{tx.tenant_id}:{tx.principal.user_id}:{key}",))
    query = select(Run).where(col(Run.tenant_id) == tx.tenant_id, col(Run.user_id) == tx.principal.user_id, col(Run.idempotency_key) == key)
    return (await tx.session.exec(query)).first()


async def find(tx: ReadTx, thread_id: UUID, *, status: RunStatus | None = None, limit: int = 10, offset: int = 0) -> Sequence[Run]:
    """Return runs of a thread, newest first."""
    query = select(Run).where(col(Run.tenant_id) == tx.tenant_id, col(Run.thread_id) == thread_id)
    if status is not None:
        query = query.where(col(Run.status) == status)
    return (await tx.session.exec(query.order_by(col(Run.created_at).desc()).limit(limit).offset(offset))).all()


async def active(tx: ReadTx, thread_id: UUID) -> Sequence[Run]:
    """Return the runs that are running or next on a thread, oldest first."""
    query = select(Run).where(col(Run.tenant_id) == tx.tenant_id, col(Run.thread_id) == thread_id, col(Run.status).in_(_ACTIVE))
    return (await tx.session.exec(query.order_by(col(Run.created_at), col(Run.id)))).all()


async def hold_active(tx: Tx, thread_id: UUID) -> None:
    """Lock the caller's runs of a thread that have not ended; to be done before the thread is locked, as the end of a run does."""
    where = [col(Run.tenant_id) == tx.tenant_id, col(Run.user_id) == tx.principal.user_id, col(Run.thread_id) == thread_id]
    await tx.session.exec(select(Run.id).where(*where, col(Run.status).in_(_ACTIVE)).order_by(col(Run.id)).with_for_update())


async def own_active(
    tx: ReadTx, *, thread_id: UUID | None = None, ids: Sequence[UUID] | None = None, status: RunStatus | None = None
) -> Sequence[Run]:
    """Return the caller's runs that have not ended, oldest first."""
    where = [col(Run.tenant_id) == tx.tenant_id, col(Run.user_id) == tx.principal.user_id, col(Run.status).in_(_ACTIVE)]
    if thread_id is not None:
        where.append(col(Run.thread_id) == thread_id)
    if ids is not None:
        where.append(col(Run.id).in_(list(ids)))
    if status is not None:
        where.append(col(Run.status) == status)
    return (await tx.session.exec(select(Run).where(*where).order_by(col(Run.created_at)))).all()


async def after(tx: ReadTx, thread_id: UUID, run_id: UUID) -> Sequence[Run]:
    """Return the runs of a thread that came after one of them, oldest first: ids grow with time."""
    query = select(Run).where(col(Run.tenant_id) == tx.tenant_id, col(Run.thread_id) == thread_id, col(Run.id) > run_id)
    return (await tx.session.exec(query.order_by(col(Run.id)))).all()


async def before_active(tx: ReadTx, thread_id: UUID) -> UUID:
    """Return the place in a thread's runs after which all that have not ended come."""
    busy = await active(tx, thread_id)
    if busy:
        return UUID(int=busy[0].id.int - 1)
    query = select(Run.id).where(col(Run.tenant_id) == tx.tenant_id, col(Run.thread_id) == thread_id)
    return (await tx.session.exec(query.order_by(col(Run.id).desc()).limit(1))).first() or UUID(int=0)


async def remove(tx: Tx, run: Run) -> None:
    """Delete a run that has ended, with its log. What its tools did stays done and recorded."""
    await tx.session.execute(delete(Run).where(col(Run.tenant_id) == tx.tenant_id, col(Run.id) == run.id))


class Kept(NamedTuple):
    """What a run's graph kept back of its conversation: rows as JSON arrays of arrays, and apart from them what is bytes."""

    checkpoints: str = "[]"
    blobs: str = "[]"
    blob_bytes: Sequence[bytes | None] = ()
    writes: str = "[]"
    write_bytes: Sequence[bytes] = ()


async def end(
    pool: AsyncConnectionPool[Any],
    at: datetime,
    ctx: RunContext,
    facts: Sequence[RunFact],
    status: RunStatus,
    thread: ThreadStatus,
    error: dict[str, str] | None,
    kept: Kept = Kept(),  # noqa: B008
) -> int:
    """Store the last facts of a run with its status and checkpoints, under its fencing token; return the last number.

    One transaction in one round trip; its commit waits for the disk, and with it for everything that the run stored before.

    Args:
        pool: the checkpoints' connections, which cost less to take than the engine's.
        at: when it ended.
        ctx: the attempt.
        facts: what the log does not have yet.
        status: the run's from now on.
        thread: the conversation's, unless another run waits.
        error: what went wrong, as the conversation shows it.
        kept: checkpoints that are not stored yet.

    Raises:
        Fenced: another attempt owns the run, or it was cancelled; nothing was stored.
    """
    with translated():
        async with pool.connection() as connection:
            rows = await call(
                connection,
                "public.end_run",
                p_tenant=ctx.principal.tenant_id,
                p_customer=str(ctx.principal.customer_id or ""),
                p_run=ctx.run_id,
                p_thread=ctx.thread_id,
                p_attempt=ctx.attempt,
                p_at=at,
                p_status=status.value,
                p_shown=thread.value,
                p_error=json.dumps(error) if error else None,
                p_facts=events.dumped(facts),
                p_checkpoints=kept.checkpoints,
                p_blobs=kept.blobs,
                p_blob_bytes=list(kept.blob_bytes),
                p_writes=kept.writes,
                p_write_bytes=list(kept.write_bytes),
            )
    if not rows:
        raise events.fenced(ctx)
    return int(rows[0]["last"])


class Found(NamedTuple):
    """A run that was looked for in all stores."""

    tenant_id: UUID
    id: UUID
    thread_id: UUID


async def left(units: Units, at: datetime, most: int) -> list[Found]:
    """Return runs of all stores whose readers left so long ago that they are to end, oldest first."""
    return [Found(**row) for row in await units.call("left_runs", at=at, most=most)]


async def to_thin(units: Units, before: datetime, most: int) -> list[Found]:
    """Return runs of all stores that ended before an instant and still have all their states, oldest first."""
    return [Found(**row) for row in await units.call("runs_to_thin", before=before, most=most)]


async def hold_at_rest(tx: Tx, run: Found) -> bool:
    """Lock a run's conversation so that no other run of it can be queued, and note the run as thinned; False while one is at work."""
    held = await tx.run("SELECT 1 FROM threads WHERE tenant_id = %s AND id = %s FOR UPDATE", (tx.tenant_id, run.thread_id))
    return bool(held) and bool(await tx.run(_AT_REST, {"tenant": tx.tenant_id, "run": run.id, "thread": run.thread_id, "now": tx.now}))


async def forget_logs(units: Units, before: datetime, at: datetime, most: int) -> int:
    """Delete the logs of runs of all stores that ended before an instant, the oldest, and return how many."""
    [row] = await units.call("forget_logs", before=before, at=at, most=most)
    return int(row["logs"])


async def keep_reading(units: Units, found: Sequence[tuple[UUID, UUID]], until: datetime) -> None:
    """Let runs, each given with its tenant, go on until then: somebody reads them. Those that another transaction holds are left out."""
    tenants, ids = [tenant for tenant, _ in found], [run for _, run in found]
    await units.call("keep_reading", p_tenants=tenants, p_runs=ids, p_until=until)


async def cancel(tx: Tx, run: Run | Found, *, unread: bool = False) -> int | None:
    """End an active run at once: from this commit on no effect of it can start. Return its last number.

    None when it had ended, or when it was to end because it is `unread` and a reader came back.
    """
    seq = (await tx.session.execute(_CANCEL, {"tenant": tx.tenant_id, "run": run.id, "now": tx.now, "unread": unread})).scalar()
    if seq is None:
        return None
    await events.insert(tx, run.id, int(seq), RunFinished(status="cancelled"))
    ctx = RunContext(tx.principal, run_id=RunId(run.id), thread_id=ThreadId(run.thread_id))
    await _close(tx, ctx, RunStatus.INTERRUPTED, ThreadStatus.IDLE, _LEFT if unread else _STOPPED)
    return int(seq)


async def release(tx: Tx, ctx: RunContext) -> None:
    """Give a claimed run back to the queue, as a worker does that shuts down."""
    where = [col(Run.tenant_id) == tx.tenant_id, col(Run.id) == ctx.run_id, col(Run.attempt) == ctx.attempt, col(Run.status) == "running"]
    await tx.session.execute(update(Run).where(*where).values(status=RunStatus.PENDING, lease_until=None))


async def _close(tx: Tx, ctx: RunContext, status: RunStatus, thread: ThreadStatus, error: dict[str, str] | None) -> None:
    await tx.run(_CLOSE, _closing(tx, ctx, status, thread, error))


def _closing(tx: Tx, ctx: RunContext, status: RunStatus, thread: ThreadStatus, error: dict[str, str] | None) -> dict[str, object]:
    return {
        "tenant": tx.tenant_id,
        "run": ctx.run_id,
        "thread": ctx.thread_id,
        "status": status.value,
        "shown": thread.value,
        "error": json.dumps(error) if error else None,
        "now": tx.now,
    }


__all__ = [
    "Claimed",
    "Found",
    "Kept",
    "active",
    "after",
    "before_active",
    "by_key",
    "cancel",
    "claim",
    "claimed",
    "end",
    "find",
    "forget_logs",
    "get",
    "hold_active",
    "hold_at_rest",
    "keep_reading",
    "left",
    "own_active",
    "progress",
    "queue_with_thread",
    "release",
    "remove",
    "stored",
    "to_thin",
]
