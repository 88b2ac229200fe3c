"""Time is a parameter. Product code asks a `Clock`, tests hand in a fixed one."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current instant, in UTC and with its time zone."""


def system_clock() -> datetime:
    """Return the machine's current time in UTC."""
    return datetime.now(UTC)


def fixed_clock(instant: datetime) -> Clock:
    """Return a clock that always shows `instant`, which must carry a time zone."""
    if instant.tzinfo is None:
        raise ValueError("instant: must carry a time zone; pass datetime(..., tzinfo=UTC)")
    return lambda: instant
