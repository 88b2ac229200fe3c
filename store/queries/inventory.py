"""Stock: what runs low, what each warehouse holds, and what is needed for a purchase or a correction."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.errors import InvalidInput
from store.queries.products import titled
from store.tables.inventory import Warehouse
from store.unit import ReadTx, Tx

_STOCK = """
    WITH stock AS (
      SELECT v.id, v.sku, v.options, v.cost_minor, v.currency, v.reorder_point, v.mean_daily_sales, p.name, p.supplier_id,
             coalesce(sum(l.on_hand - l.reserved), 0)::int AS available
      FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
      LEFT JOIN stock_levels l ON l.tenant_id = v.tenant_id AND l.variant_id = v.id
      WHERE v.tenant_id = :tenant AND p.active
      GROUP BY v.tenant_id, v.id, p.tenant_id, p.id
    )
"""
_LOW = text(
    f"""{_STOCK}
    , low AS (
      SELECT * FROM stock WHERE CASE WHEN cast(:percent AS int) = 0 THEN available <= 0 ELSE available * 100 <= reorder_point * :percent END
    )
    SELECT low.*, s.name AS supplier, s.lead_days, count(*) OVER ()::int AS total, coalesce(o.units, 0)::int AS on_order
    FROM low JOIN suppliers s ON s.tenant_id = :tenant AND s.id = low.supplier_id
    LEFT JOIN LATERAL (
      SELECT sum(po.quantity - po.received_quantity) AS units FROM purchase_orders po
      WHERE po.tenant_id = :tenant AND po.variant_id = low.id AND po.status = 'ordered'
    ) o ON true
    ORDER BY low.available::float / greatest(low.reorder_point, 1), low.mean_daily_sales DESC, low.sku LIMIT :limit
    """
)
_COUNT = text(f"{_STOCK} SELECT count(*) FROM stock WHERE available <= reorder_point")
_BY_WAREHOUSE = text(
    """
    SELECT l.variant_id, w.code, w.name, l.on_hand, l.reserved FROM stock_levels l
    JOIN warehouses w ON w.tenant_id = l.tenant_id AND w.id = l.warehouse_id
    WHERE l.tenant_id = :tenant AND l.variant_id = ANY(:variants) ORDER BY l.variant_id, w.code
    """
)
_REORDER = text(
    """
    SELECT v.id, v.reorder_point, coalesce((
      SELECT sum(po.quantity - po.received_quantity) FROM purchase_orders po
      WHERE po.tenant_id = v.tenant_id AND po.variant_id = v.id AND po.status = 'ordered'), 0)::int AS on_order
    FROM variants v WHERE v.tenant_id = :tenant AND v.id = ANY(:variants)
    """
)
_SUPPLY = text(
    """
    SELECT v.id, v.sku, p.name, v.options, v.cost_minor, v.currency, v.reorder_point, s.name AS supplier, s.lead_days, s.max_lead_days,
      coalesce((SELECT sum(l.on_hand - l.reserved) FROM stock_levels l
        WHERE l.tenant_id = v.tenant_id AND l.variant_id = v.id), 0)::int AS available,
      coalesce((SELECT sum(po.quantity - po.received_quantity) FROM purchase_orders po
        WHERE po.tenant_id = v.tenant_id AND po.variant_id = v.id AND po.status = 'ordered'), 0)::int AS on_order
    FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN suppliers s ON s.tenant_id = p.tenant_id AND s.id = p.supplier_id
    WHERE v.tenant_id = :tenant AND (cast(:variants AS uuid[]) IS NULL OR v.id = ANY(:variants))
      AND (cast(:variants AS uuid[]) IS NOT NULL OR p.active) ORDER BY v.sku
    """
)
_POINT = text(
    "UPDATE variants SET reorder_point = :point, mean_daily_sales = coalesce(cast(:mean AS float), mean_daily_sales), "
    "max_daily_sales = coalesce(cast(:peak AS float), max_daily_sales) WHERE tenant_id = :tenant AND id = :variant"
)
_LOCK = text("SELECT 1 FROM variants WHERE tenant_id = :tenant AND id = :variant FOR UPDATE")
"""A statement of its own: what is read in the statement that waits for a lock is older than the lock."""
_PURCHASE = text(
    """
    SELECT v.id, v.cost_minor, v.currency, v.reorder_point, v.mean_daily_sales, s.id AS supplier_id, s.name AS supplier, s.lead_days,
      coalesce((SELECT sum(l.on_hand - l.reserved) FROM stock_levels l
        WHERE l.tenant_id = v.tenant_id AND l.variant_id = v.id), 0)::int AS available,
      coalesce((SELECT sum(po.quantity - po.received_quantity) FROM purchase_orders po
        WHERE po.tenant_id = v.tenant_id AND po.variant_id = v.id AND po.status = 'ordered'), 0)::int AS on_order,
      (SELECT w.id FROM warehouses w WHERE w.tenant_id = v.tenant_id ORDER BY w.capacity_units DESC, w.code LIMIT 1) AS warehouse_id
    FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN suppliers s ON s.tenant_id = p.tenant_id AND s.id = p.supplier_id
    WHERE v.tenant_id = :tenant AND v.id = :variant
    """
)


@dataclass(frozen=True, slots=True)
class LowRow:
    """A variant at or below its reorder point."""

    sku: str
    title: str
    available: int
    reorder_point: int
    mean_daily_sales: float
    on_order: int
    supplier: str
    lead_days: int
    cost_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class LevelRow:
    """What one warehouse holds of a variant."""

    variant_id: UUID
    code: str
    name: str
    on_hand: int
    reserved: int


@dataclass(frozen=True, slots=True)
class SupplyRow:
    """What a variant costs, who supplies it and how fast, and how much of it there is."""

    id: UUID
    sku: str
    title: str
    cost_minor: int
    currency: str
    reorder_point: int
    supplier: str
    lead_days: int
    max_lead_days: int
    available: int
    on_order: int


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    """What a purchase of a variant needs to know; the variant is locked."""

    id: UUID
    cost_minor: int
    currency: str
    reorder_point: int
    mean_daily_sales: float
    supplier_id: UUID
    supplier: str
    lead_days: int
    available: int
    on_order: int
    warehouse_id: UUID | None


async def low(tx: ReadTx, percent: int, limit: int) -> tuple[int, list[LowRow]]:
    """Return how many variants have at most `percent` of their reorder point left (0: nothing), and the `limit` most urgent."""
    rows = (await tx.session.execute(_LOW, {"tenant": tx.tenant_id, "percent": percent, "limit": limit})).mappings().all()
    return (rows[0]["total"] if rows else 0), [_low(row) for row in rows]


async def count_low(tx: ReadTx) -> int:
    """Return how many variants are at or below their reorder point."""
    return int((await tx.session.execute(_COUNT, {"tenant": tx.tenant_id})).scalar_one())


async def levels(tx: ReadTx, variants: list[UUID]) -> list[LevelRow]:
    """Return what the warehouses hold of some variants."""
    rows = await tx.session.execute(_BY_WAREHOUSE, {"tenant": tx.tenant_id, "variants": variants})
    return [LevelRow(*row) for row in rows]


async def reorder_points(tx: ReadTx, variants: list[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return the reorder point and the units on order of some variants."""
    rows = await tx.session.execute(_REORDER, {"tenant": tx.tenant_id, "variants": variants})
    return {row.id: (row.reorder_point, row.on_order) for row in rows}


