"""Workers die at the worst moments, and everything happens exactly once."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.identity import Principal, Role
from core.settings import Worker as WorkerSettings
from server.wiring import Runtime
from server.worker.loop import Worker
from store import audit
from store.embedded import Endpoints
from tests.chaos.worker_process import Nursery, WorkerProcess
from tests.support.talk import APPROVE, Talk, Turn, one, rows, until

POINTS = (
    "worker.after_claim",
    "run.begun",
    "agent.after_model",
    "tool.after_claim",
    "tool.after_effect",
    "tool.before_commit",
    "tool.after_commit",
    "checkpoint.before",
    "checkpoint.after",
    "checkpoint.after:kill:1",
    "run.before_end",
    "run.after_end",
)
TOPICS = {"cancel_order": "order.cancelled", "issue_refund": "payment.refunded"}
CANCELLABLE = (
    "SELECT number FROM orders WHERE customer_id = :customer AND status IN ('pending', 'confirmed', 'processing') "
    "ORDER BY placed_at DESC LIMIT 1"
)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as opened:
        yield opened


@pytest.fixture
def start(nursery: Nursery, demo_db: Endpoints, data_dir: Path) -> Iterator[Any]:
    """Starts workers on the test's database; none outlives the test."""

    def begin(fault: str = "", **settings: str) -> WorkerProcess:
        return nursery.start(demo_db, data_dir, fault=fault, settings=settings)

    yield begin
    nursery.clear()


@dataclass(frozen=True, slots=True)
class Scene:
    """A decided request: the next run has exactly one effect."""

    talk: Talk
    tool: str
    before: dict[str, int]


async def cancellation(runtime: Runtime, customer: Principal) -> Scene:
    """A customer has been asked to confirm a cancellation."""
    number = await one(runtime, customer, CANCELLABLE, customer=customer.customer_id)
    return await scene(runtime, customer, f"please cancel order {number}", "cancel_order")


async def refund(runtime: Runtime, merchant: Principal) -> Scene:
    """A merchant has been asked to approve a refund."""
    return await scene(runtime, merchant, "refund the headset on order 1017", "issue_refund")


async def scene(runtime: Runtime, who: Principal, words: str, tool: str) -> Scene:
    talk = await Talk.open(runtime, who)
    turn = await talk.say(words)
    assert turn.request.tool == tool
    return Scene(talk, tool, await counts(runtime, who, tool))


async def counts(runtime: Runtime, who: Principal, tool: str) -> dict[str, int]:
    """Return how often the effect, its ledger row, its audit row and its messages exist."""
    keeper = keeper_of(who)
    effect = "SELECT count(*) FROM orders WHERE status = 'cancelled'"
    if tool == "issue_refund":
        effect = "SELECT count(*) FROM payment_transactions WHERE type = 'refund'"
    return {
        "effect": await one(runtime, keeper, effect),
        "ledger": await one(runtime, keeper, "SELECT count(*) FROM ledger WHERE tool = :tool AND status = 'ok'", tool=tool),
        "audit": await one(
            runtime, keeper, "SELECT count(*) FROM audit WHERE action = :action AND body ->> 'outcome' = 'ok'", action=f"tool.{tool}"
        ),
        "message": await one(runtime, keeper, "SELECT count(*) FROM outbox WHERE topic = :topic", topic=TOPICS[tool]),
    }


def keeper_of(who: Principal) -> Principal:
    """Return the owner's view of the same shop."""
    return replace(who, role=Role.OWNER, customer_id=None)


async def ended(talk: Talk, run_id: UUID) -> Turn:
    """Wait until a run has ended."""

    async def over() -> Turn | None:
        turn = await talk.turn(run_id)
        return turn if turn.run.status not in {"pending", "running"} else None

    return await until(over, seconds=30)


async def assert_once(runtime: Runtime, scene: Scene, turn: Turn) -> None:
    """One effect, one ledger row, one audit row, a gapless log with one end."""
    assert turn.run.status == "success", turn.facts
    after = await counts(runtime, scene.talk.who, scene.tool)
    assert {name: after[name] - scene.before[name] for name in after} == dict.fromkeys(after, 1)
    assert turn.numbers == list(range(1, len(turn.numbers) + 1))
    assert turn.run.seq == len(turn.numbers)
    assert [fact.type for fact in turn.facts].count("run.finished") == 1
    assert (scene.tool, "ok") in turn.tools
    assert turn.answer
    async with runtime.units.read(keeper_of(scene.talk.who)) as tx:
        assert (await audit.verify(tx)).broken_at is None


@pytest.mark.chaos
@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_killed_during_a_customers_cancellation_leaves_one_effect(
    point: str, start: Any, runtime: Runtime, customer: Principal
):
    scene = await cancellation(runtime, customer)
    run = await scene.talk.queue(APPROVE)
    victim = start(point if ":" in point else f"{point}:kill")
    assert await asyncio.to_thread(victim.ended) == -signal.SIGKILL, "the point was hit"
    start()
    turn = await ended(scene.talk, run.id)
    await assert_once(runtime, scene, turn)
    assert turn.run.attempt > 1 or point == "run.after_end", "a second worker went on"
    later = await scene.talk.queue("where is my order?")
    assert (await ended(scene.talk, later.id)).run.status == "success", "the conversation goes on"


