"""Units that ran out after the order: what could be sent instead, when more arrive, and who waits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.fulfilment import BackorderStatus
from store.queries.products import titled
from store.tables.fulfilment import Backorder
from store.unit import ReadTx, Tx

_SUBSTITUTES = text(
    """
    SELECT v.id, v.sku, p.name, v.options, c.slug AS category, v.price_minor, v.cost_minor, stock.available,
           v.product_id = own.product_id AS same_product
    FROM variants own JOIN products q ON q.tenant_id = own.tenant_id AND q.id = own.product_id
    JOIN products p ON p.tenant_id = q.tenant_id AND p.category_id = q.category_id AND p.active
    JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
    JOIN variants v ON v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.id <> own.id AND v.currency = own.currency
    JOIN LATERAL (SELECT coalesce(sum(s.on_hand - s.reserved), 0)::int AS available FROM stock_levels s
                  WHERE s.tenant_id = v.tenant_id AND s.variant_id = v.id) stock ON stock.available >= :units
    WHERE own.tenant_id = :tenant AND own.id = :variant AND v.price_minor BETWEEN :least AND :most
    ORDER BY same_product DESC, abs(v.price_minor - :price), v.sku LIMIT :limit
    """
)
_ARRIVALS = text("SELECT purchase_order_id, expected_at, free FROM expected_arrivals(:variants) ORDER BY expected_at, purchase_order_id")
_WAITING = text(
    """
    SELECT o.number AS order, c.name AS customer, l.sku, l.title, b.quantity, b.created_at, b.expected_at,
           coalesce((SELECT sum(s.on_hand - s.reserved) FROM stock_levels s
                     WHERE s.tenant_id = b.tenant_id AND s.variant_id = b.variant_id), 0)::int AS available,
           count(*) OVER ()::int AS total
    FROM backorders b JOIN order_lines l ON l.tenant_id = b.tenant_id AND l.id = b.order_line_id
    JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
    JOIN customers c ON c.tenant_id = o.tenant_id AND c.id = o.customer_id
    WHERE b.tenant_id = :tenant AND b.status = 'waiting'
      AND (cast(:variants AS uuid[]) IS NULL OR b.variant_id = ANY(cast(:variants AS uuid[])))
    ORDER BY b.created_at, b.id LIMIT :limit
    """
)
_ARRIVED = text(
    """
    SELECT o.number, sum(least(b.quantity, free.units))::int AS units,
      md5(string_agg(concat_ws(':', b.id, b.quantity, free.units), ',' ORDER BY b.id)) AS state
    FROM backorders b JOIN order_lines l ON l.tenant_id = b.tenant_id AND l.id = b.order_line_id
    JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
    JOIN LATERAL (SELECT coalesce(sum(s.on_hand - s.reserved), 0) AS units FROM stock_levels s
                  WHERE s.tenant_id = b.tenant_id AND s.variant_id = b.variant_id) free ON free.units > 0
    WHERE b.tenant_id = :tenant AND b.status = 'waiting' AND NOT o.on_hold AND o.status IN ('confirmed', 'processing', 'shipped')
    GROUP BY o.id, o.number ORDER BY min(b.created_at), o.id LIMIT :limit
    """
)
_LOCK = text("SELECT 1 FROM variants WHERE tenant_id = :tenant AND id = :variant FOR UPDATE")


class Substitute(NamedTuple):
    """A variant in stock that could be sent instead of another."""

    id: UUID
    sku: str
    title: str
    category: str
    price_minor: int
    cost_minor: int
    available: int
    same_product: bool


class Arrival(NamedTuple):
    """Units on their way from a supplier that nobody waits for."""

    purchase_order_id: UUID
    expected_at: datetime
    free: int


class Arrived(NamedTuple):
    """An order that waits for units which are there now; `state` is the same as long as neither changes."""

    order: str
    units: int
    state: str


class WaitingRow(NamedTuple):
    """Units that a customer waits for, with what is available of them now."""

    order: str
    customer: str
    sku: str
    title: str
    quantity: int
    created_at: datetime
    expected_at: datetime
    available: int
    total: int


async def substitutes(tx: ReadTx, variant_id: UUID, units: int, price: int, tolerance_percent: int, limit: int) -> list[Substitute]:
    """Return what is in stock instead of a variant: its own product first, then its category, the nearest price first."""
    tolerance = price * tolerance_percent // 100
    values = {"units": units, "price": price, "least": price - tolerance, "most": price + tolerance, "limit": limit}
    rows = await tx.connection.execute(_SUBSTITUTES, {"tenant": tx.tenant_id, "variant": variant_id, **values})
    return [_substitute(row) for row in rows]


async def arrival(tx: ReadTx, variant_id: UUID, units: int) -> Arrival | None:
    """Return the first delivery of a supplier that has so many units to spare."""
    rows = await tx.connection.execute(_ARRIVALS, {"variants": [variant_id]})
    return next((Arrival(*row) for row in rows if row.free >= units), None)


async def waiting(tx: ReadTx, variants: Sequence[UUID] | None, limit: int) -> tuple[int, list[WaitingRow]]:
    """Return how many wait (for some variants), and the `limit` that wait for longest."""
    values = {"tenant": tx.tenant_id, "variants": list(variants) if variants is not None else None, "limit": limit}
    rows = [WaitingRow(*row) for row in await tx.connection.execute(_WAITING, values)]
    return (rows[0].total if rows else 0), rows


async def arrived(tx: ReadTx, limit: int) -> list[Arrived]:
    """Return orders whose customers wait for what is there now, who waited longest first."""
    return [Arrived(*row) for row in await tx.connection.execute(_ARRIVED, {"tenant": tx.tenant_id, "limit": limit})]


async def lock_variant(tx: Tx, variant_id: UUID) -> None:
    """Keep two customers from waiting for the same units of a delivery."""
    await tx.connection.execute(_LOCK, {"tenant": tx.tenant_id, "variant": variant_id})


async def fill(tx: Tx, line_id: UUID, units: int) -> int:
    """Mark so many waiting units of a line as come, the longest waiting first, and return what is charged for them in minor units."""
    query = (
        select(Backorder)
        .where(col(Backorder.tenant_id) == tx.tenant_id, col(Backorder.order_line_id) == line_id)
        .where(col(Backorder.status) == BackorderStatus.WAITING)
        .order_by(col(Backorder.created_at), col(Backorder.id))
    )
    left, charge = units, 0
    for row in (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).all():
        come = min(row.quantity, left)
        if not come:
            break
        left -= come
        due = row.charge_minor * come // row.quantity
        charge += due
        if come < row.quantity:
            rest = row.model_dump(exclude={"id", "quantity", "charge_minor"})
            tx.add(Backorder(**rest, quantity=row.quantity - come, charge_minor=row.charge_minor - due))
        row.quantity, row.charge_minor = come, due
        row.status, row.filled_at = BackorderStatus.FILLED, tx.now
        tx.session.add(row)
    await tx.session.flush()
    return charge


async def call_off(tx: Tx, line_ids: Sequence[UUID]) -> None:
    """End the waiting for lines of an order that will not be sent."""
    query = select(Backorder).where(
        col(Backorder.tenant_id) == tx.tenant_id,
        col(Backorder.order_line_id).in_(line_ids),
        col(Backorder.status) == BackorderStatus.WAITING,
    )
    for row in (await tx.session.exec(query.with_for_update())).all():
        row.status = BackorderStatus.CANCELLED
        tx.session.add(row)


def _substitute(row: Any) -> Substitute:
    return Substitute(
        row.id,
        row.sku,
        titled(row.name, row.options),
        row.category,
        row.price_minor,
        row.cost_minor,
        row.available,
        row.same_product,
    )
