"""Every read tool on a small shop and on a large one: the 95th percentile of each call, and how much it grows.

python -m bench.scale                                    10 000 and 100 000 orders
python -m bench.scale --orders 1000000 --data-dir /data  the million; the shops stay there for the next run
"""

import argparse
import asyncio
import statistics
import time
from contextlib import AsyncExitStack, ExitStack
from os import getloadavg
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.reads import Call, read_calls
from bench.results import Figure, at_most, record
from core.settings import Settings
from server.cli.session import who_is
from server.setup import index_knowledge, migrate, seed_demo
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints, servers
from store.seed import Size
from tools.result import Outcome

_SMALL, _LARGE = 10_000, 100_000
_WARM, _TIMES = 3, 20
_ROUNDS = 3
"""A machine with other work has bad minutes; a round over all calls begins long after the one before."""
_GROWTH_GOAL, _P95_GOAL_MS = 2.0, 100.0
_NOISE_MS = 5.0
"""A call faster than this is compared as if it took so long: below it the ratio is one of jitter."""


class Shop(NamedTuple):
    """A running shop and what it is asked, by a name that is the same on both."""

    runtime: Runtime
    calls: dict[str, Call]


async def side_by_side(small: Shop, large: Shop) -> tuple[dict[str, float], dict[str, float]]:
    """Return the 95th percentile of each call of two shops, in milliseconds, through the executor.

    Both answer in turns, so that what else the machine does slows both; of several rounds over all calls the middle one counts.
    """
    rounds = [
        {
            name: await _p95s((small.runtime, small.calls[name]), (large.runtime, large.calls[name]))
            for name in small.calls
            if name in large.calls
        }
        for _ in range(_ROUNDS)
    ]
    names = list(rounds[0])
    of_small, of_large = ({name: statistics.median(each[name][shop] for each in rounds) for name in names} for shop in (0, 1))
    return of_small, of_large


async def _p95s(*asked: tuple[Runtime, Call]) -> list[float]:
    taken: list[list[float]] = [[] for _ in asked]
    for number in range(_WARM + _TIMES):
        for (runtime, call), times in zip(asked, taken, strict=True):
            started = time.perf_counter()
            result = await call.make(runtime)
            if number >= _WARM:
                times.append((time.perf_counter() - started) * 1000)
            assert result.status is Outcome.OK, f"{call.name}: {result.text}"
    return [statistics.quantiles(times, n=20)[-1] for times in taken]


def _plain(calls: list[Call], call: Call) -> str:
    """Return a name that is the same on both shops: the tool, which of its calls, and who asks."""
    alike = [each for each in calls if each.tool.name == call.tool.name]
    return f"{call.tool.name} {alike.index(call) + 1}{' customer' if call.caller.is_customer else ''}"


async def _open(stack: AsyncExitStack, settings: Settings, endpoints: Endpoints) -> Shop:
    runtime = await stack.enter_async_context(open_runtime(settings, endpoints))
    await index_knowledge(runtime, print)
    calls = await read_calls(runtime, await who_is(runtime, "merchant"))
    return Shop(runtime, {_plain(calls, each): each for each in calls})


async def _measure(*shops: tuple[Settings, Endpoints]) -> tuple[dict[str, float], dict[str, float]]:
    async with AsyncExitStack() as stack:
        small, large = [await _open(stack, settings, endpoints) for settings, endpoints in shops]
        return await side_by_side(small, large)


def compare(small: dict[str, float], large: dict[str, float], orders: int) -> list[Figure]:
    """Print every call beside its double, and return the worst of each kind."""
    grown = {name: max(large[name], _NOISE_MS) / max(small[name], _NOISE_MS) for name in small if name in large}
    print(f"  {'call':<40} {'small':>8} {'large':>8} {'growth':>7}")
    for name in sorted(grown, key=lambda name: -large[name]):
        print(f"  {name:<40} {small[name]:>8.1f} {large[name]:>8.1f} {grown[name]:>7.2f}")
    slowest, most = max(large, key=large.__getitem__), max(grown, key=grown.__getitem__)
    print(f"  slowest: {slowest}; grew most: {most}")
    about = f"{orders:,} orders"
    return [
        at_most(f"slowest read tool at {about}, p95", large[slowest], "ms", _P95_GOAL_MS),
        at_most(f"read tools' growth from {_SMALL:,} to {about}, the most of any", grown[most], "ratio", _GROWTH_GOAL),
    ]


def main(orders: int = _LARGE, directory: Path | None = None) -> None:
    """Measure both shops beside each other, on embedded servers of their own."""
    with ExitStack() as stack:
        root = directory or Path(stack.enter_context(TemporaryDirectory()))
        shops: list[tuple[Settings, Endpoints]] = []
        for size in (_SMALL, orders):
            settings = Settings(data_dir=root / f"orders-{size}", _env_file=None)  # pyright: ignore[reportCallIssue]
            endpoints = stack.enter_context(servers(settings))
            migrate(endpoints.db_url, print)
            begun = time.perf_counter()
            asyncio.run(seed_demo(endpoints, Size.of(size), print))
            print(f"  {size:,} orders are there after {time.perf_counter() - begun:.0f} s")
            shops.append((settings, endpoints))
        small, large = asyncio.run(_measure(*shops))
    print(f"  load average: {getloadavg()[0]:.1f}")
    record(compare(small, large, orders))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=_LARGE, help="orders of the large shop, over both tenants")
    parser.add_argument("--data-dir", type=Path, help="where seeded shops stay between runs; a temporary directory when left out")
    given = parser.parse_args()
    main(given.orders, given.data_dir)
