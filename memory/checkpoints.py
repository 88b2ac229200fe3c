"""Checkpoints of the graph in Postgres, in a schema of their own.

One saver a run over a shared pool: LangGraph's saver serialises every statement behind one lock.
"""

import os
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

import orjson
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    PendingWrite,
    get_serializable_checkpoint_metadata,
    writes_sort_key,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.types import _DeltaSnapshot  # pyright: ignore[reportPrivateUsage]
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from core import faults
from core.errors import Fenced
from store.queries.runs import Kept
from store.unit import Tx

SCHEMA = "checkpoints"
_URGENT = frozenset({"__interrupt__", "__error__", "__resume__", "__scheduled__"})
"""Writes after which the graph may stop: stored at once."""

_NEXT = "branch:to:"
"""The channels that start a superstep."""
_LATEST_SECONDS = 0.5
"""A superstep that took longer than this, as one with a real model does, is stored as soon as it ends."""
_REST_SECONDS = 1.0
_HOLD = "SELECT 1 FROM public.runs WHERE tenant_id = %s AND id = %s AND attempt = %s AND status = 'running' FOR SHARE"
_PAGE = 100
"""Supersteps that are read back at once: twenty turns with a tool call, about eighty messages."""
_LAST_WRITES = """
SELECT step.*, w.task_path, w.task_id, w.idx, w.type, w.blob, EXISTS (
  SELECT FROM checkpoint_blobs b
  WHERE b.thread_id = %(thread)s AND b.checkpoint_ns = %(namespace)s AND b.channel = %(channel)s AND b.type <> 'empty'
) AS copied
FROM (
  SELECT checkpoint_id, parent_checkpoint_id FROM checkpoints
  WHERE thread_id = %(thread)s AND checkpoint_ns = %(namespace)s AND checkpoint_id <= %(last)s
  ORDER BY checkpoint_id DESC LIMIT %(most)s
) step
LEFT JOIN checkpoint_writes w ON w.thread_id = %(thread)s AND w.checkpoint_ns = %(namespace)s
  AND w.checkpoint_id = step.checkpoint_id AND w.channel = %(channel)s
ORDER BY step.checkpoint_id DESC
"""
_INSERT_WRITES = """
INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::text[], %b::bytea[])
ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO NOTHING
"""
_INSERT_CHECKPOINTS = """
INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
SELECT thread, ns, id, parent, body::jsonb, about::jsonb
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[]) AS row (thread, ns, id, parent, body, about)
ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET checkpoint = EXCLUDED.checkpoint, metadata = EXCLUDED.metadata
"""
_UNDO = (
    "DELETE FROM checkpoints.checkpoint_writes WHERE thread_id = %(thread)s AND checkpoint_id IN ("
    "SELECT checkpoint_id FROM checkpoints.checkpoints WHERE thread_id = %(thread)s AND metadata ->> 'run_id' = %(run)s)",
    "DELETE FROM checkpoints.checkpoints WHERE thread_id = %(thread)s AND metadata ->> 'run_id' = %(run)s",
)
_COPY = (
    "INSERT INTO checkpoints.checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata) "
    "SELECT %(target)s, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata "
    "FROM checkpoints.checkpoints WHERE thread_id = %(source)s",
    "INSERT INTO checkpoints.checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob) "
    "SELECT %(target)s, checkpoint_ns, channel, version, type, blob FROM checkpoints.checkpoint_blobs WHERE thread_id = %(source)s",
    "INSERT INTO checkpoints.checkpoint_writes "
    "(thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path) "
    "SELECT %(target)s, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path "
    "FROM checkpoints.checkpoint_writes WHERE thread_id = %(source)s",
)
_last_checked: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]


@asynccontextmanager
async def open_pool(url: str, *, size: int = 10) -> AsyncIterator[Pool]:
    """Open the shared pool; `url` acts as the app role with `search_path` on the checkpoints' schema."""
    pool: Pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        timeout=10,
        check=_check_rested,
        configure=_relax,
        kwargs={"autocommit": True, "prepare_threshold": 3, "row_factory": dict_row},
    )
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


