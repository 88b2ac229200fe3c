"""Conversations as LangGraph's API shows them: read from checkpoints, after the thread's row has admitted the caller."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from langchain_core.messages import AnyMessage, ToolMessage, convert_to_messages
from langchain_core.runnables import RunnableConfig
from langgraph.errors import InvalidUpdateError
from langgraph.types import StateSnapshot
from pydantic import ValidationError

from core.errors import Conflict, InvalidInput, NotFound
from core.identity import Principal
from core.ids import new_id
from graph.agent import as_dict
from graph.build import build
from memory.checkpoints import RunSaver, thread_key
from server.dialects.langgraph import Values, assistant_uuid
from server.wiring import Runtime
from store.queries import approvals, runs, threads
from store.tables.runtime import Thread
from store.unit import translated

_SHOWN = frozenset({"human", "ai", "tool"})
"""Hints of ours to the model are no part of the conversation."""
_READERS = 5
_NO_CHECKPOINT = str(UUID(int=0))


async def admitted(runtime: Runtime, principal: Principal, thread_id: UUID) -> Thread:
    """Return a thread of the caller.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    async with runtime.units.read(principal) as tx:
        return await threads.get(tx, thread_id)


async def thread_state(runtime: Runtime, principal: Principal, thread_id: UUID, checkpoint_id: str | None = None) -> dict[str, Any]:
    """Return the state of the caller's thread, now or at one of its checkpoints.

    Raises:
        NotFound: no such thread, or no such checkpoint.
    """
    await admitted(runtime, principal, thread_id)
    snapshot = await _snapshot(runtime, principal.tenant_id, thread_id, checkpoint_id)
    if checkpoint_id is not None and snapshot.created_at is None:
        raise NotFound("checkpoint", checkpoint_id[:60])
    return _state(runtime, snapshot, thread_id)


async def head_of(runtime: Runtime, principal: Principal, thread_id: UUID) -> str | None:
    """Return the newest checkpoint of the caller's thread.

    Raises:
        NotFound: no such thread.
    """
    await admitted(runtime, principal, thread_id)
    snapshot = await _snapshot(runtime, principal.tenant_id, thread_id)
    return snapshot.config.get("configurable", {}).get("checkpoint_id") if snapshot.created_at else None


async def next_at(runtime: Runtime, principal: Principal, thread_id: UUID, checkpoint_id: str) -> tuple[str, ...] | None:
    """Return which nodes would follow at a checkpoint of the caller's thread; None when there is no such checkpoint.

    Raises:
        NotFound: no such thread.
    """
    await admitted(runtime, principal, thread_id)
    snapshot = await _snapshot(runtime, principal.tenant_id, thread_id, checkpoint_id)
    return snapshot.next if snapshot.created_at else None


async def asked_for(runtime: Runtime, tenant_id: UUID, thread_id: UUID) -> UUID | None:
    """Return the request that a thread, which was read for its owner, waits for; None when it waits for nothing."""
    snapshot = await _snapshot(runtime, tenant_id, thread_id)
    return next((UUID(asked.value["approval"]["approval_id"]) for asked in snapshot.interrupts), None)


async def update_state(
    runtime: Runtime, principal: Principal, thread_id: UUID, values: dict[str, Any] | None, as_node: str | None, checkpoint_id: str | None
) -> dict[str, Any]:
    """Write messages into the caller's thread as if one of its nodes had said them, and return the new checkpoint.

    Raises:
        NotFound: no such thread.
        Conflict: a run is at work on it.
        InvalidInput: the graph does not take it.
    """
    async with runtime.units.write(principal) as tx:
        await threads.get(tx, thread_id, lock=True)
        if await runs.active(tx, thread_id):
            raise Conflict("a run is at work on this thread; wait for it, or cancel it", code="thread_busy")
        await approvals.supersede(tx, thread_id)
        saver = RunSaver(runtime.pool)
        try:
            messages = [
                message.model_copy(update={"id": message.id or str(new_id())})
                for message in convert_to_messages((values or {}).get("messages", []))
            ]
            given = {"messages": messages} if values is not None else None
            with translated():
                written = await build(saver).aupdate_state(_config(tx.tenant_id, thread_id, checkpoint_id), given, as_node=as_node)
                await saver.flush()
        except (InvalidUpdateError, NotImplementedError, KeyError, TypeError, ValueError) as error:
            raise InvalidInput("give {messages: [...]} and, in as_node, the node that is to have said them", field="values") from error
    return _checkpoint(written, thread_id) or {}


