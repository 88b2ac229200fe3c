"""Aftercare: what follows from the calendar - surveys go out, returns that were never sent back end, channels are asked for orders.

It only looks whether something is due, and calls the tools that people call. It also counts who is in which segment by now. Any number
of processes do this beside each other: a survey is sent once for an order, a return ends once, and a segment is counted by one of them.
"""

from datetime import timedelta
from uuid import UUID

from pydantic import JsonValue

from core.identity import RunContext
from core.ids import new_id
from core.log import get_logger
from server.setup import keeper
from server.worker.pace import look_again
from store.queries import channels, rma
from store.unit import Units
from tools.aftersales.surveys import due_surveys
from tools.customers.segments import count_segments
from tools.executor import Executor
from tools.result import Outcome

_log = get_logger(__name__)
_POLL_SECONDS = 60.0
_BATCH = 50
_COUNTED_EVERY = timedelta(hours=1)
"""How old the count of a segment may become."""


class Aftercare:
    """Looks after what all stores of a database sold and delivered."""

    def __init__(self, units: Units, executor: Executor) -> None:
        self._units = units
        self._executor = executor

    async def run_forever(self) -> None:
        """Look every minute until cancelled."""
        await look_again("aftercare", self.once, _POLL_SECONDS)

    async def once(self) -> int:
        """Do what is due, at most a batch of each kind a store, and return how many calls that took.

        Raises:
            Unavailable: Postgres cannot be reached; what is left is found again next time.
        """
        tenants = [row["tenant_id"] for row in await self._units.call("list_tenants")]
        return sum([await self._look_after(tenant) for tenant in tenants])

    async def _look_after(self, tenant: UUID) -> int:
        who = keeper(tenant)
        async with self._units.read(who) as tx:
            policy = await self._executor.policy(tx)
            surveys = await due_surveys(tx, policy, 1)
            expired = await rma.expired(tx, 1)
            silent = await channels.due(tx, tx.now - timedelta(minutes=policy.listings.pull_minutes), _BATCH)
        async with self._units.write(who) as tx:
            await count_segments(tx, _COUNTED_EVERY)
        due: list[tuple[str, dict[str, JsonValue]]] = [
            *[(name, {"limit": _BATCH}) for name, waiting in (("send_surveys", surveys), ("expire_returns", expired)) if waiting],
            *[("pull_orders", {"channel": code}) for code in silent],
        ]
        for tool, args in due:
            done = await self._executor.execute(RunContext(who, idempotency_key=f"{tool}:{new_id()}"), tool, args)
            if done.status is not Outcome.OK:
                _log.warning("aftercare was refused", tool=tool, tenant=str(tenant), reason=done.text)
        return len(due)
