"""Servers go away, at the start and in the middle of a run: errors are readable, runs go on, nothing happens twice."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from agents.llm.scripted import ScriptedModel
from core.errors import Unavailable
from core.identity import Principal
from core.settings import Settings
from core.settings import Worker as WorkerSettings
from server import sse
from server.cli.session import who_is
from server.setup import seed_demo
from server.wiring import Runtime, open_runtime
from server.worker.loop import Worker, working
from store.embedded import Endpoints
from store.embedded.layout import Layout
from store.embedded.postgres import Postgres
from store.embedded.valkey import Valkey
from store.migrate import migrate
from tests.conftest import SMALL
from tests.support.talk import APPROVE, Talk, Turn, one, thinking_with, until

QUICK = WorkerSettings(lease_seconds=1, heartbeat_seconds=0.3, poll_seconds=0.1, max_attempts=50)


def silent(_: str) -> None: ...


async def ended(talk: Talk, run_id: Any) -> Turn:
    async def over() -> Turn | None:
        with suppress(Unavailable):
            turn = await talk.turn(run_id)
            return turn if turn.run.status not in {"pending", "running"} else None
        return None

    return await until(over, seconds=40)


async def collect(runtime: Runtime, who: Principal, run_id: Any) -> list[Any]:
    """Read a run's stream as a client does: after an error it comes back with the last id."""
    seen: list[Any] = []
    last: str | None = None
    while True:
        try:
            async for event_id, event in sse.follow(runtime, who, run_id, last):
                last = event_id
                if event.type not in {"token", "draft.discarded"}:
                    seen.append(event)
        except Unavailable:
            await asyncio.sleep(0.1)
        else:
            return seen


# --- Postgres ----------------------------------------------------------------------------------------------------------------------------


async def test_without_a_database_opening_says_so(settings: Settings, endpoints: Endpoints, tmp_path: Path):
    gone = replace(endpoints, db_url=f"postgresql://postgres@/none?host={tmp_path}&port=5432")
    with pytest.raises(Unavailable, match="database cannot be reached") as raised:
        async with open_runtime(settings, gone):
            pass
    assert raised.value.code == "database_unavailable"


