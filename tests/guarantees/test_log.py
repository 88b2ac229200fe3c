"""The log of a run has no gaps and no disorder, and what a reader got over any number of connections is that log."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import orjson
import pytest_asyncio

from core.events import MessageAdded
from core.identity import Principal, RunContext
from core.ids import RunId, ThreadId
from server.runs import principal_of
from server.wiring import Runtime
from store import events
from store.embedded import Endpoints
from store.queries import runs
from tests.conftest import create_database, drop_database
from tests.support.proof import Proof, prove, scaled
from tests.support.puppet import order
from tests.support.servers import embedded_settings
from tests.support.service import Service, parsed, service, words
from tests.support.talk import Talk

_WRITERS, _RUNS, _FACTS = 32, 8, 50


@pytest_asyncio.fixture
async def api(endpoints: Endpoints, demo_template: str, data_dir: Path) -> AsyncIterator[Service]:
    """The API over a fresh demo shop."""
    name = f"api_{uuid4().hex[:12]}"
    try:
        async with service(embedded_settings(data_dir), create_database(endpoints, name, demo_template)) as opened:
            yield opened
    finally:
        drop_database(endpoints, name)


async def test_g11_writers_at_once_leave_no_gap_and_no_disorder(runtime: Runtime, merchant: Principal):
    wanted = scaled(1_000_000)
    for _ in range(_RUNS):
        await (await Talk.open(runtime, merchant)).queue("hello")
    claimed = await runs.claim(runtime.units, "writers", 3600, _RUNS)
    contexts = [RunContext(principal_of(run), RunId(run.run_id), ThreadId(run.thread_id), run.attempt) for run in claimed]

    async def write(writer: int) -> None:
        ctx = contexts[writer % _RUNS]
        for batch in range(wanted // (_WRITERS * _FACTS)):
            facts = [MessageAdded(message={"by": writer, "number": batch * _FACTS + place}) for place in range(_FACTS)]
            async with runtime.units.write(ctx.principal) as tx:
                await events.append(tx, ctx, facts)

    await asyncio.gather(*(write(writer) for writer in range(_WRITERS)))
    written = broken = 0
    for ctx in contexts:
        found, gaps = await _checked(runtime, ctx)
        written, broken = written + found, broken + gaps
    assert written == wanted // (_WRITERS * _FACTS) * _FACTS * _WRITERS
    prove(Proof("11", "gaps in runs' logs and facts out of order", written, broken))


async def _checked(runtime: Runtime, ctx: RunContext) -> tuple[int, int]:
    """Return how many facts a run has, and how many have a wrong number or came before one that their writer wrote earlier."""
    last, broken = 0, 0
    newest: dict[int, int] = {}
    assert ctx.run_id is not None
    while True:
        async with runtime.units.read(ctx.principal) as tx:
            page = await events.read(tx, ctx.run_id, after=last)
        if not page:
            return last, broken
        for row in page:
            assert isinstance(row.fact, MessageAdded)
            by, number = row.fact.message["by"], row.fact.message["number"]
            broken += row.seq != last + 1 or number != newest.get(by, -1) + 1
            last, newest[by] = row.seq, number


async def test_g12_a_stream_that_broke_anywhere_goes_on_as_the_log_has_it(api: Service):
    trials, chance = scaled(500), random.Random(12)
    async with api.client(api.merchant) as client:
        broken = sum([await _differs(api, client, chance) for _ in range(trials)])
    prove(Proof("12", "streams cut at random that were not the log when they went on", trials, broken))


async def _differs(api: Service, client: httpx.AsyncClient, chance: random.Random) -> bool:
    """Follow a run over connections that end anywhere, in the middle of a message too, and compare it with its log."""
    said = f"{order('get_order', order='1042')} {'SLOWLY' if chance.random() < 0.3 else ''}"
    thread = (await client.post("/threads", json={})).json()["thread_id"]
    run = (await client.post(f"/threads/{thread}/runs", json={"assistant_id": "ops", "input": words(said)})).json()["run_id"]
    last, told, ended = "-1", list[dict[str, object]](), False
    async with asyncio.timeout(60):
        while not ended:
            raw = await _part(client, f"/threads/{thread}/runs/{run}/stream", last, chance.randint(1, 6000))
            for name, data, event_id in parsed(raw.rpartition("\n\n")[0]):
                last = event_id or last
                ended |= name == "end"
                told += [data] if name == "custom" and data["type"] != "draft.discarded" else []
    async with api.runtime.units.read(api.merchant) as tx:
        log = [orjson.loads(row.fact.model_dump_json()) for row in await events.read(tx, UUID(run))]
    return told != log


async def _part(client: httpx.AsyncClient, path: str, last: str, most: int) -> str:
    """Read some bytes of a stream and leave."""
    raw = b""
    async with client.stream("GET", path, params={"stream_mode": "custom"}, headers={"Last-Event-ID": last}) as response:
        async for chunk in response.aiter_bytes():
            raw += chunk
            if len(raw) >= most:
                break
    return raw[: max(most, 0)].decode("utf-8", "ignore") if len(raw) > most else raw.decode()


async def test_g8_one_key_makes_one_run_however_often_it_is_sent(api: Service):
    trials, body = scaled(1000, least=50), {"assistant_id": "ops", "input": words("hello")}
    headers, room = {"Idempotency-Key": "the-same"}, asyncio.Semaphore(50)

    async with api.client(api.merchant) as client:

        async def post(given: dict[str, object]) -> httpx.Response:
            async with room:
                return await client.post("/runs", json=given, headers=headers)

        answers = await asyncio.gather(*(post(body) for _ in range(trials)))
        other = await post({**body, "input": words("something else")})
    made = {answer.json()["run_id"] for answer in answers if answer.status_code == 200}
    wrong = sum(answer.status_code != 200 for answer in answers) + len(made) - 1 + (other.status_code != 409)
    prove(Proof("8", "requests under one key that made another run, and other requests that were let through", trials, wrong))
