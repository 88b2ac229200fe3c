"""The relay: carries what transactions left in the outbox to the tenants' event streams, at least once and in the order of each batch.

A message that was published but not yet marked when a relay died is published again: readers tell by `key`, its Idempotency-Key.
"""

import orjson

from core import faults
from memory.cache import EventStreams, OutgoingEvent
from server.wiring import Runtime
from server.worker.pace import look_again

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
        await look_again("relay", self.deliver, _POLL_SECONDS, more=lambda sent: sent == _BATCH, longest=_LONGEST_WAIT)

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
