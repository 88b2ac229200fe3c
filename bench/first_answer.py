"""Seconds from the first command to the first answer, and the memory of all its processes, on a fresh data directory."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench.results import at_most, record
from store.seed import SIGN_INS

_PORT = 18_080
_PATIENCE = 120.0


def main() -> None:
    """Start `storehand demo`, ask one question over HTTP, and stop it."""
    with TemporaryDirectory() as directory:
        started = time.monotonic()
        command = [str(Path(sys.executable).parent / "storehand"), "demo", "--data-dir", f"{directory}/data", "--port", str(_PORT)]
        process = subprocess.Popen(command, env={**os.environ, "STOREHAND_LLM__MODEL": "offline"})
        try:
            _wait_ready(process, started)
            answer = _ask("which orders are stuck?")
            seconds = time.monotonic() - started
            memory = _memory(Path(directory))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    print(f"  first answer: {answer[:80]!r}")
    record([at_most("first command to first answer", seconds, "s", 20), at_most("memory of all processes", memory / 1e6, "MB", 1000)])


def _wait_ready(process: "subprocess.Popen[bytes]", started: float) -> None:
    while time.monotonic() - started < _PATIENCE:
        try:
            _call("/health")
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None:
                raise RuntimeError("the demo ended before it was ready") from None
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the demo did not become ready")


def _ask(question: str) -> str:
    token = _call("/v1/auth/sign-in", {"email": SIGN_INS[0].email, "password": SIGN_INS[0].password})["access_token"]
    thread = _call("/threads", {"metadata": {}}, token)["thread_id"]
    body = {"assistant_id": "ops", "input": {"messages": [{"type": "human", "content": question}]}}
    values = _call(f"/threads/{thread}/runs/wait", body, token)
    return str(values["messages"][-1]["content"])


def _call(path: str, body: dict[str, Any] | None = None, token: str | None = None) -> Any:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{_PORT}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def _memory(directory: Path) -> int:
    """Return bytes of proportional memory of every process that works on the data directory: shared pages count once."""
    total = 0
    for process in psutil.process_iter(["pid", "cmdline", "ppid"]):
        try:
            words = " ".join(process.info["cmdline"] or [])
            parents = " ".join(" ".join(parent.cmdline()) for parent in process.parents()[:1])
            if str(directory) in words or (words.startswith("postgres:") and str(directory) in parents):
                total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


if __name__ == "__main__":
    main()
