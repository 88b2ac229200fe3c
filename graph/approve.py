"""Waits for a person. No side effect is in here: the request is already stored, and so will be the decision."""

from typing import Any

from langgraph.types import interrupt

from graph.state import Decided, Pending, State


async def approve(state: State) -> dict[str, Any]:
    """Stop until the first waiting call is decided; one single-action interrupt at a time."""
    pending = state.get("pending")
    assert pending
    answer = interrupt(interrupt_value(pending[0]))
    return {"decided": Decided(approval_id=answer["approval_id"], decision=answer["decision"], message=answer.get("message", ""))}


def interrupt_value(call: Pending) -> dict[str, Any]:
    """Return the request in the form that LangGraph's human-in-the-loop clients render, with ours beside it."""
    return {
        "action_requests": [{"name": call["tool"], "args": call["request"]["args"], "description": _described(call["request"])}],
        "review_configs": [{"action_name": call["tool"], "allowed_decisions": ["approve", "edit", "reject"]}],
        "approval": call["request"],
    }


def _described(request: dict[str, Any]) -> str:
    rows = "\n".join(f"{label}: {value}" for label, value in request["preview"])
    return f"{request['title']}\n\n{rows}\n\n{request['reason']}"
