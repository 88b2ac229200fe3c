"""Figures of a conversation: LLM calls over five turns, and checkpoint storage of a late turn over an early one."""

from uuid import UUID

from bench.results import Figure, at_most
from bench.shop import measured
from bench.turn import ours
from core.events import RunFinished
from core.identity import Principal
from core.ids import new_id
from core.settings import Settings
from memory.checkpoints import thread_key
from server.cli.session import who_is
from server.runs import NewRun, create_run
from server.setup import index_knowledge
from server.wiring import Runtime, open_runtime
from server.worker.loop import Worker
from store import events
from store.embedded import Endpoints
from store.queries import threads

FIVE_TURNS = (
    "hello",
    "why is order 1042 on hold?",
    "and what about order 1017?",
    "which Amazon listings have errors?",
    "what is running low, and which orders are stuck?",
)
_EARLY, _LATE = 10, 100
_BYTES = (
    "SELECT (SELECT coalesce(sum(pg_column_size(c)), 0) FROM checkpoints.checkpoints c WHERE thread_id = %(thread)s) + "
    "(SELECT coalesce(sum(pg_column_size(b)), 0) FROM checkpoints.checkpoint_blobs b WHERE thread_id = %(thread)s) + "
    "(SELECT coalesce(sum(pg_column_size(w)), 0) FROM checkpoints.checkpoint_writes w WHERE thread_id = %(thread)s)"
)


async def llm_calls(runtime: Runtime, who: Principal) -> Figure:
    """Count model calls over greeting, lookup, follow-up, change of domain and two domains in one."""
    worker, calls = Worker(runtime), 0
    async with runtime.units.write(who) as tx:
        thread_id = (await threads.create(tx)).id
    for words in FIVE_TURNS:
        new = NewRun("ops", [{"id": str(new_id()), "content": words}], None, str(new_id()), "")
        run = await create_run(runtime, who, thread_id, new)
        await worker.drain()
        async with runtime.units.read(who) as tx:
            done = [entry.fact for entry in await events.read(tx, run.id) if isinstance(entry.fact, RunFinished)]
        print(f"  {done[0].model_calls} calls  {words}")
        calls += done[0].model_calls
    return at_most("LLM calls over five turns", calls, "calls", 11)


async def storage(runtime: Runtime, who: Principal) -> Figure:
    """Measure bytes of checkpoints that turn 100 adds over those that turn 10 adds, on one thread of one-tool turns."""
    turn = await ours(runtime, who, _LATE + 1, one_thread=True)
    sizes: dict[int, int] = {}
    for number in range(1, _LATE + 1):
        before = await stored_bytes(runtime, who, turn.thread_id) if number in {_EARLY, _LATE} else 0  # type: ignore[attr-defined]
        await turn()
        if number in {_EARLY, _LATE}:
            sizes[number] = await stored_bytes(runtime, who, turn.thread_id) - before  # type: ignore[attr-defined]
    print(f"  turn {_EARLY}: {sizes[_EARLY]:,} bytes, turn {_LATE}: {sizes[_LATE]:,} bytes")
    return at_most("checkpoint bytes, turn 100 over turn 10", sizes[_LATE] / sizes[_EARLY], "ratio", 1.2)


async def stored_bytes(runtime: Runtime, who: Principal, thread_id: UUID) -> int:
    """Return how many bytes the checkpoints of a conversation take."""
    async with runtime.units.read(who) as tx:
        return int((await tx.connection.exec_driver_sql(_BYTES, {"thread": thread_key(who.tenant_id, thread_id)})).scalar_one())


async def _measure(settings: Settings, endpoints: Endpoints) -> list[Figure]:
    async with open_runtime(settings, endpoints) as runtime:
        await index_knowledge(runtime, print)
        who = await who_is(runtime, "merchant")
        return [await llm_calls(runtime, who), await storage(runtime, who)]


def main() -> None:
    """Measure on embedded servers in a temporary directory."""
    measured(_measure)


if __name__ == "__main__":
    main()
