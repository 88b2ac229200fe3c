"""Live streams, wake-ups and token buckets on a real Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.events import EVENTS, DraftDiscarded, TokenDelta
from core.ids import new_id
from memory.cache import RateLimiter, Valkey, Wakes, connect, key
from memory.live import Follower, LiveLog
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
    assert await live.read(run, "0-0") == [("1-0", b"a"), ("1-1", b"b"), ("2-0", b"c")]
    assert await live.read(run, "1-0", count=1) == [("1-1", b"b")]
    assert await live.read(run, "2-0") == []
    ttl = await valkey.commands.ttl(key(None, "run", run, "live"))
    assert 3590 < ttl <= 3600


async def test_a_takeover_may_publish_again(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    await live.append(run, [("1-0", b"a"), ("2-0", b"b")])
    await live.append(run, [("2-0", b"again"), ("3-0", b"c")])
    assert await live.read(run, "0-0") == [("1-0", b"a"), ("2-0", b"b"), ("3-0", b"c")]


async def heard(follower: Follower, count: int, after: str = "0-0") -> list[tuple[str, bytes]]:
    """Read until so many entries came, each once."""
    found: dict[str, bytes] = {}
    async with asyncio.timeout(5):
        while len(found) < count:
            found |= dict(await follower.more([after, *found][-1], 1))
    return list(found.items())


async def test_a_waiting_reader_gets_the_entry_at_once(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    async with live.follow(run, "0-0", fresh=True) as follower:
        waiting = asyncio.create_task(heard(follower, 1))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await LiveLog(valkey).append(run, [("1-0", b"a")])
        assert await waiting == [("1-0", b"a")]
        assert time.monotonic() - began < 0.5
    await live.aclose()


async def test_a_reader_that_comes_while_others_wait_is_heard_at_once(valkey: Valkey) -> None:
    live, first, second = LiveLog(valkey), new_id(), new_id()
    async with live.follow(first, "0-0", fresh=True) as waiting:
        assert await waiting.more("0-0", 0.1) == []
        began = time.monotonic()
        async with live.follow(second, "0-0", fresh=True) as late:
            await live.append(second, [("1-0", b"a")])
            assert await heard(late, 1) == [("1-0", b"a")]
        assert time.monotonic() - began < 0.5
    await live.aclose()


async def test_two_hundred_readers_wait_on_one_connection(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(live.follow(run, "0-0", fresh=True)) for _ in range(200)]
        opened = int((await valkey.commands.info("clients"))["connected_clients"])
        await live.append(run, [("1-0", b"a")])
        assert all(entries == [("1-0", b"a")] for entries in await asyncio.gather(*(heard(reader, 1) for reader in readers)))
        assert opened < 60
    await live.aclose()


async def test_a_slow_reader_keeps_little_and_misses_nothing(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    wanted = [(f"1-{number}", b"%d" % number) for number in range(1, 2001)]
    async with live.follow(run, "0-0", fresh=True) as slow, live.follow(run, "0-0", fresh=True) as fast:
        for place in range(0, 2000, 100):
            await live.append(run, wanted[place : place + 100])
            assert (await heard(fast, 100, wanted[place - 1][0] if place else "0-0"))[-1] == wanted[place + 99]
            assert slow.waits <= 256
        assert await heard(slow, 2000) == wanted
    await live.aclose()


async def test_tokens_that_wait_together_are_told_together_and_nothing_else_is(valkey: Valkey) -> None:
    live, run = LiveLog(valkey), new_id()
    live.put(run, "1-1", TokenDelta(message_id="m", text="Hel"))
    live.put(run, "1-2", TokenDelta(message_id="m", text="lo"))
    live.put(run, "1-3", TokenDelta(message_id="other", text="?"))
    live.put(run, "1-4", DraftDiscarded(message_id="m"))
    live.put(run, "1-5", TokenDelta(message_id="m", text="Bye"))
    await live.aclose()
    told = [(entry_id, EVENTS.validate_json(data)) for entry_id, data in await live.read(run, "0-0")]
    assert told == [
        ("1-2", TokenDelta(message_id="m", text="Hello")),
        ("1-3", TokenDelta(message_id="other", text="?")),
        ("1-4", DraftDiscarded(message_id="m")),
        ("1-5", TokenDelta(message_id="m", text="Bye")),
    ]


async def test_a_reader_hears_that_valkey_is_down(tmp_path: Path) -> None:
    down = connect(f"unix://{tmp_path}/none.sock?db=0")
    live = LiveLog(down)
    async with live.follow(new_id(), "0-0", fresh=True) as follower:
        with pytest.raises(Unavailable):
            await follower.more("0-0", 5)
    await live.aclose()
    await down.close()


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
