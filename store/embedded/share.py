"""Who uses a data directory: one handle file a user, locked for as long as its process lives, so that no crash leaves a stale count."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from store.embedded.signals import undisturbed


class Share:
    """The users of one data directory, across processes."""

    def __init__(self, run: Path) -> None:
        self._lock = run / "lock"
        self._handles = run / "handles"

    @contextmanager
    def member(self, on_last: Callable[[], None]) -> Iterator[None]:
        """Count this process as a user during the block; the last one out calls `on_last`, alone."""
        handle = self._handles / f"{os.getpid()}-{uuid4().hex[:8]}"
        with self.alone():
            self._handles.mkdir(exist_ok=True)
            held = _open_locked(handle)
        try:
            yield
        finally:
            with undisturbed(), self.alone():
                handle.unlink(missing_ok=True)
                if held is not None:
                    os.close(held)
                if not self._occupied():
                    on_last()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process from joining, starting, leaving or stopping during the block."""
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _occupied(self) -> bool:
        occupied = False
        for handle in self._handles.iterdir():
            with suppress(FileNotFoundError):
                held = _open_locked(handle)
                if held is None:
                    occupied = True
                else:
                    handle.unlink(missing_ok=True)
                    os.close(held)
        return occupied


def _open_locked(path: Path) -> int | None:
    """Return a descriptor that owns the lock of `path`, or None when a living process owns it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
