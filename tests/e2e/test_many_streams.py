"""Many readers at once: every stream is whole, in order, and ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from bench.streams.load import Asked, read
from bench.streams.model import Model
from core.settings import LLM, Http, Worker
from server.auth import issue
from server.cli.session import who_is
from server.wiring import open_runtime
from store.embedded import Endpoints
from tests.conftest import create_database, drop_database
from tests.support.servers import embedded_settings
from tests.support.service import serving, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
AT_ONCE = 40
GENEROUS = Http(requests_a_second=10_000, requests_at_once=10_000)
Busy = Callable[[int], AbstractAsyncContextManager[Asked]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def busy(endpoints: Endpoints, demo_template: str, data_dir: Path) -> AsyncIterator[Busy]:
    """A server that drives so many runs at once, over a provider that says fifty words in a second; what its readers ask."""
    provider = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", 0)
    llm = LLM(
        model="openai:words", base_url=f"http://127.0.0.1:{provider.sockets[0].getsockname()[1]}/v1", fallback_offline=False, deadline=60
    )
    name = f"busy_{uuid4().hex[:12]}"
    own = create_database(endpoints, name, demo_template)

    @asynccontextmanager
    async def opened(concurrency: int) -> AsyncIterator[Asked]:
        changed = {"llm": llm, "http": GENEROUS, "worker": Worker(concurrency=concurrency), "openai_api_key": None}
        async with open_runtime(embedded_settings(data_dir).model_copy(update=changed), own) as runtime, serving(runtime) as address:
            token = issue(runtime, await who_is(runtime, "merchant"), 600)
            body = {"assistant_id": "ops", "input": words("why is it so quiet here?"), "stream_mode": ["messages-tuple"]}
            yield Asked(f"{address}/runs/stream", {"Authorization": f"Bearer {token}"}, body, AT_ONCE, AT_ONCE)

    try:
        yield opened
    finally:
        provider.close()
        drop_database(endpoints, name)


@pytest.mark.parametrize("concurrency", [8, 100])
async def test_every_stream_has_all_its_words_and_its_end_however_many_wait(busy: Busy, concurrency: int):
    async with busy(concurrency) as asked:
        seen = await read(asked)
    assert (seen["failed"], seen["reasons"]) == (0, [])


async def test_a_reader_would_notice_a_word_that_is_missing(busy: Busy, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.streams.load.ANSWER", "another answer")
    async with busy(100) as asked:
        seen = await read(asked)
    assert (seen["failed"], len(seen["reasons"])) == (AT_ONCE, 1)
