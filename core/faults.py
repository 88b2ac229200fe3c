"""Named fault points: places where a crash would hurt most, marked in product code and inert unless armed.

A test arms a point with `STOREHAND_FAULT=name:action` (or `name:action:skip`), where action is `kill` (SIGKILL to this process,
as a power cut would), `error` (raise), `stop` (SIGSTOP, to outlive a lease until SIGCONT) or `pause` (sleep 60 s).
"""

import os
import signal
import time

_ARMED = os.environ.get("STOREHAND_FAULT", "")
_seen = 0


class InjectedFault(RuntimeError):
    """Raised at a fault point that a test armed with `error`."""


def point(name: str) -> None:
    """Mark a place where a test can make this process fail."""
    if _ARMED:
        _fire(name)


def _fire(name: str) -> None:
    global _seen
    target, _, rest = _ARMED.partition(":")
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
