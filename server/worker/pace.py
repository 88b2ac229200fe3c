"""The loop of everything that looks after stores again and again: its pace, its waits while a server is down, and its end."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.errors import StorehandError
from core.log import get_logger

_log = get_logger(__name__)
_LONGEST_WAIT = 60.0
Done = TypeVar("Done")


def told_to_stop() -> bool:
    """Return whether the running task was cancelled, also when a library it called has lost the cancellation.

    `asyncio.wait_for` of Python 3.11 does so when what it waits for ends at the same moment; Python counts the requests all the same.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def look_again(
    name: str,
    once: Callable[[], Awaitable[Done]],
    every: float,
    *,
    more: Callable[[Done], bool] = lambda _: False,
    longest: float = _LONGEST_WAIT,
) -> None:
    """Call `once` again and again until cancelled; while a server is down, less and less often.

    Args:
        name: who looks, for the log.
        once: does what is due.
        every: seconds from the end of one look to the next.
        more: whether there is more to do after what was done, so that the next look follows at once.
        longest: seconds that failures let it wait at most. Such waits are spread out, so that processes do not come back together.
    """
    failures = 0
    while not told_to_stop():
        try:
            done = await once()
        except StorehandError as error:
            failures += 1
            wait = min(longest, every * 2**failures) * (0.5 + random.random() / 2)  # noqa: S311
            _log.warning("what is due waits", who=name, error=error.message, failures=failures, seconds=round(wait, 1))
            await asyncio.sleep(wait)
            continue
        failures = 0
        if not more(done):
            await asyncio.sleep(every)
