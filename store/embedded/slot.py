"""One server's place in the data directory: its process, its record and its log.

The server inherits the lock of its record file as standard input, so that "is it alive" is a question to the kernel: it holds
when the starter was killed, when a process id was reused, and when the machine restarted. The shell in front writes its own
process id, which `exec` keeps, into the record; no moment exists in which a server runs and nobody knows its id.
"""

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import Unavailable
from store.embedded.account import Account

_START_SECONDS = 60.0
_POLL_SECONDS = 0.01
_LOG_BYTES = 10 * 1024 * 1024
_PRIVATE_PREFIXES = ("PG", "CHROMA_", "VALKEY", "REDIS", "STOREHAND_", "OPENAI_", "LC_", "LANG")


@dataclass(frozen=True, slots=True)
class Slot:
    """Runs at most one process of the server `title`, whoever started it."""

    title: str
    record: Path
    log: Path
    cwd: Path

    @property
    def address(self) -> str:
        """Where the running, or else the last, server listens; empty before the first start."""
        return self._line(0)

    @property
    def pid(self) -> int:
        """The process id of the running, or else the last, server; 0 when unknown."""
        return int(self._line(1) or 0)

    def _line(self, number: int) -> str:
        with suppress(FileNotFoundError, IndexError):
            return self.record.read_text().split("\n")[number]
        return ""

    def alive(self) -> bool:
        """Return whether a process holds this slot."""
        with suppress(FileNotFoundError):
            descriptor = os.open(self.record, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(descriptor)
        return False

    def spawn(
        self, command: Sequence[str], address: str, *, account: Account | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start `command` in a session of its own, so that Ctrl-C in the terminal does not reach it."""
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        descriptor = os.open(self.record, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{address}\n".encode())
            with self.log.open("ab") as log:
                process = subprocess.Popen(
                    ["/bin/sh", "-c", 'echo $$ >&0; exec "$@"', "sh", *command],
                    stdin=descriptor,
                    stdout=log,
                    stderr=log,
                    cwd=self.cwd,
                    env=_environment(environment or {}),
                    start_new_session=True,
                    user=account.uid if account else None,
                    group=account.gid if account else None,
                    extra_groups=[] if account else None,
                )
        finally:
            os.close(descriptor)
        threading.Thread(target=process.wait, name=f"reap {self.title}", daemon=True).start()
        return process

    def ensure(self, start: Callable[[], None], ready: Callable[[], bool], *, attempts: int = 1) -> None:
        """Join the running server, or `start` one, and return when it is `ready`.

        Raises:
            Unavailable: it ended, or took over a minute; the message names the log file.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if not self.alive():
                if attempts == 0:
                    raise self.failed("ended while it started")
                attempts -= 1
                start()
            elif ready():
                return
            else:
                time.sleep(_POLL_SECONDS)
        raise self.failed(f"was not ready after {_START_SECONDS:.0f} s")

    def stop(self, *escalation: tuple[signal.Signals, float]) -> None:
        """Send each signal in turn, with its seconds of patience, until the process is gone."""
        for number, patience in escalation:
            if not self.alive():
                return
            with suppress(ProcessLookupError):
                if pid := self.pid:
                    os.kill(pid, number)
            deadline = time.monotonic() + patience
            while self.alive() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)

    def failed(self, what: str) -> Unavailable:
        """Return the error that tells which server failed and where to read why."""
        return Unavailable(f"the embedded {self.title} {what}; read {self.log}", code="embedded_server_failed")


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without what would reconfigure a server or tell it a secret."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_PRIVATE_PREFIXES)}
    return {**kept, "LC_ALL": "C", **extra}
