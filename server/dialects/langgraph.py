"""The run log in the words of LangGraph's HTTP API: server-sent events by requested stream mode."""

import re
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
    TokenDelta,
    ToolFinished,
)
from server.dialects.langgraph_debug import DEVELOPER, Steps
from server.dialects.langgraph_messages import about_node, last_chunk, token_chunk, tool_message

HEARTBEAT = b": heartbeat\n\n"
_NAMESPACE = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
_MESSAGES = frozenset({"messages", "messages-tuple"})
_SERVED = frozenset({"values", "updates", "custom"}) | _MESSAGES | DEVELOPER
_ELABORATE = frozenset({"messages"}) | DEVELOPER
"""Modes in which a token is more than one message."""
_EVENT_ID = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18})(?:\.([0-9]{1,4}))?)?", re.ASCII)
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
    """Return the requested modes, `values` when none.

    Raises:
        InvalidInput: a word that is no mode.
    """
    words = [asked] if isinstance(asked, str) else list(asked or ["values"])
    for word in words:
        if word not in _SERVED:
            raise InvalidInput(f"{word!r} is not a stream mode; use {', '.join(sorted(_SERVED))}", field="stream_mode")
    return frozenset(words)


def message(event: str, data: Any, event_id: str | None = None) -> bytes:
    """Return one server-sent event; the line order is the clients' expectation."""
    body = b"event: " + event.encode() + b"\ndata: " + orjson.dumps(data) + b"\n"
    return body + (b"id: " + event_id.encode() + b"\n\n" if event_id else b"\n")


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """How far a reader got: all messages of the entries before `seq-offset`, and of this one the first `part`, or all when it is 0."""

    seq: int = 0
    offset: int = 0
    part: int = 0


def parse_seen(last_event_id: str | None) -> Seen | None:
    """Return what a `Last-Event-ID` says; none, an empty one and `-1` are the start.

    Raises:
        InvalidInput: it is not one of our ids.
    """
    if last_event_id in (None, "", "-1"):
        return None
    match = _EVENT_ID.fullmatch(last_event_id)
    if match is None:
        raise InvalidInput("send the id of an event of this stream, such as 3-0, or -1 for the start", field="Last-Event-ID")
    return Seen(*(int(number or 0) for number in match.groups()))


