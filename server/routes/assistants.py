"""The caller's assistants, in the form of LangGraph's API. They are part of the product: nobody adds or changes one."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.errors import InvalidInput
from graph.build import topology
from server.assistants import as_assistant, find, open_to
from server.auth import Caller, Wired
from server.dialects.langgraph_objects import ListedAssistant, ShownAssistant, ShownGraph, ShownSchemas, chosen, paged
from server.errors import json_response

router = APIRouter(prefix="/assistants", tags=["assistants"])
_MESSAGES = {"type": "object", "properties": {"messages": {"type": "array", "items": {"type": "object"}}}, "required": ["messages"]}
_NOTHING: dict[str, Any] = {"type": "object", "properties": {}}


class AssistantSearch(BaseModel):
    """Which assistants to list."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"graph_id": "ops"}, {}]})

    graph_id: str | None = None
    name: str | None = Field(default=None, description="A part of the name")
    metadata: dict[str, Any] | None = None
    limit: int = Field(default=10, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    sort_by: Literal["assistant_id", "graph_id", "name", "created_at", "updated_at"] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: list[str] | None = None


@router.post("/search", responses={200: {"model": list[ListedAssistant]}})
async def search(runtime: Wired, principal: Caller, body: AssistantSearch) -> Response:
    """List the caller's assistants, the one with all agents first."""
    found = _matching(runtime, principal, body)
    if body.sort_by is not None:
        wanted = body.sort_by
        found = sorted(found, key=lambda one: str(one[wanted]), reverse=body.sort_order == "desc")
    page = found[body.offset : body.offset + body.limit]
    return json_response([chosen(one, body.select) for one in page], headers=paged(body.offset, len(page), len(found)))


@router.post("/count")
async def count(runtime: Wired, principal: Caller, body: AssistantSearch) -> int:
    """Count the caller's assistants."""
    return len(_matching(runtime, principal, body))


@router.get("/{assistant_id}", responses={200: {"model": ShownAssistant}})
async def get(runtime: Wired, principal: Caller, assistant_id: str) -> Response:
    """Return one of the caller's assistants by its name or id."""
    return json_response(as_assistant(find(runtime, principal, assistant_id)))


@router.get("/{assistant_id}/schemas", responses={200: {"model": ShownSchemas}})
async def schemas(runtime: Wired, principal: Caller, assistant_id: str) -> Response:
    """Return what an assistant takes and gives."""
    try:
        named = UUID(assistant_id)
    except ValueError as error:
        raise InvalidInput("Invalid assistant ID: must be a UUID", field="assistant_id") from error
    return json_response({"graph_id": find(runtime, principal, str(named)), **_schemas()})


@router.get("/{assistant_id}/graph", responses={200: {"model": ShownGraph}})
async def graph(runtime: Wired, principal: Caller, assistant_id: str, xray: Annotated[str | None, Query()] = None) -> Response:
    """Return the graph that every assistant runs; `xray` shows nothing more, since there are no graphs within it."""
    find(runtime, principal, assistant_id)
    return json_response(topology().compile().get_graph().to_json())


@router.get("/{assistant_id}/subgraphs", responses={200: {"model": dict[str, ShownSchemas]}})
async def subgraphs(runtime: Wired, principal: Caller, assistant_id: str) -> Response:
    """Return the graphs within an assistant's graph: there are none."""
    find(runtime, principal, assistant_id)
    return json_response({})


@router.get("/{assistant_id}/subgraphs/{namespace}", responses={200: {"model": dict[str, ShownSchemas]}})
async def subgraphs_in(runtime: Wired, principal: Caller, assistant_id: str, namespace: str) -> Response:
    """Return the graphs within a namespace of an assistant's graph: there are none."""
    find(runtime, principal, assistant_id)
    return json_response({})


@router.post("/{assistant_id}/versions", responses={200: {"model": list[ShownAssistant]}})
async def versions(runtime: Wired, principal: Caller, assistant_id: str) -> Response:
    """List the versions of an assistant: there is one."""
    return json_response([as_assistant(find(runtime, principal, assistant_id))])


def _matching(runtime: Wired, principal: Caller, body: AssistantSearch) -> list[dict[str, Any]]:
    shown = map(as_assistant, open_to(runtime, principal))
    wanted = body.metadata or {}
    return [
        one
        for one in shown
        if body.graph_id in (None, one["graph_id"])
        and (body.name or "").lower() in one["name"]
        and wanted.items() <= one["metadata"].items()
    ]


def _schemas() -> dict[str, Any]:
    taken = dict.fromkeys(("input_schema", "output_schema", "state_schema"), _MESSAGES)
    return {**taken, "config_schema": _NOTHING, "context_schema": _NOTHING}