async def history(
    runtime: Runtime,
    principal: Principal,
    thread_id: UUID,
    *,
    limit: int = 10,
    before: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return past states of the caller's thread, newest first; with `metadata`, those that have it.

    Raises:
        NotFound: no such thread.
    """
    await admitted(runtime, principal, thread_id)
    graph = build(RunSaver(runtime.pool))
    end = _config(principal.tenant_id, thread_id, before) if before else None
    with translated():
        past = graph.aget_state_history(_config(principal.tenant_id, thread_id), limit=limit, before=end, filter=metadata or None)
        return [_state(runtime, one, thread_id) async for one in past]


async def thread_values(runtime: Runtime, principal: Principal, thread_id: UUID) -> Values:
    """Return what `values` events and waiting clients get."""
    await admitted(runtime, principal, thread_id)
    snapshot = await _snapshot(runtime, principal.tenant_id, thread_id)
    return Values(_values(runtime, snapshot), _interrupts(snapshot))


async def as_threads(runtime: Runtime, rows: Sequence[Thread], *, with_values: bool = True) -> list[dict[str, Any]]:
    """Return threads, which were read for their owner, in the API's form with their current values."""
    gate = asyncio.Semaphore(_READERS)

    async def one(row: Thread) -> dict[str, Any]:
        if not with_values:
            return _thread(runtime, row, None)
        async with gate:
            return _thread(runtime, row, await _snapshot(runtime, row.tenant_id, row.id))

    return list(await asyncio.gather(*map(one, rows)))


async def forget(runtime: Runtime, tenant_id: UUID, thread_id: UUID) -> None:
    """Delete the checkpoints of a thread whose row is gone."""
    with translated():
        await RunSaver(runtime.pool).adelete_thread(thread_key(tenant_id, thread_id))


async def _snapshot(runtime: Runtime, tenant_id: UUID, thread_id: UUID, checkpoint_id: str | None = None) -> StateSnapshot:
    with translated():
        return await build(RunSaver(runtime.pool)).aget_state(_config(tenant_id, thread_id, checkpoint_id))


def _thread(runtime: Runtime, row: Thread, snapshot: StateSnapshot | None) -> dict[str, Any]:
    graph_id = row.meta.get("graph_id")
    assistant = {"assistant_id": str(assistant_uuid(graph_id))} if graph_id else {}
    tasks = snapshot.tasks if snapshot else ()
    return {
        "thread_id": str(row.id),
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "state_updated_at": row.updated_at.isoformat(),
        "metadata": {**row.meta, **assistant},
        "status": row.status,
        "config": {},
        "values": _values(runtime, snapshot) if snapshot and snapshot.created_at else None,
        "error": row.error,
        "interrupts": {task.id: [_interrupt(one) for one in task.interrupts] for task in tasks if task.interrupts},
    }


def _state(runtime: Runtime, snapshot: StateSnapshot, thread_id: UUID) -> dict[str, Any]:
    here, parent = _checkpoint(snapshot.config, thread_id), _checkpoint(snapshot.parent_config, thread_id)
    tasks: list[dict[str, Any]] = [
        {
            "id": task.id,
            "name": task.name,
            "path": ["__pregel_pull", task.name],
            "error": "the step failed" if task.error else None,
            "interrupts": [_interrupt(one) for one in task.interrupts],
            "checkpoint": None,
            "state": None,
            "result": None,
        }
        for task in snapshot.tasks
    ]
    return {
        "values": _values(runtime, snapshot),
        "next": list(snapshot.next),
        "tasks": tasks,
        "metadata": {**(snapshot.metadata or {}), "thread_id": str(thread_id)} if snapshot.created_at else {},
        "created_at": snapshot.created_at,
        "checkpoint": here,
        "parent_checkpoint": parent,
        "interrupts": _interrupts(snapshot),
        "checkpoint_id": here["checkpoint_id"] if here else None,
        "parent_checkpoint_id": parent["checkpoint_id"] if parent else None,
    }


def _values(runtime: Runtime, snapshot: StateSnapshot) -> dict[str, Any]:
    return {"messages": [_message(runtime, message) for message in snapshot.values.get("messages", []) if message.type in _SHOWN]}


def _message(runtime: Runtime, message: AnyMessage) -> dict[str, Any]:
    """Return a message; a tool's result comes with its text for a reader, made again from its type instead of being stored twice."""
    shown = as_dict(message)
    tool = runtime.toolbox.get(message.name or "") if isinstance(message, ToolMessage) and message.status == "success" else None
    if tool is not None:
        with suppress(ValidationError):
            result = tool.result.model_validate_json(message.text)
            shown["artifact"] = {"status": "ok", "result": result.model_dump(mode="json"), "text": result.text()}
    return shown


def _interrupts(snapshot: StateSnapshot) -> list[dict[str, Any]]:
    return [_interrupt(one) for one in snapshot.interrupts]


def _interrupt(one: Any) -> dict[str, Any]:
    return {"value": one.value, "id": one.id}


def _config(tenant_id: UUID, thread_id: UUID, checkpoint_id: str | None = None) -> RunnableConfig:
    where = {"thread_id": thread_key(tenant_id, thread_id), "checkpoint_ns": ""}
    return {"configurable": {**where, "checkpoint_id": _as_checkpoint_id(checkpoint_id)} if checkpoint_id else where}


def _as_checkpoint_id(given: str) -> str:
    """Return an id as checkpoints have it; what is none names no checkpoint."""
    try:
        return str(UUID(given))
    except ValueError:
        return _NO_CHECKPOINT


def _checkpoint(config: RunnableConfig | None, thread_id: UUID) -> dict[str, Any] | None:
    where = (config or {}).get("configurable", {})
    if "checkpoint_id" not in where:
        return None
    return {"thread_id": str(thread_id), "checkpoint_ns": "", "checkpoint_id": where["checkpoint_id"]}
