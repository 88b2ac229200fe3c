"""Moves units of an order line, with what is reserved for them, to another order."""

from uuid import UUID

from sqlalchemy import text

from core.ids import new_id
from store.unit import Tx

_WHOLE = text("UPDATE order_lines SET order_id = :order WHERE tenant_id = :tenant AND id = :line AND quantity = :units RETURNING id")
_PART = text("UPDATE order_lines SET quantity = quantity - :units WHERE tenant_id = :tenant AND id = :line")
_COPY = text(
    "INSERT INTO order_lines "
    "(tenant_id, id, order_id, variant_id, sku, title, category, quantity, unit_price_minor, unit_cost_minor, shipped) "
    "SELECT tenant_id, :id, :order, variant_id, sku, title, category, :units, unit_price_minor, unit_cost_minor, 0 "
    "FROM order_lines WHERE tenant_id = :tenant AND id = :line"
)
_HELD = text(
    "SELECT id, quantity FROM reservations WHERE tenant_id = :tenant AND order_line_id = :line AND status = 'active' ORDER BY id FOR UPDATE"
)
_GIVE = text("UPDATE reservations SET order_line_id = :new WHERE tenant_id = :tenant AND id = :id")
_LESS = text("UPDATE reservations SET quantity = quantity - :units WHERE tenant_id = :tenant AND id = :id")
_SHARE = text(
    "INSERT INTO reservations (tenant_id, id, order_line_id, variant_id, warehouse_id, quantity, status, created_at, expires_at) "
    "SELECT tenant_id, :new_id, :new, variant_id, warehouse_id, :units, status, created_at, expires_at "
    "FROM reservations WHERE tenant_id = :tenant AND id = :id"
)
_LOWER = text(
    "UPDATE payments SET authorized_minor = least(authorized_minor, cast(:total AS bigint)) WHERE tenant_id = :tenant AND order_id = :order"
)


async def move(tx: Tx, line_id: UUID, order_id: UUID, units: int) -> None:
    """Move `units` of a line of a locked order to another order; stock stays reserved as it is."""
    about = {"tenant": tx.tenant_id, "line": line_id, "order": order_id, "units": units}
    if (await tx.connection.execute(_WHOLE, about)).first() is not None:
        return
    new = new_id()
    await tx.connection.execute(_COPY, {**about, "id": new})
    await tx.connection.execute(_PART, about)
    left = units
    for row in (await tx.connection.execute(_HELD, about)).all():
        part = min(left, row.quantity)
        values = {"tenant": tx.tenant_id, "id": row.id, "new": new, "units": part, "new_id": new_id()}
        if part == row.quantity:
            await tx.connection.execute(_GIVE, values)
        elif part:
            await tx.connection.execute(_SHARE, values)
            await tx.connection.execute(_LESS, values)
        left -= part


async def lower_authorized(tx: Tx, order_id: UUID, total_minor: int) -> None:
    """Give up what is authorized for an order beyond its total; the provider lets it lapse."""
    await tx.connection.execute(_LOWER, {"tenant": tx.tenant_id, "order": order_id, "total": total_minor})
