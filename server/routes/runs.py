"""Runs: started, followed, awaited, cancelled and deleted, in the form of LangGraph's API. Those without a thread are in `stateless`."""

from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from core.errors import InvalidInput, NotFound
from core.identity import Principal
from server.auth import Caller, Wired
from server.dialects.langgraph import parse_seen, stream_modes
from server.dialects.langgraph_objects import ListedRun, ShownRun, as_run, chosen
from server.dialects.langgraph_request import RunCreate
from server.errors import STREAMED, json_response
from server.following import run_path, stream_run, wait_run
from server.once import IdempotencyKey
from server.readers import readers_of
from server.runs import cancel_run, delete_run
from server.starting import start_run
from server.state import admitted
from server.wiring import Runtime
from store.queries import runs
from store.tables.runtime import Run, RunStatus

router = APIRouter(prefix="/threads/{thread_id}/runs", tags=["runs"])
_NOTHING_TO_CANCEL = "active run"
Action = Annotated[
    Literal["interrupt", "rollback"],
    Query(description="`rollback` also takes what the run said out of the conversation; what its tools did stays done"),
]


@router.post("", responses={200: {"model": ShownRun}})
async def create(
    request: Request, runtime: Wired, principal: Caller, thread_id: UUID, body: RunCreate, key: IdempotencyKey = None
) -> Response:
    """Start a run and return at once."""
    run = await start_run(request, runtime, principal, thread_id, body, key)
    return json_response(as_run(run), headers={"Content-Location": run_path(run)})


@router.post("/stream", responses=STREAMED, response_class=Response)
async def create_and_stream(
    request: Request, runtime: Wired, principal: Caller, thread_id: UUID, body: RunCreate, key: IdempotencyKey = None
) -> Response:
    """Start a run and stream its events."""
    modes = stream_modes(body.stream_mode)
    run = await start_run(request, runtime, principal, thread_id, body, key, read=True)
    return stream_run(request, runtime, principal, run, modes, cancel_on_leave=body.on_disconnect == "cancel")


@router.post("/wait", responses={200: {"model": dict[str, Any]}})
async def create_and_wait(
    request: Request, runtime: Wired, principal: Caller, thread_id: UUID, body: RunCreate, key: IdempotencyKey = None
) -> Response:
    """Start a run and return the thread's values once it has ended."""
    run = await start_run(request, runtime, principal, thread_id, body, key)
    return wait_run(request, runtime, principal, run, cancel_on_leave=body.on_disconnect == "cancel")


@router.get("", responses={200: {"model": list[ListedRun]}})
async def listing(
    runtime: Wired,
    principal: Caller,
    thread_id: UUID,
    limit: int = Query(default=10, ge=1, le=100),
    offset: int = Query(default=0, ge=0, le=1_000_000),
    status: RunStatus | None = None,
    select: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """List a thread's runs, newest first."""
    await admitted(runtime, principal, thread_id)
    async with runtime.units.read(principal) as tx:
        rows = await runs.find(tx, thread_id, status=status, limit=limit, offset=offset)
    return json_response([chosen(as_run(row), select) for row in rows])


@router.get("/{run_id}", responses={200: {"model": ShownRun}})
async def get(request: Request, runtime: Wired, principal: Caller, thread_id: UUID, run_id: UUID) -> Response:
    """Return a run. Whoever asks for it again and again reads it."""
    run = await _read(runtime, principal, thread_id, run_id)
    await readers_of(request).seen(run)
    return json_response(as_run(run))


@router.get("/{run_id}/stream", responses=STREAMED, response_class=Response)
async def join_stream(
    request: Request,
    runtime: Wired,
    principal: Caller,
    thread_id: UUID,
    run_id: UUID,
    stream_mode: Annotated[list[str] | None, Query()] = None,
    cancel_on_disconnect: bool = False,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Follow a run from its start, or after the event that `Last-Event-ID` names."""
    parse_seen(last_event_id)
    run = await _read(runtime, principal, thread_id, run_id)
    modes = stream_modes(listed(stream_mode) or run.options.get("stream_mode"))
    return stream_run(request, runtime, principal, run, modes, last_event_id, cancel_on_leave=cancel_on_disconnect)


@router.get("/{run_id}/join", responses={200: {"model": dict[str, Any]}})
async def join(request: Request, runtime: Wired, principal: Caller, thread_id: UUID, run_id: UUID) -> Response:
    """Wait for a run's end and return the thread's values."""
    return wait_run(request, runtime, principal, await _read(runtime, principal, thread_id, run_id))


@router.post("/{run_id}/cancel", responses={200: {"model": dict[str, Any]}, 202: {"description": "The run has ended"}})
async def cancel(
    runtime: Wired, principal: Caller, thread_id: UUID, run_id: UUID, wait: bool = False, action: Action = "interrupt"
) -> Response:
    """Stop a run: once this has answered, no effect of it can start."""
    run = await _read(runtime, principal, thread_id, run_id)
    if not await cancel_run(runtime, principal, thread_id, run_id, undo=action == "rollback"):
        raise NotFound(_NOTHING_TO_CANCEL)
    headers = {"Content-Location": run_path(run), "Location": f"{run_path(run)}/join"}
    return json_response({}, headers=headers) if wait else Response(status_code=202, headers=headers)


@router.delete("/{run_id}", status_code=204)
async def delete(runtime: Wired, principal: Caller, thread_id: UUID, run_id: UUID) -> None:
    """Delete a run with its log, after stopping it. What it said and what its tools did stays."""
    await delete_run(runtime, principal, thread_id, run_id)


async def _read(runtime: Runtime, principal: Principal, thread_id: UUID, run_id: UUID) -> Run:
    async with runtime.units.read(principal) as tx:
        return await runs.get(tx, run_id, thread_id)


def listed(given: list[str] | None) -> list[str] | None:
    """Return words from a query: repeated, or one JSON array.

    Raises:
        InvalidInput: not such an array.
    """
    if not given or len(given) != 1 or not given[0].startswith("["):
        return given
    try:
        found = orjson.loads(given[0])
    except orjson.JSONDecodeError as error:
        raise InvalidInput("give a mode, or a JSON array of modes", field="stream_mode") from error
    return [str(one) for one in found]
