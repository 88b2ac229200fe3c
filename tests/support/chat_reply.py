"""What a chat server answers: one reply, described by a test, in the Chat Completions protocol's own shapes."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Literal

Json = dict[str, Any]
_PIECE = 7
"""Characters of a call's arguments in one chunk: small enough to cut through keys, numbers and escapes."""


@dataclass(frozen=True)
class Call:
    """A tool call with its arguments as raw JSON text."""

    name: str
    arguments: str
    id: str


@dataclass(frozen=True)
class Reply:
    """One scripted behaviour of the server; build it with the functions below."""

    content: str = ""
    calls: tuple[Call, ...] = ()
    finish: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    error: Json | None = None
    raw: str | None = None
    hang: bool = False
    cut: Literal["abort", "quiet"] | None = None
    cut_after: int = 0
    delay: float = 0.0
    usage: tuple[int, int] = (11, 7)

    def slowly(self, delay: float) -> "Reply":
        """Return the same reply with `delay` seconds before each chunk."""
        return replace(self, delay=delay)

    def cuts(self, after: int, how: Literal["abort", "quiet"] = "abort") -> "Reply":
        """Return the same reply, ended after that many chunks: the socket is closed, or the body just ends."""
        return replace(self, cut=how, cut_after=after)


def text(content: str, *, usage: tuple[int, int] = (11, 7), finish: str = "stop") -> Reply:
    """Answer with words."""
    return Reply(content=content, usage=usage, finish=finish)


def calls(*wanted: tuple[str, Mapping[str, Any] | str], content: str = "") -> Reply:
    """Call tools, in parallel when there are several; arguments given as a string are sent as they are, broken or not."""
    made = [
        Call(name, args if isinstance(args, str) else json.dumps(args), f"call_{name}_{place}") for place, (name, args) in enumerate(wanted)
    ]
    return Reply(content=content, calls=tuple(made), finish="tool_calls")


def fails(status: int, *, message: str = "scripted failure", code: str | None = None, headers: Mapping[str, str] | None = None) -> Reply:
    """Refuse with an HTTP error in OpenAI's error form."""
    return Reply(status=status, headers=headers or {}, error=error_body(message, code=code))


def breaks(message: str = "The server had an error", *, after: str = "", code: str | None = None) -> Reply:
    """Send an error object inside a stream that began well with the words `after`."""
    return Reply(content=after, error=error_body(message, code=code))


def sends(raw: str, *, content_type: str = "text/html") -> Reply:
    """Answer 200 with a body that is not of the protocol at all."""
    return Reply(raw=raw, headers={"content-type": content_type})


def hangs() -> Reply:
    """Accept the request and never answer."""
    return Reply(hang=True)


def error_body(message: str, *, code: str | None = None) -> Json:
    """Return an error in OpenAI's form."""
    return {"error": {"message": message, "type": "scripted_error", "param": None, "code": code}}


def completion(reply: Reply, model: str, number: int) -> Json:
    """Return the reply as one `chat.completion` object."""
    message: Json = {"role": "assistant", "content": reply.content or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in reply.calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
    return {**_head("chat.completion", model, number), "choices": [choice], "usage": _usage(reply)}


def chunks(reply: Reply, model: str, number: int, *, include_usage: bool) -> Iterator[Json]:
    """Yield the reply as `chat.completion.chunk` objects, in the order in which OpenAI sends them."""
    head = _head("chat.completion.chunk", model, number)
    null_usage: Json = {"usage": None} if include_usage else {}

    def chunk(delta: Json, finish: str | None = None) -> Json:
        return {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], **null_usage}

    yield chunk({"role": "assistant", "content": None if reply.calls and not reply.content else "", "refusal": None})
    for word in _words(reply.content):
        yield chunk({"content": word})
    for call_deltas in zip_longest(*(_call_deltas(index, call) for index, call in enumerate(reply.calls))):
        for delta in filter(None, call_deltas):
            yield chunk({"tool_calls": [delta]})
    if reply.error is not None:
        yield reply.error
        return
    yield chunk({}, reply.finish)
    if include_usage:
        yield {**head, "choices": [], "usage": _usage(reply)}


def _call_deltas(index: int, call: Call) -> Iterator[Json]:
    yield {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    for start in range(0, len(call.arguments), _PIECE):
        yield {"index": index, "function": {"arguments": call.arguments[start : start + _PIECE]}}


def _words(content: str) -> Sequence[str]:
    head, *rest = content.split(" ")
    return [word for word in (head, *(f" {word}" for word in rest)) if word]


def _head(kind: str, model: str, number: int) -> Json:
    return {
        "id": f"chatcmpl-{number}",
        "object": kind,
        "created": int(time.time()),
        "model": model,
        "service_tier": "default",
        "system_fingerprint": "fp_test",
    }


def _usage(reply: Reply) -> Json:
    prompt, completed = reply.usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completed,
        "total_tokens": prompt + completed,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
