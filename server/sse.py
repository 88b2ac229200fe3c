"""A run's log as a stream: live from Valkey, made whole from Postgres, resumable after any id.

Live ids are `seq-n`. A fact that was stored in a transaction of its own comes as `seq-0`; an announcement comes at once as `seq-n`
after the last stored fact and gets its number later. So the reader counts announcements, and a fact that comes with a higher number
than those explain shows that some were missed: they are read from Postgres.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import UUID

from core.errors import InvalidInput, Unavailable
from core.events import EVENTS, FINAL, DraftDiscarded, RunFact, RunStarted, TokenDelta
from core.identity import Principal
from memory.live import Event, Follower
from server.wiring import Runtime
from store import events
from store.queries import runs
from store.tables.runtime import RunStatus

_WAIT_SECONDS = 2.0
"""How long Valkey may be silent before Postgres is asked; twice as long each time that there was nothing to miss."""
_LONGEST_WAIT_SECONDS = 8.0
_GRACE_SECONDS = 0.25
"""What Postgres knows first is given this long to come live too, with its tokens."""
_DOWN_POLL_SECONDS = 1.0
_ENDED = frozenset(status.value for status in RunStatus) - {RunStatus.PENDING.value, RunStatus.RUNNING.value}


@dataclass(slots=True)
class Place:
    """How far a reader got: all facts up to `seq`, and the announcements since, which have no number yet."""

    seq: int = 0
    offset: int = 0
    announced: list[RunFact] = field(default_factory=list[RunFact])

    @property
    def id(self) -> str:
        """The id of the last entry."""
        return f"{self.seq}-{self.offset}"

    def missing_before(self, seq: int, offset: int) -> bool:
        """Return whether facts lie between here and the live entry `seq-offset`."""
        return seq > self.seq + len(self.announced) + 1 or (seq > self.seq and offset > 0)

    def take(self, seq: int, offset: int, event: Event) -> None:
        """Move to a live entry. A stored fact numbers the announcements before it; a new attempt has forgotten them."""
        if isinstance(event, RunStarted):
            self.announced.clear()
        if offset == 0:
            del self.announced[: seq - self.seq - 1]
        elif not isinstance(event, TokenDelta | DraftDiscarded):
            self.announced.append(event)
        self.seq, self.offset = seq, offset

    def take_stored(self, seq: int, fact: RunFact) -> bool:
        """Move to a fact from Postgres and return whether it is new here: an announced one is not."""
        self.seq, self.offset = seq, 0
        if fact in self.announced:
            self.announced.remove(fact)
            return False
        return True


def parse_place(last_event_id: str | None) -> tuple[int, int]:
    """Return the numbers of a `Last-Event-ID`; none, an empty one and `-1` are the start.

    Raises:
        InvalidInput: it is not one of our ids.
    """
    if last_event_id in (None, "", "-1"):
        return 0, 0
    seq, _, offset = last_event_id.partition("-")
    if not (
        seq.isascii() and seq.isdigit() and len(seq) < 19 and (not offset or (offset.isascii() and offset.isdigit() and len(offset) < 19))
    ):
        raise InvalidInput("send the id of an event of this stream, such as 3-0, or -1 for the start", field="Last-Event-ID")
    return int(seq), int(offset or 0)


async def follow(runtime: Runtime, principal: Principal, run_id: UUID, after: str | None) -> AsyncGenerator[tuple[str, Event]]:
    """Yield the events of a run after an id, until it has ended; of a log that was forgotten, none. No connection is held in between.

    Raises:
        NotFound: not a run of this caller.
        Unavailable: the database is gone; the reader may come back with the last id.
    """
    async with aclosing(follow_together(runtime, principal, run_id, after)) as batches:
        async for batch in batches:
            for each in batch:
                yield each


async def follow_together(
    runtime: Runtime, principal: Principal, run_id: UUID, after: str | None, *, fresh: bool = False
) -> AsyncGenerator[list[tuple[str, Event]]]:
    """Yield as `follow` does, but together what comes together; nothing of a `fresh` run is looked for before it speaks."""
    place = parse_place(after)
    async with runtime.live.follow(run_id, f"{place[0]}-0", fresh=fresh) as follower:
        reader = _Reader(runtime, principal, run_id, place, follower)
        reader.waiting = fresh
        while not reader.ended:
            if batch := await reader.more():
                yield batch


class _Reader:
    """One reader of a run: asks Valkey first, and Postgres when Valkey is silent, down, or has skipped something."""

    def __init__(self, runtime: Runtime, principal: Principal, run_id: UUID, resume: tuple[int, int], live: Follower) -> None:
        self.ended = False
        self.waiting = False
        """Whether there is nothing to read but what is still to come."""
        self._silent = 0
        self._runtime = runtime
        self._principal = principal
        self._run_id = run_id
        self._resume = resume
        self._place = Place(resume[0])
        self._follower = live

    async def more(self) -> list[tuple[str, Event]]:
        """Return what came next, perhaps nothing yet."""
        batch = await self._live(min(_LONGEST_WAIT_SECONDS, _WAIT_SECONDS * 2**self._silent) if self.waiting else 0)
        self.waiting = True
        if batch:
            self._silent = 0
            return self._noticed(await self._take(batch))
        self._silent += 1
        last, ended = await self._head()
        if last > self._place.seq:
            if batch is not None and (batch := await self._live(_GRACE_SECONDS)):
                return self._noticed(await self._take(batch))
            found = self._noticed(await self._stored())
            self.ended |= ended and self._place.seq < last
            return found
        self.ended = ended
        if batch is None and not ended:
            await asyncio.sleep(_DOWN_POLL_SECONDS)
        return []

    def _noticed(self, found: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
        self.ended = bool(found) and isinstance(found[-1][1], FINAL)
        return found

    async def _take(self, batch: list[tuple[str, bytes]]) -> list[tuple[str, Event]]:
        place, found = self._place, list[tuple[str, Event]]()
        for entry_id, data in batch:
            seq, offset = map(int, entry_id.split("-"))
            if (seq, offset) <= (place.seq, place.offset):
                continue
            if place.missing_before(seq, offset):
                found += await self._stored(before=seq + (offset > 0))
            if (seq, offset) <= (place.seq, place.offset):
                continue
            event = EVENTS.validate_json(data)
            place.take(seq, offset, event)
            if (seq, offset) > self._resume:
                found.append((entry_id, event))
        return found

    async def _live(self, seconds: float) -> list[tuple[str, bytes]] | None:
        """Return live entries, or None when Valkey is down."""
        try:
            return await self._follower.more(self._place.id, seconds)
        except Unavailable:
            return None

    async def _head(self) -> tuple[int, bool]:
        async with self._runtime.units.read(self._principal) as tx:
            last, status = await runs.progress(tx, self._run_id)
            return last, status in _ENDED

    async def _stored(self, *, before: int | None = None) -> list[tuple[str, Event]]:
        """Move over the stored facts up to `before`, and return those that are new to the reader."""
        fresh: list[tuple[str, Event]] = []
        while True:
            async with self._runtime.units.read(self._principal) as tx:
                rows = await events.read(tx, self._run_id, after=self._place.seq)
            for row in rows:
                if before is not None and row.seq >= before:
                    return fresh
                if self._place.take_stored(row.seq, row.fact):
                    fresh.append((f"{row.seq}-0", row.fact))
            if not rows:
                return fresh
