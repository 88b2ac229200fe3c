"""Workers in processes of their own, to be killed: a nursery imports the product once and forks a worker in a moment.

with Nursery() as nursery:
    worker = nursery.start(endpoints, data_dir, fault="tool.after_effect:kill")
    assert worker.ended() == -signal.SIGKILL
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module, reload
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from store.embedded import Endpoints

LEASE_SECONDS = 0.8
_SETTINGS = {
    "STOREHAND_WORKER__LEASE_SECONDS": str(LEASE_SECONDS),
    "STOREHAND_WORKER__HEARTBEAT_SECONDS": "0.2",
    "STOREHAND_WORKER__POLL_SECONDS": "0.1",
}
_PATIENCE_SECONDS = 30
_STUCK = 99
"""The exit code of a worker that had to be killed by us."""


@dataclass(slots=True)
class WorkerProcess:
    """One worker: `ended` is its exit code, negative for the signal that ended it."""

    pid: int
    nursery: "Nursery"

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def ended(self) -> int:
        """Wait for the end and return the exit code."""
        return self.nursery.ask({"wait": self.pid})["code"]

    def stopped(self) -> bool:
        """Return whether SIGSTOP holds it."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def wait_stopped(self) -> None:
        """Wait until SIGSTOP holds it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self.stopped():
            if time.monotonic() > deadline:
                raise TimeoutError("the worker did not stop")
            time.sleep(0.01)


class Nursery:
    """Starts workers; kills those that are left at the end."""

    def __init__(self) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("STOREHAND_", "OPENAI_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.worker_process"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        self._workers: list[WorkerProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.clear()
        self._process.communicate(timeout=10)

    def start(self, endpoints: Endpoints, data_dir: Path, *, fault: str = "", settings: Mapping[str, str] | None = None) -> WorkerProcess:
        """Start a worker on a database; `fault` arms a point of `core.faults`."""
        environment = {**_SETTINGS, "STOREHAND_DATA_DIR": str(data_dir), "STOREHAND_FAULT": fault, **(settings or {})}
        worker = WorkerProcess(self.ask({"endpoints": asdict(endpoints), "environment": environment})["pid"], self)
        self._workers.append(worker)
        return worker

    def clear(self) -> None:
        """Kill every worker that is left."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.send(signal.SIGCONT)
            worker.send(signal.SIGKILL)
            worker.ended()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request to the nursery's process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _serve() -> None:
    for module in ("agents.llm.offline.model", "server.wiring", "server.worker.loop"):
        import_module(module)
    codes: dict[int, int] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            pid = request["wait"]
            if pid not in codes:
                codes[pid] = _reap(pid)
            answer = {"code": codes[pid]}
        else:
            pid = os.fork()
            if pid == 0:
                _become_worker(request)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)  # noqa: T201


def _reap(pid: int) -> int:
    """Wait for a worker's end and return its exit code; one that does not end is killed and has a code of its own."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return _STUCK
        time.sleep(0.01)


def _become_worker(request: dict[str, Any]) -> None:
    import asyncio

    from core import faults
    from core.settings import Settings
    from server.wiring import open_runtime
    from server.worker.loop import work_until_stopped

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.environ.update(request["environment"])
    reload(faults)

    async def work() -> None:
        settings = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]
        async with open_runtime(settings, Endpoints(**request["endpoints"])) as runtime:
            await work_until_stopped(runtime)

    code = 1
    try:
        asyncio.run(work())
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
