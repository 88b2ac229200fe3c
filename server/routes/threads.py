"""Conversations, in the form of LangGraph's API. Their states are in `states`."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Conflict, InvalidInput
from core.ids import new_id
from memory.checkpoints import copy_thread, thread_key
from server import state
from server.assistants import name_of
from server.auth import Caller, Wired
from server.dialects.langgraph_objects import ListedThread, ShownThread, chosen, paged
from server.errors import STREAMED, json_response
from server.following import ThreadMode, parse_thread_place, stream_thread
from server.once import IdempotencyKey, answer_once
from server.opening import checked_metadata, open_in
from store.queries import runs, threads
from store.tables.runtime import ThreadStatus
from store.unit import Tx

router = APIRouter(prefix="/threads", tags=["threads"])
_LARGEST_PAGE = 100


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ThreadCreate(_Body):
    """A new conversation."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"metadata": {"topic": "stock"}}, {}]})

    thread_id: UUID | None = None
    metadata: dict[str, Any] | None = None
    if_exists: Literal["raise", "do_nothing"] | None = None


class ThreadPatch(_Body):
    """Metadata to merge."""

    metadata: dict[str, Any] = Field(examples=[{"topic": "stock"}])


class ThreadCount(_Body):
    """Which conversations are meant; `metadata` matches what contains it."""

    model_config = ConfigDict(
        extra="ignore", json_schema_extra={"examples": [{"metadata": {"graph_id": "ops"}}, {"status": "interrupted"}]}
    )

    metadata: dict[str, Any] | None = None
    values: dict[str, Any] | None = Field(default=None, description="Not offered: search by metadata or status")
    status: ThreadStatus | None = None
    ids: list[UUID] | None = Field(default=None, max_length=_LARGEST_PAGE)


class ThreadSearch(ThreadCount):
    """Which conversations to list, and how."""

    limit: int = Field(default=10, ge=1, le=10_000)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    sort_by: Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: list[str] | None = None


class ThreadPrune(_Body):
    """Conversations to delete."""

    thread_ids: list[UUID] = Field(max_length=_LARGEST_PAGE, examples=[["01a203db-f4ce-76a7-bafd-6494f401ebe5"]])
    strategy: Literal["delete", "keep_latest"] = "delete"


class Pruned(_Body):
    """How many conversations were deleted."""

    pruned_count: int


@router.post("", responses={200: {"model": ShownThread}})
async def create(request: Request, runtime: Wired, principal: Caller, body: ThreadCreate, key: IdempotencyKey = None) -> Response:
    """Open a conversation."""

    async def make(tx: Tx) -> dict[str, Any]:
        reuse = body.if_exists == "do_nothing"
        row = await open_in(tx, body.thread_id, body.metadata or {}, reuse=reuse)
        [shown] = await state.as_threads(runtime, [row], with_values=reuse)
        return shown

    return await answer_once(request, runtime, principal, key, make)


@router.post("/search", responses={200: {"model": list[ListedThread]}})
async def search(runtime: Wired, principal: Caller, body: ThreadSearch) -> Response:
    """List the caller's conversations, newest first."""
    async with runtime.units.read(principal) as tx:
        rows, total = await threads.find(
            tx,
            **_filters(body),
            sort_by=body.sort_by or "updated_at",
            descending=body.sort_order != "asc",
            limit=min(body.limit, _LARGEST_PAGE),
            offset=body.offset,
        )
    with_values = body.select is None or bool({"values", "interrupts"} & set(body.select))
    shown = await state.as_threads(runtime, rows, with_values=with_values)
    return json_response([chosen(one, body.select) for one in shown], headers=paged(body.offset, len(rows), total))


@router.post("/count")
async def count(runtime: Wired, principal: Caller, body: ThreadCount) -> int:
    """Count the caller's conversations."""
    async with runtime.units.read(principal) as tx:
        _, total = await threads.find(tx, **_filters(body), limit=1)
    return total


@router.post("/prune", responses={200: {"model": Pruned}})
async def prune(runtime: Wired, principal: Caller, body: ThreadPrune) -> Response:
    """Delete those of some conversations that are the caller's."""
    if body.strategy != "delete":
        raise InvalidInput("the states of a conversation are kept as long as it is; use delete", field="strategy")
    async with runtime.units.write(principal) as tx:
        found = [row.id for one in sorted(set(body.thread_ids)) if (row := await threads.taken(tx, one)) is not None]
        for thread_id in found:
            await threads.remove(tx, thread_id)
    for thread_id in found:
        await state.forget(runtime, principal.tenant_id, thread_id)
    return json_response({"pruned_count": len(found)})


@router.get("/{thread_id}", responses={200: {"model": ShownThread}})
async def get(runtime: Wired, principal: Caller, thread_id: UUID) -> Response:
    """Return a conversation with its current values."""
    [shown] = await state.as_threads(runtime, [await state.admitted(runtime, principal, thread_id)])
    return json_response(shown)


@router.patch("/{thread_id}", responses={200: {"model": ShownThread}})
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


@router.post("/{thread_id}/copy", responses={200: {"model": ShownThread}})
async def copy(request: Request, runtime: Wired, principal: Caller, thread_id: UUID, key: IdempotencyKey = None) -> Response:
    """Open a conversation that begins as another one is now. What waits for a decision there does not wait here."""

    async def make(tx: Tx) -> dict[str, Any]:
        source = await threads.get(tx, thread_id, lock=True)
        if await runs.active(tx, thread_id):
            raise Conflict("a run is at work on this thread; wait for it, or cancel it", code="thread_busy")
        row = await threads.create(tx, new_id(), source.meta)
        await copy_thread(tx, thread_key(tx.tenant_id, source.id), thread_key(tx.tenant_id, row.id))
        [before], [shown] = await state.as_threads(runtime, [source]), await state.as_threads(runtime, [row], with_values=False)
        return {**shown, "values": before["values"]}

    return await answer_once(request, runtime, principal, key, make)


@router.get("/{thread_id}/stream", responses=STREAMED, response_class=Response)
async def join_stream(
    request: Request,
    runtime: Wired,
    principal: Caller,
    thread_id: UUID,
    stream_mode: Annotated[list[ThreadMode] | None, Query()] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Follow a conversation: what is at work, then each run that comes, or what came after the event that `Last-Event-ID` names."""
    parse_thread_place(last_event_id)
    await state.admitted(runtime, principal, thread_id)
    modes = frozenset(stream_mode or ["run_modes"])
    return stream_thread(request, runtime, principal, thread_id, modes, last_event_id)


def _filters(body: ThreadCount) -> dict[str, Any]:
    """Return what the store can search by: metadata as threads keep it, with the assistant by its name."""
    if body.values:
        raise InvalidInput("conversations cannot be searched by their values; use metadata or status", field="values")
    wanted = body.metadata
    if wanted and "assistant_id" in wanted:
        rest = {key: value for key, value in wanted.items() if key != "assistant_id"}
        wanted = {**rest, "graph_id": name_of(str(wanted["assistant_id"])) or ""}
    return {"meta": wanted, "status": body.status, "ids": body.ids}
