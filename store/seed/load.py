"""Write the demo shop through a connection that row security binds."""

from collections.abc import Callable, Iterable

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.seed.model import Batch
from store.tables import metadata

_ROWS_A_STATEMENT = 1000
_BIND = text("SELECT set_config('app.tenant_id', :tenant, true), set_config('app.customer_id', '', true)")


async def load(connection: AsyncConnection, batches: Iterable[Batch], progress: Callable[[str, int, int], None]) -> int:
    """Insert all batches in the connection's transaction, which the caller commits, and return the number of rows.

    `progress` is told the table, the rows of it in this batch, and all rows so far. COPY is not allowed under row security.
    """
    total, tenant = 0, None
    for batch in batches:
        if batch.tenant_id != tenant:
            tenant = batch.tenant_id
            await connection.execute(_BIND, {"tenant": str(tenant)})
        statement = insert(metadata.tables[batch.table])
        for start in range(0, len(batch.rows), _ROWS_A_STATEMENT):
            await connection.execute(statement, batch.rows[start : start + _ROWS_A_STATEMENT])
        total += len(batch.rows)
        progress(batch.table, len(batch.rows), total)
    return total
