"""Conversations, in the form of LangGraph's API."""

from typing import Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from core.errors import Conflict, InvalidInput
from core.identity import Principal
from server import state
from server.auth import Caller, Wired
from server.dialects.langgraph import assistant_uuid
from server.errors import json_response
from server.wiring import Runtime
from store.queries import threads
from store.tables.runtime import Thread, ThreadStatus

router = APIRouter(prefix="/threads", tags=["threads"])
_LARGEST_METADATA = 16 * 1024
_LARGEST_PAGE = 100


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ThreadCreate(_Body):
    """A new conversation."""

    thread_id: UUID | None = None
    metadata: dict[str, Any] | None = None
    if_exists: Literal["raise", "do_nothing"] | None = None


class ThreadPatch(_Body):
    """Metadata to merge."""

    metadata: dict[str, Any]


class ThreadSearch(_Body):
    """Which conversations to list; `metadata` matches what contains it."""

    metadata: dict[str, Any] | None = None
    status: ThreadStatus | None = None
    ids: list[UUID] | None = Field(default=None, max_length=_LARGEST_PAGE)
    limit: int = Field(default=10, ge=1, le=10_000)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    select: list[str] | None = None


class HistoryRequest(_Body):
    """How far to look back."""

    limit: int = Field(default=10, ge=1, le=10_000)
    before: str | dict[str, Any] | None = None


class CheckpointRequest(_Body):
    """One past state."""

    checkpoint: dict[str, Any]


@router.post("")
async def create(runtime: Wired, principal: Caller, body: ThreadCreate) -> Response:
    """Open a conversation."""
    row = await open_thread(runtime, principal, body.thread_id, body.metadata or {}, reuse=body.if_exists == "do_nothing")
    [shown] = await state.as_threads(runtime, [row])
    return json_response(shown)


@router.post("/search")
async def search(runtime: Wired, principal: Caller, body: ThreadSearch) -> Response:
    """List the caller's conversations, newest first."""
    limit = min(body.limit, _LARGEST_PAGE)
    async with runtime.units.read(principal) as tx:
        rows, total = await threads.find(
            tx, meta=_stored_metadata(body.metadata), status=body.status, ids=body.ids, limit=limit, offset=body.offset
        )
    with_values = body.select is None or "values" in body.select or "interrupts" in body.select
    shown = await state.as_threads(runtime, rows, with_values=with_values)
    if body.select is not None:
        shown = [{name: one[name] for name in body.select if name in one} for one in shown]
    headers = {"X-Pagination-Total": str(total)}
    if body.offset + len(rows) < total:
        headers["X-Pagination-Next"] = str(body.offset + len(rows))
    return json_response(shown, headers=headers)


@router.post("/count")
async def count(runtime: Wired, principal: Caller, body: ThreadSearch) -> int:
    """Count the caller's conversations."""
    async with runtime.units.read(principal) as tx:
        _, total = await threads.find(tx, meta=_stored_metadata(body.metadata), status=body.status, ids=body.ids, limit=1)
    return total


@router.get("/{thread_id}")
async def get(runtime: Wired, principal: Caller, thread_id: UUID) -> Response:
    """Return a conversation with its current values."""
    [shown] = await state.as_threads(runtime, [await state.admitted(runtime, principal, thread_id)])
    return json_response(shown)


@router.patch("/{thread_id}")
async def patch(runtime: Wired, principal: Caller, thread_id: UUID, body: ThreadPatch) -> Response:
    """Merge metadata into a conversation."""
    async with runtime.units.write(principal) as tx:
        row = await threads.get(tx, thread_id, lock=True)
        row.meta = checked_metadata({**row.meta, **body.metadata})
        row.updated_at = tx.now
        tx.session.add(row)
    [shown] = await state.as_threads(runtime, [row])
    return json_response(shown)


