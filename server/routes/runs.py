"""Runs: started, followed, awaited and cancelled, in the form of LangGraph's API."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Conflict, InvalidInput, NotFound
from core.events import RunFailed
from core.identity import Principal
from core.ids import new_id
from server.auth import Caller, Wired
from server.dialects.langgraph import HEARTBEAT, Translator, assistant_uuid, stream_modes
from server.dialects.langgraph_request import RunCreate, answer, human_messages, refuse_steering
from server.errors import json_response
from server.routes.assistants import resolve
from server.routes.threads import checked_metadata, open_thread
from server.runs import NewRun, cancel_run, create_run
from server.sse import follow, parse_place
from server.state import admitted, thread_state, thread_values
from server.streaming import LiveResponse
from server.wiring import Runtime
from store.queries import runs
from store.tables.runtime import Run, RunStatus

router = APIRouter(prefix="/threads/{thread_id}/runs", tags=["runs"])
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=150, pattern=r"^[\x21-\x7e]+$")]
_SSE = "text/event-stream; charset=utf-8"
_UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_NOTHING_TO_CANCEL = "no active run: it is unknown, or has ended"


@router.post("")
async def create(
    request: Request, runtime: Wired, principal: Caller, thread_id: UUID, body: RunCreate, key: IdempotencyKey = None
) -> Response:
    """Start a run and return at once."""
    run = await _start(request, runtime, principal, thread_id, body, key)
    return json_response(as_run(run), headers=_where(run))


@router.post("/stream")
async def create_and_stream(
    request: Request, runtime: Wired, principal: Caller, thread_id: UUID, body: RunCreate, key: IdempotencyKey = None
) -> Response:
    """Start a run and stream its events."""
    modes = stream_modes(body.stream_mode)
    run = await _start(request, runtime, principal, thread_id, body, key)
    return _stream(request, runtime, principal, run, modes, None)


@router.post("/wait")
async def create_and_wait(
    request: Request, runtime: Wired, principal: Caller, thread_id: UUID, body: RunCreate, key: IdempotencyKey = None
) -> Response:
    """Start a run and return the thread's values once it has ended."""
    return _wait(request, runtime, principal, await _start(request, runtime, principal, thread_id, body, key))


@router.get("")
async def listing(
    runtime: Wired,
    principal: Caller,
    thread_id: UUID,
    limit: int = Query(default=10, ge=1, le=100),
    offset: int = Query(default=0, ge=0),
    status: RunStatus | None = None,
) -> Response:
    """List a thread's runs, newest first."""
    await admitted(runtime, principal, thread_id)
    async with runtime.units.read(principal) as tx:
        rows = await runs.find(tx, thread_id, status=status, limit=limit, offset=offset)
    return json_response([as_run(row) for row in rows])


@router.get("/{run_id}")
async def get(runtime: Wired, principal: Caller, thread_id: UUID, run_id: UUID) -> Response:
    """Return a run."""
    return json_response(as_run(await _read(runtime, principal, thread_id, run_id)))


