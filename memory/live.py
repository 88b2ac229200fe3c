"""A run's entries while it works, for whoever follows it, in any process. Losing them loses no fact.

Tokens are many and small: what costs is not their bytes but how often somebody wakes up for them. So all runs of a process write
together, a token that waits is joined with the next of its message, and all readers of a process share one connection.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from redis.commands.core import AsyncScript

from core.errors import Unavailable
from core.events import DraftDiscarded, RunFact, TokenDelta
from core.ids import new_id
from core.log import get_logger
from memory.cache import Valkey, key, reached

_log = get_logger(__name__)
_ENTRIES = 20_000
_SECONDS = 3600
_GATHER_SECONDS = 0.015
"""What comes within this time leaves in one round trip: a frame of a screen, which a reader does not see."""
_GATHER_MORE = 0.0004
"""And so much longer for each run that speaks: the more speak at once, the more often their process would wake up."""
_BLOCK_MS = 2000
_RETRY_SECONDS = 1.0
_READ_AT_ONCE = 256
_ADD_NEWER = """
local place, failed = 3, nil
for _, stream in ipairs(KEYS) do
  local last = place + 2 * tonumber(ARGV[place])
  for index = place + 1, last, 2 do
    local added = redis.pcall('XADD', stream, 'MAXLEN', '~', ARGV[1], ARGV[index], 'd', ARGV[index + 1])
    if type(added) == 'table' and added.err and not string.find(added.err, 'equal or smaller', 1, true) then failed = added end
  end
  redis.call('EXPIRE', stream, ARGV[2])
  place = last + 1