@router.delete("/{thread_id}", status_code=204)
async def delete(runtime: Wired, principal: Caller, thread_id: UUID) -> None:
    """Delete a conversation with its runs and its memory. What its tools did stays done."""
    async with runtime.units.write(principal) as tx:
        await threads.remove(tx, thread_id)
    await state.forget(runtime, principal.tenant_id, thread_id)


@router.get("/{thread_id}/state")
async def get_state(runtime: Wired, principal: Caller, thread_id: UUID) -> Response:
    """Return a conversation's state: its messages, and what it waits for."""
    return json_response(await state.thread_state(runtime, principal, thread_id))


@router.get("/{thread_id}/state/{checkpoint_id}")
async def get_past_state(runtime: Wired, principal: Caller, thread_id: UUID, checkpoint_id: str) -> Response:
    """Return a conversation's state at a checkpoint."""
    return json_response(await state.thread_state(runtime, principal, thread_id, checkpoint_id))


@router.post("/{thread_id}/state/checkpoint")
async def post_past_state(runtime: Wired, principal: Caller, thread_id: UUID, body: CheckpointRequest) -> Response:
    """Return a conversation's state at a checkpoint."""
    named = body.checkpoint.get("checkpoint_id")
    if not isinstance(named, str):
        raise InvalidInput("give the id of a checkpoint of this thread", field="checkpoint.checkpoint_id")
    return json_response(await state.thread_state(runtime, principal, thread_id, named))


@router.get("/{thread_id}/history")
async def get_history(
    runtime: Wired, principal: Caller, thread_id: UUID, limit: int = Query(default=10, ge=1, le=10_000), before: str | None = None
) -> Response:
    """Return past states, newest first."""
    return json_response(await state.history(runtime, principal, thread_id, limit=min(limit, _LARGEST_PAGE), before=before))


@router.post("/{thread_id}/history")
async def post_history(runtime: Wired, principal: Caller, thread_id: UUID, body: HistoryRequest) -> Response:
    """Return past states, newest first."""
    before: Any = body.before
    if isinstance(body.before, dict):
        inner: Any = body.before.get("configurable") or body.before
        before = inner.get("checkpoint_id") if hasattr(inner, "get") else None
    named = before if isinstance(before, str) else None
    return json_response(await state.history(runtime, principal, thread_id, limit=min(body.limit, _LARGEST_PAGE), before=named))


async def open_thread(
    runtime: Runtime, principal: Principal, thread_id: UUID | None, metadata: dict[str, Any], *, reuse: bool = False
) -> Thread:
    """Open a conversation, under the client's own id when it gives one.

    Raises:
        Conflict: the id is taken.
    """
    taken = Conflict(f"Thread with ID {thread_id} already exists", code="thread_exists")
    meta = checked_metadata(metadata)
    try:
        async with runtime.units.write(principal) as tx:
            if thread_id is not None:
                rows, _ = await threads.find(tx, ids=[thread_id], limit=1)
                if rows and reuse:
                    return rows[0]
                if rows:
                    raise taken
            return await threads.create(tx, thread_id, meta)
    except IntegrityError as error:
        raise taken from error


def _stored_metadata(wanted: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a search's metadata as threads keep it: the assistant by its name."""
    if not wanted or "assistant_id" not in wanted:
        return wanted
    names = {str(assistant_uuid(name)): name for name in ("ops", "support")}
    rest = {key: value for key, value in wanted.items() if key != "assistant_id"}
    return {**rest, "graph_id": names.get(str(wanted["assistant_id"]), "")}


def checked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata that can be stored.

    Raises:
        InvalidInput: too large, or not storable as JSON.
    """
    try:
        size = len(orjson.dumps(metadata))
    except TypeError as error:
        raise InvalidInput("holds a character or number that cannot be stored", field="metadata") from error
    if size > _LARGEST_METADATA:
        raise InvalidInput(f"at most {_LARGEST_METADATA} bytes of JSON are kept, these are {size}", field="metadata")
    return metadata
