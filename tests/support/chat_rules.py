"""The requests that OpenAI's API refuses, so that a test server is no more lenient than the real one."""

import re
from typing import Any

_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_MAX_TOOLS = 128


def refusal(request: dict[str, Any]) -> str | None:
    """Return why a chat request is invalid, or None."""
    if not isinstance(request.get("model"), str):
        return "you must provide a model parameter"
    messages: list[dict[str, Any]] | None = request.get("messages")
    if not messages:
        return "messages: at least one is needed"
    return _refuse_tools(request.get("tools")) or _refuse_messages(messages)


def _refuse_tools(tools: list[dict[str, Any]] | None) -> str | None:
    if tools is None:
        return None
    if not 1 <= len(tools) <= _MAX_TOOLS:
        return f"tools: {len(tools)} given, allowed are 1 to {_MAX_TOOLS}"
    for place, tool in enumerate(tools):
        function: dict[str, Any] = tool.get("function") or {}
        if tool.get("type") != "function" or not _NAME.match(function.get("name", "")):
            return f"tools[{place}]: must be a function with a name that matches {_NAME.pattern}"
        if function.get("parameters", {}).get("type", "object") != "object":
            return f"tools[{place}].function.parameters: must be a schema of type object"
    return None


def _refuse_messages(messages: list[dict[str, Any]]) -> str | None:
    open_calls: set[str] = set()
    for place, message in enumerate(messages):
        role = message.get("role")
        if role not in _ROLES:
            return f"messages[{place}].role: {role!r} is unknown"
        if role == "tool":
            if message.get("tool_call_id") not in open_calls:
                return f"messages[{place}]: a tool message must answer a preceding message with 'tool_calls'"
            open_calls.discard(message["tool_call_id"])
            continue
        if open_calls:
            return f"messages[{place}]: tool_call_ids did not have response messages: {', '.join(sorted(open_calls))}"
        calls: list[dict[str, Any]] = message.get("tool_calls") or []
        if message.get("content") is None and not calls:
            return f"messages[{place}].content: null is only allowed beside tool_calls"
        for call in calls:
            if not _NAME.match(call["function"]["name"]) or not call.get("id"):
                return f"messages[{place}].tool_calls: each needs an id and a valid name"
        open_calls = {call["id"] for call in calls}
    return f"tool_call_ids did not have response messages: {', '.join(sorted(open_calls))}" if open_calls else None