@pytest.mark.parametrize("point", ["tool.after_effect", "tool.before_commit", "tool.after_commit"])
async def test_a_worker_killed_during_a_merchants_refund_leaves_one_effect(point: str, start: Any, runtime: Runtime, merchant: Principal):
    scene = await refund(runtime, merchant)
    run = await scene.talk.queue(APPROVE)
    assert await asyncio.to_thread(start(f"{point}:kill").ended) == -signal.SIGKILL
    start()
    await assert_once(runtime, scene, await ended(scene.talk, run.id))


@pytest.mark.parametrize("point", ["checkpoint.before", "checkpoint.after"])
async def test_a_worker_killed_over_a_typed_yes_leaves_one_effect(point: str, start: Any, runtime: Runtime, customer: Principal):
    scene = await cancellation(runtime, customer)
    run = await scene.talk.queue("yes")
    assert await asyncio.to_thread(start(f"{point}:kill").ended) == -signal.SIGKILL
    start()
    await assert_once(runtime, scene, await ended(scene.talk, run.id))


@pytest.mark.parametrize("point", ["agent.after_model", "run.before_end", "run.after_end"])
async def test_a_worker_killed_while_it_answers_a_question_answers_once(point: str, start: Any, runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    run = await talk.queue("Where is order 1042?")
    assert await asyncio.to_thread(start(f"{point}:kill").ended) == -signal.SIGKILL
    start()
    turn = await ended(talk, run.id)
    assert (turn.run.status, turn.numbers) == ("success", list(range(1, len(turn.numbers) + 1)))
    assert "1042" in turn.answer
    assert [fact.message["type"] for fact in turn.facts if fact.type == "message"].count("human") == 1


@pytest.mark.chaos
@pytest.mark.parametrize("point", ["tool.after_effect", "tool.before_commit", "tool.after_commit", "run.before_end"])
async def test_a_worker_that_sleeps_past_its_lease_cannot_write_when_it_wakes(
    point: str, start: Any, runtime: Runtime, customer: Principal
):
    scene = await cancellation(runtime, customer)
    run = await scene.talk.queue(APPROVE)
    sleeper = start(f"{point}:stop")
    await asyncio.to_thread(sleeper.wait_stopped)
    start()
    if point in {"tool.after_commit", "run.before_end"}:
        assert (await ended(scene.talk, run.id)).run.attempt > 1, "taken over while it slept"
    sleeper.send(signal.SIGCONT)
    turn = await ended(scene.talk, run.id)
    sleeper.send(signal.SIGTERM)
    assert await asyncio.to_thread(sleeper.ended) == 0
    assert (await scene.talk.turn(run.id)).facts == turn.facts, "nothing was written after the end"
    await assert_once(runtime, scene, turn)


@pytest.mark.chaos
async def test_a_run_that_kills_every_worker_is_parked(start: Any, runtime: Runtime, customer: Principal):
    talk = await Talk.open(runtime, customer)
    run = await talk.queue("where is my order?")
    for _ in range(2):
        victim = start("run.begun:kill", STOREHAND_WORKER__MAX_ATTEMPTS="2")
        assert await asyncio.to_thread(victim.ended) == -signal.SIGKILL
    start("run.begun:kill", STOREHAND_WORKER__MAX_ATTEMPTS="2")
    turn = await ended(talk, run.id)
    assert (turn.run.status, turn.run.attempt) == ("error", 3)
    assert (turn.end.type, turn.end.code) == ("run.failed", "crashed")
    assert (await rows(runtime, customer, "SELECT status FROM threads WHERE id = :id", id=talk.thread_id)) == [("error",)]


@pytest.mark.chaos
async def test_sigterm_gives_runs_back_and_another_worker_goes_on_at_once(start: Any, runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    run = await talk.queue("Where is order 1042?")
    leaving = start("run.begun:stop", STOREHAND_WORKER__LEASE_SECONDS="60")
    await asyncio.to_thread(leaving.wait_stopped)
    leaving.send(signal.SIGTERM)
    leaving.send(signal.SIGCONT)
    assert await asyncio.to_thread(leaving.ended) == 0
    left = await talk.turn(run.id)
    assert left.run.status in {"pending", "success"}, "given back, or finished on the way out; never left to a lease of a minute"
    options = WorkerSettings(lease_seconds=5, poll_seconds=0.1)
    settings = runtime.settings.model_copy(update={"worker": options})
    await Worker(replace(runtime, settings=settings)).drain()
    turn = await talk.turn(run.id)
    assert turn.run.status == "success"
    assert "1042" in turn.answer
