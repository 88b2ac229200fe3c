"""Workers are killed or paused at the worst moments, each in a process of its own and a shop of its own: everything happens once."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Mapping
from uuid import UUID

import numpy
import pytest

from bench.streams.model import Model
from server.cli.session import who_is
from tests.chaos.test_kill import POINTS, assert_once, cancellation, ended
from tests.support.proof import WHOLE, Proof, prove
from tests.support.stage import Stage
from tests.support.talk import APPROVE, Talk, one, until

_POINTS = POINTS if WHOLE else ("tool.after_effect",)
_EACH = 50 if WHOLE else 1
_PAUSES = 200 if WHOLE else 1
_CRASHES = 5
"""After so many a run is given up."""
_HELD = 8
"""Runs in the hands of a worker that dies."""
_PRODUCTION = {"STOREHAND_WORKER__LEASE_SECONDS": "15", "STOREHAND_WORKER__HEARTBEAT_SECONDS": "5", "STOREHAND_WORKER__POLL_SECONDS": "1"}
_AT_MOST, _USUALLY = 30.0, 20.0
_RESUMED = 5.0
_OPEN = "SELECT count(*) FROM runs WHERE status = 'pending'"
_A_TURN_SECONDS = 1.0
"""About as long as a worker takes to start and to carry out a decision."""


async def test_g1_kills_at_random_lose_and_double_nothing(stage: Stage):
    trials, chance = (500 if WHOLE else 2), random.Random(1)
    wrong = [number for number in range(trials) if not await _once_after_kills(stage, chance)]
    prove(Proof("1", "runs killed one to three times at random that were lost or doubled something", trials, len(wrong)))


async def _once_after_kills(stage: Stage, chance: random.Random) -> bool:
    async with stage.shop() as (runtime, shop):
        scene = await cancellation(runtime, await who_is(runtime, "customer"))
        run = await scene.talk.queue(APPROVE)
        for _ in range(chance.randint(1, 3)):
            victim = stage.worker(shop)
            await asyncio.sleep(chance.uniform(0, _A_TURN_SECONDS))
            victim.send(signal.SIGKILL)
            await asyncio.to_thread(victim.ended)
        stage.worker(shop)
        return await _holds(assert_once(runtime, scene, await ended(scene.talk, run.id)))


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


async def test_g4_what_a_killed_worker_held_is_taken_over_soon(stage: Stage):
    taken = [seconds for _ in range(5 if WHOLE else 1) for seconds in await _taken_over(stage)]
    p95 = round(float(numpy.percentile(taken, 95)), 2)
    late = sum(seconds > _AT_MOST for seconds in taken) + (p95 > _USUALLY)
    what = "runs of a killed worker that another one did not take over in 30 s"
    prove(Proof("4", what, len(taken), late, p95, "p95 <= 20 s, max <= 30 s from the kill, with a lease of 15 s"))


async def _taken_over(stage: Stage) -> list[float]:
    """Return the seconds from the death of a worker that held runs until another one had begun each of them."""
    settings = _PRODUCTION if WHOLE else {}
    async with stage.shop() as (runtime, shop):
        who = await who_is(runtime, "merchant")
        held = [(talk, await talk.queue("where is order 1042?")) for talk in [await Talk.open(runtime, who) for _ in range(_HELD)]]
        victim = stage.worker(shop, f"run.begun:kill:{_HELD - 1}", settings)
        assert await asyncio.to_thread(victim.ended) == -signal.SIGKILL
        died = time.monotonic()
        stage.worker(shop, settings=settings)
        seconds = list[float]()

        async def follow(talk: Talk, run_id: UUID) -> None:
            turn = await ended(talk, run_id)
            if turn.run.attempt > 1:
                seconds.append(time.monotonic() - died)

        await asyncio.gather(*(follow(talk, run.id) for talk, run in held))
        assert seconds, "the worker held nothing when it died"
        return seconds


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


async def test_g14_a_worker_that_is_told_to_stop_gives_everything_back(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.streams.model.PACE", 0.1)
    provider = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", 0)
    model = {
        "STOREHAND_LLM__MODEL": "openai:words",
        "STOREHAND_LLM__BASE_URL": f"http://127.0.0.1:{provider.sockets[0].getsockname()[1]}/v1",
        "STOREHAND_LLM__FALLBACK_OFFLINE": "false",
        **_PRODUCTION,
    }
    trials, at_once = (100, 50) if WHOLE else (1, 10)
    try:
        seen = [await _told_to_stop(stage, model, at_once) for _ in range(trials)]
    finally:
        provider.close()
    wrong, resumed = sum(each[0] for each in seen), round(float(numpy.percentile([each[1] for each in seen], 95)), 2)
    what = "runs claimed a second after SIGTERM, kept at the exit, or not resumed in 5 s; exits after 30 s"
    prove(Proof("14", what, trials * at_once, wrong, resumed, "resumed <= 5 s (p95 of the slowest run of each stop)"))


async def _told_to_stop(stage: Stage, model: Mapping[str, str], at_once: int) -> tuple[int, float]:
    """Stop a worker in the middle of its runs; return how often a promise was broken, and when the last run was in other hands."""
    async with stage.shop() as (runtime, shop):
        who = await who_is(runtime, "merchant")
        talks = [await Talk.open(runtime, who) for _ in range(at_once)]
        for talk in talks:
            await talk.queue("why is it so quiet here?")
        leaving = stage.worker(shop, settings=model)
        await until(lambda: one(runtime, who, "SELECT count(*) >= :all FROM runs WHERE status = 'running'", all=at_once))
        told = time.monotonic()
        leaving.send(signal.SIGTERM)
        await asyncio.sleep(1)
        late = [await talk.queue("and now?") for talk in [await Talk.open(runtime, who) for _ in range(3)]]
        wrong = await asyncio.to_thread(leaving.ended) != 0 or time.monotonic() - told > _AT_MOST
        given_back = await one(runtime, who, _OPEN)
        wrong += await one(runtime, who, "SELECT count(*) FROM runs WHERE status = 'running'")
        wrong += await one(runtime, who, "SELECT count(*) FROM runs WHERE id = ANY(:late) AND attempt > 0", late=[run.id for run in late])
        assert given_back > len(late), "it was stopped in the middle of its runs"
        stage.worker(shop, settings=model)
        begun = time.monotonic()
        await until(lambda: one(runtime, who, "SELECT count(*) = 0 FROM runs WHERE status = 'pending'"), seconds=_AT_MOST)
        took = time.monotonic() - begun
        return wrong + (took > _RESUMED), took


async def _holds(check: Awaitable[None]) -> bool:
    try:
        await check
    except AssertionError:
        return False
    return True
