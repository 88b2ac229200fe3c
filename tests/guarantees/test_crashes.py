"""Workers are killed or paused at the worst moments, each in a process of its own and a shop of its own: everything happens once."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from core.settings import Settings
from server.cli.session import who_is
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints
from tests.chaos.test_kill import POINTS, assert_once, cancellation, ended
from tests.chaos.worker_process import Nursery, WorkerProcess
from tests.conftest import create_database, drop_database
from tests.support.proof import WHOLE, Proof, prove
from tests.support.talk import APPROVE, Talk

_POINTS = POINTS if WHOLE else ("tool.after_effect",)
_EACH = 50 if WHOLE else 1
_PAUSES = 200 if WHOLE else 1
_CRASHES = 5
"""After so many a run is given up."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where workers are started and killed."""

    endpoints: Endpoints
    template: str
    settings: Settings
    data_dir: Path
    nursery: Nursery

    @asynccontextmanager
    async def shop(self) -> AsyncIterator[tuple[Runtime, Endpoints]]:
        """Open a fresh shop; none of its workers outlives it."""
        name = f"crash_{uuid4().hex[:12]}"
        try:
            own = create_database(self.endpoints, name, self.template)
            async with open_runtime(self.settings, own, demo=True) as runtime:
                yield runtime, own
        finally:
            self.nursery.clear()
            drop_database(self.endpoints, name)

    def worker(self, shop: Endpoints, fault: str = "") -> WorkerProcess:
        """Start a worker on a shop; `fault` arms a point."""
        return self.nursery.start(shop, self.data_dir, fault=fault)


@pytest.fixture
def stage(endpoints: Endpoints, demo_template: str, settings: Settings, data_dir: Path) -> Iterator[Stage]:
    with Nursery() as nursery:
        yield Stage(endpoints, demo_template, settings, data_dir, nursery)


async def test_g2_a_kill_at_any_point_loses_and_doubles_nothing(stage: Stage):
    wrong = [point for point in _POINTS for _ in range(_EACH) if not await _once_after_a_kill(stage, point)]
    prove(Proof("2", "kills at named points that lost or doubled something, or did not hit", len(_POINTS) * _EACH, len(wrong)))


async def _once_after_a_kill(stage: Stage, point: str) -> bool:
    async with stage.shop() as (runtime, shop):
        scene = await cancellation(runtime, await who_is(runtime, "customer"))
        run = await scene.talk.queue(APPROVE)
        victim = stage.worker(shop, point if ":" in point else f"{point}:kill")
        if await asyncio.to_thread(victim.ended) != -signal.SIGKILL:
            return False
        stage.worker(shop)
        turn = await ended(scene.talk, run.id)
        return await _holds(assert_once(runtime, scene, turn)) and (turn.run.attempt > 1 or point == "run.after_end")


async def test_g3_a_worker_that_was_paused_past_its_lease_writes_nothing_more(stage: Stage):
    wrong = sum([not await _once_after_a_pause(stage, ("tool.after_commit", "run.before_end")[number % 2]) for number in range(_PAUSES)])
    prove(Proof("3", "pauses past the lease after which something was doubled or written late", _PAUSES, wrong))


async def _once_after_a_pause(stage: Stage, point: str) -> bool:
    async with stage.shop() as (runtime, shop):
        scene = await cancellation(runtime, await who_is(runtime, "customer"))
        run = await scene.talk.queue(APPROVE)
        sleeper = stage.worker(shop, f"{point}:stop")
        await asyncio.to_thread(sleeper.wait_stopped)
        stage.worker(shop)
        turn = await ended(scene.talk, run.id)
        sleeper.send(signal.SIGCONT)
        sleeper.send(signal.SIGTERM)
        left = await asyncio.to_thread(sleeper.ended)
        nothing_more = (await scene.talk.turn(run.id)).facts == turn.facts
        return left == 0 and turn.run.attempt > 1 and nothing_more and await _holds(assert_once(runtime, scene, turn))


async def test_g5_a_run_that_crashes_its_worker_is_parked_after_five_crashes(stage: Stage):
    trials, wrong = (20 if WHOLE else 1), 0
    for _ in range(trials):
        wrong += not await _parked(stage)
    prove(Proof("5", "runs that crash their worker and were not parked after exactly five crashes", trials, wrong))


async def _parked(stage: Stage) -> bool:
    async with stage.shop() as (runtime, shop):
        talk = await Talk.open(runtime, await who_is(runtime, "customer"))
        run = await talk.queue("where is my order?")
        for _ in range(_CRASHES):
            if await asyncio.to_thread(stage.worker(shop, "run.begun:kill").ended) != -signal.SIGKILL:
                return False
        survivor = stage.worker(shop, "run.begun:kill")
        turn = await ended(talk, run.id)
        survivor.send(signal.SIGTERM)
        alive = await asyncio.to_thread(survivor.ended) == 0
        return alive and (turn.run.status, turn.run.attempt, turn.end.code) == ("error", _CRASHES + 1, "crashed")


async def _holds(check: Awaitable[None]) -> bool:
    try:
        await check
    except AssertionError:
        return False
    return True
