"""States of conversations, now and before, in the form of LangGraph's API."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.errors import Forbidden, InvalidInput
from core.identity import Permission
from server import state
from server.auth import Caller, Wired
from server.dialects.langgraph_objects import ListedState, ShownUpdate, chosen
from server.errors import json_response

router = APIRouter(prefix="/threads/{thread_id}", tags=["states"])
_LARGEST_PAGE = 100
Select = Annotated[list[str] | None, Query()]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class HistoryRequest(_Body):
    """How far to look back."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"limit": 10}]})

    limit: int = Field(default=10, ge=1, le=10_000)
    before: str | dict[str, Any] | None = Field(default=None, description="A checkpoint, or its id: only what came before it")
    metadata: dict[str, Any] | None = None
    select: list[str] | None = None


class CheckpointRequest(_Body):
    """One past state."""

    checkpoint: dict[str, Any] = Field(examples=[{"checkpoint_id": "1f1e688d-43cb-6dd8-8002-e88e060b15cf"}])
    select: list[str] | None = None


class StateUpdate(_Body):
    """Messages to write into a conversation."""

    values: dict[str, Any] | None = Field(examples=[{"messages": [{"type": "human", "content": "note"}]}])
    as_node: str | None = Field(default=None, description="The node that is to have said them", examples=["agent"])
    checkpoint: dict[str, Any] | None = None
    checkpoint_id: str | None = None


@router.get("/state", responses={200: {"model": ListedState}})
async def get_state(runtime: Wired, principal: Caller, thread_id: UUID, select: Select = None) -> Response:
    """Return a conversation's state: its messages, and what it waits for."""
    return json_response(chosen(await state.thread_state(runtime, principal, thread_id), select))


@router.post("/state", responses={200: {"model": ShownUpdate}})
async def update_state(runtime: Wired, principal: Caller, thread_id: UUID, body: StateUpdate) -> Response:
    """Write messages into a conversation. For developers: nobody else may put words into an agent's mouth."""
    await state.admitted(runtime, principal, thread_id)
    if not principal.may(Permission.RUN_DEBUG):
        raise Forbidden("the state of a conversation is not yours to write: send a message")
    named = body.checkpoint_id or (body.checkpoint or {}).get("checkpoint_id")
    written = await state.update_state(runtime, principal, thread_id, body.values, body.as_node, named if isinstance(named, str) else None)
    return json_response({"checkpoint": written, "configurable": written, "checkpoint_id": written.get("checkpoint_id")})


@router.get("/state/{checkpoint_id}", responses={200: {"model": ListedState}})
async def get_past_state(runtime: Wired, principal: Caller, thread_id: UUID, checkpoint_id: str, select: Select = None) -> Response:
    """Return a conversation's state at a checkpoint."""
    return json_response(chosen(await state.thread_state(runtime, principal, thread_id, checkpoint_id), select))


@router.post("/state/checkpoint", responses={200: {"model": ListedState}})
async def post_past_state(runtime: Wired, principal: Caller, thread_id: UUID, body: CheckpointRequest) -> Response:
    """Return a conversation's state at a checkpoint, or the newest when none is named."""
    named = body.checkpoint.get("checkpoint_id")
    if named is not None and not isinstance(named, str):
        raise InvalidInput("give the id of a checkpoint of this thread", field="checkpoint.checkpoint_id")
    return json_response(chosen(await state.thread_state(runtime, principal, thread_id, named), body.select))


@router.get("/history", responses={200: {"model": list[ListedState]}})
async def get_history(
    runtime: Wired,
    principal: Caller,
    thread_id: UUID,
    limit: int = Query(default=10, ge=1, le=10_000),
    before: str | None = None,
    select: Select = None,
) -> Response:
    """Return past states, newest first."""
    return await _history(runtime, principal, thread_id, HistoryRequest(limit=limit, before=before, select=select))


@router.post("/history", responses={200: {"model": list[ListedState]}})
async def post_history(runtime: Wired, principal: Caller, thread_id: UUID, body: HistoryRequest) -> Response:
    """Return past states, newest first."""
    return await _history(runtime, principal, thread_id, body)


async def _history(runtime: Wired, principal: Caller, thread_id: UUID, body: HistoryRequest) -> Response:
    before: Any = body.before
    if isinstance(body.before, dict):
        inner: Any = body.before.get("configurable") or body.before
        before = inner.get("checkpoint_id") if hasattr(inner, "get") else None
    found = await state.history(
        runtime,
        principal,
        thread_id,
        limit=min(body.limit, _LARGEST_PAGE),
        before=before if isinstance(before, str) else None,
        metadata=body.metadata,
    )
    return json_response([chosen(one, body.select) for one in found])
