"""The run log in the words of LangGraph's HTTP API: server-sent events by requested stream mode."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import orjson

from core.errors import InvalidInput
from core.events import (
    DraftDiscarded,
    MessageAdded,
    RouteChosen,
    RunFact,
    RunFailed,
    RunFinished,
    RunStarted,
    TokenDelta,
    ToolFinished,
)
from server.dialects.langgraph_messages import about_node, last_chunk, token_chunk, tool_message

HEARTBEAT = b": heartbeat\n\n"
_NAMESPACE = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
_SERVED = frozenset({"values", "updates", "messages-tuple", "custom"})
_KNOWN = _SERVED | {"messages", "events", "debug", "tasks", "checkpoints"}
_END = {"success": "success", "interrupted": "success", "cancelled": "interrupted"}
"""A run that stops at an approval is a success; its thread is interrupted."""

Event = RunFact | TokenDelta | DraftDiscarded


@dataclass(frozen=True, slots=True)
class Values:
    """A thread's state for `values`: what the graph holds, and what it waits for."""

    values: dict[str, Any]
    interrupts: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return the state with `__interrupt__` where there is one."""
        return {**self.values, "__interrupt__": self.interrupts} if self.interrupts else self.values


def assistant_uuid(name: str) -> UUID:
    """Return the id that LangGraph's server gives to a graph's default assistant."""
    return uuid5(_NAMESPACE, name)


def stream_modes(asked: str | Iterable[str] | None) -> frozenset[str]:
    """Return the requested modes, `values` when none; known modes that this server has nothing to say in are left out.

    Raises:
        InvalidInput: a word that is no mode.
    """
    words = [asked] if isinstance(asked, str) else list(asked or ["values"])
    for word in words:
        if word not in _KNOWN:
            raise InvalidInput(f"{word!r} is not a stream mode; use {', '.join(sorted(_SERVED))}", field="stream_mode")
    return frozenset("messages-tuple" if word == "messages" else word for word in words) & _SERVED


def message(event: str, data: Any, event_id: str | None = None) -> bytes:
    """Return one server-sent event; the line order is the clients' expectation."""
    body = b"event: " + event.encode() + b"\ndata: " + orjson.dumps(data) + b"\n"
    return body + (b"id: " + event_id.encode() + b"\n\n" if event_id else b"\n")


