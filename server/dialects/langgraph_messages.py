"""Messages in LangGraph's dict form: chunks of an answer, results of tools, and what is said about either."""

from typing import Any

import orjson

from core.events import ToolFinished


def token_chunk(message_id: str, text: str) -> dict[str, Any]:
    """Return a piece of an answer."""
    return {
        "content": text,
        "additional_kwargs": {},
        "response_metadata": {},
        "type": "AIMessageChunk",
        "name": None,
        "id": message_id,
        "tool_calls": [],
        "invalid_tool_calls": [],
        "usage_metadata": None,
        "tool_call_chunks": [],
        "chunk_position": None,
    }


def last_chunk(whole: dict[str, Any]) -> dict[str, Any]:
    """Return what a reader of the tokens still lacks: joined to them, it makes the whole message."""
    calls: list[dict[str, Any]] = whole.get("tool_calls") or []
    pieces: list[dict[str, Any]] = [
        {"name": call["name"], "args": orjson.dumps(call["args"]).decode(), "id": call["id"], "index": index, "type": "tool_call_chunk"}
        for index, call in enumerate(calls)
    ]
    last: dict[str, Any] = {
        "name": whole.get("name"),
        "tool_calls": calls,
        "tool_call_chunks": pieces,
        "usage_metadata": whole.get("usage_metadata"),
        "chunk_position": "last",
    }
    return {**token_chunk(whole["id"], ""), **last}


def tool_message(event: ToolFinished, call_id: str) -> dict[str, Any]:
    """Return the message that answers a model's call; `call_id` is the model's."""
    content = orjson.dumps(event.result).decode() if event.status == "ok" and event.result is not None else event.text
    return {
        "content": content,
        "additional_kwargs": {},
        "response_metadata": {},
        "type": "tool",
        "name": event.tool,
        "id": f"tool-{call_id}",
        "tool_call_id": call_id,
        "artifact": None,
        "status": "success" if event.status == "ok" else "error",
    }


def about_node(node: str, run_id: str, thread_id: str, assistant: str) -> dict[str, Any]:
    """Return the second half of a `messages` event: where the message comes from."""
    return {
        "langgraph_node": node,
        "langgraph_step": 1,
        "langgraph_triggers": [f"branch:to:{node}"],
        "langgraph_path": ["__pregel_pull", node],
        "langgraph_checkpoint_ns": f"{node}:{run_id}",
        "checkpoint_ns": f"{node}:{run_id}",
        "run_id": run_id,
        "run_attempt": 1,
        "thread_id": thread_id,
        "graph_id": assistant,
        "created_by": "system",
        "tags": [],
    }
