"""Servers under load: the floor, ours in one process, and ours with workers of their own, on the same Postgres and Valkey."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import psutil
import uvloop

from bench.streams.load import THREAD
from bench.streams.peer import prepared_peer
from core.settings import Settings
from server.setup import migrate, seed_demo
from store.embedded import Endpoints, servers
from store.engine import app_url
from store.seed import SIGN_INS, Size

_PATIENCE = 60.0
_QUESTION = "why is it so quiet here?"
_STOREHAND = str(Path(sys.executable).parent / "storehand")


@dataclass(frozen=True, slots=True)
class Target:
    """A server under load: what is asked of it, and the processes whose CPU is its own."""

    name: str
    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    processes: list[psutil.Process]
    data_dir: Path
    """Of the servers that it works with."""
    threads: str = ""
    """Where its readers open a conversation first, if they must."""
    ends: bool = True
    """Whether it says that a stream has ended."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all targets share."""

    endpoints: Endpoints
    data_dir: Path
    model_url: str

    @contextmanager
    def floor(self) -> Iterator[Target]:
        """Start the floor."""
        port = _free_port()
        command = [
            sys.executable,
            "-m",
            "bench.streams.floor",
            app_url(self.endpoints.db_url, schema="checkpoints"),
            self.model_url,
            str(port),
        ]
        with _started(command, {"OPENAI_API_KEY": "none"}, f"http://127.0.0.1:{port}/docs") as process:
            yield Target("floor", f"http://127.0.0.1:{port}/ask", {}, {"question": _QUESTION}, [process], self.data_dir)

    @contextmanager
    def peer(self) -> Iterator[Target]:
        """Install and start the peer.

        Raises:
            NotInstalled: it cannot be had here.
        """
        with prepared_peer(self.endpoints, self.data_dir, self.model_url) as (command, environment, name):
            port = _free_port()
            base = f"http://127.0.0.1:{port}"
            body = {
                "assistant_id": "agent",
                "input": {"messages": [{"type": "human", "content": _QUESTION}]},
                "stream_mode": ["messages-tuple"],
            }
            with _started([*command, str(port)], environment, f"{base}/health") as process:
                yield Target(
                    name, f"{base}/threads/{THREAD}/runs/stream", {}, body, [process], self.data_dir, f"{base}/threads", ends=False
                )

    @contextmanager
    def ours(self, workers: int = 0, *, model: str = "openai:bench") -> Iterator[Target]:
        """Start one process with its worker inside, or an API with workers of their own."""
        environment = {**self._environment(), "STOREHAND_LLM__MODEL": model}
        port = _free_port()
        base = f"http://127.0.0.1:{port}"
        with ExitStack() as stack:
            serve = [_STOREHAND, "serve", "--port", str(port), *(["--no-worker"] if workers else [])]
            processes = [stack.enter_context(_started(serve, environment, f"{base}/health"))]
            processes += [stack.enter_context(_started([_STOREHAND, "worker"], environment, None)) for _ in range(workers)]
            signed_in = _post(f"{base}/v1/auth/sign-in", {"email": SIGN_INS[0].email, "password": SIGN_INS[0].password})
            headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
            body = {
                "assistant_id": "ops",
                "input": {"messages": [{"type": "human", "content": _QUESTION}]},
                "stream_mode": ["messages-tuple"],
            }
            yield Target(f"{workers} workers" if workers else "ours", f"{base}/runs/stream", headers, body, processes, self.data_dir)

    def _environment(self) -> dict[str, str]:
        return {
            "STOREHAND_DATA_DIR": str(self.data_dir),
            "STOREHAND_DB__URL": self.endpoints.db_url,
            "STOREHAND_REDIS__URL": self.endpoints.redis_url,
            "STOREHAND_CHROMA__URL": self.endpoints.chroma_url,
            "STOREHAND_LLM__BASE_URL": self.model_url,
            "STOREHAND_LLM__FALLBACK_OFFLINE": "false",
            "STOREHAND_HTTP__REQUESTS_A_SECOND": "100000",
            "STOREHAND_HTTP__REQUESTS_AT_ONCE": "100000",
            "STOREHAND_LOG_LEVEL": "warning",
        }


@contextmanager
def prepared() -> Iterator[Bench]:
    """Start Postgres, Valkey, Chroma and the model on a fresh directory with a small shop."""
    with TemporaryDirectory() as directory, ExitStack() as stack:
        settings = Settings(data_dir=Path(directory), _env_file=None)  # pyright: ignore[reportCallIssue]
        endpoints = stack.enter_context(servers(settings))
        migrate(endpoints.db_url, print)
        uvloop.run(seed_demo(endpoints, Size(60, 60, 300), print))
        port = _free_port()
        stack.enter_context(_started([sys.executable, "-m", "bench.streams.model", str(port)], {}, None))
        yield Bench(endpoints, Path(directory), f"http://127.0.0.1:{port}/v1")


@contextmanager
def _started(command: list[str], environment: dict[str, str], health: str | None) -> Iterator[psutil.Process]:
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        deadline = time.monotonic() + _PATIENCE
        while health is not None and not _answers(health):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[:4]} did not start")
            time.sleep(0.05)
        if health is None:
            time.sleep(3)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _post(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(url, orjson.dumps(body), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return orjson.loads(response.read())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
