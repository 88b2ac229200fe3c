"""A run's log as a stream: live from Valkey, made whole from Postgres, resumable after any id.

Live ids are `seq-n`. A fact that was stored in a transaction of its own comes as `seq-0`; an announcement comes at once as `seq-n`
after the last stored fact and gets its number later. So the reader counts announcements, and a fact that comes with a higher number
than those explain shows that some were missed: they are read from Postgres.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from core.errors import InvalidInput, Unavailable
from core.events import EVENTS, FINAL, DraftDiscarded, RunFact, RunStarted, TokenDelta
from core.identity import Principal
from core.log import get_logger
from server.wiring import Runtime
from store import events
from store.queries import runs
from store.tables.runtime import RunStatus

_log = get_logger(__name__)
_BLOCK_MS = 2000
_GRACE_MS = 250
"""What Postgres knows first is given this long to come live too, with its tokens."""
_DOWN_POLL_SECONDS = 1.0
_ENDED = frozenset(status.value for status in RunStatus) - {RunStatus.PENDING.value, RunStatus.RUNNING.value}

Event = RunFact | TokenDelta | DraftDiscarded


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
        elif offset == 0:
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


async def follow(runtime: Runtime, principal: Principal, run_id: UUID, after: str | None) -> AsyncIterator[tuple[str, Event]]:
    """Yield the events of a run after an id, until it has ended. No connection to the database is held in between.

    Raises:
        NotFound: not a run of this caller.
        Unavailable: the database is gone; the reader may come back with the last id.
    """
    resume = parse_place(after)
    place = Place(resume[0])
    block_ms = 0
    while True:
        batch = await _live(runtime, run_id, place.id, block_ms)
        if batch:
            block_ms = _BLOCK_MS
            for entry_id, data in batch:
                seq, offset = _numbers(entry_id)
                event = EVENTS.validate_json(data)
                if place.missing_before(seq, offset):
                    async for numbered in _stored(runtime, principal, run_id, place, before=seq + (offset > 0)):
                        yield numbered
                if (seq, offset) <= (place.seq, place.offset):
                    continue
                place.take(seq, offset, event)
                if (seq, offset) > resume:
                    yield entry_id, event
                if isinstance(event, FINAL):
                    return
            continue
        seq, ended = await _head(runtime, principal, run_id)
        if seq > place.seq and (batch is None or not await _live(runtime, run_id, place.id, _GRACE_MS)):
            async for numbered in _stored(runtime, principal, run_id, place):
                yield numbered
                if isinstance(numbered[1], FINAL):
                    return
        elif ended and seq <= place.seq:
            return
        elif batch is None:
            await asyncio.sleep(_DOWN_POLL_SECONDS)
        block_ms = _BLOCK_MS


async def _live(runtime: Runtime, run_id: UUID, after: str, block_ms: int) -> list[tuple[str, bytes]] | None:
    """Return live entries, or None when Valkey is down."""
    try:
        return await runtime.live.read(run_id, after, block_ms=block_ms)
    except (Unavailable, TimeoutError):
        return None


async def _head(runtime: Runtime, principal: Principal, run_id: UUID) -> tuple[int, bool]:
    async with runtime.units.read(principal) as tx:
        run = await runs.get(tx, run_id)
        return run.seq, run.status in _ENDED


async def _stored(
    runtime: Runtime, principal: Principal, run_id: UUID, place: Place, *, before: int | None = None
) -> AsyncIterator[tuple[str, RunFact]]:
    while True:
        async with runtime.units.read(principal) as tx:
            rows = await events.read(tx, run_id, after=place.seq)
        for row in rows:
            if before is not None and row.seq >= before:
                return
            if place.take_stored(row.seq, row.fact):
                yield f"{row.seq}-0", row.fact
        if not rows:
            return


def _numbers(entry_id: str) -> tuple[int, int]:
    seq, offset = entry_id.split("-")
    return int(seq), int(offset)
