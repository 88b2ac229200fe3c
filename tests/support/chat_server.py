"""A local server of OpenAI's Chat Completions protocol, on a real socket, that does what a test tells it to.

    with ChatServer() as server:
        server.queue(calls(("find_order", {"order": 7})), text("It left yesterday."))
        ... ask a model at server.base_url ...
        assert server.requests[0].body["tools"][0]["function"]["name"] == "find_order"

A queued reply answers one chat request; with nothing queued, `handler(request_json)` answers; without one the request is refused.
"""

import asyncio
import base64
import hashlib
import json
import math
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from tests.support.chat_reply import Json, Reply, chunks, completion, error_body, fails
from tests.support.chat_rules import refusal

_DIMENSIONS = 256
_EVENT_STREAM = "text/event-stream; charset=utf-8"


@dataclass(frozen=True)
class Received:
    """A request that reached the server."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class ChatServer:
    """Serves from a thread of its own, so that tests may block or run their own event loop."""

    def __init__(self, handler: Callable[[Json], Reply] | None = None, *, models: tuple[str, ...] = ("test-model",)) -> None:
        self.handler = handler
        self.models = models
        self.requests: list[Received] = []
        self.base_url = ""
        self._replies: deque[Reply] = deque()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chat-server", daemon=True)

    def queue(self, *replies: Reply) -> None:
        """Add replies for the next chat requests, in order."""
        self._replies.extend(replies)

    @property
    def pending(self) -> int:
        """How many queued replies nobody asked for yet."""
        return len(self._replies)

    @property
    def chats(self) -> list[Json]:
        """The bodies of the chat requests, in order."""
        return [request.body for request in self.requests if request.path.endswith("/chat/completions")]

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the chat server did not start")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while (request := await _read_request(reader)) is not None:
                self.requests.append(request)
                await self._answer(request, writer)
                await writer.drain()
        writer.transport.abort()

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        if "authorization" not in request.headers:
            return _write_json(writer, 401, error_body("You didn't provide an API key."))
        match request.method, request.path:
            case "POST", "/v1/chat/completions":
                return await self._chat(request.body, writer)
            case "POST", "/v1/embeddings":
                return _write_json(writer, 200, _embeddings(request.body))
            case "GET", "/v1/models":
                data = [{"id": name, "object": "model", "created": 0, "owned_by": "test"} for name in self.models]
                return _write_json(writer, 200, {"object": "list", "data": data})
            case _:
                return _write_json(writer, 404, error_body(f"Invalid URL ({request.method} {request.path})"))

    def _next_reply(self, body: Json) -> Reply:
        if (reason := refusal(body)) is not None:
            return fails(400, message=reason, code="invalid_request_error")
        if self._replies:
            return self._replies.popleft()
        if self.handler is not None:
            return self.handler(body)
        return fails(400, message="the test queued no reply for this request")

    async def _chat(self, body: Json, writer: asyncio.StreamWriter) -> None:
        reply = self._next_reply(body)
        if reply.hang:
            await self._stop.wait()
        elif reply.raw is not None:
            _write(writer, 200, reply.raw.encode(), dict(reply.headers))
        elif reply.status != HTTPStatus.OK:
            _write_json(writer, reply.status, reply.error, dict(reply.headers))
        elif body.get("stream"):
            await _write_stream(writer, reply, body, len(self.requests))
        else:
            await asyncio.sleep(reply.delay)
            _write_json(writer, 200, completion(reply, body["model"], len(self.requests)))


async def _read_request(reader: asyncio.StreamReader) -> Received | None:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines if text)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, path.partition("?")[0], headers, json.loads(raw) if raw else None)


async def _write_stream(writer: asyncio.StreamWriter, reply: Reply, body: Json, number: int) -> None:
    _write_head(writer, 200, {"content-type": _EVENT_STREAM, "transfer-encoding": "chunked"})
    options: Json = body.get("stream_options") or {}
    include_usage = bool(options.get("include_usage"))
    for place, chunk in enumerate(chunks(reply, body["model"], number, include_usage=include_usage)):
        if reply.cut and place >= reply.cut_after:
            break
        if reply.delay:
            await asyncio.sleep(reply.delay)
        _write_part(writer, f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n".encode())
        await writer.drain()
    if reply.cut == "abort":
        # A pause lets the bytes leave first; abort() drops what is still buffered.
        await asyncio.sleep(0.02)
        writer.transport.abort()
        raise ConnectionAbortedError
    if reply.cut is None:
        _write_part(writer, b"data: [DONE]\n\n")
    writer.write(b"0\r\n\r\n")


def _write_part(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _write_json(writer: asyncio.StreamWriter, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
    _write(writer, status, json.dumps(value).encode(), {"content-type": "application/json", **(headers or {})})


def _write(writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str]) -> None:
    _write_head(writer, status, {**headers, "content-length": str(len(body))})
    writer.write(body)


def _write_head(writer: asyncio.StreamWriter, status: int, headers: dict[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


def _embeddings(body: Json) -> Json:
    given: Any = body["input"]
    items: list[str | list[int]] = [given] if isinstance(given, str) or isinstance(given[0], int) else given
    vectors = [_vector(item, body.get("dimensions") or _DIMENSIONS) for item in items]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": place, "embedding": _pack(vector) if packed else vector} for place, vector in enumerate(vectors)
    ]
    tokens = sum(len(item) for item in items)
    return {"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


def _vector(item: str | list[int], dimensions: int) -> list[float]:
    """Return a unit vector in which texts with common words are near to each other."""
    vector = [0.0] * dimensions
    for word in item.lower().split() if isinstance(item, str) else map(str, item):
        vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % dimensions] += 1.0
    length = math.hypot(*vector) or 1.0
    return [value / length for value in vector]


def _pack(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
