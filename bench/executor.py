"""What the executor costs: a tool called through it, over the same statements in one transaction by hand.

Through the executor a call is validated, authorised, claimed in the ledger, decided by policy, logged under the run's fence, settled and
audited, with its outbox message; by hand it is the tool's own reads and writes alone. Calls alternate; ratios are of medians.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bench.results import Figure, at_most
from bench.shop import measured
from bench.turn import claimed
from core.identity import Principal
from core.settings import Settings
from memory.journal import Journal
from server.cli.session import who_is
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints

_CALLS = 300
_WARM = 30
_WRITE_GOAL, _P95_GOAL_MS = 2.0, 25.0

Call = Callable[[int], Awaitable[None]]


async def through_executor(runtime: Runtime, who: Principal, tool: str, args: dict[str, Any]) -> Call:
    """Return a call as a run makes it, with its journal, each at a position of its own."""
    ctx, _ = await claimed(runtime, who)
    assert ctx.run_id is not None
    journal = Journal(ctx.run_id)

    async def call(number: int) -> None:
        result = await runtime.executor.execute(ctx.at(f"{number}.0"), tool, args, journal)
        assert result.status == "ok", result

    return call


async def by_hand(runtime: Runtime, who: Principal, tool: str, args: dict[str, Any]) -> Call:
    """Return the tool's own statements in one transaction, and nothing around them."""
    spec = runtime.toolbox[tool]
    ctx, _ = await claimed(runtime, who)
    parsed = spec.args.model_validate(args)
    units = runtime.units

    async def call(number: int) -> None:
        async with units.write(who) if spec.writes else units.read(who) as tx:
            policy = await runtime.executor.policy(tx)
            own = replace(ctx, position=f"{number}.0")
            facts = (await spec.facts(tx, parsed, own, policy),) if spec.facts else ()
            await spec.body(tx, parsed, own, *facts)

    return call


async def compare(settings: Settings, endpoints: Endpoints) -> list[Figure]:
    """Measure a read and a write both ways, and return the figures."""
    async with open_runtime(settings, endpoints) as runtime:
        who = await who_is(runtime, "merchant")
        async with runtime.units.read(who) as tx:
            sku, warehouse = (await tx.run(_PLENTY))[0]
        read = await _alternate(runtime, who, "get_order", {"order": "1042"})
        write = await _alternate(runtime, who, "adjust_stock", {"item": sku, "warehouse": warehouse, "delta": 1, "reason": "found"})
    print(f"get_order: executor {read[0]:.2f} ms, by hand {read[1]:.2f} ms; adjust_stock: {write[0]:.2f} ms, {write[1]:.2f} ms")
    return [
        at_most("read tool through the executor, time over the same statements by hand", read[0] / read[1], "ratio", _WRITE_GOAL),
        at_most("write tool through the executor, time over the same statements by hand", write[0] / write[1], "ratio", _WRITE_GOAL),
        at_most("read tool through the executor, p95", read[2], "ms", _P95_GOAL_MS),
        at_most("write tool through the executor, p95", write[2], "ms", _P95_GOAL_MS),
    ]


_PLENTY = (
    "SELECT v.sku, w.code FROM stock_levels s JOIN variants v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id "
    "JOIN warehouses w ON w.tenant_id = s.tenant_id AND w.id = s.warehouse_id ORDER BY s.on_hand DESC LIMIT 1"
)


async def _alternate(runtime: Runtime, who: Principal, tool: str, args: dict[str, Any]) -> tuple[float, float, float]:
    """Return the medians of both ways and the executor's 95th percentile, in milliseconds."""
    ways = (await through_executor(runtime, who, tool, args), await by_hand(runtime, who, tool, args))
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(_CALLS + _WARM):
        for way, taken in zip(ways, times, strict=True):
            started = time.perf_counter()
            await way(number)
            if number >= _WARM:
                taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[0]), statistics.median(times[1]), statistics.quantiles(times[0], n=20)[-1]


def main() -> None:
    """Run the comparison on embedded servers in a temporary directory."""
    measured(compare)


if __name__ == "__main__":
    main()
