"""Orders to suppliers: found, received in parts, called off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from core.errors import NotFound
from core.statuses import PurchaseOrderStatus
from store.queries import stock
from store.queries.products import titled
from store.tables.inventory import PurchaseOrder
from store.unit import ReadTx, Tx

_FIND = """
    FROM purchase_orders po JOIN variants v ON v.tenant_id = po.tenant_id AND v.id = po.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN suppliers s ON s.tenant_id = po.tenant_id AND s.id = po.supplier_id
    JOIN warehouses w ON w.tenant_id = po.tenant_id AND w.id = po.warehouse_id
    WHERE po.tenant_id = :tenant AND (cast(:status AS text) IS NULL OR po.status = :status)
      AND (NOT :overdue OR (po.status = 'ordered' AND po.expected_at < :now))
      AND (cast(:supplier AS text) IS NULL OR lower(s.name) LIKE lower(:supplier))
      AND (cast(:variants AS uuid[]) IS NULL OR po.variant_id = ANY(:variants))
"""
_ROWS = text(
    f"""
    SELECT po.number, v.sku, p.name, v.options, s.name AS supplier, w.code AS warehouse, po.quantity, po.received_quantity,
      po.unit_cost_minor, po.currency, po.status, po.created_at, po.expected_at, count(*) OVER ()::int AS total {_FIND}
    ORDER BY (po.status = 'ordered') DESC, po.expected_at DESC, po.number DESC LIMIT :limit
    """
)
_ONE = text(
    """
    SELECT v.sku, p.name, v.options, s.name AS supplier, w.code AS warehouse, w.name AS warehouse_name
    FROM purchase_orders po JOIN variants v ON v.tenant_id = po.tenant_id AND v.id = po.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN suppliers s ON s.tenant_id = po.tenant_id AND s.id = po.supplier_id
    JOIN warehouses w ON w.tenant_id = po.tenant_id AND w.id = po.warehouse_id
    WHERE po.tenant_id = :tenant AND po.id = :id
    """
)


@dataclass(frozen=True, slots=True)
class PurchaseOrderRow:
    """An order to a supplier with what it is for."""

    number: str
    sku: str
    title: str
    supplier: str
    warehouse: str
    quantity: int
    received_quantity: int
    unit_cost_minor: int
    currency: str
    status: str
    created_at: datetime
    expected_at: datetime


@dataclass(frozen=True, slots=True)
class PurchaseFilter:
    """Which orders to suppliers; every part narrows."""

    status: PurchaseOrderStatus | None = None
    supplier: str | None = None
    """Part of a name."""
    variants: Sequence[Any] | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Ordered:
    """A locked order to a supplier with the words for what it is about."""

    order: PurchaseOrder
    sku: str
    title: str
    supplier: str
    warehouse: str
    warehouse_name: str


async def find(tx: ReadTx, wanted: PurchaseFilter, limit: int) -> tuple[int, list[PurchaseOrderRow]]:
    """Return how many orders to suppliers match, and `limit` of them: the open ones first, then the newest."""
    values = {
        "tenant": tx.tenant_id,
        "now": tx.now,
        "status": wanted.status,
        "supplier": f"%{wanted.supplier}%" if wanted.supplier else None,
        "variants": list(wanted.variants) if wanted.variants is not None else None,
        "overdue": wanted.overdue,
        "limit": limit,
    }
    rows = (await tx.connection.execute(_ROWS, values)).mappings().all()
    names = [name for name in PurchaseOrderRow.__slots__ if name != "title"]
    found = [PurchaseOrderRow(title=titled(row["name"], row["options"]), **{name: row[name] for name in names}) for row in rows]
    return (rows[0]["total"] if rows else 0), found


async def by_number(tx: Tx, number: str) -> Ordered:
    """Return an order to a supplier, locked before the stock of its variant, which is locked too.

    Raises:
        NotFound: there is none.
    """
    query = select(PurchaseOrder).where(col(PurchaseOrder.tenant_id) == tx.tenant_id, col(PurchaseOrder.number) == number)
    order = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()
    if order is None:
        raise NotFound("purchase order", number)
    await stock.levels(tx, [order.variant_id], lock=True)
    row = (await tx.connection.execute(_ONE, {"tenant": tx.tenant_id, "id": order.id})).one()
    return Ordered(order, row.sku, titled(row.name, row.options), row.supplier, row.warehouse, row.warehouse_name)