async def _relax(connection: AsyncConnection[Any]) -> None:
    """Let checkpoints not wait for the disk.

    A power cut may lose the last ones of a run that has not ended; its supersteps repeat and the ledger replays their effects. The
    transaction that ends a run waits for the disk, and with it for everything before: PostgreSQL writes its log in order.
    """
    await connection.execute("SET synchronous_commit = off")


async def _check_rested(connection: AsyncConnection[Any]) -> None:
    """Check a connection that nobody used for a while, not one that has just come back."""
    now = time.monotonic()
    if now - _last_checked.get(connection, 0.0) > _REST_SECONDS:
        await AsyncConnectionPool.check_connection(connection)
    _last_checked[connection] = now


class Lease(NamedTuple):
    """Which attempt of which run a saver writes for."""

    tenant_id: UUID
    run_id: UUID
    attempt: int


def thread_key(tenant_id: UUID, thread_id: UUID) -> str:
    """Return the name of a conversation among checkpoints: clients may choose a thread's id, but never another tenant's."""
    return f"{tenant_id}:{thread_id}"


class _TaskWrites(NamedTuple):
    """What a task of the superstep that is running wrote: stored whole only when the run may stop before the superstep's checkpoint."""

    place: tuple[str, str, str, str, str]
    """Thread, namespace, checkpoint, task and its path."""
    writes: Sequence[tuple[str, Any]]


@dataclass(slots=True)
class _Waiting:
    """Rows that are not stored yet, and beside them what has not been made rows."""

    checkpoints: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    blobs: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    writes: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    marks: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    running: list[_TaskWrites] = field(default_factory=list[_TaskWrites])


