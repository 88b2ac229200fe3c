"""Stockkeeping: what was kept aside too long is free again, what arrived goes to who waits for it, figures of busy days are added up.

Any number of processes do this beside each other: a reservation ends once, units are given once, and folded figures have the same sums.
"""

from uuid import UUID

from core.identity import RunContext
from core.log import get_logger
from server.setup import keeper
from server.wiring import Runtime
from server.worker.pace import look_again
from store import outbox
from store.queries import backorders, figures, products, stock_holds
from store.unit import Units
from tools.executor import Executor
from tools.result import Outcome

_log = get_logger(__name__)
_POLL_SECONDS = 20.0
_SERVED = 50
"""Orders that are served in one look; the next look goes on."""


class Stockkeeping:
    """Looks after the stock of all stores of a database."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run_forever(self) -> None:
        """Look again and again until cancelled."""
        await look_again("stockkeeping", self.once, _POLL_SECONDS)

    async def once(self) -> tuple[int, int]:
        """Do what is due, and return how many reservations ended and how many rows of figures were saved.

        Raises:
            Unavailable: Postgres cannot be reached; what is left is found again next time.
        """
        tenants = [row["tenant_id"] for row in await self._runtime.units.call("list_tenants")]
        ended = [await self._expire(tenant) for tenant in tenants]
        for tenant in tenants:
            await serve_waiting(self._runtime.units, self._runtime.executor, tenant)
        saved = [await self._fold(tenant) for tenant in tenants]
        return sum(ended), sum(saved)

    async def _expire(self, tenant: UUID) -> int:
        async with self._runtime.units.write(keeper(tenant)) as tx:
            holds = await stock_holds.expire(tx)
            for hold in holds:
                sku = await products.sku_of(tx, hold.variant_id)
                tx.emit("stock.reservation_expired", reservation=hold.number, sku=sku, quantity=hold.quantity)
                await outbox.flush(tx, f"expired:{hold.id}")
        return len(holds)

    async def _fold(self, tenant: UUID) -> int:
        async with self._runtime.units.write(keeper(tenant)) as tx:
            return await figures.fold(tx)


async def serve_waiting(units: Units, executor: Executor, tenant: UUID) -> int:
    """Allocate the orders whose units have arrived, who waited longest first, and return how many there were.

    The call is keyed by what waits and what is there: an order that cannot be allocated now is tried again when either has changed.
    """
    who = keeper(tenant)
    async with units.read(who) as tx:
        found = await backorders.arrived(tx, _SERVED)
    for each in found:
        ctx = RunContext(who, idempotency_key=f"arrived:{each.order}:{each.state}")
        result = await executor.execute(ctx, "allocate_order", {"order": each.order})
        if result.status is not Outcome.OK and not result.replayed:
            _log.info("what arrived waits", order=each.order, reason=result.text[:200])
    return len(found)
