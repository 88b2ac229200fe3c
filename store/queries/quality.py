"""Inspections, defects, and how often a product or a supplier has them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from core.aftersales import DefectKind, InspectionStatus
from core.errors import NotFound
from store.tables.quality import Defect, Inspection
from store.unit import ReadTx, Tx

_PRODUCT = text(
    "SELECT p.id, p.slug, p.name FROM products p JOIN variants v ON v.tenant_id = p.tenant_id AND v.product_id = p.id "
    "WHERE v.tenant_id = :tenant AND v.id = :variant FOR NO KEY UPDATE OF p"
)
_VARIANT = text(
    "SELECT v.sku, p.name AS title FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id "
    "WHERE v.tenant_id = :tenant AND v.id = :variant"
)
_FIND = text(
    """
    SELECT i.number, i.kind, i.status, v.sku, p.name AS title, i.lot_units, i.sample_units, i.defective_units, i.note, i.planned_at,
           i.inspected_at, i.inspected_by, count(*) OVER ()::int AS total
    FROM inspections i JOIN variants v ON v.tenant_id = i.tenant_id AND v.id = i.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    WHERE i.tenant_id = :tenant AND (cast(:status AS text) IS NULL OR i.status = :status)
      AND (cast(:variants AS uuid[]) IS NULL OR i.variant_id = ANY(:variants))
    ORDER BY i.planned_at DESC, i.number DESC LIMIT :limit
    """
)
_SOLD = """
    sold AS (
      SELECT v.product_id, sum(d.units)::bigint AS units FROM sales_days d
      JOIN variants v ON v.tenant_id = :tenant AND v.id = d.variant_id
      WHERE d.tenant_id = :tenant AND d.day >= utc_day(:since) GROUP BY v.product_id),
    faulty AS (
      SELECT d.product_id, sum(d.units)::bigint AS units, mode() WITHIN GROUP (ORDER BY d.kind) AS kind
      FROM defects d WHERE d.tenant_id = :tenant AND d.found_at >= :since GROUP BY d.product_id)
"""
_RATES = text(
    f"""
    WITH {_SOLD}
    SELECT p.slug, p.name, s.name AS supplier, coalesce(sold.units, 0)::bigint AS sold, faulty.units AS defective, faulty.kind,
           count(*) OVER ()::int AS total
    FROM faulty JOIN products p ON p.tenant_id = :tenant AND p.id = faulty.product_id
    JOIN suppliers s ON s.tenant_id = :tenant AND s.id = p.supplier_id
    LEFT JOIN sold ON sold.product_id = p.id
    WHERE (cast(:products AS text[]) IS NULL OR p.slug = ANY(:products))
    ORDER BY faulty.units::float / greatest(coalesce(sold.units, 0), faulty.units) DESC, faulty.units DESC, p.slug LIMIT :limit
    """
)
_SUPPLIERS = text(
    f"""
    WITH {_SOLD}
    SELECT s.name, sum(coalesce(sold.units, 0))::bigint AS sold, sum(coalesce(faulty.units, 0))::bigint AS defective,
           count(DISTINCT faulty.product_id)::int AS products, count(*) OVER ()::int AS total
    FROM suppliers s JOIN products p ON p.tenant_id = s.tenant_id AND p.supplier_id = s.id
    LEFT JOIN sold ON sold.product_id = p.id LEFT JOIN faulty ON faulty.product_id = p.id
    WHERE s.tenant_id = :tenant AND (cast(:name AS text) IS NULL OR lower(s.name) LIKE :name)
    GROUP BY s.id, s.name
    ORDER BY sum(coalesce(faulty.units, 0))::float / greatest(sum(coalesce(sold.units, 0)), 1) DESC, s.name LIMIT :limit
    """
)


class ProductRef(NamedTuple):
    """A locked product."""

    id: UUID
    slug: str
    name: str


class VariantRef(NamedTuple):
    """What people call a variant."""

    sku: str
    title: str


class ListedInspection(NamedTuple):
    """An inspection with what it looks at."""

    number: str
    kind: str
    status: str
    sku: str
    title: str
    lot_units: int
    sample_units: int
    defective_units: int
    note: str
    planned_at: datetime
    inspected_at: datetime | None
    inspected_by: str


class ProductRate(NamedTuple):
    """How many units of a product were sold and found defective."""

    product: str
    title: str
    supplier: str
    sold: int
    defective: int
    kind: str
    """The most common defect."""


class SupplierRate(NamedTuple):
    """How many units of a supplier's products were sold and found defective."""

    supplier: str
    sold: int
    defective: int
    products: int
    """Products with a defect."""


async def lock_product(tx: Tx, variant_id: UUID) -> ProductRef:
    """Lock and return the product of a variant, so that its defects are counted one after the other."""
    return ProductRef(*(await tx.connection.execute(_PRODUCT, {"tenant": tx.tenant_id, "variant": variant_id})).one())


async def variant(tx: ReadTx, variant_id: UUID) -> VariantRef:
    """Return what a variant is called."""
    return VariantRef(*(await tx.connection.execute(_VARIANT, {"tenant": tx.tenant_id, "variant": variant_id})).one())


async def defects_since(tx: ReadTx, product_id: UUID, kind: DefectKind, since: datetime) -> int:
    """Return how often a defect of a product was recorded since then."""
    query = (
        select(func.count())
        .select_from(Defect)
        .where(col(Defect.tenant_id) == tx.tenant_id, col(Defect.product_id) == product_id)
        .where(col(Defect.kind) == kind, col(Defect.found_at) >= since)
    )
    return (await tx.session.exec(query)).one()


async def inspection(tx: ReadTx, number: str, *, lock: bool = False) -> Inspection:
    """Return an inspection, locked when `lock`.

    Raises:
        NotFound: unknown, or of another shop.
    """
    query = select(Inspection).where(col(Inspection.tenant_id) == tx.tenant_id, col(Inspection.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("inspection", number)
    return row


async def find(
    tx: ReadTx, *, status: InspectionStatus | None, variants: list[UUID] | None, limit: int
) -> tuple[int, list[ListedInspection]]:
    """Return how many inspections match and the `limit` planned last."""
    values = {"tenant": tx.tenant_id, "status": status, "variants": variants, "limit": limit}
    rows = (await tx.connection.execute(_FIND, values)).all()
    return (rows[0].total if rows else 0), [ListedInspection(*row[:-1]) for row in rows]


async def rates(tx: ReadTx, *, since: datetime, products: list[str] | None, limit: int) -> tuple[int, list[ProductRate]]:
    """Return how many products had defects since then, and the `limit` with the highest rate."""
    values = {"tenant": tx.tenant_id, "since": since, "products": products, "limit": limit}
    rows = (await tx.connection.execute(_RATES, values)).all()
    return (rows[0].total if rows else 0), [ProductRate(*row[:-1]) for row in rows]


async def suppliers(tx: ReadTx, *, since: datetime, name: str | None, limit: int) -> tuple[int, list[SupplierRate]]:
    """Return how many suppliers match (all without `name`), and the `limit` with the highest defect rate."""
    values = {"tenant": tx.tenant_id, "since": since, "name": f"%{name.lower()}%" if name else None, "limit": limit}
    rows = (await tx.connection.execute(_SUPPLIERS, values)).all()
    return (rows[0].total if rows else 0), [SupplierRate(*row[:-1]) for row in rows]
