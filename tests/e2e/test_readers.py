"""A run that was started as a stream ends some time after its last reader has left, whichever servers they read it from."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from core.clock import system_clock
from core.settings import LLM, Runs
from server.cli.session import who_is
from server.runs import cancel_left
from server.wiring import Runtime, open_runtime
from server.worker.upkeep import Upkeep
from store.embedded import Endpoints
from store.queries import runs
from tests.conftest import create_database, drop_database
from tests.support.puppet import SPOKEN, Puppet, order
from tests.support.servers import embedded_settings
from tests.support.service import Service, ended, serving, stream, words
from tests.support.talk import one, thinking_with, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
GRACE = 2.0
ENDLESS = "tell me an ENDLESS story"


class Watch:
    """A clock that a test moves."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.ahead


class Storyteller(Puppet):
    """A model whose `ENDLESS` answers have a first word and no last one."""

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in super()._astream(messages, *args, **kwargs):
            yield chunk
            if "ENDLESS" in messages[-1].text:
                await asyncio.Event().wait()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(endpoints: Endpoints, demo_template: str, data_dir: Path) -> AsyncIterator[Service]:
    """A server whose runs wait two seconds for readers, by a clock that tests move; only tests look for those that nobody reads."""
    bare = embedded_settings(data_dir)
    settings = bare.model_copy(update={"openai_api_key": None, "openai_base_url": None, "llm": LLM(), "runs": Runs(reader_grace=GRACE)})
    name = f"readers_{uuid4().hex[:12]}"
    own = create_database(endpoints, name, demo_template)
    try:
        async with open_runtime(settings, own, demo=True, clock=Watch()) as opened:
            runtime = thinking_with(opened, Storyteller())
            people = [await who_is(runtime, name) for name in ("merchant", "customer", "customer2", "merchant2")]
            async with serving(runtime, _ever(runtime)) as address:
                yield Service(address, runtime, *people)
    finally:
        drop_database(endpoints, name)


@pytest.fixture
def watch(shop: Service) -> Iterator[Watch]:
    """The shop's clock, set right again after the test."""
    clock = shop.runtime.clock
    assert isinstance(clock, Watch)
    yield clock
    clock.ahead = timedelta()


@asynccontextmanager
async def following(client: httpx.AsyncClient, method: str, path: str, **request: Any) -> AsyncIterator[str]:
    """Hold a stream open from its first event on; yield the run's address."""
    async with client.stream(method, path, **request) as response:
        assert response.status_code == 200, await response.aread()
        lines = response.aiter_lines()
        await anext(lines)
        reading = asyncio.create_task(_read(lines))
        try:
            yield response.headers["Content-Location"]
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _read(lines: AsyncIterator[str]) -> None:
    async for _ in lines:
        pass


def asked(text: str = ENDLESS, **more: Any) -> dict[str, Any]:
    return {"json": {"assistant_id": "ops", "input": words(text), "stream_mode": ["messages-tuple"], **more}}


def _ever(runtime: Runtime) -> Runtime:
    """Return the runtime of a deployment whose runs go on without readers."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"runs": Runs(reader_grace=0)}))


async def deadline(shop: Service, run: str) -> datetime | None:
    return await one(shop.runtime, shop.merchant, "SELECT reader_until FROM runs WHERE id = :run", run=run.rpartition("/")[2])


async def working(shop: Service, run: str) -> bool:
    return await one(shop.runtime, shop.merchant, "SELECT status = 'running' FROM runs WHERE id = :run", run=run.rpartition("/")[2])


async def test_a_run_whose_reader_left_is_cancelled_after_its_grace(shop: Service, watch: Watch):
    async with shop.client(shop.merchant) as client:
        async with following(client, "POST", "/runs/stream", **asked(on_disconnect="continue", on_completion="keep")) as run:
            await until(lambda: working(shop, run))
        assert await cancel_left(shop.runtime) == 0
        watch.ahead = timedelta(seconds=2 * GRACE)
        await Upkeep(shop.runtime).once()
        shown = (await client.get(run)).json()
        assert shown["status"] == "interrupted"
        thread = (await client.get(f"/threads/{shown['thread_id']}")).json()
        assert (thread["status"], thread["error"]["error"]) == ("idle", "UserInterrupt")
        told, _ = await stream(client, "GET", f"{run}/stream")
        assert told[-1][:2] == ("end", {"run_id": shown["run_id"], "status": "interrupted"})
        again = await client.post(f"/threads/{shown['thread_id']}/runs/wait", **asked("hello"))
        assert again.json()["messages"][-1]["content"] == SPOKEN


async def test_a_reader_keeps_a_run_for_as_long_as_it_reads(shop: Service):
    async with shop.client(shop.merchant) as client:
        async with following(client, "POST", "/runs/stream", **asked()) as run:
            first = await deadline(shop, run)
            assert first is not None

            async def outlived() -> bool:
                assert await cancel_left(shop.runtime) == 0
                return shop.runtime.clock() > first

            await until(outlived)
            assert await working(shop, run)
        await client.post(f"{run}/cancel")


async def test_a_reader_at_another_server_keeps_a_run(shop: Service, watch: Watch):
    """The first server's reader leaves; the one who joins elsewhere, in time, is known to all."""
    async with (
        serving(shop.runtime, _ever(shop.runtime)) as other,
        shop.client(shop.merchant) as client,
        shop.client(shop.merchant, other) as elsewhere,
    ):
        async with following(client, "POST", "/runs/stream", **asked()) as run:
            await until(lambda: working(shop, run))
        watch.ahead = timedelta(seconds=0.9 * GRACE)
        async with following(elsewhere, "GET", f"{run}/stream"):
            watch.ahead = timedelta(seconds=1.8 * GRACE)
            assert await cancel_left(shop.runtime) == 0
            assert await working(shop, run)
        watch.ahead = timedelta(seconds=5 * GRACE)
        assert await cancel_left(shop.runtime) == 1


