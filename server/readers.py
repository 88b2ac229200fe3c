"""Who reads runs: a run that was started as a stream goes on as long as somebody follows it, in whichever process, and a while longer.

What is known of readers is one instant in the run's row, until which it goes on. Each process moves it for all runs that are followed
there, in one statement four times in that while; most runs have ended before the first one.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from starlette.requests import Request

from core.errors import Unavailable
from core.log import get_logger
from store.queries import runs
from store.tables.runtime import Run, RunStatus
from store.unit import Units

_log = get_logger(__name__)
_SIGNS = 4


class Readers:
    """The readers of one process."""

    def __init__(self, units: Units, grace: float) -> None:
        """Make it.

        Args:
            units: where runs are.
            grace: seconds that a run goes on without a reader; 0: to its end.
        """
        self.grace = timedelta(seconds=grace) or None
        self._units = units
        self._followed: Counter[tuple[UUID, UUID]] = Counter()
        self._telling: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def reading(self, run: Run) -> AsyncIterator[None]:
        """Let a run go on while the block reads it, and its grace afterwards."""
        if self.grace is None or run.reader_until is None:
            yield
            return
        await self.seen(run)
        self._followed[run.tenant_id, run.id] += 1
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell_again(self.grace / _SIGNS), name="readers")
        try:
            yield
        finally:
            self._followed[run.tenant_id, run.id] -= 1
            self._followed += Counter()

    async def seen(self, run: Run) -> None:
        """Tell that somebody asked for a run; nothing is written when somebody did so a moment ago.

        Raises:
            Unavailable: the database is gone.
        """
        if self.grace is None or run.reader_until is None or run.status not in (RunStatus.PENDING, RunStatus.RUNNING):
            return
        if run.reader_until - self._units.clock() < self.grace:
            await self._keep([(run.tenant_id, run.id)], self.grace)

    async def tell(self) -> None:
        """Let the runs that are followed here go on.

        Raises:
            Unavailable: the database is gone.
        """
        if self.grace is not None and self._followed:
            await self._keep(list(self._followed), self.grace)

    async def aclose(self) -> None:
        """Stop telling."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def _keep(self, found: list[tuple[UUID, UUID]], grace: timedelta) -> None:
        """Move the instant by the grace and the time to the next sign, so that a reader who leaves just before it has the whole grace."""
        await runs.keep_reading(self._units, found, self._units.clock() + grace + grace / _SIGNS)

    async def _tell_again(self, every: timedelta) -> None:
        while self._followed:
            await asyncio.sleep(every.total_seconds())
            try:
                await self.tell()
            except Unavailable as error:
                _log.warning("runs were not told of their readers", error=error.message)
        self._telling = None


def readers_of(request: Request) -> Readers:
    """Return the readers of the application that serves a request."""
    return request.app.state.readers
