"""Named fault points: places where a crash would hurt most, marked in product code and inert unless armed.

A test arms a point with `STOREHAND_FAULT=name:action` (or `name:action:skip`), where action is `kill` (SIGKILL to this process,
as a power cut would), `error` (raise), `stop` (SIGSTOP, to outlive a lease until SIGCONT) or `pause` (sleep 60 s).
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

_fault = os.environ.get("STOREHAND_FAULT", "")
_seen = 0


class InjectedFault(RuntimeError):
    """Raised at a fault point that a test armed with `error`."""


@contextmanager
def armed(fault: str) -> Iterator[None]:
    """Arm a point for the block, written as in `STOREHAND_FAULT`: for faults that a process survives, such as `name:error`."""
    global _fault, _seen
    before = _fault
    _fault, _seen = fault, 0
    try:
        yield
    finally:
        _fault = before


def point(name: str) -> None:
    """Mark a place where a test can make this process fail."""
    if _fault:
        _fire(name)


def _fire(name: str) -> None:
    global _seen
    target, _, rest = _fault.partition(":")
    action, _, skip = rest.partition(":")
    if name != target:
        return
    _seen += 1
    if _seen <= int(skip or 0):
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop" and _seen == int(skip or 0) + 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    elif action == "pause":
        time.sleep(60)
    elif action == "error":
        raise InjectedFault(name)
