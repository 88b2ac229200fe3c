"""A request waits as long as it takes, and what waits costs nothing."""

import asyncio
import os
import signal
import time
from dataclasses import replace
from datetime import timedelta

from agents.llm.scripted import ScriptedModel
from core.clock import system_clock
from core.identity import Principal
from core.settings import Settings
from server import sse
from server.cli.session import who_is
from server.wiring import Runtime, open_runtime
from server.worker.loop import Worker, working
from store.embedded import Endpoints
from store.embedded.valkey import Valkey
from tests.chaos.test_outages import own_valkey
from tests.support.proof import WHOLE, Proof, prove, scaled
from tests.support.talk import APPROVE, Talk, one, thinking_with

_WAIT = timedelta(days=7) - timedelta(minutes=1)
_REFUNDS = "SELECT count(*) FROM payment_transactions WHERE type = 'refund'"
_ASKED = "SELECT count(*) FROM approvals WHERE thread_id = :id AND status = 'open'"
_TOLD_SECONDS = 2.0
_CONNECTED = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_BUSY = f"{_CONNECTED} AND state <> 'idle'"
_GONE_SECONDS = 5.0
"""A server process that lost its client needs a moment to notice."""


async def test_g25_an_approval_outlives_a_week_and_every_restart(
    runtime: Runtime, merchant: Principal, settings: Settings, demo_db: Endpoints
):
    talk, restarts, wrong = await Talk.open(runtime, merchant), scaled(20, least=3), 0
    asked = await talk.say("refund the headset on order 1017")
    before, at_rest = await one(runtime, merchant, _REFUNDS), await one(runtime, merchant, _CONNECTED)
    for number in range(1, restarts + 1):
        later = _WAIT * number / restarts
        async with open_runtime(settings, demo_db, clock=lambda later=later: system_clock() + later) as opened:
            silent = ScriptedModel()
            await Worker(thinking_with(opened, silent)).drain()
            waits = (await Talk(opened, merchant, talk.thread_id).turn(asked.run.id)).facts == asked.facts
            wrong += bool(silent.asked) or not waits or await _more(opened, merchant, _BUSY, 0)
        wrong += await _more(runtime, merchant, _CONNECTED, at_rest)
    async with open_runtime(settings, demo_db, clock=lambda: system_clock() + _WAIT) as opened:
        turn = await Talk(opened, merchant, talk.thread_id).say(APPROVE)
    executed = await one(runtime, merchant, _REFUNDS) - before
    wrong += turn.run.status != "success" or executed != 1
    prove(Proof("25", "restarts in a week that an approval did not outlive, or that cost a model call or a connection", restarts, wrong))


async def _more(runtime: Runtime, who: Principal, sql: str, most: int) -> bool:
    """Return whether there are more than so many connections, and stay more."""
    until = time.monotonic() + _GONE_SECONDS
    while (more := await one(runtime, who, sql) > most) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return more


async def test_g7_without_valkey_runs_end_are_told_in_time_and_money_waits_for_a_decision(settings: Settings, demo_db: Endpoints):
    outage = 600.0 if WHOLE else 5.0
    async with own_valkey("outage") as (valkey, url), open_runtime(settings, replace(demo_db, redis_url=url)) as runtime:
        who = await who_is(runtime, "merchant")
        async with working(runtime):
            os.kill(valkey.slot.pid, signal.SIGKILL)
            await asyncio.to_thread(_wait_dead, valkey)
            gone, told = time.monotonic(), list[float]()
            wrong, refunds = 0, await one(runtime, who, _REFUNDS)
            while time.monotonic() < gone + outage:
                talk = await Talk.open(runtime, who)
                lag, ended = await _followed(talk, "where is order 1042?")
                told, wrong = [*told, lag], wrong + (not ended)
                request = await Talk.open(runtime, who)
                await _followed(request, "refund the headset on order 1017")
                wrong += await one(runtime, who, _ASKED, id=request.thread_id) != 1
            wrong += await one(runtime, who, _REFUNDS) != refunds
            await asyncio.to_thread(valkey.ensure)
            wrong += not (await _followed(await Talk.open(runtime, who), "where is order 1042?"))[1]
    late = sum(lag > _TOLD_SECONDS for lag in told)
    what = "runs without Valkey that were lost, told late, or moved money without a decision"
    prove(Proof("7", what, 2 * len(told), wrong + late, round(max(told), 2), "the end is told <= 2 s after it was stored, by polling"))


async def _followed(talk: Talk, said: str) -> tuple[float, bool]:
    """Follow a run to its end and return how many seconds after its end the reader knew, and whether the reader got all of the log."""
    run, seen = await talk.queue(said), list[object]()
    async with asyncio.timeout(30):
        async for _, event in sse.follow(talk.runtime, talk.who, run.id, None):
            seen += [] if event.type in {"token", "draft.discarded"} else [event]
    now, turn = system_clock(), await talk.turn(run.id)
    return (now - turn.run.updated_at).total_seconds(), turn.run.status in {"success", "interrupted"} and seen == turn.facts


def _wait_dead(valkey: Valkey) -> None:
    while valkey.slot.alive():
        time.sleep(0.01)
