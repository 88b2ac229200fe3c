"""Where the embedded servers keep their files, and short enough places for their sockets."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import Unavailable
from store.embedded.account import Account
from store.embedded.slot import Slot

_SOCKET_PATH_LIMIT = 100
"""Bytes. Linux allows 107 and macOS 103."""
_MODE = 0o700 if os.geteuid() else 0o711
"""Private; where root starts PostgreSQL as another account, that account may pass through."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders under one data directory."""

    root: Path

    @property
    def run(self) -> Path:
        """Locks, records and, when the path is short enough, sockets."""
        return self.root / "run"

    def slot(self, name: str, title: str) -> Slot:
        """Return the place of the server `name`."""
        return Slot(title, self.run / name, self.root / "logs" / f"{name}.log", self.root)

    def create(self) -> None:
        """Make the folders that every server needs.

        Raises:
            Unavailable: the data directory cannot be written.
        """
        try:
            self.root.mkdir(mode=_MODE, parents=True, exist_ok=True)
            for folder in (self.run, self.root / "logs"):
                folder.mkdir(mode=_MODE, exist_ok=True)
            (self.run / "lock").touch(mode=0o600)
        except OSError as error:
            raise Unavailable(
                f"the data directory {self.root} cannot be written ({error.strerror}); set STOREHAND_DATA_DIR to one that can",
                code="data_dir_unusable",
            ) from error

    def sockets(self, name: str, socket: str, account: Account | None = None) -> Path:
        """Return a private folder for `socket`, owned by `account`: under the system's temporary folder when ours is too deep.

        Raises:
            Unavailable: the folder belongs to somebody else, who could listen there in our place.
        """
        folder = self.run / f"{name}.d"
        if len(os.fsencode(folder / socket)) > _SOCKET_PATH_LIMIT:
            digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"storehand-{os.geteuid()}-{digest}-{name}"
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = folder.lstat().st_uid
        if folder.is_symlink() or owner not in {os.geteuid(), account.uid if account else os.geteuid()}:
            raise Unavailable(f"{folder} belongs to another user; remove it and start again", code="data_dir_unusable")
        if account:
            os.chown(folder, *account)
        return folder
