"""Stock for imported orders that are still to be sent: held like any other order's; what is missing puts the order on hold."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from core.ids import new_id
from store.queries import stock
from store.unit import Tx

_LINES = text(
    "SELECT l.id, l.order_id, l.variant_id, l.sku, l.quantity FROM order_lines l "
    "JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id "
    "WHERE l.tenant_id = :tenant AND l.order_id = ANY(:orders) AND o.status IN ('pending', 'confirmed') "
    "ORDER BY o.placed_at, o.id, l.id"
)
_RESERVE = text(
    "INSERT INTO reservations (tenant_id, id, order_line_id, variant_id, warehouse_id, quantity, status, created_at) "
    "SELECT :tenant, r.id, r.line, r.variant, r.warehouse, r.units, 'active', :now "
    "FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS r(id uuid, line uuid, variant uuid, warehouse uuid, units int)"
)
_HELD = text("UPDATE orders SET on_hold = true, hold_reason = :reason WHERE tenant_id = :tenant AND id = :order")
_NOTE = text(
    "INSERT INTO order_events (tenant_id, id, order_id, kind, text, actor, at) "
    "VALUES (:tenant, :id, :order, 'order.held', :reason, 'import', :now)"
)
_ENDED = text(
    "SELECT DISTINCT r.variant_id FROM reservations r JOIN order_lines l ON l.tenant_id = r.tenant_id AND l.id = r.order_line_id "
    "JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id WHERE r.tenant_id = :tenant AND r.status = 'active' "
    "AND o.channel = :channel AND o.external_id = ANY(:numbers) AND o.status IN ('cancelled', 'delivered', 'returned')"
)
_FREE = text(
    """
    WITH freed AS (
      UPDATE reservations r SET status = 'released' FROM order_lines l
      JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
      WHERE l.tenant_id = r.tenant_id AND l.id = r.order_line_id AND r.tenant_id = :tenant AND r.status = 'active'
        AND o.channel = :channel AND o.external_id = ANY(:numbers) AND o.status IN ('cancelled', 'delivered', 'returned')
      RETURNING r.variant_id, r.warehouse_id, r.quantity),
    sums AS (SELECT variant_id, warehouse_id, sum(quantity) AS units FROM freed GROUP BY variant_id, warehouse_id)
    UPDATE stock_levels s SET reserved = s.reserved - sums.units FROM sums
    WHERE s.tenant_id = :tenant AND s.variant_id = sums.variant_id AND s.warehouse_id = sums.warehouse_id
    """
)


async def hold(tx: Tx, order_ids: Sequence[str]) -> None:
    """Reserve what the open ones among some fresh orders need, the oldest first; one that lacks units waits for a person."""
    lines = (await tx.connection.execute(_LINES, {"tenant": tx.tenant_id, "orders": list(order_ids)})).all()
    levels = await stock.levels(tx, {line.variant_id for line in lines}, lock=True)
    taken: dict[tuple[UUID, UUID], int] = defaultdict(int)
    rows: list[dict[str, Any]] = []
    short: dict[UUID, list[str]] = defaultdict(list)
    for line in lines:
        left = line.quantity
        for level in sorted((each for each in levels if each.variant_id == line.variant_id), key=lambda each: -each.available):
            if (units := min(level.available, left)) <= 0:
                continue
            level.reserved += units
            left -= units
            taken[level.variant_id, level.warehouse_id] += units
            rows.append(
                {
                    "id": new_id(),
                    "line": line.id,
                    "variant": line.variant_id,
                    "warehouse": level.warehouse_id,
                    "units": units,
                }
            )
        if left:
            short[line.order_id].append(f"{left} of {line.sku}")
    for (variant, warehouse), units in taken.items():
        await stock.change(tx, variant, warehouse, reserved=units)
    about = {"tenant": tx.tenant_id, "now": tx.now}
    if rows:
        await tx.connection.execute(_RESERVE, {**about, "rows": json.dumps(rows, default=str)})
    for order, missing in short.items():
        told = {"tenant": tx.tenant_id, "order": order, "reason": f"Not in stock: {', '.join(missing)}"[:200]}
        await tx.connection.execute(_HELD, told)
        await tx.connection.execute(_NOTE, {**told, "id": new_id(), "now": tx.now})


async def free(tx: Tx, channel: str, numbers: Sequence[str]) -> None:
    """Free what is still held for orders that ended elsewhere, by their numbers there."""
    about = {"tenant": tx.tenant_id, "channel": channel, "numbers": list(numbers)}
    variants = [row.variant_id for row in await tx.connection.execute(_ENDED, about)]
    if variants:
        await stock.levels(tx, variants, lock=True)
        await tx.connection.execute(_FREE, about)