class RunSaver(AsyncPostgresSaver):
    """The saver of one run: supersteps are stored together, in one round trip and one transaction, and no more is read than it needs.

    What is kept back is stored before a tool may have an effect, before the graph stops or is read, and with the first superstep that
    ends `_LATEST_SECONDS` after the last store, unless the graph ends with it. A crash in between repeats supersteps; positional call
    ids and the ledger make that harmless. Of a superstep whose checkpoint is there, only writes to channels that are read back from
    their writes are kept.
    """

    def __init__(self, pool: Pool, lease: Lease | None = None, *, empty: bool = False, recent: int | None = None) -> None:
        """Make a saver.

        Args:
            pool: shared by all savers.
            lease: under which attempt it writes; None writes for nobody's run.
            empty: the conversation has no checkpoint yet, so that nobody looks for one.
            recent: so many of the last messages are enough; None reads all, which whoever shows or branches a conversation needs. A saver
                that does not read all stores no whole copy either.
        """
        super().__init__(pool)  # pyright: ignore[reportArgumentType]
        self._lease = lease
        self._empty = empty
        self._recent = recent
        self._waiting = _Waiting()
        self._stored_at = time.monotonic()
        self.interrupted = False
        """Whether a superstep of this run stopped to ask a person."""

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = "") -> None:
        """Keep a task's writes for the next store, or store them at once when the graph may stop after them."""
        where = config["configurable"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
        place = (where["thread_id"], where["checkpoint_ns"], where["checkpoint_id"], task_id, task_path)
        if not any(channel in _URGENT for channel, _ in writes):
            self._waiting.running.append(_TaskWrites(place, writes))
            return
        self._waiting.marks += self._dump_writes(*place, writes)
        self.interrupted |= any(channel == "__interrupt__" for channel, _ in writes)
        await self.flush()

    async def aput(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions
    ) -> RunnableConfig:
        """Keep a checkpoint, serialised as it is now, and store it with those before it when they have waited long enough."""
        where = config["configurable"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
        thread_id, namespace = where["thread_id"], where["checkpoint_ns"]
        inline, blobs = _split(checkpoint["channel_values"], whole=self._recent is None)
        versions = {channel: version for channel, version in new_versions.items() if channel in blobs}
        self._settle(where.get("checkpoint_id"), metadata)
        self._waiting.blobs += self._dump_blobs(thread_id, namespace, blobs, versions)
        about = get_serializable_checkpoint_metadata(config, metadata)
        body = orjson.dumps({**checkpoint, "channel_values": inline}).decode()
        self._waiting.checkpoints.append(
            (thread_id, namespace, checkpoint["id"], where.get("checkpoint_id"), body, orjson.dumps(about).decode())
        )
        self._empty = False
        if time.monotonic() - self._stored_at >= _LATEST_SECONDS and _goes_on(checkpoint):
            await self.flush()
        return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint["id"]}}

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint after everything that was kept back is stored."""
        if self._empty:
            return None
        await self.flush()
        return await super().aget_tuple(config)

    async def aget_delta_channel_history(self, *, config: RunnableConfig, channels: Sequence[str]) -> Mapping[str, DeltaChannelHistory]:
        """Read back what was written to channels: of each the last items, or all when the saver or the conversation asks for it."""
        found: dict[str, DeltaChannelHistory] = {}
        if self._recent is not None:
            for channel in channels:
                writes = await self._last_writes(config, channel, self._recent)
                if writes is None:
                    self._recent = None
                    break
                found[channel] = {"writes": writes}
        return found if self._recent is not None else await super().aget_delta_channel_history(config=config, channels=channels)

    async def _last_writes(self, config: RunnableConfig, channel: str, enough: int) -> list[PendingWrite] | None:
        """Return the last writes of lists to a channel before a checkpoint, oldest first: at least `enough` items, or all that there are.

        None when the store holds a whole copy of the channel, as of a conversation that was branched or written by a client: what
        follows the copy is all that needs reading then, and LangGraph finds it.
        """
        where = config["configurable"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
        target: str = where["checkpoint_id"]
        place = {"thread": where["thread_id"], "namespace": where.get("checkpoint_ns", ""), "channel": channel, "most": _PAGE}
        writes: list[PendingWrite] = []
        items, last, wanted = 0, target, target
        async with self._cursor() as cur:
            while wanted is not None and items < enough:
                await cur.execute(_LAST_WRITES, {**place, "last": last})
                page = await cur.fetchall()
                if not page or page[0]["copied"]:
                    return None
                before = last
                for last, rows in groupby(page, itemgetter("checkpoint_id")):
                    if last == wanted and items < enough:
                        first, *_ = step = list(rows)
                        for row in _newest_first(step) if last != target else ():
                            value = self.serde.loads_typed((row["type"], row["blob"]))
                            writes.append((row["task_id"], channel, value))
                            items += len(value)
                        wanted = first["parent_checkpoint_id"]
                if last == before:
                    break
        return writes[::-1]

    async def flush(self) -> None:
        """Store what was kept back, in order, together or not at all.

        Raises:
            Fenced: the run's lease was lost to another worker, or the run was cancelled; nothing was stored.
        """
        waiting = self._take()
        if waiting is None:
            return
        faults.point("checkpoint.before")
        async with self._cursor(pipeline=True) as cur:
            await self._hold_lease(cur)
            await self._insert(cur, waiting)
        faults.point("checkpoint.after")

    def hand_over(self) -> Kept:
        """Return what was kept back, for the transaction that ends the run, which is fenced by itself."""
        waiting = self._take() or _Waiting()
        assert not waiting.marks, "writes after which the graph may stop are stored at once"
        return Kept(
            checkpoints=_json(waiting.checkpoints),
            blobs=_json([row[:5] for row in waiting.blobs]),
            blob_bytes=[row[5] for row in waiting.blobs],
            writes=_json([row[:8] for row in waiting.writes]),
            write_bytes=[row[8] for row in waiting.writes],
        )

    def _settle(self, checkpoint_id: str | None, metadata: CheckpointMetadata) -> None:
        """Make rows of a finished superstep's writes, now that its checkpoint is made: those from which a channel is read back."""
        deltas = metadata.get("counters_since_delta_snapshot")
        for task in self._waiting.running:
            over = task.place[2] == checkpoint_id
            self._waiting.writes += self._rows(task, deltas if over else None)
        self._waiting.running.clear()

    def _rows(self, task: _TaskWrites, channels: Collection[str] | None = None) -> list[tuple[Any, ...]]:
        return [
            (*task.place, WRITES_IDX_MAP.get(channel, index), channel, *self.serde.dumps_typed(value))
            for index, (channel, value) in enumerate(task.writes)
            if channels is None or channel in channels
        ]

    def _take(self) -> _Waiting | None:
        """Return what was kept back and forget it."""
        waiting = self._waiting
        for task in waiting.running:
            waiting.writes += self._rows(task)
        self._waiting = _Waiting()
        self._stored_at = time.monotonic()
        return waiting if waiting.checkpoints or waiting.writes or waiting.marks else None

    async def _insert(self, cur: AsyncCursor[Any], waiting: _Waiting) -> None:
        if waiting.writes:
            await cur.execute(_INSERT_WRITES, _columns(waiting.writes))
        if waiting.blobs:
            await cur.executemany(self.UPSERT_CHECKPOINT_BLOBS_SQL, waiting.blobs)
        if waiting.checkpoints:
            await cur.execute(_INSERT_CHECKPOINTS, _columns(waiting.checkpoints))
        if waiting.marks:
            await cur.executemany(self.UPSERT_CHECKPOINT_WRITES_SQL, waiting.marks)

    async def _hold_lease(self, cur: AsyncCursor[DictRow]) -> None:
        """Keep a newer attempt from claiming the run until this store commits; a pipeline is one transaction."""
        lease = self._lease
        if lease is None:
            return
        await cur.execute("SELECT set_config('app.tenant_id', %s, true)", (str(lease.tenant_id),))
        await cur.execute(_HOLD, (lease.tenant_id, lease.run_id, lease.attempt))
        if await cur.fetchone() is None:
            raise Fenced(f"run {lease.run_id}: attempt {lease.attempt} no longer holds the lease")


