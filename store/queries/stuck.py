"""Orders that do not move: on hold, paid and not shipped, shipped and silent, or unpaid for too long."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from store.unit import ReadTx

_STUCK = """
    WITH stuck AS (
      SELECT o.*, 'held' AS kind, coalesce(held.at, o.placed_at) AS since
      FROM orders o LEFT JOIN LATERAL (
        SELECT max(e.at) AS at FROM order_events e
        WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.kind = 'order.held') held ON true
      WHERE o.tenant_id = :tenant AND o.status IN ('pending', 'confirmed', 'processing') AND o.on_hold
        AND coalesce(held.at, o.placed_at) < :held_before
      UNION ALL
      SELECT o.*, 'unshipped', o.placed_at FROM orders o
      WHERE o.tenant_id = :tenant AND o.status IN ('pending', 'confirmed', 'processing') AND NOT o.on_hold
        AND o.payment_status IN ('authorized', 'paid', 'partially_refunded') AND o.placed_at < :paid_before
      UNION ALL
      SELECT o.*, 'unpaid', o.placed_at FROM orders o
      WHERE o.tenant_id = :tenant AND o.status IN ('pending', 'confirmed', 'processing') AND NOT o.on_hold
        AND o.payment_status IN ('pending', 'failed') AND o.placed_at < :unpaid_before
      UNION ALL
      SELECT o.*, 'silent', heard.at
      FROM orders o JOIN LATERAL (
        SELECT max(coalesce(e.at, s.shipped_at)) AS at FROM shipments s
        LEFT JOIN tracking_events e ON e.tenant_id = s.tenant_id AND e.shipment_id = s.id
        WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id AND s.status NOT IN ('delivered', 'returned', 'failed')) heard ON true
      WHERE o.tenant_id = :tenant AND o.status = 'shipped' AND heard.at < :silent_before)
"""
_TOTALS = text(f"{_STUCK} SELECT kind, count(*) AS orders FROM stuck GROUP BY kind")
_OLDEST = text(
    f"{_STUCK} SELECT s.number, s.kind, s.since, s.payment_status, s.total_minor, s.currency, s.hold_reason, c.name AS customer "  # noqa: S608
    "FROM stuck s JOIN customers c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id ORDER BY s.since, s.number LIMIT :limit"
)


class Deadlines(NamedTuple):
    """An order that has stood in its state since before these instants is stuck."""

    held_before: datetime
    paid_before: datetime
    silent_before: datetime
    unpaid_before: datetime


class StuckRow(NamedTuple):
    """An order that is stuck since an instant."""

    order: str
    kind: str
    since: datetime
    payment_status: str
    total_minor: int
    currency: str
    hold_reason: str | None
    customer: str


async def find(tx: ReadTx, deadlines: Deadlines, limit: int) -> tuple[dict[str, int], list[StuckRow]]:
    """Return how many orders are stuck by kind, and the `limit` that are stuck for longest."""
    values = {"tenant": tx.tenant_id, **deadlines._asdict()}
    totals = {row.kind: int(row.orders) for row in await tx.session.execute(_TOTALS, values)}
    rows = await tx.session.execute(_OLDEST, {**values, "limit": limit}) if totals else ()
    return totals, [StuckRow(*row) for row in rows]
