"""The dispatcher: carries messages from the store to providers, at least once, always under the same key.

A message is claimed with a lease, so that two dispatchers do not send it at once; a provider that gets it twice all the same, because
a dispatcher died between sending and marking, tells by the key. The answer is recorded by a tool, then the message is marked.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from core import faults
from core.errors import StorehandError, Unavailable
from core.identity import Principal, RunContext, system
from core.ids import TenantId
from core.log import get_logger
from core.providers import ProviderKind
from memory.cache import key
from server.outbound.connections import Providers
from server.outbound.failure import ProviderDown, ProviderRefused
from server.outbound.routes import PORTS, Carried, Errand, Record, codes
from server.outbound.undelivered import no_answer
from server.wiring import Runtime
from server.worker.pace import look_again
from store.queries import deliveries, providers
from store.queries.deliveries import Claimed, Settlement
from store.tables.providers import DeliveryStatus, ProviderConnection
from tools.result import Outcome

_log = get_logger(__name__)
_NOBODY_THERE = 60.0
"""Seconds until a message is looked at again that no provider is connected for; doubled with its age, up to the longest wait."""
_NAMES = {
    ProviderKind.PAYMENTS: "payment provider",
    ProviderKind.CARRIER: "carrier",
    ProviderKind.CHANNEL: "sales channel",
    ProviderKind.MAIL: "mail service",
}


class NotRecorded(Exception):
    """The provider answered, and the tool that records the answer could not."""


class Dispatcher:
    """Any number of dispatchers share the messages: each takes what no other holds."""

    def __init__(self, runtime: Runtime, providers_: Providers | None = None) -> None:
        self._runtime = runtime
        self._options = runtime.settings.outbound
        self._providers = providers_ or Providers(self._options, runtime.vault)

    async def run_forever(self) -> None:
        """Deliver until cancelled. While the database is down, messages stay where they are."""
        try:
            await look_again("dispatcher", self.deliver, self._options.poll_seconds, more=bool)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the connections to providers."""
        await self._providers.close()

    async def deliver(self) -> int:
        """Try one batch of messages that are due and return how many.

        Raises:
            Unavailable: the database cannot be reached.
        """
        due = await deliveries.claim(self._runtime.units, self._options.batch, self._options.lease_seconds)
        ended = await asyncio.gather(*(self._one(claimed) for claimed in due), return_exceptions=True)
        for result in ended:
            if isinstance(result, BaseException):
                raise result
        return len(due)

    async def _one(self, claimed: Claimed) -> None:
        kind, wanted = codes(claimed.topic, claimed.body)
        principal = system(TenantId(claimed.tenant_id), _NAMES[kind])
        async with self._runtime.units.read(principal) as tx:
            connection = await providers.connection(tx, wanted)
        if connection is None:
            age = max((self._runtime.clock() - claimed.created_at).total_seconds(), _NOBODY_THERE)
            nobody = f"no {_NAMES[kind]} is connected"
            ended = Settlement(_unchanged(claimed), nobody, wait=min(age, self._options.longest_wait), counted=False)
        elif (pause := await self._rate(connection)) > 0:
            ended = Settlement(_unchanged(claimed), "the provider's rate limit", wait=pause, counted=False)
        else:
            ended = await self._try(claimed, connection, principal)
        if ended.reason and ended.counted:
            _log.warning(
                "message to a provider", topic=claimed.topic, status=ended.status.value, tries=claimed.tries + 1, reason=ended.reason
            )
        faults.point("dispatcher.before_mark")
        async with self._runtime.units.write(principal) as tx:
            await deliveries.settle(tx, claimed, ended)

    async def _try(self, claimed: Claimed, connection: ProviderConnection, principal: Principal) -> Settlement:
        async def record(tool: str, name: str, args: Mapping[str, JsonValue]) -> dict[str, Any]:
            faults.point("dispatcher.after_send")
            return await self._record(principal, claimed, tool, name, args)

        errand = Errand(claimed, connection, self._providers, self._runtime.units, principal, record)
        try:
            async with asyncio.timeout(self._options.lease_seconds * 0.8):
                carried = await PORTS[claimed.topic][1](errand)
        except ProviderRefused as refusal:
            # what was taken once and is refused now is left to a person
            status = DeliveryStatus.PARKED if claimed.reference else DeliveryStatus.FAILED
            return await self._given_up(claimed, Settlement(status, refusal.reason), record)
        except ProviderDown as failure:
            ended = self._again(claimed, failure.reason, failure.retry_after)
        except TimeoutError:
            ended = self._again(claimed, "the provider took too long", None)
        except (NotRecorded, StorehandError) as error:
            ended = self._again(claimed, f"the answer was not recorded: {error}", None)
        except (KeyError, TypeError, ValueError) as error:
            _log.error("message to a provider is malformed", topic=claimed.topic, error=repr(error)[:200])
            return Settlement(DeliveryStatus.FAILED, "the message is malformed")
        else:
            ended = self._arrived(claimed, carried)
        return await self._given_up(claimed, ended, record) if ended.status is DeliveryStatus.PARKED else ended

    def _arrived(self, claimed: Claimed, carried: Carried) -> Settlement:
        if not carried.asked:
            return Settlement(DeliveryStatus.DELIVERED, reference=carried.reference)
        if claimed.tries >= self._options.max_tries:
            return Settlement(DeliveryStatus.PARKED, "the provider has not decided", carried.reference)
        wait = min(self._options.ask_again * 2**claimed.tries, self._options.longest_wait)
        return Settlement(DeliveryStatus.ASKED, reference=carried.reference, wait=wait)

    async def _given_up(self, claimed: Claimed, ended: Settlement, record: Record) -> Settlement:
        """Record that a message will not arrive, then end it; one whose end cannot be recorded is tried again while it may be."""
        tool, args = no_answer(claimed, ended)
        try:
            await record(tool, ended.status.value, args)
        except (NotRecorded, StorehandError) as error:
            return self._again(claimed, f"the answer was not recorded: {error}", None)
        return ended

    def _again(self, claimed: Claimed, reason: str, retry_after: float | None) -> Settlement:
        if claimed.tries + 1 >= self._options.max_tries:
            return Settlement(DeliveryStatus.PARKED, reason)
        wait = min(self._options.first_wait * 2**claimed.tries, self._options.longest_wait) * (0.5 + random.random() / 2)  # noqa: S311
        return Settlement(_unchanged(claimed), reason, wait=max(wait, retry_after or 0.0))

    async def _record(self, principal: Principal, claimed: Claimed, tool: str, name: str, args: Mapping[str, JsonValue]) -> dict[str, Any]:
        ctx = RunContext(principal, idempotency_key=f"delivery:{claimed.id}:{name}"[:150])
        result = await self._runtime.executor.execute(ctx, tool, dict(args))
        if result.status is not Outcome.OK:
            raise NotRecorded(f"{tool}: {result.text}"[:250])
        return result.data

    async def _rate(self, connection: ProviderConnection) -> float:
        """Return the seconds until the provider may be asked; without Valkey, it may be."""
        try:
            bucket = key(connection.tenant_id, "provider", connection.code)
            return await self._runtime.limiter.take(bucket, connection.rate_per_second, connection.burst)
        except Unavailable:
            return 0.0


def _unchanged(claimed: Claimed) -> DeliveryStatus:
    """Return the status that a message keeps while it waits for its next try."""
    return DeliveryStatus(claimed.status)
