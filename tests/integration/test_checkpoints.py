"""What the saver of a run promises: nothing is stored for an attempt that lost its lease, and reads see what was kept back."""

from typing import Any
from uuid import UUID

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from core.errors import Fenced
from core.identity import Principal, RunContext
from core.ids import RunId, ThreadId, new_id
from memory.checkpoints import Lease, RunSaver, thread_key
from server.runs import NewRun, create_run
from server.wiring import Runtime
from store.queries import runs, threads


async def claimed(runtime: Runtime, who: Principal) -> tuple[Lease, dict[str, Any]]:
    """Return a claimed run's lease and the config of its checkpoints."""
    async with runtime.units.write(who) as tx:
        thread_id = (await threads.create(tx)).id
    run = await claim_next(runtime, who, thread_id)
    config = {"configurable": {"thread_id": thread_key(who.tenant_id, thread_id), "checkpoint_ns": ""}}
    return Lease(who.tenant_id, run.run_id, 1), config


async def claim_next(runtime: Runtime, who: Principal, thread_id: UUID) -> runs.Claimed:
    """Queue a run of a conversation and return it as its worker gets it."""
    await create_run(runtime, who, thread_id, NewRun("ops", [{"id": str(new_id()), "content": "hi"}], None, str(new_id()), ""))
    (run,) = await runs.claim(runtime.units, "test", 15, 1)
    return run


async def test_a_claim_tells_whether_the_conversation_has_a_checkpoint(runtime: Runtime, merchant: Principal) -> None:
    async with runtime.units.write(merchant) as tx:
        thread_id = (await threads.create(tx)).id
    first = await claim_next(runtime, merchant, thread_id)
    assert first.opens
    await runtime.driver.drive(RunContext(merchant, RunId(first.run_id), ThreadId(thread_id), 1), first.input, opens=True)
    assert not (await claim_next(runtime, merchant, thread_id)).opens


async def test_an_attempt_that_lost_its_lease_stores_no_checkpoint(runtime: Runtime, merchant: Principal) -> None:
    lease, config = await claimed(runtime, merchant)
    stale = RunSaver(runtime.pool, lease._replace(attempt=0))
    await stale.aput(config, empty_checkpoint(), {"source": "loop", "step": 1}, {})
    with pytest.raises(Fenced):
        await stale.flush()
    assert await RunSaver(runtime.pool).aget_tuple(config) is None


async def test_an_attempt_that_holds_its_lease_stores_what_it_kept_back(runtime: Runtime, merchant: Principal) -> None:
    lease, config = await claimed(runtime, merchant)
    saver = RunSaver(runtime.pool, lease)
    checkpoint = empty_checkpoint()
    stored = await saver.aput(config, checkpoint, {"source": "loop", "step": 1}, {})
    await saver.aput_writes(stored, [("messages", ["hello"])], "task")
    found = await saver.aget_tuple(config)
    assert found is not None
    assert found.checkpoint["id"] == checkpoint["id"]
    assert found.pending_writes == [("task", "messages", ["hello"])]


async def test_while_a_store_is_under_way_nobody_else_claims_the_run(runtime: Runtime, merchant: Principal) -> None:
    lease, config = await claimed(runtime, merchant)
    saver = RunSaver(runtime.pool, lease)
    async with saver._cursor(pipeline=True) as cur:  # pyright: ignore[reportPrivateUsage]
        await saver._hold_lease(cur)  # pyright: ignore[reportPrivateUsage]
        async with runtime.units.write(merchant) as tx:
            free = await tx.connection.exec_driver_sql(
                "SELECT id FROM runs WHERE tenant_id = %s AND id = %s FOR UPDATE SKIP LOCKED", (lease.tenant_id, lease.run_id)
            )
            assert free.first() is None
    assert config
