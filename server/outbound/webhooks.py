"""Webhooks: a run that was started with one tells its address when it has ended, at least once, always under the same id.

The message is stored in the transaction that ends the run, beside those to providers, and has a loop of its own: an address that answers
slowly keeps no provider waiting. It is signed as by the Standard Webhooks specification.
"""

import asyncio
import random
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from agents.llm.failure import read_retry_after
from core import faults
from core.errors import NotFound
from core.identity import system
from core.ids import TenantId
from core.log import get_logger
from core.outside import NotPublic, Outside, Unreachable
from server.dialects.langgraph_objects import as_run
from server.runs import principal_of
from server.signature import sign
from server.state import thread_values
from server.wiring import Runtime
from server.worker.pace import look_again
from store.queries import deliveries, runs
from store.queries.deliveries import Claimed, Settlement
from store.tables.providers import DeliveryStatus
from store.tables.runtime import Run

_log = get_logger(__name__)
_LARGEST_ANSWER = 1024
_LARGEST_BODY = 1024 * 1024
_GONE = 410


class Webhooks:
    """Any number of processes share the messages: each takes what no other holds."""

    def __init__(self, runtime: Runtime, outside: Outside | None = None) -> None:
        self._runtime = runtime
        self._options = runtime.settings.outbound
        webhooks = runtime.settings.webhooks
        self._outside = outside or Outside(timeout=webhooks.timeout, largest=_LARGEST_ANSWER, loopback=webhooks.loopback)

    async def run_forever(self) -> None:
        """Deliver until cancelled. While the database is down, messages stay where they are."""
        try:
            await look_again("webhooks", self.deliver, self._options.poll_seconds, more=bool)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close what is open."""
        await self._outside.aclose()

    async def deliver(self) -> int:
        """Try one batch of messages that are due and return how many.

        Raises:
            Unavailable: the database cannot be reached.
        """
        due = await deliveries.claim_webhooks(self._runtime.units, self._options.batch, self._options.lease_seconds)
        ended = await asyncio.gather(*(self._one(claimed) for claimed in due), return_exceptions=True)
        for result in ended:
            if isinstance(result, BaseException):
                raise result
        return len(due)

    async def _one(self, claimed: Claimed) -> None:
        ended = await self._try(claimed)
        if ended.reason:
            _log.warning(
                "webhook of a run", run_id=claimed.body["run"], status=ended.status.value, tries=claimed.tries + 1, reason=ended.reason
            )
        faults.point("webhooks.before_mark")
        async with self._runtime.units.write(system(TenantId(claimed.tenant_id), "webhooks")) as tx:
            await deliveries.settle(tx, claimed, ended)

    async def _try(self, claimed: Claimed) -> Settlement:
        body = await self._body(claimed)
        now = self._runtime.clock()
        headers = {"Content-Type": "application/json", "User-Agent": "storehand"}
        headers |= sign(self._runtime.webhook_secret, claimed.key, int(now.timestamp()), body)
        try:
            answer = await self._outside.send("POST", str(claimed.body["url"]), headers=headers, body=body)
        except NotPublic as refusal:
            return Settlement(DeliveryStatus.FAILED, str(refusal))
        except Unreachable as failure:
            return self._again(claimed, str(failure), None)
        if 200 <= answer.status < 300:
            return Settlement(DeliveryStatus.DELIVERED)
        if answer.status == _GONE:
            return Settlement(DeliveryStatus.FAILED, "it answered 410: nobody is there any more")
        return self._again(claimed, f"it answered {answer.status}", read_retry_after(answer.headers, now))

    def _again(self, claimed: Claimed, reason: str, retry_after: float | None) -> Settlement:
        options = self._options
        if claimed.tries + 1 >= options.max_tries:
            return Settlement(DeliveryStatus.PARKED, reason)
        wait = min(options.first_wait * 2**claimed.tries, options.longest_wait) * (0.5 + random.random() / 2)  # noqa: S311
        return Settlement(DeliveryStatus.WAITING, reason, wait=max(wait, min(retry_after or 0.0, options.longest_wait)))

    async def _body(self, claimed: Claimed) -> bytes:
        """Return the run as the API shows it, with its error and what its conversation holds; what was deleted since is left out."""
        async with self._runtime.units.read(system(TenantId(claimed.tenant_id), "webhooks")) as tx:
            run = await runs.stored(tx, claimed.body["run"])
        values: dict[str, Any] | None = None
        if run is not None:
            try:
                values = (await thread_values(self._runtime, principal_of(run), run.thread_id)).as_dict()
            except NotFound:
                values = None
        told = {**as_run(run or _as_it_was(claimed)), "error": run.error if run else None}
        whole = orjson.dumps({**told, "values": values})
        return whole if len(whole) <= _LARGEST_BODY else orjson.dumps({**told, "values": None})


def _as_it_was(claimed: Claimed) -> Run:
    """Return a run that was deleted since, as it was when it ended."""
    body = claimed.body
    return Run(
        tenant_id=claimed.tenant_id,
        id=UUID(body["run"]),
        thread_id=UUID(body["thread"]),
        user_id=UUID(int=0),
        assistant=body["assistant"],
        status=body["status"],
        meta=body["meta"],
        options=body["options"],
        idempotency_key="",
        created_at=datetime.fromisoformat(body["created_at"]),
        updated_at=datetime.fromisoformat(body["updated_at"]),
    )
