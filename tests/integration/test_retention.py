"""What runs leave behind is forgotten when it is old, and no conversation changes by it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from sqlalchemy import text

from agents.llm.scripted import ScriptedModel
from core.clock import system_clock
from core.identity import Principal, Role
from core.ids import new_id
from core.settings import Retention
from graph.build import build
from memory.checkpoints import RunSaver, thread_key
from server.runs import NewRun, create_run
from server.state import history, update_state
from server.wiring import Runtime
from server.worker.loop import Worker
from server.worker.retention import forget_old
from server.worker.upkeep import Upkeep
from store.invariants import INVARIANTS, check
from tests.support.puppet import Puppet, order
from tests.support.talk import APPROVE, REJECT, Talk, one, rows, thinking_with

REFUND = order("issue_refund", order="1017", amount="105.00", reason="goodwill")
LOOK = order("get_order", order="1042")
_VALUES_OF_NONE = (
    "SELECT b.channel, b.version FROM checkpoints.checkpoint_blobs b WHERE b.thread_id = :thread AND NOT EXISTS (SELECT "
    "FROM checkpoints.checkpoints c WHERE c.thread_id = b.thread_id AND c.checkpoint -> 'channel_versions' ->> b.channel = b.version)"
)
_WRITES_OF_NONE = (
    "SELECT w.checkpoint_id, w.channel FROM checkpoints.checkpoint_writes w WHERE w.thread_id = :thread AND NOT EXISTS (SELECT "
    "FROM checkpoints.checkpoints c WHERE c.thread_id = w.thread_id AND c.checkpoint_id = w.checkpoint_id)"
)


@pytest.fixture
def shop(runtime: Runtime) -> Runtime:
    return thinking_with(runtime, Puppet())


async def forget(shop: Runtime, *, days: float = 2) -> tuple[int, int]:
    """Forget what is old enough so many days from now, however many batches it takes."""
    logs, thinned = 0, 0
    while any(more := await forget_old(shop, system_clock() + timedelta(days=days))):
        logs, thinned = logs + more[0], thinned + more[1]
    return logs, thinned


async def talked(shop: Runtime, who: Principal) -> Talk:
    """Return a conversation with all that can happen in one."""
    talk = await Talk.open(shop, who)
    await talk.say("hello")
    await talk.say(LOOK)
    await talk.say(REFUND)
    await talk.say(REJECT)
    await talk.say(REFUND)
    await talk.say(APPROVE)
    await talk.say(f"{LOOK} {order('get_order', order='1017')}")
    begun = next(state for state in await history(shop, who, talk.thread_id, limit=10) if state["next"] == ["supervisor"])
    await create_run(shop, who, talk.thread_id, NewRun("ops", [], None, str(new_id()), "", fork=begun["checkpoint_id"]))
    await Worker(shop).drain()
    await talk.say(LOOK)
    await update_state(shop, who, talk.thread_id, {"messages": [AIMessage("noted", id=str(new_id()))]}, "agent", None)
    await talk.say(LOOK)
    return talk


async def states(shop: Runtime, talk: Talk) -> dict[str, Any]:
    found = await history(shop, talk.who, talk.thread_id, limit=1000)
    return {state["checkpoint_id"]: {**state, "parent_checkpoint": None, "parent_checkpoint_id": None} for state in found}


async def left_over(shop: Runtime, talk: Talk) -> list[list[tuple[Any, ...]]]:
    """Return values and writes of states that are not there."""
    thread = thread_key(talk.who.tenant_id, talk.thread_id)
    return [await rows(shop, talk.who, query, thread=thread) for query in (_VALUES_OF_NONE, _WRITES_OF_NONE)]


async def test_the_states_that_stay_are_what_they_were(shop: Runtime, merchant: Principal) -> None:
    talk = await talked(shop, merchant)
    before = await states(shop, talk)
    assert await forget(shop, days=0.5) == (0, 0)
    assert (await forget(shop))[1] > 8
    after = await states(shop, talk)
    assert after == {state: before[state] for state in after}
    assert len(after) < len(before) - 10
    assert await left_over(shop, talk) == [[], []]
    past = await history(shop, merchant, talk.thread_id, limit=1000)
    assert all(state["parent_checkpoint_id"] in after for state in past[:-1]), "every state leads to the first"
    assert past[-1]["parent_checkpoint_id"] is None
    assert {tuple(state["next"]) for state in past} >= {("__start__",), ("supervisor",), ("approve",), ()}
    assert await forget(shop) == (0, 0)


async def test_a_page_of_history_reaches_three_turns_back(shop: Runtime, merchant: Principal) -> None:
    talk = await Talk.open(shop, merchant)
    for _ in range(5):
        await talk.say(LOOK)
    await forget(shop)
    page = await history(shop, merchant, talk.thread_id, limit=10)
    assert [state["next"] for state in page[:9]] == [[], ["supervisor"], ["__start__"]] * 3
    assert len(await states(shop, talk)) == 15


async def test_a_run_reads_back_what_it_read_before(shop: Runtime, merchant: Principal) -> None:
    talk = await talked(shop, merchant)
    config: Any = {"configurable": {"thread_id": thread_key(merchant.tenant_id, talk.thread_id)}}
    savers = [RunSaver(shop.pool, recent=recent) for recent in (1, 3, 10, 500)]
    before = [(await build(saver).aget_state(config)).values["messages"] for saver in savers]
    await forget(shop)
    savers = [RunSaver(shop.pool, recent=recent) for recent in (1, 3, 10, 500)]
    for known, saver in zip(before, savers, strict=True):
        found = (await build(saver).aget_state(config)).values["messages"]
        assert found[-min(len(known), len(found)) :] == known[-min(len(known), len(found)) :]
    assert (await talk.say(LOOK)).tools == [("get_order", "ok")]


async def test_a_turn_of_a_thinned_conversation_is_had_again_and_edited(shop: Runtime, merchant: Principal) -> None:
    talk = await Talk.open(shop, merchant)
    for said in ("one", LOOK, "three"):
        await talk.say(said)
    await forget(shop)
    past = await history(shop, merchant, talk.thread_id, limit=10)
    begun, came_in = past[4], past[5]
    assert (begun["next"], came_in["next"]) == (["supervisor"], ["__start__"])
    again = NewRun("ops", [], None, str(new_id()), "", fork=begun["checkpoint_id"])
    await create_run(shop, merchant, talk.thread_id, again)
    await Worker(shop).drain()
    said = (await history(shop, merchant, talk.thread_id, limit=1))[0]["values"]["messages"]
    assert [one["type"] for one in said] == ["human", "ai", "human", "ai", "tool", "ai"]
    edited = NewRun("ops", [{"id": str(new_id()), "content": "two"}], None, str(new_id()), "", fork=came_in["checkpoint_id"])
    await create_run(shop, merchant, talk.thread_id, edited)
    await Worker(shop).drain()
    said = (await history(shop, merchant, talk.thread_id, limit=1))[0]["values"]["messages"]
    assert [one["content"] for one in said if one["type"] == "human"] == ["one", "two"]


async def test_a_request_that_waits_is_decided_after_its_run_was_thinned(shop: Runtime, merchant: Principal) -> None:
    talk = await Talk.open(shop, merchant)
    await talk.say(LOOK)
    assert (await talk.say(REFUND)).request.tool == "issue_refund"
    assert (await forget(shop))[1] == 2
    assert (await talk.say(APPROVE)).tools == [("issue_refund", "ok")]


async def test_a_conversation_at_work_is_left_alone(shop: Runtime, merchant: Principal) -> None:
    talk = await Talk.open(shop, merchant)
    await talk.say(LOOK)
    waiting = await talk.queue(LOOK)
    assert (await forget(shop))[1] == 0
    await Worker(shop).drain()
    assert (await talk.turn(waiting.id)).end.status == "success"
    assert (await forget(shop))[1] == 2


async def test_many_that_thin_while_people_talk_lose_no_word(shop: Runtime, merchant: Principal) -> None:
    talks = [await Talk.open(shop, merchant) for _ in range(4)]

    async def talking(talk: Talk) -> None:
        for number in range(3):
            await talk.queue(f"{LOOK} {number}")
        await Worker(shop).drain()

    late = system_clock() + timedelta(days=2)
    await asyncio.gather(*(talking(talk) for talk in talks), *(forget_old(shop, late) for _ in range(20)))
    await forget(shop)
    for talk in talks:
        said = (await history(shop, merchant, talk.thread_id, limit=1))[0]["values"]["messages"]
        assert [one["type"] for one in said] == ["human", "ai", "tool", "ai"] * 3
        assert len(await states(shop, talk)) == 9


async def test_only_old_logs_are_forgotten_and_no_record_is(shop: Runtime, merchant: Principal) -> None:
    talk = await Talk.open(shop, merchant)
    await talk.say(REFUND)
    await talk.say(APPROVE)
    records = [f"SELECT count(*) FROM {table}" for table in ("ledger", "audit", "decisions", "approvals", "runs")]
    kept = [await one(shop, merchant, query) for query in records]
    assert (await forget(shop, days=89))[0] == 0
    active = await talk.queue("wait")
    assert (await forget(shop, days=91))[0] == 2
    assert await rows(shop, merchant, "SELECT count(*) FROM run_events") == [(0,)]
    await Worker(shop).drain()
    assert (await talk.turn(active.id)).end.status == "success"
    assert [await one(shop, merchant, query) for query in records] == [*kept[:-1], kept[-1] + 1]
    async with shop.units.read(merchant) as tx:
        broken = [finding for invariant in INVARIANTS if (finding := await check(tx, invariant)).count]
    assert broken == []


async def test_the_upkeep_forgets_in_batches_until_nothing_is_left(shop: Runtime, merchant: Principal) -> None:
    """More than one look's worth, as after a longer stop; how long is a setting."""
    at_once = Retention(log_days=1e-9, steps_days=0, answers_days=1e-9)
    eager = replace(shop, settings=shop.settings.model_copy(update={"retention": at_once}))
    talk = await Talk.open(thinking_with(eager, ScriptedModel([AIMessage("Fine.") for _ in range(25)])), merchant)
    for number in range(25):
        await talk.queue(f"say {number}")
    await Worker(talk.runtime).drain()
    left = "SELECT count(*) FROM runs WHERE thinned_at IS NULL"
    await Upkeep(eager).once()
    assert await one(shop, merchant, left) == 5
    await Upkeep(eager).once()
    assert await one(shop, merchant, left) == 0
    assert await one(shop, merchant, "SELECT count(*) FROM run_events") == 0


