"""The embedded Chroma: its own server, `chroma run`, on a loopback port that the data directory remembers."""

import os
import signal
import socket
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from store.embedded.external import chroma_answers
from store.embedded.layout import Layout
from store.embedded.slot import Slot

_HOST = "127.0.0.1"
_RUN = "import sys, chromadb_rust_bindings as chroma; chroma.cli(['chroma', 'run', *sys.argv[1:]])"
"""What the `chroma` script does, without importing the Python package first: 0.1 s and 38 MB instead of 3 s and 110 MB."""


@dataclass(frozen=True, slots=True)
class Chroma:
    """Chroma in one data directory."""

    layout: Layout

    @property
    def slot(self) -> Slot:
        """Its process."""
        return self.layout.slot("chroma", "Chroma")

    def ensure(self) -> str:
        """Start it unless it runs, and return its URL; another port is tried when somebody takes the chosen one."""
        _bypass_proxy()
        self.slot.ensure(self._start, lambda: chroma_answers(self.slot.address), attempts=3)
        return self.slot.address

    def stop(self) -> None:
        """Stop it after the requests that it serves."""
        self.slot.stop((signal.SIGTERM, 5), (signal.SIGKILL, 5))

    def _start(self) -> None:
        folder = self.layout.root / "chroma"
        folder.mkdir(mode=0o700, exist_ok=True)
        port = _free_port(urlsplit(self.slot.address).port or 0)
        command = [sys.executable, "-I", "-c", _RUN, "--path", str(folder), "--host", _HOST, "--port", str(port)]
        self.slot.spawn(command, f"http://{_HOST}:{port}", environment={"ANONYMIZED_TELEMETRY": "False"})


def _bypass_proxy() -> None:
    """Keep this process's HTTP clients from asking a configured proxy for a loopback address; Chroma's has no option for it."""
    excluded = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if _HOST not in excluded.split(","):
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = f"{excluded},{_HOST}".lstrip(",")


def _free_port(wanted: int) -> int:
    """Return `wanted` when it is free, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise OSError("no free loopback port")
