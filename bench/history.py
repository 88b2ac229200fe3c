"""Time of a turn, and the bytes that it stores, in conversations of 10, 100 and 1 000 turns."""

import statistics

from bench.conversation import stored_bytes
from bench.results import Figure, at_most
from bench.shop import measured
from bench.turn import ours
from core.identity import Principal
from core.settings import Settings
from server.cli.session import who_is
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints
from store.migrate import refresh_statistics

_LENGTHS = (10, 100, 1000)
_MEASURED = 15
"""Turns that are measured at each length."""


async def growth(runtime: Runtime, who: Principal, db_url: str) -> list[Figure]:
    """Let one conversation grow, with a tool call in each turn, and measure turns of it on the way."""
    turn = await ours(runtime, who, _LENGTHS[-1] + _MEASURED + 1, one_thread=True)
    seconds: dict[int, float] = {}
    stored: dict[int, float] = {}
    done = 0
    for length in _LENGTHS:
        while done < length:
            await turn()
            done += 1
        await refresh_statistics(db_url)
        before, took = await stored_bytes(runtime, who, turn.thread_id), list[float]()  # type: ignore[attr-defined]
        for _ in range(_MEASURED):
            await turn()
            done += 1
            took.append(turn.seconds)  # type: ignore[attr-defined]
        seconds[length] = statistics.median(took)
        stored[length] = (await stored_bytes(runtime, who, turn.thread_id) - before) / _MEASURED  # type: ignore[attr-defined]
        print(f"  after {length} turns: {seconds[length] * 1000:.1f} ms and {stored[length]:,.0f} bytes a turn")
    return [
        figure
        for length in _LENGTHS[1:]
        for figure in (
            at_most(f"time of a turn, after {length} turns over after {_LENGTHS[0]}", seconds[length] / seconds[_LENGTHS[0]], "ratio", 1.3),
            at_most(f"bytes of a turn, after {length} turns over after {_LENGTHS[0]}", stored[length] / stored[_LENGTHS[0]], "ratio", 1.3),
        )
    ]


async def _measure(settings: Settings, endpoints: Endpoints) -> list[Figure]:
    async with open_runtime(settings, endpoints) as runtime:
        return await growth(runtime, await who_is(runtime, "merchant"), endpoints.db_url)


def main() -> None:
    """Measure on embedded servers in a temporary directory."""
    measured(_measure)


if __name__ == "__main__":
    main()
