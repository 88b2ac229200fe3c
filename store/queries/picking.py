"""Pick lists with their lines."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.fulfilment import LIVE_PICKS, PickStatus
from store.tables.fulfilment import PickLine, PickList
from store.unit import ReadTx, Tx

_FIND = text(
    """
    SELECT p.number, p.status, p.created_at, p.weight_grams, p.parcels, o.number AS order, w.code AS warehouse, w.name AS warehouse_name,
           o.on_hold, count(*) OVER ()::int AS total, units.wanted, units.picked, units.items
    FROM pick_lists p JOIN orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
    JOIN warehouses w ON w.tenant_id = p.tenant_id AND w.id = p.warehouse_id
    JOIN LATERAL (
      SELECT sum(i.quantity)::int AS wanted, sum(i.picked)::int AS picked,
             array_agg(i.quantity || ' x ' || l.title ORDER BY l.title) AS items
      FROM pick_lines i JOIN order_lines l ON l.tenant_id = i.tenant_id AND l.id = i.order_line_id
      WHERE i.tenant_id = p.tenant_id AND i.pick_list_id = p.id) units ON true
    WHERE p.tenant_id = :tenant AND p.status = ANY(:statuses)
      AND (cast(:order AS text) IS NULL OR o.number = :order) AND (cast(:warehouse AS uuid) IS NULL OR p.warehouse_id = :warehouse)
    ORDER BY p.created_at, p.number LIMIT :limit
    """
)
_LINES = text(
    """
    SELECT i.id, i.order_line_id AS line_id, l.variant_id, l.sku, l.title, l.category, i.quantity, i.picked, v.weight_grams
    FROM pick_lines i JOIN order_lines l ON l.tenant_id = i.tenant_id AND l.id = i.order_line_id
    JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
    WHERE i.tenant_id = :tenant AND i.pick_list_id = :list ORDER BY l.variant_id, i.id
    """
)
_PICK = text("UPDATE pick_lines SET picked = :picked WHERE tenant_id = :tenant AND id = :line")
_CALL_OFF = text(
    "UPDATE pick_lists SET status = 'cancelled' WHERE tenant_id = :tenant AND order_id = :order AND status IN ('open', 'picked', 'packed')"
)


class ListedPick(NamedTuple):
    """A pick list with its order, its warehouse and its units."""

    number: str
    status: str
    created_at: datetime
    weight_grams: int
    parcels: int
    order: str
    warehouse: str
    warehouse_name: str
    on_hold: bool
    total: int
    wanted: int
    picked: int
    items: list[str]


class LineToPick(NamedTuple):
    """Units of an order line on a pick list."""

    id: UUID
    line_id: UUID
    variant_id: UUID
    sku: str
    title: str
    category: str
    quantity: int
    picked: int
    weight_grams: int
    """Of one unit."""


async def find(
    tx: ReadTx, statuses: Sequence[PickStatus], *, order: str | None = None, warehouse_id: UUID | None = None, limit: int
) -> tuple[int, list[ListedPick]]:
    """Return how many lists match and the `limit` oldest of them."""
    values = {"tenant": tx.tenant_id, "statuses": [*statuses], "order": order, "warehouse": warehouse_id, "limit": limit}
    rows = [ListedPick(*row) for row in await tx.connection.execute(_FIND, values)]
    return (rows[0].total if rows else 0), rows


async def live(tx: Tx, order_id: UUID) -> Sequence[PickList]:
    """Return the lists of an order whose units have not left, oldest first, locked after the order."""
    query = (
        select(PickList)
        .where(col(PickList.tenant_id) == tx.tenant_id, col(PickList.order_id) == order_id, col(PickList.status).in_(LIVE_PICKS))
        .order_by(col(PickList.created_at), col(PickList.number))
    )
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).all()


async def by_id(tx: Tx, list_id: UUID) -> PickList:
    """Return the list that a shipment was packed from, locked."""
    query = select(PickList).where(col(PickList.tenant_id) == tx.tenant_id, col(PickList.id) == list_id)
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).one()


async def lines(tx: ReadTx, list_id: UUID) -> list[LineToPick]:
    """Return what is on a list, in the lock order of stock."""
    rows = await tx.connection.execute(_LINES, {"tenant": tx.tenant_id, "list": list_id})
    return [LineToPick(*row) for row in rows]


async def add(tx: Tx, picks: PickList, units: Sequence[tuple[UUID, int]]) -> None:
    """Insert a list with units of order lines."""
    tx.add(picks)
    await tx.session.flush()
    for line_id, quantity in units:
        tx.add(PickLine(tenant_id=tx.tenant_id, pick_list_id=picks.id, order_line_id=line_id, quantity=quantity))
    await tx.session.flush()


async def found(tx: Tx, line_id: UUID, picked: int) -> None:
    """Record how many units of a line were found."""
    await tx.connection.execute(_PICK, {"tenant": tx.tenant_id, "line": line_id, "picked": picked})


async def call_off(tx: Tx, order_id: UUID) -> None:
    """Cancel the lists of an order that will not be sent."""
    await tx.connection.execute(_CALL_OFF, {"tenant": tx.tenant_id, "order": order_id})
