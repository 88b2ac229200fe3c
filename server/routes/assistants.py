"""The two assistants: `ops` for merchants, `support` for customers. An assistant is a door to the same agents."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from core.errors import Forbidden, InvalidInput, NotFound
from core.identity import Principal
from server.auth import Caller
from server.dialects.langgraph import assistant_uuid
from server.errors import json_response

router = APIRouter(prefix="/assistants", tags=["assistants"])
_SINCE = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
_ASSISTANTS = {"ops": "Runs the shop with its merchant", "support": "Helps a customer of the shop"}


class Search(BaseModel):
    """Which assistants to list."""

    model_config = ConfigDict(extra="ignore")

    graph_id: str | None = None
    name: str | None = None
    metadata: dict[str, Any] | None = None
    limit: int = 10
    offset: int = 0


def own_assistant(principal: Principal) -> str:
    """Return the name of the assistant that serves a caller."""
    return "support" if principal.is_customer else "ops"


def resolve(principal: Principal, asked: str | None) -> str:
    """Return the assistant's name for a name or an id; none means the caller's own.

    Raises:
        InvalidInput: there is no such assistant.
        Forbidden: it serves others.
    """
    own = own_assistant(principal)
    if asked is None:
        return own
    name = next((one for one in _ASSISTANTS if asked in (one, str(assistant_uuid(one)))), None)
    if name is None:
        raise InvalidInput(f"there is no assistant {asked[:60]!r}; yours is {own!r}", field="assistant_id")
    if name != own:
        raise Forbidden(f"the assistant {name!r} does not serve your role; yours is {own!r}")
    return name


@router.post("/search")
async def search(principal: Caller, body: Search) -> Response:
    """List the caller's assistant."""
    one = _shown(own_assistant(principal))
    wanted = body.metadata or {}
    matches = body.graph_id in (None, one["graph_id"]) and body.name in (None, one["name"])
    found = [one] if matches and wanted.items() <= one["metadata"].items() else []
    page = found[body.offset : body.offset + body.limit] if body.offset >= 0 else []
    return json_response(page, headers={"X-Pagination-Total": str(len(found))})


@router.get("/{assistant_id}")
async def get(principal: Caller, assistant_id: str) -> dict[str, Any]:
    """Return the caller's assistant by its name or id."""
    name = own_assistant(principal)
    if assistant_id not in (name, str(assistant_uuid(name))):
        raise NotFound("assistant", assistant_id[:60])
    return _shown(name)


@router.get("/{assistant_id}/schemas")
async def schemas(principal: Caller, assistant_id: UUID) -> dict[str, Any]:
    """Return what the caller's assistant takes and gives."""
    name = own_assistant(principal)
    if assistant_id != assistant_uuid(name):
        raise NotFound("assistant", assistant_id)
    messages = {"type": "object", "properties": {"messages": {"type": "array", "items": {"type": "object"}}}, "required": ["messages"]}
    nothing: dict[str, Any] = {"type": "object", "properties": {}}
    return {
        "graph_id": name,
        "input_schema": messages,
        "output_schema": messages,
        "state_schema": messages,
        "config_schema": nothing,
        "context_schema": nothing,
    }


def _shown(name: str) -> dict[str, Any]:
    return {
        "assistant_id": str(assistant_uuid(name)),
        "graph_id": name,
        "config": {},
        "context": {},
        "metadata": {"created_by": "system"},
        "name": name,
        "description": _ASSISTANTS[name],
        "created_at": _SINCE,
        "updated_at": _SINCE,
        "version": 1,
    }
