"""Runs without a conversation: each gets one of its own, which is deleted some time after it unless it is to be kept."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from core.errors import InvalidInput, NotFound
from server.auth import Caller, Wired
from server.dialects.langgraph import stream_modes
from server.dialects.langgraph_objects import ShownRun, as_run
from server.dialects.langgraph_request import RunCreate
from server.errors import STREAMED, json_response
from server.following import run_path, stream_run, wait_run
from server.once import IdempotencyKey
from server.routes.runs import Action
from server.runs import cancel_runs
from server.starting import start_run
from store.tables.runtime import RunStatus

router = APIRouter(prefix="/runs", tags=["runs"])
_LARGEST_BATCH = 50


class BatchedRun(RunCreate):
    """A request for a run of a batch, on a conversation or on one of its own."""

    thread_id: UUID | None = None


class BulkCancel(BaseModel):
    """Which of the caller's runs to stop."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"status": "all"}, {"run_ids": []}]})

    thread_id: UUID | None = None
    run_ids: list[UUID] | None = Field(default=None, max_length=100)
    status: Literal["pending", "running", "all"] | None = None


@router.post("", responses={200: {"model": ShownRun}})
async def create(request: Request, runtime: Wired, principal: Caller, body: RunCreate, key: IdempotencyKey = None) -> Response:
    """Start a run and return at once."""
    run = await start_run(request, runtime, principal, None, body, key)
    return json_response(as_run(run), headers={"Content-Location": run_path(run)})


@router.post("/stream", responses=STREAMED, response_class=Response)
async def create_and_stream(request: Request, runtime: Wired, principal: Caller, body: RunCreate, key: IdempotencyKey = None) -> Response:
    """Start a run and stream its events."""
    modes = stream_modes(body.stream_mode)
    run = await start_run(request, runtime, principal, None, body, key, read=True)
    return stream_run(request, runtime, principal, run, modes, cancel_on_leave=body.on_disconnect == "cancel")


@router.post("/wait", responses={200: {"model": dict[str, Any]}})
async def create_and_wait(request: Request, runtime: Wired, principal: Caller, body: RunCreate, key: IdempotencyKey = None) -> Response:
    """Start a run and return its conversation's values once it has ended."""
    run = await start_run(request, runtime, principal, None, body, key)
    return wait_run(request, runtime, principal, run, cancel_on_leave=body.on_disconnect == "cancel")


@router.post("/batch", responses={200: {"model": list[ShownRun]}})
async def create_batch(request: Request, runtime: Wired, principal: Caller, body: list[BatchedRun], key: IdempotencyKey = None) -> Response:
    """Start several runs and return at once. When one is refused, those before it go on."""
    if len(body) > _LARGEST_BATCH:
        raise InvalidInput(f"at most {_LARGEST_BATCH} runs at once, these are {len(body)}")
    started = [await start_run(request, runtime, principal, one.thread_id, one, key, mark=f"#{number}") for number, one in enumerate(body)]
    return json_response([as_run(run) for run in started])


@router.post("/cancel", status_code=204)
async def cancel(runtime: Wired, principal: Caller, body: BulkCancel, action: Action = "interrupt") -> None:
    """Stop several of the caller's runs: by their ids, of a conversation, or all."""
    if body.run_ids is None and body.thread_id is None and body.status is None:
        raise InvalidInput("give run_ids, thread_id or status", field="run_ids")
    status = None if body.status in (None, "all") else RunStatus(body.status)
    count = await cancel_runs(runtime, principal, thread_id=body.thread_id, ids=body.run_ids, status=status, undo=action == "rollback")
    if not count:
        raise NotFound("active run")
