"""Live streams, wake-ups and token buckets on a real Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.ids import new_id
from memory.cache import LiveLog, RateLimiter, Valkey, Wakes, connect, key
from tests.support.servers import start_servers


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_servers(tmp_path_factory.mktemp("live")) as endpoints:
        yield endpoints.redis_url


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Valkey]:
    valkey = connect(redis_url)
    yield valkey
    await valkey.close()


async def test_entries_keep_their_ids_and_a_reader_resumes_after_any(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    await live.append(run, [("1-0", b"a"), ("1-1", b"b"), ("2-0", b"c")])
    assert await live.read(run, "0-0", block_ms=0) == [("1-0", b"a"), ("1-1", b"b"), ("2-0", b"c")]
    assert await live.read(run, "1-0", block_ms=0, count=1) == [("1-1", b"b")]
    assert await live.read(run, "2-0", block_ms=0) == []
    assert await live.read(run, "2-0", block_ms=20) == []
    ttl = await valkey.commands.ttl(key(None, "run", run, "live"))
    assert 3590 < ttl <= 3600


async def test_a_takeover_may_publish_again(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    await live.append(run, [("1-0", b"a"), ("2-0", b"b")])
    await live.append(run, [("2-0", b"again"), ("3-0", b"c")])
    assert await live.read(run, "0-0", block_ms=0) == [("1-0", b"a"), ("2-0", b"b"), ("3-0", b"c")]


async def test_a_waiting_reader_gets_the_entry_at_once(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    waiting = asyncio.create_task(live.read(run, "0-0", block_ms=5000))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await live.append(run, [("1-0", b"a")])
    assert await waiting == [("1-0", b"a")]
    assert time.monotonic() - began < 0.5


async def test_waiting_readers_do_not_starve_writers(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    readers = [asyncio.create_task(live.read(run, "0-0", block_ms=5000)) for _ in range(200)]
    await asyncio.sleep(0.3)
    await asyncio.wait_for(live.append(run, [("1-0", b"a")]), 2)
    assert all(entries == [("1-0", b"a")] for entries in await asyncio.gather(*readers))


async def test_every_worker_hears_a_wake_even_one_that_was_busy(valkey: Valkey) -> None:
    workers = [Wakes(valkey), Wakes(valkey)]
    assert [await worker.wait_wake(0.05) for worker in workers] == [False, False]
    await workers[0].wake()
    await workers[0].wake()
    assert await asyncio.gather(*(worker.wait_wake(2) for worker in workers)) == [True, True]
    assert [await worker.wait_wake(0.05) for worker in workers] == [False, False]
    for worker in workers:
        await worker.close()


async def test_a_bucket_grants_its_burst_then_its_rate(valkey: Valkey) -> None:
    limiter, bucket = RateLimiter(valkey), key(new_id(), "limit", "runs")
    assert [await limiter.take(bucket, rate=20, burst=3) for _ in range(3)] == [0, 0, 0]
    wait = await limiter.take(bucket, rate=20, burst=3)
    assert 0 < wait <= 0.05
    await asyncio.sleep(wait + 0.005)
    assert await limiter.take(bucket, rate=20, burst=3) == 0


async def test_concurrent_callers_never_share_a_token(valkey: Valkey) -> None:
    limiter, bucket = RateLimiter(valkey), key(new_id(), "limit", "runs")
    waits = await asyncio.gather(*(limiter.take(bucket, rate=0.001, burst=10) for _ in range(60)))
    assert sum(wait == 0 for wait in waits) == 10


def test_keys_begin_with_the_tenant_and_parts_cannot_forge_another() -> None:
    tenant = new_id()
    assert key(tenant, "limit", "a:b") == f"sh:{tenant}:limit:a%3Ab"
    assert key(None, "wake") == "sh:-:wake"


async def test_an_unreachable_valkey_is_unavailable_and_wakes_stay_quiet(tmp_path: Path) -> None:
    valkey = connect(f"unix://{tmp_path}/none.sock?db=0")
    with pytest.raises(Unavailable):
        await RateLimiter(valkey).take(key(None, "x"), rate=1, burst=1)
    with pytest.raises(Unavailable):
        await LiveLog(valkey).append(new_id(), [("1-0", b"a")])
    wakes = Wakes(valkey)
    await wakes.wake()
    assert not await wakes.wait_wake(0.05)
    await valkey.close()
