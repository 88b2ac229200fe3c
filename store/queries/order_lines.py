"""What became of each line of an order: delivered, on its way back, paid back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from store.tables.orders import Order
from store.unit import ReadTx

LINES = """
SELECT l.id, l.variant_id, l.sku, l.title, l.category, l.quantity, l.unit_price_minor,
       coalesce(sent.units, 0) AS sent, coalesce(sent.delivered, 0) AS delivered, sent.delivered_at,
       coalesce(back.units, 0) AS returning, coalesce(paid.minor, 0) AS refunded_minor
FROM order_lines l
LEFT JOIN LATERAL (
  SELECT sum(i.quantity) AS units, sum(i.quantity) FILTER (WHERE s.status = 'delivered') AS delivered,
         max(s.delivered_at) FILTER (WHERE s.status = 'delivered') AS delivered_at
  FROM shipment_lines i JOIN shipments s ON s.tenant_id = i.tenant_id AND s.id = i.shipment_id
  WHERE i.tenant_id = l.tenant_id AND i.order_line_id = l.id) sent ON true
LEFT JOIN LATERAL (
  SELECT sum(i.quantity) AS units FROM return_lines i JOIN returns r ON r.tenant_id = i.tenant_id AND r.id = i.return_id
  WHERE i.tenant_id = l.tenant_id AND i.order_line_id = l.id AND r.status NOT IN ('rejected', 'cancelled')) back ON true
LEFT JOIN LATERAL (
  SELECT sum(f.amount_minor) AS minor FROM refund_lines f
  JOIN payment_transactions t ON t.tenant_id = f.tenant_id AND t.id = f.transaction_id
  WHERE f.tenant_id = l.tenant_id AND f.order_line_id = l.id AND t.state IN ('pending', 'succeeded')) paid ON true
WHERE l.tenant_id = {tenant} AND l.order_id = {order} ORDER BY l.title, l.id
"""
"""The lines of the order `{order}` of the store `{tenant}`, by title, with what became of each."""
_STATES = text(LINES.format(tenant=":tenant", order=":order"))


@dataclass(frozen=True, slots=True)
class LineRow:
    """A row of `LINES`."""

    id: UUID
    variant_id: UUID
    sku: str
    title: str
    category: str
    quantity: int
    unit_price_minor: int
    sent: int
    delivered: int
    delivered_at: datetime | None
    returning: int
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class LineState:
    """An order line and what became of its units and its money."""

    id: UUID
    variant_id: UUID
    sku: str
    title: str
    category: str
    quantity: int
    unit_price_minor: int
    delivered: int
    """Units that arrived."""
    delivered_at: datetime | None
    """When the last of them arrived."""
    returning: int
    """Units that came back or are on their way back."""
    refunded_minor: int

    @property
    def returnable(self) -> int:
        """Units delivered and neither returned nor being returned."""
        return max(self.delivered - self.returning, 0)


async def states(tx: ReadTx, order: Order) -> list[LineState]:
    """Return the lines of an order, by title."""
    rows = (await tx.connection.execute(_STATES, {"tenant": tx.tenant_id, "order": order.id})).all()
    return states_of([LineRow(*row) for row in rows], order.delivered_at)


def states_of(rows: Sequence[LineRow], arrived_at: datetime | None) -> list[LineState]:
    """Return lines with what became of them. An order that arrived without any parcel on record arrived whole."""
    whole = arrived_at is not None and not any(row.sent for row in rows)
    return [
        LineState(
            id=row.id,
            variant_id=row.variant_id,
            sku=row.sku,
            title=row.title,
            category=row.category,
            quantity=row.quantity,
            unit_price_minor=row.unit_price_minor,
            delivered=row.quantity if whole else int(row.delivered),
            delivered_at=arrived_at if whole else row.delivered_at,
            returning=int(row.returning),
            refunded_minor=int(row.refunded_minor),
        )
        for row in rows
    ]
