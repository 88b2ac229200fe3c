"""A turn with one tool call, beside LangChain's `create_agent` on the same Postgres with the same durability.

Both get the same scripted model with zero latency, read the same order by the same code and stream the answer token by token: ours into
Valkey for any reader, to the last word before the clock stops, the peer to its caller. The peer's checkpointer is set up as its
documentation says. Ours also routes, checks the answer, and writes the run log. Turns alternate, each on a fresh thread; the ratio is of
medians. After the first turns, which warm both, the planner's statistics are refreshed, as autovacuum does in a database that lives
longer than this one.
"""

import statistics
import time
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import tool

from agents.llm.breaker import Breakers
from agents.llm.factory import Models
from agents.llm.resilient import NamedModel, ResilientModel
from agents.llm.scripted import ScriptedModel
from agents.think import Mind
from bench.results import Figure, at_most
from bench.shop import measured
from core.identity import Principal, RunContext
from core.ids import RunId, ThreadId, new_id
from core.settings import Settings
from graph.drive import Driver
from server.cli.session import who_is
from server.runs import principal_of
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints
from store.migrate import refresh_statistics
from store.queries import runs, threads
from store.tables.runtime import Run

_TURNS = 60
_WARM = 10
_LEASE_SECONDS = 3600.0


def answer(messages: list[BaseMessage]) -> AIMessage:
    """Call the tool first, then answer from its result."""
    if isinstance(messages[-1], ToolMessage):
        return AIMessage("Order 1042 is on hold.")
    return AIMessage("", tool_calls=[{"name": "get_order", "args": {"order": "1042"}, "id": f"call_{new_id().hex}", "type": "tool_call"}])


def scripted(turns: int) -> ScriptedModel:
    """Return a model that answers `turns` turns of two calls."""
    return ScriptedModel([answer] * (2 * turns))


async def ours(runtime: Runtime, who: Principal, turns: int, *, one_thread: bool = False) -> Any:
    """Return a turn of Storehand as a worker does it after its claim, on a fresh thread each or all on one."""
    model = ResilientModel([NamedModel("scripted", scripted(turns))], deadline=30, max_retries=0, breaker=Breakers())
    mind = Mind(Models(model, model, "scripted", is_offline=True), runtime.toolbox)
    driver = Driver(runtime.units, runtime.executor, mind, runtime.pool, runtime.live, runtime.settings.budget, runtime.clock)

    async def turn() -> None:
        ctx, run = await claimed(runtime, who, turn.thread_id if one_thread else None)  # type: ignore[attr-defined]
        turn.thread_id = ctx.thread_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        await driver.drive(ctx, run.input, opens=run.opens)
        await runtime.live.drain()
        turn.seconds = time.perf_counter() - started  # type: ignore[attr-defined]

    turn.thread_id = None  # type: ignore[attr-defined]
    return turn


async def claimed(runtime: Runtime, who: Principal, thread_id: Any = None) -> tuple[RunContext, runs.Claimed]:
    """Return a run as a worker holds it after claiming."""
    async with runtime.units.write(who) as tx:
        if thread_id is None:
            thread_id = (await threads.create(tx)).id
        run = Run(
            tenant_id=tx.tenant_id,
            thread_id=thread_id,
            user_id=who.user_id,
            assistant="ops",
            input={"messages": [{"id": str(new_id()), "content": "why is order 1042 on hold?"}]},
            principal={"role": who.role.value, "name": who.name},
            idempotency_key=str(new_id()),
            created_at=tx.now,
            updated_at=tx.now,
        )
        tx.add(run)
    (found,) = await runs.claim(runtime.units, "bench", _LEASE_SECONDS, 1)
    return RunContext(principal_of(found), run_id=RunId(found.run_id), thread_id=ThreadId(thread_id), attempt=found.attempt), found


async def floor(runtime: Runtime, who: Principal, turns: int, url: str) -> Any:
    """Return a turn of `create_agent` with AsyncPostgresSaver, durability sync, streamed, and the same read."""
    from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

    from store.engine import app_url

    spec = runtime.toolbox["get_order"]

    @tool
    async def get_order(order: str) -> str:
        """Show an order."""
        async with runtime.units.read(who) as tx:
            ctx = RunContext(who)
            args = spec.args.model_validate({"order": order})
            extra = (await spec.facts(tx, args, ctx, await runtime.executor.policy(tx)),) if spec.facts else ()
            return (await spec.body(tx, args, ctx, *extra)).model_dump_json()

    opened = AsyncPostgresSaver.from_conn_string(app_url(url, schema="checkpoints"))
    saver = await opened.__aenter__()
    graph: Any = create_agent(scripted(turns), [get_order], checkpointer=saver)  # pyright: ignore[reportUnknownVariableType]

    async def turn() -> None:
        config = {"configurable": {"thread_id": str(new_id())}}
        started = time.perf_counter()
        async for _ in graph.astream(
            {"messages": [("user", "why is order 1042 on hold?")]}, config, stream_mode="messages", durability="sync"
        ):
            pass
        turn.seconds = time.perf_counter() - started  # type: ignore[attr-defined]

    turn.close = lambda: opened.__aexit__(None, None, None)  # type: ignore[attr-defined]
    return turn


async def compare(settings: Settings, endpoints: Endpoints) -> list[Figure]:
    """Measure both, alternating, and return the figures."""
    async with open_runtime(settings, endpoints) as runtime:
        who = await who_is(runtime, "merchant")
        total = _TURNS + _WARM
        mine, theirs = await ours(runtime, who, total), await floor(runtime, who, total, endpoints.db_url)
        times: dict[str, list[float]] = {"ours": [], "floor": []}
        for number in range(total):
            if number == _WARM:
                await refresh_statistics(endpoints.db_url)
            for name, turn in (("ours", mine), ("floor", theirs)):
                await turn()
                if number >= _WARM:
                    times[name].append(turn.seconds)  # type: ignore[attr-defined]
        await theirs.close()
    medians = {name: statistics.median(values) * 1000 for name, values in times.items()}
    print(f"median of {_TURNS} turns: storehand {medians['ours']:.2f} ms, create_agent {medians['floor']:.2f} ms")
    return [at_most("turn with one tool call, time over create_agent", medians["ours"] / medians["floor"], "ratio", 0.8)]


def main() -> None:
    """Run the comparison on embedded servers in a temporary directory."""
    measured(compare)


if __name__ == "__main__":
    main()
