"""What lives in Valkey only, beside `memory.live`: events for other systems, wake-ups, token buckets. Losing it loses no fact."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.errors import Unavailable

_KEPT_EVENTS = 100_000
_SCANNED = 1000
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = burst
if state[1] then
  tokens = math.min(burst, tonumber(state[1]) + math.max(0, now - tonumber(state[2])) * rate)
end
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return string.format('%.6f', wait)
"""


def key(tenant_id: UUID | None, *parts: object) -> str:
    """Return the one form of a key: `sh:<tenant>:<part>:...`, with `-` for what no tenant owns. Parts cannot forge a colon."""
    return ":".join(("sh", str(tenant_id or "-"), *(quote(str(part), safe="@+") for part in parts)))


@dataclass(frozen=True, slots=True)
class Valkey:
    """Connections of one process: `commands` for short commands, `blocking` for reads that wait, so that neither starves the other."""

    commands: Redis
    blocking: Redis

    async def close(self) -> None:
        """Close all connections."""
        await self.commands.aclose()
        await self.blocking.aclose()


def connect(url: str) -> Valkey:
    """Return connections to the server at `url`; none is opened yet."""
    once = Retry(NoBackoff(), 1)
    commands = BlockingConnectionPool.from_url(url, max_connections=50, timeout=5, socket_timeout=5, socket_connect_timeout=2, retry=once)
    blocking = ConnectionPool.from_url(url, max_connections=10_000, socket_timeout=None, socket_connect_timeout=2, retry=once)
    return Valkey(Redis.from_pool(commands), Redis.from_pool(blocking))


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """A domain event or outbound call of a tenant; `key` is its Idempotency-Key."""

    tenant_id: UUID
    topic: str
    key: str
    body: bytes


class EventStreams:
    """What happened in each tenant's shop, for other systems to read: the newest events of every tenant in a stream of its own."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    async def append(self, events: Sequence[OutgoingEvent]) -> None:
        """Add events to their tenants' streams, in one round trip.

        Raises:
            Unavailable: Valkey cannot be reached or refused; some of the events may have been added.
        """
        with reached():
            async with self._valkey.commands.pipeline(transaction=False) as pipeline:
                for event in events:
                    fields: Any = {"topic": event.topic, "key": event.key, "body": event.body}
                    pipeline.xadd(key(event.tenant_id, "events"), fields, maxlen=_KEPT_EVENTS, approximate=True)
                await pipeline.execute()

    async def forget(self, tenant_id: UUID, words: Sequence[str]) -> int:
        """Delete a tenant's events that hold any of some words, whatever their case, and return how many.

        Raises:
            Unavailable: Valkey cannot be reached; some of them may be gone.
        """
        stream, wanted, last, gone = key(tenant_id, "events"), [word.lower() for word in words], "-", 0
        with reached():
            while entries := await self._entries(stream, last):
                found = [entry_id for entry_id, fields in entries if _holds(fields.get(b"body", b""), wanted)]
                gone += int(await self._valkey.commands.xdel(stream, *found)) if found else 0
                last = f"({entries[-1][0].decode()}"
        return gone

    async def _entries(self, stream: str, after: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        found: Any = await self._valkey.commands.xrange(stream, after, "+", count=_SCANNED)
        return found


class Wakes:
    """Tells waiting workers that a run was queued. Every worker hears a wake; one that is lost costs a poll interval."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._channel = key(None, "wake")
        self._listening: PubSub | None = None

    async def wake(self) -> None:
        """Wake all workers; an unreachable Valkey is no error, because they poll too."""
        with suppress(RedisError, OSError):
            await self._valkey.commands.publish(self._channel, b"")

    async def wait_wake(self, seconds: float) -> bool:
        """Return True when woken, also by a wake since the last call, and False after that many `seconds`. For one task at a time."""
        try:
            async with asyncio.timeout(seconds):
                listening = self._listening = self._listening or await self._subscribe()
                while await listening.get_message(ignore_subscribe_messages=True, timeout=None) is None:
                    pass
                while await listening.get_message(ignore_subscribe_messages=True, timeout=0) is not None:
                    pass
                return True
        except TimeoutError:
            return False
        except (RedisError, OSError):
            await self.close()
            await asyncio.sleep(seconds)
            return False

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            listening, self._listening = self._listening, None
            with suppress(RedisError, OSError):
                await listening.aclose()

    async def _subscribe(self) -> PubSub:
        listening = self._valkey.blocking.pubsub()
        await listening.subscribe(self._channel)
        return listening


class RateLimiter:
    """Token buckets that all servers share, on Valkey's clock."""

    def __init__(self, valkey: Valkey) -> None:
        self._take = valkey.commands.register_script(_TAKE)

    async def take(self, key: str, rate: float, burst: float) -> float:
        """Take a token from the bucket `key` and return 0, or return the seconds until there is one.

        Args:
            key: made by `key()`.
            rate: tokens a second that flow in.
            burst: tokens that a full bucket holds, at least 1.

        Raises:
            Unavailable: Valkey cannot be reached.
        """
        with reached():
            return float(await self._take(keys=[key], args=[rate, burst]))


def _holds(body: bytes, words: Sequence[str]) -> bool:
    said = body.decode("utf-8", "replace").lower()
    return any(word in said for word in words)


@contextmanager
def reached() -> Iterator[None]:
    """Turn a lost or refused connection to Valkey into `Unavailable`."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise Unavailable("Valkey cannot be reached right now; try again shortly", code="valkey_unavailable") from error
