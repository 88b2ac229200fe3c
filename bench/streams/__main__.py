"""Streams a second, time to the first token, delay of a token and CPU of a stream, at 1, 10, 100 and 300 readers at once.

    python -m bench.streams                 the floor, one process of ours, and one with two workers beside it
    python -m bench.streams --at 100        one number of readers only
    python -m bench.streams --only ours     one of them only

Every reader checks its answer: a stream without its `end` event, or with words missing, has failed.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import psutil
import uvloop

from bench.results import Figure, at_least, at_most, record
from bench.streams.load import Asked
from core.settings import Settings
from server.setup import migrate, seed_demo
from store.embedded import Endpoints, servers
from store.engine import app_url
from store.seed import SIGN_INS, Size

_PATIENCE = 60.0
_AT = (1, 10, 100, 300)
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
            yield Target("floor", f"http://127.0.0.1:{port}/ask", {}, {"question": _QUESTION}, [process])

    @contextmanager
    def ours(self, workers: int = 0) -> Iterator[Target]:
        """Start one process with its worker inside, or an API with workers of their own."""
        port = _free_port()
        base = f"http://127.0.0.1:{port}"
        with ExitStack() as stack:
            serve = [_STOREHAND, "serve", "--port", str(port), *(["--no-worker"] if workers else [])]
            processes = [stack.enter_context(_started(serve, self._environment(), f"{base}/health"))]
            processes += [stack.enter_context(_started([_STOREHAND, "worker"], self._environment(), None)) for _ in range(workers)]
            signed_in = _post(f"{base}/v1/auth/sign-in", {"email": SIGN_INS[0].email, "password": SIGN_INS[0].password})
            headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
            body = {
                "assistant_id": "ops",
                "input": {"messages": [{"type": "human", "content": _QUESTION}]},
                "stream_mode": ["messages-tuple"],
            }
            yield Target(f"{workers} workers" if workers else "ours", f"{base}/runs/stream", headers, body, processes)

    def _environment(self) -> dict[str, str]:
        return {
            "STOREHAND_DATA_DIR": str(self.data_dir),
            "STOREHAND_DB__URL": self.endpoints.db_url,
            "STOREHAND_REDIS__URL": self.endpoints.redis_url,
            "STOREHAND_CHROMA__URL": self.endpoints.chroma_url,
            "STOREHAND_LLM__MODEL": "openai:bench",
            "STOREHAND_LLM__BASE_URL": self.model_url,
            "STOREHAND_LLM__FALLBACK_OFFLINE": "false",
            "STOREHAND_HTTP__REQUESTS_A_SECOND": "100000",
            "STOREHAND_HTTP__REQUESTS_AT_ONCE": "100000",
            "STOREHAND_LOG_LEVEL": "warning",
        }


def measure(target: Target, at_once: int) -> dict[str, float]:
    """Load a target and return its figures; CPU in milliseconds a stream."""
    _load(target, min(at_once, 10), 10)
    groups = {"server": target.processes, "postgres": _named("postgres"), "valkey": _named("valkey")}
    before = {name: _cpu(processes) for name, processes in groups.items()}
    seen = _load(target, at_once, max(10, 3 * at_once if at_once < 300 else 2 * at_once))
    groups["postgres"] = _named("postgres")
    whole = max(1.0, seen["streams_a_second"] * seen["seconds"])
    figures = {name: value for name, value in seen.items() if name not in {"seconds", "reasons"}}
    figures |= {f"cpu_{name}": (_cpu(processes) - before[name]) * 1000 / whole for name, processes in groups.items()}
    figures["memory"] = sum(process.memory_full_info().pss for process in target.processes) / 1e6
    print(
        f"{target.name:<10} {at_once:>4} at once: {figures['streams_a_second']:6.1f} streams/s, {int(figures['failed'])} failed, "
        f"first token p50 {figures['first_p50'] * 1000:6.0f} p99 {figures['first_p99'] * 1000:6.0f} ms, "
        f"+{figures['added_a_token'] * 1000:.2f} ms a token, CPU ms a stream: server {figures['cpu_server']:.1f}, "
        f"postgres {figures['cpu_postgres']:.1f}, valkey {figures['cpu_valkey']:.1f}; {figures['memory']:.0f} MB",
        *seen["reasons"],
        flush=True,
    )
    return figures


def figures_of(found: dict[tuple[str, int], dict[str, float]]) -> list[Figure]:
    """Return the figures that have goals, as far as they were measured."""
    figures: list[Figure] = []

    def ratio(name: str, one: tuple[str, int], other: tuple[str, int], what: str) -> float | None:
        if one in found and other in found and found[other][what]:
            return found[one][what] / found[other][what]
        return None

    if (value := ratio("", ("ours", 100), ("floor", 100), "streams_a_second")) is not None:
        figures.append(at_least("streams a second at 100, over the floor", value, "ratio", 1.5))
    if (value := ratio("", ("ours", 100), ("floor", 100), "first_p99")) is not None:
        figures.append(at_most("first token p99 at 100, over the floor", value, "ratio", 0.5))
    if (value := ratio("", ("2 workers", 100), ("ours", 100), "streams_a_second")) is not None:
        figures.append(at_least("streams a second at 100, two workers over one", value, "ratio", 1.7))
    if ("ours", 300) in found:
        figures.append(at_most("failed streams at 300", found["ours", 300]["failed"], "streams", 0))
    return figures


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.streams", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--at", type=int, action="append", help="readers at once; may be given several times")
    parser.add_argument("--only", choices=["floor", "ours", "workers"], action="append")
    wanted = parser.parse_args()
    found: dict[tuple[str, int], dict[str, float]] = {}
    with TemporaryDirectory() as directory, ExitStack() as stack:
        settings = Settings(data_dir=Path(directory), _env_file=None)  # pyright: ignore[reportCallIssue]
        endpoints = stack.enter_context(servers(settings))
        migrate(endpoints.db_url, print)
        uvloop.run(seed_demo(endpoints, Size(60, 60, 300), print))
        port = _free_port()
        stack.enter_context(_started([sys.executable, "-m", "bench.streams.model", str(port)], {}, None))
        bench = Bench(endpoints, Path(directory), f"http://127.0.0.1:{port}/v1")
        targets = {"floor": bench.floor, "ours": bench.ours, "workers": lambda: bench.ours(2)}
        for name in wanted.only or targets:
            with targets[name]() as target:
                for at_once in wanted.at or _AT:
                    found[target.name, at_once] = measure(target, at_once)
    record(figures_of(found))


def _load(target: Target, at_once: int, total: int) -> dict[str, Any]:
    asked = Asked(target.url, target.headers, target.body, at_once, total)
    command = [sys.executable, "-m", "bench.streams.load", orjson.dumps(asdict(asked)).decode()]
    return orjson.loads(subprocess.run(command, capture_output=True, check=True, timeout=560).stdout)


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


def _named(word: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["name"]) if word in (process.info["name"] or "")]


def _cpu(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    main()
