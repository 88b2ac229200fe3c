"""The simulator on a real socket in a thread of its own, and the product's API on one in the test's loop."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn

from server.app import create_app
from server.serving import listen
from server.simulator import create_simulator
from server.wiring import Runtime


class Simulated:
    """A running simulator and the hand that steers it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def state(self) -> dict[str, Any]:
        """Return all that it knows."""
        return httpx.get(f"{self.url}/control/state").json()

    def behave(self, **behaviour: object) -> None:
        """Set what it does."""
        httpx.put(f"{self.url}/control/behaviour", json=behaviour).raise_for_status()

    def fault(self, **fault: object) -> None:
        """Let something go wrong."""
        httpx.post(f"{self.url}/control/faults", json=fault).raise_for_status()

    def post(self, path: str, body: object = None) -> Any:
        """Use the control endpoint."""
        answer = httpx.post(f"{self.url}/control{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def seen(self, port: str) -> list[dict[str, Any]]:
        """Return the requests that came in for a port."""
        return [each for each in self.state()["seen"] if each["port"] == port]


@contextmanager
def simulated(seed: int = 1) -> Iterator[Simulated]:
    """Keep a simulator running during the block."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    config = uvicorn.Config(create_simulator(seed), log_level="critical", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield Simulated(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@asynccontextmanager
async def served(runtime: Runtime, silent_seconds: float = 15) -> AsyncIterator[str]:
    """Serve the API of a runtime on a socket during the block, without a worker."""
    listener = listen("127.0.0.1", 0, silent_seconds)
    listener.listen(128)
    config = uvicorn.Config(create_app(runtime), log_level="critical", access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
