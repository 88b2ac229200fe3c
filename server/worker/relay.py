"""The relay: carries what transactions left in the outbox to the tenants' event streams, at least once and in the order of each batch.

A message that was published but not yet marked when a relay died is published again: readers tell by `key`, its Idempotency-Key.
"""

import asyncio
import random

import orjson

from core import faults
from core.errors import StorehandError
from core.log import get_logger
from memory.cache import EventStreams, OutgoingEvent
from server.wiring import Runtime

_log = get_logger(__name__)
_BATCH = 200
_POLL_SECONDS = 0.5
_LONGEST_WAIT = 30.0


class Relay:
    """Any number of relays share the outbox: each takes what no other holds at that moment."""

    def __init__(self, runtime: Runtime) -> None:
        self._units = runtime.units
        self._streams = EventStreams(runtime.valkey)

    async def run_forever(self) -> None:
        """Deliver until cancelled. While a server is down, messages stay where they are and are tried again after growing waits."""
        failures = 0
        while True:
            try:
                sent = await self.deliver()
                failures = 0
            except StorehandError as error:
                failures += 1
                _log.warning("messages stay in the outbox", error=error.message, failures=failures)
                sent = 0
            if sent < _BATCH:
                await asyncio.sleep(_wait(failures))

    async def deliver(self) -> int:
        """Publish one batch and mark it as sent; return how many messages it held.

        Raises:
            Unavailable: Postgres or Valkey cannot be reached; nothing was marked that was not published.
        """
        rows = sorted(await self._units.call("claim_outbox", batch=_BATCH), key=lambda row: row["id"])
        if not rows:
            return 0
        await self._streams.append(
            [OutgoingEvent(row["tenant_id"], topic=row["topic"], key=row["key"], body=orjson.dumps(row["body"])) for row in rows]
        )
        faults.point("relay.after_publish")
        await self._units.call("mark_sent", ids=[row["id"] for row in rows])
        return len(rows)


def _wait(failures: int) -> float:
    """Return the seconds until the next look: the poll interval, doubled with each failure and spread out."""
    if not failures:
        return _POLL_SECONDS
    return min(_LONGEST_WAIT, _POLL_SECONDS * 2**failures) * (0.5 + random.random() / 2)  # noqa: S311
