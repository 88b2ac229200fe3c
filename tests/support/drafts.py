"""Doubles of what the runtime is handed from outside: a reader of drafts and a clock that only moves when told."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class DraftLog:
    """Keeps what a user would see of an answer in the making."""

    shown: str = ""
    pieces: int = 0
    discarded: list[str] = field(default_factory=list[str])
    started: asyncio.Event = field(default_factory=asyncio.Event)

    def token(self, message_id: str, text: str) -> None:
        """Append a piece to what is shown."""
        self.shown += text
        self.pieces += 1
        self.started.set()

    def discard(self, message_id: str) -> None:
        """Empty the screen and remember what was on it."""
        self.discarded.append(self.shown)
        self.shown = ""


@dataclass
class FakeTime:
    """A monotonic clock and a sleep that moves it."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list[float])

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.now += seconds
