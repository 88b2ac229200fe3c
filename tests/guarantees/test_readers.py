"""Readers that never read are let go, and nobody else feels them."""

import asyncio
import socket
import time
from urllib.parse import urlsplit

import httpx
import numpy
import psutil
import pytest

from core.events import MessageAdded
from core.identity import Principal, RunContext
from core.ids import RunId, ThreadId
from core.settings import Settings
from server.auth import issue
from server.cli.session import who_is
from server.runs import principal_of
from server.wiring import Runtime, open_runtime
from store import events
from store.embedded import Endpoints
from store.queries import runs
from tests.support.proof import WHOLE, Proof, prove, scaled
from tests.support.simulation import served
from tests.support.talk import Talk, one

_FACTS, _BYTES = 80, 100_000
"""The log of the run that is not read: more than all buffers between the server and a reader hold."""
_BUSY = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
_GRACE_SECONDS = 2.0
_WORSE = 1.1


async def test_g13_readers_that_never_read_are_closed_and_hold_nothing(
    settings: Settings, demo_db: Endpoints, monkeypatch: pytest.MonkeyPatch
):
    readers, patience = scaled(200), 15.0 if WHOLE else 1.5
    monkeypatch.setattr("server.streaming._SEND_SECONDS", patience)
    async with open_runtime(settings, demo_db, demo=True) as runtime, served(runtime, patience) as address:
        who = await who_is(runtime, "merchant")
        path, token = await _long_log(runtime, who), issue(runtime, who, 600)
        async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {token}"}) as client:
            alone = await _p95(client)
            port = urlsplit(address).port or 0
            at_rest = _open_sockets(port)
            stalled = [await _stalled(port, path, token) for _ in range(readers)]
            begun = time.monotonic()
            await asyncio.sleep(patience / 2)
            stuck = _open_sockets(port) - at_rest
            held = await one(runtime, who, _BUSY)
            beside = await _p95(client)
            left = await _left(port, at_rest, begun + patience + _GRACE_SECONDS)
        for each in stalled:
            each.close()
    assert stuck > readers // 2, f"{stuck} are stuck: they read nothing, and what the server has for them is more than it can send"
    worse = WHOLE and beside > alone * _WORSE
    what = "readers that never read and were not closed in time, held a connection of the database, or slowed others down"
    prove(
        Proof(
            "13", what, readers, left + held + worse, round(beside / alone, 3), "p95 of other requests beside them <= 1.1 times that alone"
        )
    )


async def _long_log(runtime: Runtime, who: Principal) -> str:
    """Write the log of a run that is under way and return where it streams."""
    await (await Talk.open(runtime, who)).queue("hello")
    (run,) = await runs.claim(runtime.units, "writer", 3600, 1)
    ctx = RunContext(principal_of(run), RunId(run.run_id), ThreadId(run.thread_id), run.attempt)
    for number in range(_FACTS):
        async with runtime.units.write(who) as tx:
            await events.append(tx, ctx, [MessageAdded(message={"number": number, "content": "x" * _BYTES})])
    return f"/threads/{run.thread_id}/runs/{run.run_id}/stream?stream_mode=custom"


async def _stalled(port: int, path: str, token: str) -> socket.socket:
    """Ask for a stream and read nothing of it."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(opened, ("127.0.0.1", port))
    await loop.sock_sendall(opened, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return opened


async def _left(port: int, at_rest: int, until: float) -> int:
    """Wait until all that came are gone and return how many are not."""
    while (left := max(0, _open_sockets(port) - at_rest)) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return left


def _open_sockets(port: int) -> int:
    """Count the server's connections, whatever the server itself believes."""
    return sum(each.laddr.port == port and each.status == "ESTABLISHED" for each in psutil.Process().net_connections("tcp"))


async def _p95(client: httpx.AsyncClient) -> float:
    """Return the 95th percentile of the seconds of requests, one after another."""
    took = list[float]()
    for _ in range(scaled(400, least=30)):
        begun = time.monotonic()
        (await client.get("/v1/me")).raise_for_status()
        took.append(time.monotonic() - begun)
    return float(numpy.percentile(took, 95))
