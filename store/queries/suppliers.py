"""Suppliers, with what they supply and what is on order with them."""

from dataclasses import dataclass

from sqlalchemy import text

from store.queries.orders import like
from store.unit import ReadTx

_LIST = text(
    """
    SELECT s.name, s.email, s.lead_days, s.max_lead_days, s.defect_rate_bp, count(*) OVER ()::int AS total,
      (SELECT count(*) FROM products p WHERE p.tenant_id = s.tenant_id AND p.supplier_id = s.id)::int AS products,
      (SELECT count(*) FROM purchase_orders o WHERE o.tenant_id = s.tenant_id AND o.supplier_id = s.id
         AND o.status NOT IN ('received', 'cancelled'))::int AS open_purchases
    FROM suppliers s WHERE s.tenant_id = :tenant AND (:words = '' OR s.name ILIKE :pattern OR s.email ILIKE :pattern)
    ORDER BY s.defect_rate_bp DESC, s.name LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class SupplierRow:
    """A supplier in a list."""

    name: str
    email: str
    lead_days: int
    max_lead_days: int
    defect_rate_bp: int
    products: int
    open_purchases: int


async def find(tx: ReadTx, words: str, limit: int) -> tuple[int, list[SupplierRow]]:
    """Return how many suppliers match, and those with the highest defect rate."""
    values = {"tenant": tx.tenant_id, "words": words, "pattern": like(words), "limit": limit}
    rows = (await tx.session.execute(_LIST, values)).mappings().all()
    return (rows[0]["total"] if rows else 0), [SupplierRow(**{name: row[name] for name in SupplierRow.__slots__}) for row in rows]