def test_without_a_database_a_command_prints_one_readable_line_and_exits_with_1(tmp_path: Path):
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("STOREHAND_", "OPENAI_"))},
        "STOREHAND_DATA_DIR": str(tmp_path),
        "STOREHAND_DB__URL": "postgresql://shop:secret-word@127.0.0.1:9/storehand",
    }
    command = [sys.executable, "-c", "from server.cli.main import main; main()", "worker"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert (done.returncode, done.stdout) == (1, "")
    assert len(lines) == 1
    assert "STOREHAND_DB__URL" in lines[0]
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr


@pytest.fixture
async def own_shop(settings: Settings, endpoints: Endpoints, tmp_path: Path) -> AsyncIterator[tuple[Runtime, Postgres]]:
    """A runtime over a PostgreSQL of its own, which the test may stop."""
    layout = Layout(Path(f"/tmp/sh-{os.getpid()}-{tmp_path.name[-20:]}"))
    layout.create()
    postgres = Postgres(layout, silent)
    try:
        url = await asyncio.to_thread(postgres.ensure)
        own = replace(endpoints, db_url=url)
        await asyncio.to_thread(migrate, url)
        await seed_demo(own, SMALL, silent)
        async with open_runtime(settings.model_copy(update={"worker": QUICK}), own) as runtime:
            yield runtime, postgres
    finally:
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(layout.root, ignore_errors=True)


async def test_a_run_goes_on_after_the_database_was_killed_in_the_middle(own_shop: tuple[Runtime, Postgres]):
    runtime, postgres = own_shop
    merchant = await who_is(runtime, "merchant")
    asked, go = asyncio.Event(), asyncio.Event()

    class Gate(ScriptedModel):
        async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            asked.set()
            await go.wait()
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk

    refund = {"name": "issue_refund", "args": {"order": "1017", "amount": "20.00", "reason": "goodwill"}, "id": "a"}
    script = Gate([AIMessage("", tool_calls=[refund]) for _ in range(3)])
    plain = thinking_with(runtime, Answering(script))
    talk = await Talk.open(plain, merchant)
    run = await talk.queue("refund 20 euros on 1017")
    async with working(plain):
        await asyncio.wait_for(asked.wait(), 20)
        os.kill(postgres.slot.pid, signal.SIGQUIT)
        await until(lambda: _gone(postgres))
        go.set()
        with pytest.raises(Unavailable):
            await talk.turn(run.id)
        await asyncio.to_thread(postgres.ensure)
        turn = await ended(talk, run.id)
    assert (turn.run.status, turn.answer) == ("success", "Refunded.")
    assert turn.numbers == list(range(1, len(turn.numbers) + 1))
    assert await one(runtime, merchant, "SELECT count(*) FROM payment_transactions WHERE type = 'refund' AND amount_minor = 2000") == 1


class Answering(ScriptedModel):
    """Asks `script` until a tool has answered, then says so."""

    _script: Any = None

    def __init__(self, script: ScriptedModel) -> None:
        super().__init__()
        self._script = script

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        source = ScriptedModel([AIMessage("Refunded.")]) if messages[-1].type == "tool" else self._script
        async for chunk in source._astream(messages, *args, **kwargs):
            yield chunk


async def _gone(server: Postgres | Valkey) -> bool:
    return not server.slot.alive()


# --- Valkey ------------------------------------------------------------------------------------------------------------------------------


async def test_without_valkey_from_the_start_runs_complete_and_readers_get_every_fact(
    settings: Settings, demo_db: Endpoints, tmp_path: Path
):
    without = replace(demo_db, redis_url=f"unix://{tmp_path}/none.sock?db=0")
    async with open_runtime(settings.model_copy(update={"worker": QUICK}), without) as runtime, working(runtime):
        customer = await who_is(runtime, "customer")
        talk = await Talk.open(runtime, customer)
        run = await talk.queue("where is my order?")
        seen = await asyncio.wait_for(collect(runtime, customer, run.id), 30)
        turn = await talk.turn(run.id)
    assert turn.run.status == "success"
    assert seen == turn.facts


@asynccontextmanager
async def own_valkey(name: str) -> AsyncIterator[tuple[Valkey, str]]:
    layout = Layout(Path(f"/tmp/sh-{os.getpid()}-{name}"))
    layout.create()
    valkey = Valkey(layout)
    try:
        yield valkey, await asyncio.to_thread(valkey.ensure)
    finally:
        await asyncio.to_thread(valkey.stop)
        shutil.rmtree(layout.root, ignore_errors=True)


async def test_when_valkey_dies_in_the_middle_the_run_completes_and_readers_get_every_fact(settings: Settings, demo_db: Endpoints):
    asked, go = asyncio.Event(), asyncio.Event()

    class Gate(ScriptedModel):
        async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            asked.set()
            await go.wait()
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk

    async with (
        own_valkey("valkey") as (valkey, url),
        open_runtime(settings, replace(demo_db, redis_url=url)) as opened,
    ):
        call = {"name": "get_order", "args": {"order": "1042"}, "id": "a"}
        runtime = thinking_with(opened, Gate([AIMessage("Let me look.", tool_calls=[call]), AIMessage("It is on hold.")]))
        merchant = await who_is(runtime, "merchant")
        talk = await Talk.open(runtime, merchant)
        run = await talk.queue("what about order 1042?")
        reader = asyncio.create_task(collect(runtime, merchant, run.id))
        driving = asyncio.create_task(Worker(runtime).drain())
        await asyncio.wait_for(asked.wait(), 20)
        os.kill(valkey.slot.pid, signal.SIGKILL)
        await until(lambda: _gone(valkey))
        go.set()
        await asyncio.wait_for(driving, 30)
        turn = await talk.turn(run.id)
        assert (turn.run.status, turn.answer, turn.tools) == ("success", "It is on hold.", [("get_order", "ok")])
        assert await asyncio.wait_for(reader, 30) == turn.facts


async def test_a_decision_is_taken_without_valkey(settings: Settings, demo_db: Endpoints, tmp_path: Path):
    without = replace(demo_db, redis_url=f"unix://{tmp_path}/none.sock?db=0")
    async with open_runtime(settings, without) as runtime:
        merchant = await who_is(runtime, "merchant")
        talk = await Talk.open(runtime, merchant)
        await talk.say("refund the headset on order 1017")
        assert ("issue_refund", "ok") in (await talk.say(APPROVE)).tools


# --- Chroma ------------------------------------------------------------------------------------------------------------------------------


async def test_without_chroma_articles_are_found_by_their_words_and_the_answer_says_that_it_is_less(settings: Settings, demo_db: Endpoints):
    async with open_runtime(settings, replace(demo_db, chroma_url="http://127.0.0.1:9")) as runtime:
        customer = await who_is(runtime, "customer")
        turn = await (await Talk.open(runtime, customer)).say("what is your return policy for electronics?")
    found = next(fact for fact in turn.facts if fact.type == "tool.finished" and fact.tool == "search_articles")
    assert (turn.run.status, found.status, found.result["degraded"]) == ("success", "ok", True)
    assert "30 days" in turn.answer