@router.get("/{run_id}/stream")
async def join_stream(
    request: Request,
    runtime: Wired,
    principal: Caller,
    thread_id: UUID,
    run_id: UUID,
    stream_mode: Annotated[list[str] | None, Query()] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Follow a run from its start, or after the event that `Last-Event-ID` names."""
    parse_place(last_event_id)
    run = await _read(runtime, principal, thread_id, run_id)
    return _stream(request, runtime, principal, run, stream_modes(_listed(stream_mode)), last_event_id)


@router.get("/{run_id}/join")
async def join(request: Request, runtime: Wired, principal: Caller, thread_id: UUID, run_id: UUID) -> Response:
    """Wait for a run's end and return the thread's values."""
    return _wait(request, runtime, principal, await _read(runtime, principal, thread_id, run_id))


@router.post("/{run_id}/cancel")
async def cancel(runtime: Wired, principal: Caller, thread_id: UUID, run_id: UUID, wait: bool = False) -> Response:
    """Stop a run: once this has answered, no effect of it can start."""
    if not await cancel_run(runtime, principal, thread_id, run_id):
        raise NotFound(_NOTHING_TO_CANCEL.partition(":")[0])
    headers = {"Content-Location": _path(thread_id, run_id), "Location": f"{_path(thread_id, run_id)}/join"}
    return json_response({}, headers=headers) if wait else Response(status_code=202, headers=headers)


def as_run(run: Run) -> dict[str, Any]:
    """Return a run in the API's form."""
    assistant = str(assistant_uuid(run.assistant))
    return {
        "run_id": str(run.id),
        "thread_id": str(run.thread_id),
        "assistant_id": assistant,
        "metadata": {**run.meta, "graph_id": run.assistant, "assistant_id": assistant},
        "status": run.status,
        "kwargs": {"input": {"messages": run.input["messages"]} if run.input.get("messages") else None},
        "multitask_strategy": "enqueue",
        "created_at": run.created_at.isoformat(),
        "updated_at": run.updated_at.isoformat(),
    }


async def _start(request: Request, runtime: Runtime, principal: Principal, thread_id: UUID, body: RunCreate, key: str | None) -> Run:
    refuse_steering(body)
    new = NewRun(
        assistant=resolve(principal, body.assistant_id),
        messages=human_messages(body),
        answer=answer(body),
        key=key or str(new_id()),
        body_hash=hashlib.sha256(await request.body()).hexdigest(),
        multitask=body.multitask_strategy or "enqueue",
        meta=checked_metadata(body.metadata or {}),
    )
    if body.if_not_exists == "create":
        await _ensure(runtime, principal, thread_id)
    if new.answer is not None and body.asked_checkpoint is not None:
        head = (await thread_state(runtime, principal, thread_id))["checkpoint_id"]
        if head != body.asked_checkpoint:
            raise Conflict("the conversation went on since this request was shown; look at it again", code="approval_superseded")
    run = await create_run(runtime, principal, thread_id, new)
    request.app.state.metrics.runs.labels(run.assistant).inc()
    return run


async def _ensure(runtime: Runtime, principal: Principal, thread_id: UUID) -> None:
    try:
        await admitted(runtime, principal, thread_id)
    except NotFound:
        await open_thread(runtime, principal, thread_id, {}, reuse=True)


async def _read(runtime: Runtime, principal: Principal, thread_id: UUID, run_id: UUID) -> Run:
    async with runtime.units.read(principal) as tx:
        return await runs.get(tx, run_id, thread_id)


def _stream(request: Request, runtime: Runtime, principal: Principal, run: Run, modes: frozenset[str], after: str | None) -> Response:
    async def chunks() -> AsyncGenerator[bytes]:
        translator = Translator(
            run_id=str(run.id),
            thread_id=str(run.thread_id),
            assistant=run.assistant,
            modes=modes,
            read_values=lambda: thread_values(runtime, principal, run.thread_id),
            resumed=parse_place(after) > (0, 0),
        )
        yield translator.head()
        async with aclosing(follow(runtime, principal, run.id, after)) as events:
            async for event_id, event in events:
                if chunk := await translator.translate(event_id, event):
                    yield chunk
        if not translator.ended:
            yield translator.end((await _read(runtime, principal, run.thread_id, run.id)).status)

    headers = {**_where(run), "Location": f"{_path(run.thread_id, run.id)}/stream", **_UNBUFFERED}
    readers = request.app.state.metrics.readers
    return LiveResponse(chunks(), media_type=_SSE, beat=HEARTBEAT, headers=headers, readers=readers)


def _wait(request: Request, runtime: Runtime, principal: Principal, run: Run) -> Response:
    async def chunks() -> AsyncGenerator[bytes]:
        failed: RunFailed | None = None
        async with aclosing(follow(runtime, principal, run.id, None)) as events:
            async for _, event in events:
                failed = event if isinstance(event, RunFailed) else None
        if failed is not None:
            yield orjson.dumps({"__error__": {"error": failed.code, "message": failed.message}})
        else:
            yield orjson.dumps((await thread_values(runtime, principal, run.thread_id)).as_dict())

    headers = {**_where(run), "Location": f"{_path(run.thread_id, run.id)}/join", **_UNBUFFERED}
    return LiveResponse(chunks(), media_type="application/json", beat=b"\n", headers=headers, readers=request.app.state.metrics.readers)


def _where(run: Run) -> dict[str, str]:
    return {"Content-Location": _path(run.thread_id, run.id)}


def _path(thread_id: UUID, run_id: UUID) -> str:
    return f"/threads/{thread_id}/runs/{run_id}"


def _listed(given: list[str] | None) -> list[str] | None:
    """Return stream modes from a query: repeated, or one JSON array."""
    if not given or len(given) != 1 or not given[0].startswith("["):
        return given
    try:
        found = orjson.loads(given[0])
    except orjson.JSONDecodeError as error:
        raise InvalidInput("give a mode, or a JSON array of modes", field="stream_mode") from error
    return [str(one) for one in found]