end
return failed or #KEYS
"""

Event = RunFact | TokenDelta | DraftDiscarded
Entry = tuple[str, bytes]


class LiveLog:
    """Writes and reads runs' streams: facts `seq-0`, and between two of them what was said, `seq-1`, `seq-2`..."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._add_newer = valkey.commands.register_script(_ADD_NEWER)
        self._waiting: dict[UUID, list[tuple[str, Event]]] = {}
        self._sender: asyncio.Task[None] | None = None
        self._tail = _Tail(valkey, self._add_newer)

    def put(self, run_id: UUID, entry_id: str, event: Event) -> None:
        """Add an event soon, after those that were put before it. When Valkey cannot be reached it is dropped: the stored log has it."""
        self._waiting.setdefault(run_id, []).append((entry_id, event))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_waiting(), name="live log")

    async def append(self, run_id: UUID, entries: Sequence[Entry]) -> None:
        """Add entries under their own ids, in one round trip; those not newer than the last one are skipped.

        Raises:
            Unavailable: Valkey cannot be reached; the durable log is complete without it.
        """
        if entries:
            await self._append({run_id: entries})

    async def read(self, run_id: UUID, after: str, *, count: int = _READ_AT_ONCE) -> list[Entry]:
        """Return the entries that are there after the id `after`; `0-0` is the start.

        Raises:
            Unavailable: Valkey cannot be reached.
        """
        with reached():
            async with asyncio.timeout(5):
                streams: Any = await self._valkey.commands.xread({_live_key(run_id): after}, count=count)
        return [entry for _, found in streams or () for entry in _entries(found)]

    @asynccontextmanager
    async def follow(self, run_id: UUID, after: str, *, fresh: bool = False) -> AsyncIterator["Follower"]:
        """Follow a run from the id `after` on, on the connection that all readers of this process share.

        Args:
            run_id: the run.
            after: the id of the last entry that is known; `0-0` is the start.
            fresh: nothing was said yet, so there is nothing to look for before waiting.
        """
        follower = Follower(self, run_id, behind=not fresh)
        await self._tail.add(follower, after)
        try:
            yield follower
        finally:
            self._tail.remove(follower)

    async def forget(self, run_ids: Sequence[UUID]) -> None:
        """Delete the entries of some runs; what was stored of them can still be read from the durable log.

        Raises:
            Unavailable: Valkey cannot be reached.
        """
        if run_ids:
            with reached():
                await self._valkey.commands.delete(*(_live_key(run_id) for run_id in run_ids))

    async def drain(self) -> None:
        """Send what waits, without waiting for more."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            await self._append({run_id: list(_dumped(events)) for run_id, events in waiting.items()})
        except (Unavailable, TimeoutError) as error:
            _log.warning("live stream is down; readers follow the stored log", error=str(error))

    async def aclose(self) -> None:
        """Send what waits, and stop reading."""
        if self._sender is not None:
            await self._sender
        await self._tail.aclose()

    async def _send_waiting(self) -> None:
        while self._waiting:
            spoke = len(self._waiting)
            await self.drain()
            await asyncio.sleep(_GATHER_SECONDS + _GATHER_MORE * spoke)
        self._sender = None

    async def _append(self, found: Mapping[UUID, Sequence[Entry]]) -> None:
        given: list[Any] = [_ENTRIES, _SECONDS]
        for entries in found.values():
            given.append(len(entries))
            for entry in entries:
                given += entry
        with reached():
            await self._add_newer(keys=[_live_key(run_id) for run_id in found], args=given)


class Follower:
    """One reader's place in a run's stream; what waits for it is bounded, and read again when it was slow."""

    def __init__(self, log: LiveLog, run_id: UUID, *, behind: bool) -> None:
        self.run_id = run_id
        self._log = log
        self._waiting: deque[Entry] = deque()
        self._behind = behind
        self._down = False
        self._ready = asyncio.Event()

    @property
    def waits(self) -> int:
        """How many entries wait here."""
        return len(self._waiting)

    async def more(self, after: str, seconds: float) -> list[Entry]:
        """Return what came after the id `after`, perhaps with entries before it; wait for the first one up to some seconds.

        Raises:
            Unavailable: Valkey cannot be reached.
        """
        if not (self._waiting or self._behind or self._down) and seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._ready.wait()
        self._ready.clear()
        if self._down:
            raise Unavailable("Valkey cannot be reached right now; try again shortly", code="valkey_unavailable")
        if self._behind:
            return await self._catch_up(after)
        found = list(self._waiting)
        self._waiting.clear()
        return found

    def fall_behind(self) -> None:
        """Tell that entries before those that will be pushed may be missing here."""
        self._waiting.clear()
        self._behind = True
        self._ready.set()

    def push(self, entries: Iterable[Entry]) -> None:
        """Take entries that came; a reader that leaves too many is behind."""
        if self._behind:
            return
        self._waiting.extend(entries)
        if len(self._waiting) > _READ_AT_ONCE:
            self.fall_behind()
            return
        self._ready.set()

    def reach(self, *, down: bool) -> None:
        """Tell whether entries come at all."""
        self._down = down
        self._ready.set()

    async def _catch_up(self, after: str) -> list[Entry]:
        self._behind = False
        try:
            found = await self._log.read(self.run_id, after)
        except Unavailable:
            self.fall_behind()
            raise
        if len(found) == _READ_AT_ONCE:
            self.fall_behind()
        return found


@dataclass(slots=True)
class _Followed:
    run_id: UUID
    last: str
    followers: set[Follower] = field(default_factory=set[Follower])


class _Tail:
    """Reads the streams of all runs that somebody here follows, on one connection.

    A read that waits does not know of streams that are added meanwhile: an entry in a stream of its own, the nudge, ends it.
    """

    def __init__(self, valkey: Valkey, add_newer: AsyncScript) -> None:
        self._valkey = valkey
        self._add_newer = add_newer
        self._followed: dict[bytes, _Followed] = {}
        self._nudge = key(None, "tail", new_id())
        self._nudges = 0
        self._blocked = False
        self._down = False
        self._reader: asyncio.Task[None] | None = None

    async def add(self, follower: Follower, after: str) -> None:
        """Let a follower hear of what comes after an id."""
        name = _live_key(follower.run_id).encode()
        followed = self._followed.get(name)
        if followed is None:
            followed = self._followed[name] = _Followed(follower.run_id, after)
        elif followed.last != after:
            follower.fall_behind()
        followed.followers.add(follower)
        if self._down:
            follower.reach(down=True)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_all(), name="live tail")
        elif self._blocked:
            self._blocked = False
            self._nudges += 1
            with suppress(Unavailable), reached():
                await self._add_newer(keys=[self._nudge], args=[1, _SECONDS, 1, f"{self._nudges}-0", b""])

    def remove(self, follower: Follower) -> None:
        """Stop telling a follower."""
        name = _live_key(follower.run_id).encode()
        followed = self._followed.get(name)
        if followed is not None:
            followed.followers.discard(follower)
            if not followed.followers:
                del self._followed[name]

    async def aclose(self) -> None:
        """Stop reading."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read_all(self) -> None:
        try:
            while self._followed:
                try:
                    found = await self._read()
                except (Unavailable, TimeoutError):
                    self._tell(down=True)
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                if self._down:
                    self._tell(down=False)
                for name, entries in found:
                    if followed := self._followed.get(name):
                        followed.last = entries[-1][0]
                        for follower in followed.followers:
                            follower.push(entries)
        finally:
            self._reader = None
            self._blocked = False

    async def _read(self) -> list[tuple[bytes, list[Entry]]]:
        places: dict[Any, Any] = {name: followed.last for name, followed in self._followed.items()}
        places[self._nudge] = f"{self._nudges}-0"
        self._blocked = True
        try:
            with reached():
                async with asyncio.timeout(_BLOCK_MS / 1000 + 5):
                    streams: Any = await self._valkey.blocking.xread(places, count=_READ_AT_ONCE, block=_BLOCK_MS)
        finally:
            self._blocked = False
        return [(name, _entries(found)) for name, found in streams or () if name in places]

    def _tell(self, *, down: bool) -> None:
        self._down = down
        for followed in self._followed.values():
            for follower in followed.followers:
                follower.reach(down=down)


def _dumped(events: Sequence[tuple[str, Event]]) -> Iterable[Entry]:
    """Yield entries for events; tokens of one message that stand next to each other become one, under the id of the last."""
    place = 0
    while place < len(events):
        entry_id, event = events[place]
        place += 1
        if isinstance(event, TokenDelta):
            said = [event.text]
            while place < len(events) and isinstance(other := events[place][1], TokenDelta) and other.message_id == event.message_id:
                entry_id = events[place][0]
                said.append(other.text)
                place += 1
            if len(said) > 1:
                event = TokenDelta(message_id=event.message_id, text="".join(said))
        yield entry_id, event.model_dump_json().encode()


def _entries(found: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> list[Entry]:
    return [(entry_id.decode(), fields.get(b"d", b"")) for entry_id, fields in found]


def _live_key(run_id: UUID) -> str:
    return key(None, "run", run_id, "live")