def _goes_on(checkpoint: Checkpoint) -> bool:
    """Return whether the graph goes on after a checkpoint; the last one is stored with the end of its run, which follows at once."""
    return any(channel.startswith(_NEXT) for channel in checkpoint["channel_values"])


def _json(rows: list[tuple[Any, ...]]) -> str:
    return orjson.dumps(rows).decode()


async def undo_run(tx: Tx, thread: str, run_id: UUID) -> None:
    """Take what a run added out of a conversation, in the transaction that ends the run: the one before is the newest again."""
    for statement in _UNDO:
        await tx.run(statement, {"thread": thread, "run": str(run_id)})


async def copy_thread(tx: Tx, source: str, target: str) -> None:
    """Copy a conversation under another name."""
    for statement in _COPY:
        await tx.run(statement, {"source": source, "target": target})


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _newest_first(rows: Iterable[DictRow]) -> list[DictRow]:
    """Return the writes among rows of one superstep, in the order in which LangGraph applies them, the last first."""
    written = (row for row in rows if row["type"] is not None)
    return sorted(written, key=lambda row: writes_sort_key(row["task_path"], row["task_id"], row["idx"]), reverse=True)


def _split(values: dict[str, Any], *, whole: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what goes into a checkpoint's row and what beside it; whole copies of channels that only grow stay out unless `whole`."""
    inline: dict[str, Any] = {}
    blobs: dict[str, Any] = {}
    for channel, value in values.items():
        if isinstance(value, _DeltaSnapshot) and not whole:
            continue
        if value is None or isinstance(value, str | int | float | bool):
            inline[channel] = value
        else:
            blobs[channel] = value
            if isinstance(value, _DeltaSnapshot):
                inline[channel] = True
    return inline, blobs