@pytest.mark.parametrize("how", ["", "/join"])
async def test_who_joins_or_polls_is_a_reader(shop: Service, watch: Watch, how: str):
    async with shop.client(shop.merchant) as client:
        async with following(client, "POST", "/runs/stream", **asked()) as run:
            await until(lambda: working(shop, run))
        first = await deadline(shop, run)
        watch.ahead = timedelta(seconds=GRACE)
        asking = asyncio.create_task(client.get(f"{run}{how}"))

        async def moved() -> bool:
            return await deadline(shop, run) != first

        await until(moved)
        assert await cancel_left(shop.runtime) == 0
        await client.post(f"{run}/cancel")
        await asking


@pytest.mark.parametrize("path", ["/runs", "/runs/wait", "/runs/stream"])
async def test_runs_without_a_stream_of_their_own_go_on_without_readers(shop: Service, watch: Watch, path: str):
    """Created, awaited, or to be started later: nobody is expected to read along."""
    async with shop.client(shop.merchant) as client:
        thread = (await client.post("/threads", json={})).json()["thread_id"]
        later = {"after_seconds": 3600} if path == "/runs/stream" else {}
        asking = asyncio.create_task(client.post(f"/threads/{thread}{path}", **asked(**later)))

        async def queued() -> Any:
            return (await client.get(f"/threads/{thread}/runs")).json()

        [run] = await until(queued)
        address = f"/threads/{thread}/runs/{run['run_id']}"
        assert await deadline(shop, address) is None
        watch.ahead = timedelta(days=1)
        assert await cancel_left(shop.runtime) == 0
        watch.ahead = timedelta()
        async with following(client, "GET", f"{address}/stream"):
            pass
        assert await deadline(shop, address) is None, "a reader who comes and goes changes nothing"
        await client.post(f"{address}/cancel")
        await asking


async def test_a_run_that_waits_for_an_approval_is_not_touched(shop: Service, watch: Watch):
    async with shop.client(shop.merchant) as client:
        refund = asked(order("issue_refund", order="1017", amount="105.00", reason="goodwill"), on_completion="keep")
        _, headers = await stream(client, "POST", "/runs/stream", **refund)
        run = (await client.get(headers["Content-Location"])).json()
        watch.ahead = timedelta(seconds=10 * GRACE)
        assert await cancel_left(shop.runtime) == 0
        watch.ahead = timedelta()
        thread = (await client.get(f"/threads/{run['thread_id']}")).json()
        assert (run["status"], thread["status"]) == ("success", "interrupted")


async def test_a_reader_who_comes_back_as_the_run_is_found_keeps_it(shop: Service, watch: Watch):
    """The list of runs without readers is a moment old when each is cancelled: the row decides."""
    runtime, who = shop.runtime, shop.merchant
    async with shop.client(who) as client:
        async with following(client, "POST", "/runs/stream", **asked()) as run:
            await until(lambda: working(shop, run))
        watch.ahead = timedelta(seconds=2 * GRACE)
        [found] = await runs.left(runtime.units, runtime.clock(), 10)
        assert found.id == UUID(run.rpartition("/")[2])
        assert (await client.get(run)).json()["status"] == "running"
        async with runtime.units.write(who) as tx:
            assert await runs.cancel(tx, found, unread=True) is None
        watch.ahead = timedelta(seconds=6 * GRACE)
        ends = await asyncio.gather(*(cancel_left(runtime) for _ in range(20)))
        assert sum(ends) == 1, "any number of processes look, and one of them ends it"
        assert (await ended(client, run))["status"] == "interrupted"


async def test_a_deployment_can_let_all_runs_go_on(shop: Service, watch: Watch):
    async with serving(_ever(shop.runtime)) as address, shop.client(shop.merchant, address) as client:
        async with following(client, "POST", "/runs/stream", **asked()) as run:
            await until(lambda: working(shop, run))
        assert await deadline(shop, run) is None
        await client.post(f"{run}/cancel")