async def supply(tx: ReadTx, variants: list[UUID] | None) -> list[SupplyRow]:
    """Return supply and stock of some variants, or of all that are sold, by SKU."""
    rows = (await tx.connection.execute(_SUPPLY, {"tenant": tx.tenant_id, "variants": variants})).mappings()
    names = [name for name in SupplyRow.__slots__ if name != "title"]
    return [SupplyRow(title=titled(row["name"], row["options"]), **{name: row[name] for name in names}) for row in rows]


async def lock_variant(tx: Tx, variant_id: UUID) -> None:
    """Lock a variant against a second change of its figures."""
    await tx.connection.execute(_LOCK, {"tenant": tx.tenant_id, "variant": variant_id})


async def set_reorder_point(tx: Tx, variant_id: UUID, point: int, mean: float | None = None, peak: float | None = None) -> None:
    """Set when a variant is reordered, and the daily sales that this follows from where it does."""
    values = {"tenant": tx.tenant_id, "variant": variant_id, "point": point, "mean": mean, "peak": peak}
    await tx.connection.execute(_POINT, values)


async def for_purchase(tx: Tx, variant_id: UUID) -> PurchaseRow:
    """Lock a variant against a second purchase and return what a purchase needs to know."""
    await lock_variant(tx, variant_id)
    values = {"tenant": tx.tenant_id, "variant": variant_id}
    row = (await tx.session.execute(_PURCHASE, values)).mappings().one()
    return PurchaseRow(**row)


async def warehouse(tx: ReadTx, ref: str) -> Warehouse:
    """Return the warehouse of a code, a city or a name.

    Raises:
        InvalidInput: there is none; the message lists them.
    """
    rows = (await tx.session.exec(select(Warehouse).where(col(Warehouse.tenant_id) == tx.tenant_id).order_by(col(Warehouse.code)))).all()
    wanted = ref.strip().lower()
    for row in rows:
        if wanted in {row.code.lower(), row.city.lower(), row.name.lower()}:
            return row
    known = ", ".join(f"{row.code} ({row.city})" for row in rows)
    raise InvalidInput(f"there is no warehouse “{ref}”; there are: {known}", field="warehouse", code="unknown_warehouse")


def _low(row: Any) -> LowRow:
    values = {name: row[name] for name in LowRow.__slots__ if name != "title"}
    return LowRow(title=titled(row["name"], row["options"]), **values)