@dataclass(slots=True)
class Translator:
    """Translates one run's events for one reader. Only the last message of an event has its id, so that a resume loses none."""

    run_id: str
    thread_id: str
    assistant: str
    modes: frozenset[str]
    read_values: Callable[[], Awaitable[Values]]
    """Reads the thread's state; asked at the start, at the end, and for the calls of an earlier run."""
    resumed: bool = False
    """Whether the reader has seen the beginning elsewhere, perhaps with tokens of a message that is not whole yet."""
    ended: bool = False
    _meta: dict[str, orjson.Fragment] = field(default_factory=dict[str, orjson.Fragment])
    _streamed: dict[str, int] = field(default_factory=dict[str, int])
    """Characters of each message that this reader got as tokens."""
    _calls: list[dict[str, Any]] | None = None
    _begun: dict[str, Any] | None = None

    def head(self) -> bytes:
        """Return the first message of every stream."""
        return message("metadata", {"run_id": self.run_id, "attempt": 1})

    async def translate(self, event_id: str, event: Event) -> bytes:
        """Return what an event is on the wire: nothing, or messages of which the last carries the id."""
        if isinstance(event, TokenDelta):
            if "messages-tuple" not in self.modes:
                return b""
            self._streamed[event.message_id] = self._streamed.get(event.message_id, 0) + len(event.text)
            return message("messages", [token_chunk(event.message_id, event.text), self._about("agent")], event_id)
        parts = await self._parts(event)
        if "custom" in self.modes:
            parts.insert(0, ("custom", orjson.Fragment(event.model_dump_json().encode())))
        last = len(parts) - 1
        return b"".join(message(name, data, event_id if index == last else None) for index, (name, data) in enumerate(parts))

    def end(self, status: str) -> bytes:
        """Return the message after which there is nothing more."""
        self.ended = True
        return message("end", {"run_id": self.run_id, "status": status})

    async def _parts(self, event: Event) -> list[tuple[str, Any]]:
        match event:
            case RunStarted():
                return []
            case DraftDiscarded():
                return self._withdraw(event.message_id) if self.resumed or event.message_id in self._streamed else []
            case MessageAdded():
                return await self._message(event.message)
            case RouteChosen() if event.by != "transfer" and "updates" in self.modes:
                return [("updates", {"supervisor": {"active_agent": event.agent}})]
            case ToolFinished() if event.status != "pending" and self.modes & {"messages-tuple", "updates"}:
                return self._node("call_tools", await self._tool_message(event))
            case RunFailed():
                self.ended = True
                error = ("error", {"error": event.code, "message": event.message})
                return [error, ("end", {"run_id": self.run_id, "status": "error"})]
            case RunFinished():
                self.ended = True
                return [*await self._last_values(event), ("end", {"run_id": self.run_id, "status": _END[event.status]})]
            case _:
                return []

    async def _message(self, added: dict[str, Any]) -> list[tuple[str, Any]]:
        if added.get("type") == "human":
            return await self._first_values(added)
        if added.get("tool_calls"):
            self._calls = added["tool_calls"]
        message_id, update = str(added.get("id")), self._update("agent", added)
        if self._streamed.get(message_id) == len(added.get("content") or ""):
            return [*update, *self._tuple("agent", last_chunk(added))]
        if self.resumed or message_id in self._streamed:
            return [*update, *self._withdraw(message_id), *self._tuple("agent", added)]
        return [*update, *self._tuple("agent", added)]

    def _withdraw(self, message_id: str) -> list[tuple[str, Any]]:
        """Take back the tokens of a message: the SDKs drop a message for a `remove` of its id."""
        self._streamed.pop(message_id, None)
        return self._tuple("agent", {"type": "remove", "id": message_id, "content": ""})

    async def _first_values(self, human: dict[str, Any]) -> list[tuple[str, Any]]:
        if "values" not in self.modes:
            return []
        if self._begun is None:
            self._begun = {"messages": [], **(await self.read_values()).values}
        if all(one.get("id") != human.get("id") for one in self._begun["messages"]):
            self._begun = {**self._begun, "messages": [*self._begun["messages"], human]}
        return [("values", self._begun)]

    async def _last_values(self, event: RunFinished) -> list[tuple[str, Any]]:
        if not self.modes & {"values", "updates"}:
            return []
        state = await self.read_values()
        parts: list[tuple[str, Any]] = []
        if "updates" in self.modes and event.status == "interrupted":
            parts.append(("updates", {"__interrupt__": state.interrupts}))
        if "values" in self.modes:
            parts.append(("values", state.as_dict()))
        return parts

    async def _tool_message(self, event: ToolFinished) -> dict[str, Any]:
        if self._calls is None:
            messages = (await self.read_values()).values.get("messages", [])
            self._calls = next((one["tool_calls"] for one in reversed(messages) if one.get("tool_calls")), None)
        calls = self._calls or []
        index = event.call_id.rpartition(".")[2]
        known = index.isdigit() and int(index) < len(calls)
        return tool_message(event, str(calls[int(index)]["id"]) if known else event.call_id)

    def _node(self, node: str, whole: dict[str, Any]) -> list[tuple[str, Any]]:
        return [*self._update(node, whole), *self._tuple(node, whole)]

    def _update(self, node: str, whole: dict[str, Any]) -> list[tuple[str, Any]]:
        return [("updates", {node: {"messages": [whole]}})] if "updates" in self.modes else []

    def _tuple(self, node: str, chunk: dict[str, Any]) -> list[tuple[str, Any]]:
        return [("messages", [chunk, self._about(node)])] if "messages-tuple" in self.modes else []

    def _about(self, node: str) -> orjson.Fragment:
        if node not in self._meta:
            about = about_node(node, self.run_id, self.thread_id, self.assistant)
            self._meta[node] = orjson.Fragment(orjson.dumps({**about, "assistant_id": str(assistant_uuid(self.assistant))}))
        return self._meta[node]
