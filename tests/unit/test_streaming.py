"""Streams that end when nobody reads them."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from core.errors import Unavailable
from server import streaming
from server.streaming import LiveResponse

SCOPE: dict[str, Any] = {"type": "http", "path": "/"}


async def never() -> Any:
    await asyncio.Event().wait()


class Client:
    """The other end: takes `room` messages, then nothing more."""

    def __init__(self, room: int = 1000) -> None:
        self.got: list[dict[str, Any]] = []
        self.room = room

    async def send(self, message: Any) -> None:
        if len(self.got) >= self.room:
            await never()
        self.got.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)


class Source:
    """Chunks, and whether the generator was closed."""

    def __init__(self, *chunks: bytes, pause: float = 0, failure: Exception | None = None) -> None:
        self.closed = False
        self.chunks = self._make(chunks, pause, failure)

    async def _make(self, chunks: tuple[bytes, ...], pause: float, failure: Exception | None) -> AsyncGenerator[bytes]:
        try:
            for chunk in chunks:
                yield chunk
            await asyncio.sleep(pause)
            if failure:
                raise failure
        finally:
            self.closed = True


async def run(source: Source, client: Client, receive: Any = never) -> None:
    response = LiveResponse(source.chunks, media_type="text/event-stream", beat=b": beat\n\n")
    async with asyncio.timeout(5):
        await response(SCOPE, receive, client.send)


async def test_chunks_arrive_in_order_and_the_response_ends():
    source, client = Source(b"a", b"b"), Client()
    await run(source, client)
    assert client.body == b"ab"
    assert client.got[-1]["more_body"] is False
    assert source.closed


async def test_a_silent_stream_is_kept_alive(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "_BEAT_SECONDS", 0.02)
    client = Client()
    await run(Source(b"a", pause=0.1), client)
    assert client.body.startswith(b"a: beat\n\n")


async def test_a_reader_that_never_reads_is_left(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "_SEND_SECONDS", 0.05)
    source = Source(*[b"x"] * 100)
    await run(source, Client(room=3))
    assert source.closed


async def test_a_reader_that_left_stops_the_work():
    async def gone() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.disconnect"}

    source = Source(b"a", pause=60)
    await run(source, Client(), gone)
    assert source.closed


async def test_a_lost_server_ends_the_stream_so_that_the_reader_resumes():
    client = Client()
    await run(Source(b"a", failure=Unavailable("the database cannot be reached")), client)
    assert client.body == b"a"
    assert client.got[-1]["more_body"] is False
