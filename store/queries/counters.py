"""Series of numbers that people say, such as R-1007: unique in a tenant, given out once each."""

from sqlalchemy import text

from store.unit import Tx

_TAKE = text(
    "INSERT INTO counters (tenant_id, series, last) VALUES (:tenant, :series, :first) "
    "ON CONFLICT (tenant_id, series) DO UPDATE SET last = counters.last + 1 RETURNING last"
)
_FIRST = 1001


async def take(tx: Tx, series: str) -> int:
    """Return the next number of `series` (order, return, ticket, purchase_order).

    The series is locked until the commit: take a number after every other lock.
    """
    values = {"tenant": tx.tenant_id, "series": series, "first": _FIRST}
    return int((await tx.connection.execute(_TAKE, values)).scalar_one())
