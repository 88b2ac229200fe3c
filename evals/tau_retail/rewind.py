"""Units of work on one connection that can be taken back as a whole, so that each row starts from the loaded state at once.

A unit is a savepoint of one outer transaction: it sees what earlier units of the row wrote, and its failure takes back only itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.clock import Clock, system_clock
from core.identity import Principal
from store.unit import ReadTx, Tx, Units

_BIND = "SELECT set_config('app.tenant_id', %s, true), set_config('app.customer_id', %s, true)"


class _Nested(Tx):
    """A transaction inside the row's; its end is the end of its savepoint."""

    async def commit(self) -> None:
        """Keep what was written for the rest of the row."""
        await self.run("RELEASE SAVEPOINT unit")


class RewindableUnits(Units):
    """Opens every unit on the one connection of the current row."""

    def __init__(self, engine: AsyncEngine, connection: AsyncConnection, clock: Clock = system_clock) -> None:
        super().__init__(engine, clock)
        self.connection = connection

    @classmethod
    @asynccontextmanager
    async def opened(cls, engine: AsyncEngine) -> AsyncIterator["RewindableUnits"]:
        """Hold one connection for the block; nothing of it is kept."""
        async with engine.connect() as connection, connection.begin():
            units = cls(engine, connection)
            await units.start()
            yield units
            await units.rewind()

    async def start(self) -> None:
        """Begin a row: what follows can be taken back to here."""
        await self.connection.exec_driver_sql("SAVEPOINT loaded")

    async def rewind(self) -> None:
        """Take back everything since the last start."""
        await self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT loaded")

    @asynccontextmanager
    async def read(self, principal: Principal) -> AsyncIterator[ReadTx]:
        """Open a unit that reads."""
        async with self._unit(principal) as tx:
            yield tx

    @asynccontextmanager
    async def write(self, principal: Principal, *, relaxed: bool = False) -> AsyncIterator[Tx]:
        """Open a unit that writes."""
        async with self._unit(principal) as tx:
            yield tx

    @asynccontextmanager
    async def _unit(self, principal: Principal) -> AsyncIterator[_Nested]:
        tx = _Nested(self.connection, principal, self.clock())
        await tx.run("SAVEPOINT unit")
        await tx.run(_BIND, (str(principal.tenant_id), str(principal.customer_id or "")))
        try:
            yield tx
            if tx.dirty:
                await tx.session.flush()
            await tx.commit()
        except BaseException:
            await tx.run("ROLLBACK TO SAVEPOINT unit")
            raise
        finally:
            await tx.close()
