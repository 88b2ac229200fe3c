"""What looks again and again keeps its pace, waits while a server is down, and always ends."""

import asyncio
from contextlib import suppress

import pytest

from core.errors import Unavailable
from server.worker import pace
from server.worker.pace import look_again


class Sleeps:
    """Stands for the clock: remembers what was slept, and cancels the loop after some looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, enough: int) -> None:
        self.seconds: list[float] = []
        self.enough = enough
        monkeypatch.setattr(pace.asyncio, "sleep", self)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == self.enough:
            raise asyncio.CancelledError


async def test_it_ends_when_a_library_loses_its_cancellation() -> None:
    looked = asyncio.Event()

    async def once() -> None:
        looked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    task = asyncio.create_task(look_again("test", once, 0))
    await looked.wait()
    task.cancel()
    await asyncio.wait_for(task, 5)
    assert not task.cancelled()


async def test_it_goes_on_at_once_while_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    left = [3, 2, 1, 0]
    sleeps = Sleeps(monkeypatch, 1)

    async def once() -> int:
        return left.pop(0)

    with pytest.raises(asyncio.CancelledError):
        await look_again("test", once, 7, more=bool)
    assert (left, sleeps.seconds) == ([], [7])


async def test_it_waits_longer_after_each_failure_and_not_after_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps = Sleeps(monkeypatch, 8)
    outcomes = iter([False] * 6 + [True] * 2)

    async def once() -> None:
        if not next(outcomes):
            raise Unavailable("gone", code="database_unavailable")

    with pytest.raises(asyncio.CancelledError):
        await look_again("test", once, 1, longest=20)
    for waited, most in zip(sleeps.seconds[:6], (2, 4, 8, 16, 20, 20), strict=True):
        assert most / 2 <= waited <= most
    assert sleeps.seconds[6:] == [1, 1]
