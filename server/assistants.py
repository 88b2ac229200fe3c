"""The assistants: `ops` for merchants, `support` for customers, and each agent alone. An assistant is a door to the same agents."""

from datetime import UTC, datetime
from typing import Any

from agents.roster import ROSTER
from core.errors import Forbidden, InvalidInput, NotFound
from core.identity import Principal
from server.dialects.langgraph import assistant_uuid
from server.wiring import Runtime

_SINCE = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
_DOORS = {"ops": "Runs the shop with its merchant", "support": "Helps a customer of the shop"}
ASSISTANTS: dict[str, str] = {**_DOORS, **{name: spec.purpose for name, spec in ROSTER.items()}}
"""Every assistant's purpose by its name."""


def own_assistant(principal: Principal) -> str:
    """Return the name of the assistant that serves a caller with all agents."""
    return "support" if principal.is_customer else "ops"


def open_to(runtime: Runtime, principal: Principal) -> list[str]:
    """Return the assistants that serve a caller, the one with all agents first."""
    return [own_assistant(principal), *(name for name in ROSTER if runtime.mind.places_for(principal, name))]


def name_of(asked: str) -> str | None:
    """Return the assistant's name for a name or an id, None when there is no such assistant."""
    return next((one for one in ASSISTANTS if asked in (one, str(assistant_uuid(one)))), None)


def resolve(runtime: Runtime, principal: Principal, asked: str | None) -> str:
    """Return the name of the assistant that a run asks for; none means the caller's own.

    Raises:
        InvalidInput: there is no such assistant.
        Forbidden: it serves others.
    """
    own = open_to(runtime, principal)
    if asked is None:
        return own[0]
    name = name_of(asked)
    if name is None:
        raise InvalidInput(f"there is no assistant {asked[:60]!r}; yours are {', '.join(own)}", field="assistant_id")
    if name not in own:
        raise Forbidden(f"the assistant {name!r} does not serve your role; yours are {', '.join(own)}")
    return name


def find(runtime: Runtime, principal: Principal, asked: str) -> str:
    """Return the name of one of the caller's assistants.

    Raises:
        NotFound: there is none, or it serves others.
    """
    name = name_of(asked)
    if name is None or name not in open_to(runtime, principal):
        raise NotFound("assistant", asked[:60])
    return name


def as_assistant(name: str) -> dict[str, Any]:
    """Return an assistant in the API's form."""
    return {
        "assistant_id": str(assistant_uuid(name)),
        "graph_id": name,
        "config": {},
        "context": {},
        "metadata": {"created_by": "system"},
        "name": name,
        "description": ASSISTANTS[name],
        "created_at": _SINCE,
        "updated_at": _SINCE,
        "version": 1,
    }
