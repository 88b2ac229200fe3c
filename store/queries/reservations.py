"""Stock that is held for orders, and its release."""

from uuid import UUID

from sqlalchemy import text

from store.unit import ReadTx, Tx

_ACTIVE = (
    "FROM reservations r JOIN order_lines l ON l.tenant_id = r.tenant_id AND l.id = r.order_line_id "
    "WHERE r.tenant_id = :tenant AND l.order_id = :order AND r.status = 'active'"
)
_UNITS = text(f"SELECT coalesce(sum(r.quantity), 0) {_ACTIVE}")
_LOCK = text(
    "SELECT 1 FROM stock_levels s WHERE s.tenant_id = :tenant "
    f"AND (s.variant_id, s.warehouse_id) IN (SELECT r.variant_id, r.warehouse_id {_ACTIVE}) "
    "ORDER BY s.variant_id, s.warehouse_id FOR UPDATE"
)
_RELEASE = text(
    """
    WITH freed AS (
      UPDATE reservations r SET status = 'released' FROM order_lines l
      WHERE l.tenant_id = r.tenant_id AND l.id = r.order_line_id
        AND r.tenant_id = :tenant AND l.order_id = :order AND r.status = 'active'
      RETURNING r.variant_id, r.warehouse_id, r.quantity),
    sums AS (SELECT variant_id, warehouse_id, sum(quantity) AS units FROM freed GROUP BY variant_id, warehouse_id),
    levels AS (
      UPDATE stock_levels s SET reserved = s.reserved - sums.units FROM sums
      WHERE s.tenant_id = :tenant AND s.variant_id = sums.variant_id AND s.warehouse_id = sums.warehouse_id RETURNING 1)
    SELECT coalesce(sum(units), 0) FROM sums
    """
)


async def held_units(tx: ReadTx, order_id: UUID) -> int:
    """Return how many units are held for an order."""
    return int((await tx.connection.execute(_UNITS, {"tenant": tx.tenant_id, "order": order_id})).scalar_one())


async def release(tx: Tx, order_id: UUID) -> int:
    """Free everything that is held for an order, once, and return the units. Lock order and payments first."""
    values = {"tenant": tx.tenant_id, "order": order_id}
    await tx.connection.execute(_LOCK, values)
    return int((await tx.connection.execute(_RELEASE, values)).scalar_one())
