"""What a run says while it works: published at once, stored with the next transaction.

Facts that only announce (a route, a model's message, a tool about to run) need no transaction of their own: they wait for the next
one. Facts that claim an effect are published after their commit. Live ids are `seq-n`, see `core.events`.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from core.events import DraftDiscarded, RunFact, TokenDelta

_LONGEST_WAIT_SECONDS = 1.0


class Live(Protocol):
    """Where events go at once: the run's stream in Valkey."""

    def put(self, run_id: UUID, entry_id: str, event: RunFact | TokenDelta | DraftDiscarded) -> None:
        """Publish an event under its id, after those before it."""
        ...


class Journal:
    """One attempt's voice. `lock` orders the transactions that store facts, so that live ids only grow."""

    def __init__(self, run_id: UUID, live: Live | None = None, *, last: int = 0) -> None:
        self.run_id = run_id
        self.lock = asyncio.Lock()
        self._live = live
        self._last = last
        self._offset = 0
        self._waiting: list[RunFact] = []
        self._waiting_since = 0.0

    def note(self, fact: RunFact) -> None:
        """Publish an announcement now and store it with the next transaction."""
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.append(fact)
        self._publish_after_last(fact)

    def token(self, message_id: str, text: str) -> None:
        """Publish a piece of an answer."""
        self._publish_after_last(TokenDelta(message_id=message_id, text=text))

    def discard(self, message_id: str) -> None:
        """Publish that the pieces of an answer so far are void."""
        self._publish_after_last(DraftDiscarded(message_id=message_id))

    @property
    def overdue(self) -> bool:
        """Whether facts have waited so long that a reader who has only the database would miss them."""
        return bool(self._waiting) and time.monotonic() - self._waiting_since > _LONGEST_WAIT_SECONDS

    def waiting(self) -> list[RunFact]:
        """Return the facts that the next transaction must store; hold `lock` until `stored`."""
        return list(self._waiting)

    def stored(self, last: int, noted: int, fresh: Sequence[RunFact]) -> None:
        """Tell that `noted` waiting facts and then `fresh` ones are committed, the last under number `last`."""
        del self._waiting[:noted]
        self._last, self._offset = last, 0
        for number, fact in enumerate(fresh, start=last - len(fresh) + 1):
            self._push(f"{number}-0", fact)

    def _publish_after_last(self, event: RunFact | TokenDelta | DraftDiscarded) -> None:
        self._offset += 1
        self._push(f"{self._last}-{self._offset}", event)

    def _push(self, entry_id: str, event: RunFact | TokenDelta | DraftDiscarded) -> None:
        if self._live is not None:
            self._live.put(self.run_id, entry_id, event)