@dataclass(slots=True)
class Translator:
    """Translates one run's events, from the first one on, for one reader; what the reader has seen is told again to nobody.

    An event can become several messages: the last one carries its id, the n-th before it the id with `.n`, so that a reader goes on
    after exactly the message that came last.
    """

    run_id: str
    thread_id: str
    assistant: str
    modes: frozenset[str]
    read_values: Callable[[], Awaitable[Values]]
    """Reads the thread's state; asked at the start, at the end, and for the calls of an earlier run."""
    seen: Seen | None = None
    read_checkpoints: Callable[[], Awaitable[list[dict[str, Any]]]] | None = None
    """Reads the states that the run stored, oldest first."""
    label: str = ""
    """Stands before every id, where the events of several runs share a stream."""
    in_thread: bool = False
    """Whether the stream goes on after the run."""
    ended: bool = False
    _meta: dict[str, orjson.Fragment] = field(default_factory=dict[str, orjson.Fragment])
    _texts: dict[str, str] = field(default_factory=dict[str, str])
    """What this reader got of each message as tokens."""
    _calls: list[dict[str, Any]] | None = None
    _begun: dict[str, Any] | None = None
    _steps: Steps = field(default_factory=Steps)

    def head(self) -> bytes:
        """Return the first message of every stream, nothing to a reader who has seen it."""
        return b"" if self.seen else message("metadata", {"run_id": self.run_id, "attempt": 1}, f"{self.label}0-0")

    async def translate(self, event_id: str, event: Event) -> bytes:
        """Return what an event is on the wire: nothing, or messages of which each has an id of its own."""
        if isinstance(event, TokenDelta) and self.seen is None and not self.modes & _ELABORATE:
            return message("messages", self._token(event), f"{self.label}{event_id}") if "messages-tuple" in self.modes else b""
        parts = await self._parts(event_id, event)
        known = self._known(event_id, len(parts))
        last = len(parts)
        return b"".join(
            message(name, data, f"{self.label}{event_id}" if number == last else f"{self.label}{event_id}.{number}")
            for number, (name, data) in enumerate(parts, start=1)
            if number > known
        )

    async def end(self, status: str, error: dict[str, Any] | None) -> bytes:
        """Return how a run ended whose log is no longer there: its error, or the values of its conversation, and that there is no more."""
        failed = [("error", {"error": error["error"], "message": error["message"]})] if error and status == "error" else []
        shown = [("values", (await self.read_values()).as_dict())] if "values" in self.modes and not failed else []
        return b"".join(message(name, data) for name, data in [*failed, *shown, *self._ending(status)])

    def _ending(self, status: str) -> list[tuple[str, Any]]:
        """Return the message that ends a run's stream, or the one that tells in a conversation's stream that a run is done."""
        self.ended = True
        done = ("metadata", {"status": "run_done", "run_id": self.run_id}) if self.in_thread else None
        return [done or ("end", {"run_id": self.run_id, "status": status})]

    def _known(self, event_id: str, parts: int) -> int:
        """Return how many messages of an event the reader has seen."""
        if self.seen is None:
            return 0
        seq, _, offset = event_id.partition("-")
        here, last = (int(seq), int(offset)), (self.seen.seq, self.seen.offset)
        if here == last:
            return self.seen.part or parts
        return parts if here < last else 0

    async def _parts(self, event_id: str, event: Event) -> list[tuple[str, Any]]:
        parts: list[tuple[str, Any]] = []
        if "custom" in self.modes and not isinstance(event, TokenDelta):
            parts.append(("custom", orjson.Fragment(event.model_dump_json().encode())))
        if self.modes & DEVELOPER:
            parts += self._steps.parts(self.run_id, self.assistant, event, self.modes)
        return parts + await self._said(event_id, event)

    async def _said(self, event_id: str, event: Event) -> list[tuple[str, Any]]:
        match event:
            case TokenDelta():
                return self._streamed(event)
            case DraftDiscarded():
                return self._withdraw(event.message_id) if event.message_id in self._texts or self._missed(event_id) else []
            case MessageAdded():
                return await self._message(event_id, event.message)
            case RouteChosen() if event.by != "transfer" and "updates" in self.modes:
                return [("updates", {"supervisor": {"active_agent": event.agent}})]
            case ToolFinished() if event.status != "pending" and self.modes & {*_MESSAGES, "updates"}:
                return self._node("call_tools", await self._tool_message(event))
            case RunFailed():
                return [("error", {"error": event.code, "message": event.message}), *self._ending("error")]
            case RunFinished():
                return [*await self._last_values(event), *self._ending(_END[event.status])]
            case _:
                return []

    def _missed(self, event_id: str) -> bool:
        """Return whether the reader may have got tokens elsewhere that this replay, read from the store, did not tell."""
        return self.seen is not None and event_id.endswith("-0")

    def _token(self, event: TokenDelta) -> list[Any]:
        self._texts[event.message_id] = self._texts.get(event.message_id, "") + event.text
        return [token_chunk(event.message_id, event.text), self._about("agent")]

    def _streamed(self, event: TokenDelta) -> list[tuple[str, Any]]:
        first = event.message_id not in self._texts
        chunk = self._token(event)
        parts: list[tuple[str, Any]] = [("messages", chunk)] if "messages-tuple" in self.modes else []
        if "messages" in self.modes:
            so_far = {**token_chunk(event.message_id, self._texts[event.message_id]), "type": "ai"}
            parts += [*(self._described("agent", event.message_id) if first else []), ("messages/partial", [so_far])]
        return parts

    async def _message(self, event_id: str, added: dict[str, Any]) -> list[tuple[str, Any]]:
        if added.get("type") == "human":
            return await self._first_values(added)
        if added.get("tool_calls"):
            self._calls = added["tool_calls"]
        message_id, update = str(added.get("id")), self._update("agent", added)
        if message_id in self._texts and self._texts[message_id] == (added.get("content") or ""):
            return [*update, *self._tuple("agent", last_chunk(added)), *self._complete("agent", added, described=True)]
        if self._missed(event_id) or message_id in self._texts:
            return [*update, *self._withdraw(message_id), *self._whole("agent", added)]
        return [*update, *self._whole("agent", added)]

    def _withdraw(self, message_id: str) -> list[tuple[str, Any]]:
        """Take back the tokens of a message: the SDKs drop a message for a `remove` of its id."""
        self._texts.pop(message_id, None)
        return self._tuple("agent", {"type": "remove", "id": message_id, "content": ""})

    async def _first_values(self, human: dict[str, Any]) -> list[tuple[str, Any]]:
        if "values" not in self.modes:
            return []
        if self._begun is None:
            self._begun = {"messages": [], **(await self.read_values()).values}
        known: list[dict[str, Any]] = self._begun["messages"]
        place = next((index for index, one in enumerate(known) if one.get("id") == human.get("id")), None)
        self._begun = {**self._begun, "messages": [*known, human] if place is None else known[: place + 1]}
        return [("values", self._begun)]

    async def _last_values(self, event: RunFinished) -> list[tuple[str, Any]]:
        parts: list[tuple[str, Any]] = []
        if self.read_checkpoints is not None and self.modes & {"checkpoints", "debug"}:
            parts += self._steps.checkpoints(await self.read_checkpoints(), self.modes)
        if not self.modes & {"values", "updates"}:
            return parts
        state = await self.read_values()
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
        return [*self._update(node, whole), *self._whole(node, whole)]

    def _whole(self, node: str, whole: dict[str, Any]) -> list[tuple[str, Any]]:
        return [*self._tuple(node, whole), *self._complete(node, whole)]

    def _update(self, node: str, whole: dict[str, Any]) -> list[tuple[str, Any]]:
        return [("updates", {node: {"messages": [whole]}})] if "updates" in self.modes else []

    def _tuple(self, node: str, chunk: dict[str, Any]) -> list[tuple[str, Any]]:
        return [("messages", [chunk, self._about(node)])] if "messages-tuple" in self.modes else []

    def _complete(self, node: str, whole: dict[str, Any], *, described: bool = False) -> list[tuple[str, Any]]:
        if "messages" not in self.modes:
            return []
        return [*([] if described else self._described(node, str(whole.get("id")))), ("messages/complete", [whole])]

    def _described(self, node: str, message_id: str) -> list[tuple[str, Any]]:
        return [("messages/metadata", {message_id: {"metadata": self._about(node)}})]

    def _about(self, node: str) -> orjson.Fragment:
        if node not in self._meta:
            about = about_node(node, self.run_id, self.thread_id, self.assistant)
            self._meta[node] = orjson.Fragment(orjson.dumps({**about, "assistant_id": str(assistant_uuid(self.assistant))}))
        return self._meta[node]
