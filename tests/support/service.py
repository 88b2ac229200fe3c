"""The API as its clients meet it: a real server with a worker, kept for all tests of a module, and a proxy that cuts connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import httpx
import orjson
import uvicorn

from core.identity import Principal, Role
from core.settings import Settings
from server.app import create_app
from server.auth import issue
from server.cli.session import who_is
from server.wiring import Runtime, open_runtime
from server.worker.loop import working
from store.embedded import Endpoints
from tests.support.puppet import Puppet
from tests.support.talk import thinking_with

Event = tuple[str, Any, str | None]


@dataclass(frozen=True, slots=True)
class Service:
    """A server with its people."""

    address: str
    runtime: Runtime
    merchant: Principal
    customer: Principal
    other_customer: Principal
    other_merchant: Principal

    @property
    def developer(self) -> Principal:
        """A developer of the first shop."""
        return replace(self.merchant, role=Role.DEVELOPER)

    def token(self, who: Principal) -> str:
        """Return a token that stands for somebody."""
        return issue(self.runtime, who, 600)

    def client(self, who: Principal, address: str | None = None) -> httpx.AsyncClient:
        """Return somebody's client."""
        return httpx.AsyncClient(base_url=address or self.address, headers={"X-Api-Key": self.token(who)}, timeout=30)


@asynccontextmanager
async def serving(runtime: Runtime, worker: Runtime | None = None) -> AsyncIterator[str]:
    """Serve the API with a worker, perhaps one of its own runtime, on a free port; yield its address."""
    app = create_app(runtime, with_worker=lambda: working(worker or runtime))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def service(settings: Settings, endpoints: Endpoints) -> AsyncIterator[Service]:
    """Serve a demo shop whose model does what the user's words order."""
    async with open_runtime(settings, endpoints, demo=True) as opened:
        runtime = thinking_with(opened, Puppet())
        people = [await who_is(runtime, name) for name in ("merchant", "customer", "customer2", "merchant2")]
        async with serving(runtime) as address:
            yield Service(address, runtime, *people)


@asynccontextmanager
async def cutting(address: str, after: int, first_seconds: float | None = None) -> AsyncIterator[str]:
    """Forward connections to `address`, and cut each stream of events after so many of them; yield the proxy's address.

    The first connection is cut after `first_seconds`, whatever it carries.
    """
    target = httpx.URL(address)
    streams: set[asyncio.Task[None]] = set()
    patience = [first_seconds] if first_seconds else []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(target.host, target.port)
        upward = asyncio.create_task(_pump(reader, inner_writer))
        streams.add(upward)
        try:
            async with asyncio.timeout(patience.pop() if patience else None):
                await _pump_counted(inner_reader, writer, after)
        except TimeoutError:
            pass
        finally:
            upward.cancel()
            for each in (writer, inner_writer):
                each.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in streams:
            task.cancel()
        await asyncio.gather(*streams, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


async def _pump_counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, after: int) -> None:
    """Forward until a stream has told `after` events that a client can see, each whole."""
    told, held, is_stream = 0, b"", False
    with suppress(OSError):
        while data := await reader.read(65_536):
            is_stream = is_stream or b"text/event-stream" in data
            held += data
            while is_stream and (end := held.find(b"\n\n")) >= 0:
                told += held[:end].count(b"event: ")
                writer.write(held[: end + 2])
                held = held[end + 2 :]
                if told >= after:
                    await writer.drain()
                    return
            if not is_stream:
                writer.write(held)
                held = b""
            await writer.drain()
        writer.write(held)
        await writer.drain()


async def stream(client: httpx.AsyncClient, method: str, path: str, **request: Any) -> tuple[list[Event], httpx.Headers]:
    """Return the events of a stream as (event, data, id), and the response's headers."""
    async with client.stream(method, path, **request) as response:
        assert response.status_code == 200, await response.aread()
        return parsed((await response.aread()).decode()), response.headers


def parsed(raw: str) -> list[Event]:
    """Return the events of a stream's text."""
    found: list[Event] = []
    for block in raw.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            found.append((fields["event"], orjson.loads(fields["data"]), fields.get("id")))
    return found


def words(text: Any) -> dict[str, Any]:
    """Return an input with a human message."""
    return {"messages": [{"type": "human", "content": text}]}


async def ended(client: httpx.AsyncClient, run: str) -> dict[str, Any]:
    """Wait for the end of a run, given by its address, and return it."""
    async with asyncio.timeout(20):
        while (shown := (await client.get(run)).json())["status"] in {"pending", "running"}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return shown
