"""Write the demo shop through a connection that row security binds."""

from collections.abc import Callable, Iterable
from functools import cache

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.seed.model import Batch
from store.tables import metadata

_ROWS_A_STATEMENT = 1000
_BIND = text(
    "SELECT set_config('app.tenant_id', :tenant, true), set_config('app.customer_id', '', true), set_config('enable_seqscan', 'off', true)"
)
"""The triggers' plans are made while the tables are empty and kept: they must not scan what they are about to fill."""


async def load(connection: AsyncConnection, batches: Iterable[Batch], progress: Callable[[str, int, int], None]) -> int:
    """Insert all batches in the connection's transaction, which the caller commits, and return the number of rows.

    `progress` is told the table, the rows of it in this batch, and all rows so far. COPY is not allowed under row security.
    """
    total, tenant = 0, None
    for batch in batches:
        if batch.tenant_id != tenant:
            tenant = batch.tenant_id
            await connection.execute(_BIND, {"tenant": str(tenant)})
        for start in range(0, len(batch.rows), _ROWS_A_STATEMENT):
            rows = batch.rows[start : start + _ROWS_A_STATEMENT]
            await connection.exec_driver_sql(_statement(batch.table, tuple(rows[0])), (orjson.dumps(rows).decode(),))
        total += len(batch.rows)
        progress(batch.table, len(batch.rows), total)
    return total


@cache
def _statement(table: str, columns: tuple[str, ...]) -> str:
    """Return an insert of many rows as one parameter: one statement costs the triggers of one."""
    named = ", ".join(metadata.tables[table].columns[name].name for name in columns)
    return f"INSERT INTO {table} ({named}) SELECT {named} FROM jsonb_populate_recordset(NULL::{table}, %s::text::jsonb)"  # noqa: S608
