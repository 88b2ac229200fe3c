"""Runs the API (and, unless told otherwise, a worker) on uvicorn in this process."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from core.errors import Unavailable
from server.app import create_app
from server.warming import warm_up
from server.wiring import Runtime
from server.worker.loop import working

_SILENT_SECONDS = 15.0
"""A connection whose peer takes nothing for this long is cut: closing it would wait for ever to send what is left, which nobody reads."""


class _Server(uvicorn.Server):
    """Ends in order at the first SIGINT or SIGTERM, and does not raise it again: whoever called goes on to stop what it started."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Turn both signals into a request to stop while the block runs."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.should_exit = True


async def serve_api(runtime: Runtime, *, with_worker: bool, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the address once requests are answered.

    Raises:
        Unavailable: the port is taken.
    """
    http = runtime.settings.http
    listener = listen(http.host, http.port)
    host, port = listener.getsockname()[:2]
    app = create_app(runtime, with_worker=(lambda: working(runtime)) if with_worker else None)
    server = _Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=10, server_header=False, lifespan="on")
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():
        await asyncio.sleep(0.02)
    if not task.done():
        ready(f"http://{host}:{port}")
    warming = asyncio.create_task(warm_up(runtime))
    await task
    warming.cancel()


def listen(host: str, port: int, silent_seconds: float = _SILENT_SECONDS) -> socket.socket:
    """Return a socket for the API; the system cuts its connections whose peers are silent too long, where it can (Linux).

    Raises:
        Unavailable: the port is taken.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(silent_seconds * 1000))
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable(f"port {port} on {host} is taken; choose another with --port", code="port_taken") from error
    return listener
