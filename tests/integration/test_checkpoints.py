"""What the saver of a run promises: nothing is stored for an attempt that lost its lease, and reads see what was kept back."""

from typing import Any
from uuid import UUID

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import empty_checkpoint

from agents.llm.scripted import ScriptedModel
from core.errors import Fenced
from core.identity import Principal, RunContext
from core.ids import RunId, ThreadId, new_id
from graph.build import build
from graph.state import WINDOW
from memory.checkpoints import Lease, RunSaver, thread_key
from server.runs import NewRun, create_run
from server.state import history
from server.wiring import Runtime
from server.worker.loop import Worker
from store.queries import runs, threads
from tests.support.talk import Talk, thinking_with


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


async def messages_of(saver: RunSaver, thread: str) -> list[str]:
    """Return the words that a graph finds in a conversation with this saver."""
    found = await build(saver).aget_state({"configurable": {"thread_id": thread}})
    return [message.text for message in found.values["messages"]]


async def long_talk(runtime: Runtime, who: Principal) -> Talk:
    """Return a conversation of more messages than a run reads."""
    talk = await Talk.open(thinking_with(runtime, ScriptedModel([AIMessage(f"Answer {number}.") for number in range(WINDOW)])), who)
    for number in range(WINDOW):
        await talk.say(f"Question {number}?")
    return talk


async def test_a_run_reads_the_last_messages_and_the_conversation_keeps_all(runtime: Runtime, merchant: Principal) -> None:
    talk = await long_talk(runtime, merchant)
    thread = thread_key(merchant.tenant_id, talk.thread_id)
    whole = await messages_of(RunSaver(runtime.pool), thread)
    assert whole == [said for number in range(WINDOW) for said in (f"Question {number}?", f"Answer {number}.")]
    for enough in (1, 2, 7, WINDOW + 1):
        part = await messages_of(RunSaver(runtime.pool, recent=enough), thread)
        assert part == whole[-len(part) :]
        assert enough <= len(part) <= enough + 1
    assert await messages_of(RunSaver(runtime.pool, recent=10 * WINDOW), thread) == whole


async def test_a_copied_conversation_is_read_from_its_copy(runtime: Runtime, merchant: Principal) -> None:
    talk = await long_talk(runtime, merchant)
    thread = thread_key(merchant.tenant_id, talk.thread_id)
    past = await history(runtime, merchant, talk.thread_id, limit=6)
    begun = next(state for state in past if state["next"] == ["supervisor"])
    new = NewRun("ops", [], None, str(new_id()), "", fork=begun["checkpoint"]["checkpoint_id"])
    again = thinking_with(runtime, ScriptedModel([AIMessage("Another answer.")]))
    await create_run(again, merchant, talk.thread_id, new)
    await Worker(again).drain()
    whole = await messages_of(RunSaver(runtime.pool), thread)
    assert whole[-2:] == [f"Question {WINDOW - 1}?", "Another answer."]
    assert len(whole) == 2 * WINDOW
    assert await messages_of(RunSaver(runtime.pool, recent=5), thread) == whole