async def test_answers_are_given_again_for_as_long_as_the_setting_says(shop: Runtime, merchant: Principal) -> None:
    """In batches of a hundred, the oldest first; one that is young enough stays."""
    insert = text(
        "INSERT INTO kept_answers (tenant_id, id, user_id, key, request_hash, body, created_at) "
        "SELECT :tenant, gen_random_uuid(), :user, 'key ' || age, '', '', now() - age * interval '10 hours' "
        "FROM generate_series(1, 120) AS age"
    )
    async with shop.units.write(merchant) as tx:
        await tx.connection.execute(insert, {"tenant": merchant.tenant_id, "user": merchant.user_id})
    patient = replace(shop, settings=shop.settings.model_copy(update={"retention": Retention(answers_days=3)}))
    left = "SELECT count(*), max(created_at) > now() - interval '11 hours' FROM kept_answers"
    found = [await rows(shop, merchant, left)]
    for _ in range(3):
        await Upkeep(patient).once()
        found.append(await rows(shop, merchant, left))
    assert found == [[(120, True)], [(20, True)], [(7, True)], [(7, True)]]


async def test_a_developer_and_another_store_are_no_exception(shop: Runtime, merchant: Principal, other_merchant: Principal) -> None:
    talks = [await Talk.open(shop, who) for who in (replace(merchant, role=Role.DEVELOPER), other_merchant)]
    for talk in talks:
        await talk.say(LOOK)
    await forget(shop, days=91)
    for talk in talks:
        assert len(await states(shop, talk)) == 3
        assert (await talk.say("again")).end.status == "success"
