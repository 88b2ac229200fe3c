"""Orders that do not move: on hold, paid and not shipped, shipped and silent, or unpaid for too long."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from store.unit import ReadTx

_FIND = text(
    """
    WITH waiting AS (
      SELECT o.id,
             CASE WHEN o.on_hold THEN 'held' WHEN o.payment_status IN ('pending', 'failed') THEN 'unpaid' ELSE 'unshipped' END AS kind,
             coalesce((SELECT max(e.at) FROM order_events e WHERE o.on_hold AND e.tenant_id = o.tenant_id AND e.order_id = o.id
                       AND e.kind = 'order.held'), o.placed_at) AS since
      FROM orders o
      WHERE o.tenant_id = :tenant AND o.status IN ('pending', 'confirmed', 'processing')
        AND (o.on_hold OR o.payment_status <> 'refunded')),
    quiet AS (
      SELECT s.order_id AS id, max(coalesce(heard.at, s.shipped_at)) AS since
      FROM orders o JOIN shipments s ON s.tenant_id = o.tenant_id AND s.order_id = o.id
      LEFT JOIN LATERAL (SELECT max(e.at) AS at FROM tracking_events e
                         WHERE e.tenant_id = s.tenant_id AND e.shipment_id = s.id) heard ON true
      WHERE o.tenant_id = :tenant AND o.status = 'shipped' AND s.status NOT IN ('delivered', 'returned', 'failed', 'cancelled')
      GROUP BY s.order_id),
    stuck AS MATERIALIZED (
      SELECT id, kind, since FROM waiting WHERE since < CASE kind
        WHEN 'held' THEN cast(:held_before AS timestamptz) WHEN 'unpaid' THEN cast(:unpaid_before AS timestamptz)
        ELSE cast(:paid_before AS timestamptz) END
      UNION ALL SELECT id, 'silent', since FROM quiet WHERE since < :silent_before),
    totals AS (SELECT kind, count(*) AS orders FROM stuck GROUP BY kind),
    oldest AS (SELECT * FROM stuck ORDER BY since, id LIMIT :limit)
    SELECT t.kind, t.orders, o.number, s.since, o.payment_status, o.total_minor, o.currency, o.hold_reason, c.name AS customer
    FROM totals t LEFT JOIN oldest s ON s.kind = t.kind
    LEFT JOIN orders o ON o.tenant_id = :tenant AND o.id = s.id
    LEFT JOIN customers c ON c.tenant_id = o.tenant_id AND c.id = o.customer_id ORDER BY s.since, o.number
    """
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
    rows = (await tx.connection.execute(_FIND, {**values, "limit": limit})).all()
    totals = {str(row.kind): int(row.orders) for row in rows}
    return totals, [
        StuckRow(
            order=row.number,
            kind=row.kind,
            since=row.since,
            payment_status=row.payment_status,
            total_minor=row.total_minor,
            currency=row.currency,
            hold_reason=row.hold_reason,
            customer=row.customer,
        )
        for row in rows
        if row.number is not None
    ]
