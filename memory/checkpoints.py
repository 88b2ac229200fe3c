"""Checkpoints of the graph in Postgres, in a schema of their own.

One saver a run over a shared pool: LangGraph's saver serialises every statement behind one lock. The writes of a superstep leave in the
same round trip as the checkpoint that follows them; a crash in between repeats the superstep, which the ledger makes harmless.
"""

import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple, get_serializable_checkpoint_metadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.types import _DeltaSnapshot  # pyright: ignore[reportPrivateUsage]
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from core import faults

SCHEMA = "checkpoints"
_URGENT = frozenset({"__interrupt__", "__error__", "__resume__", "__scheduled__"})
"""Writes after which the graph may stop: stored at once."""

_REST_SECONDS = 1.0
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


class RunSaver(AsyncPostgresSaver):
    """The saver of one run."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)  # pyright: ignore[reportArgumentType]
        self._writes: list[tuple[Any, ...]] = []

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = "") -> None:
        """Keep a task's writes for the next checkpoint, or store them at once when the graph may stop after them."""
        if any(channel in _URGENT for channel, _ in writes):
            await self.flush()
            await super().aput_writes(config, writes, task_id, task_path)
            return
        where = config["configurable"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
        self._writes += self._dump_writes(where["thread_id"], where["checkpoint_ns"], where["checkpoint_id"], task_id, task_path, writes)

    async def aput(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions
    ) -> RunnableConfig:
        """Store a checkpoint together with the writes that led to it, in one transaction and one round trip."""
        where = config["configurable"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
        thread_id, namespace = where["thread_id"], where["checkpoint_ns"]
        inline, blobs = _split(checkpoint["channel_values"])
        versions = {channel: version for channel, version in new_versions.items() if channel in blobs}
        pending, self._writes = self._writes, []
        row = (
            thread_id,
            namespace,
            checkpoint["id"],
            where.get("checkpoint_id"),
            Jsonb({**checkpoint, "channel_values": inline}),
            Jsonb(get_serializable_checkpoint_metadata(config, metadata)),
        )
        faults.point("checkpoint.before")
        async with self._cursor(pipeline=True) as cur:
            if pending:
                await cur.executemany(self.INSERT_CHECKPOINT_WRITES_SQL, pending)
            if versions:
                await cur.executemany(self.UPSERT_CHECKPOINT_BLOBS_SQL, self._dump_blobs(thread_id, namespace, blobs, versions))
            await cur.execute(self.UPSERT_CHECKPOINTS_SQL, row)
        faults.point("checkpoint.after")
        return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint["id"]}}

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint after everything that was kept back is stored."""
        await self.flush()
        return await super().aget_tuple(config)

    async def flush(self) -> None:
        """Store the writes that no checkpoint followed yet."""
        pending, self._writes = self._writes, []
        if pending:
            async with self._cursor(pipeline=True) as cur:
                await cur.executemany(self.INSERT_CHECKPOINT_WRITES_SQL, pending)


def _split(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    inline: dict[str, Any] = {}
    blobs: dict[str, Any] = {}
    for channel, value in values.items():
        if value is None or isinstance(value, str | int | float | bool):
            inline[channel] = value
        else:
            blobs[channel] = value
            if isinstance(value, _DeltaSnapshot):
                inline[channel] = True
    return inline, blobs
