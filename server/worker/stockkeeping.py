"""Stockkeeping: what was kept aside too long is free again, and the figures of busy days are added up.

Any number of processes do this beside each other: a reservation ends once, and folded figures have the same sums.
"""

import asyncio
from uuid import UUID

from core.errors import StorehandError
from core.log import get_logger
from server.setup import keeper
from server.wiring import Runtime
from store import outbox
from store.queries import figures, products, stock_holds

_log = get_logger(__name__)
_POLL_SECONDS = 20.0


class Stockkeeping:
    """Looks after the stock of all stores of a database."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run_forever(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await self.once()
            except StorehandError as error:
                _log.warning("stockkeeping waits", error=error.message)
            await asyncio.sleep(_POLL_SECONDS)

    async def once(self) -> tuple[int, int]:
        """Do what is due, and return how many reservations ended and how many rows of figures were saved.

        Raises:
            Unavailable: Postgres cannot be reached; what is left is found again next time.
        """
        tenants = [row["tenant_id"] for row in await self._runtime.units.call("list_tenants")]
        ended = [await self._expire(tenant) for tenant in tenants]
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
