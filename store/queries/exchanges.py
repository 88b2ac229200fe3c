"""The variants of a product, for an exchange or a change of an order."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from store.unit import ReadTx

_SIBLINGS = text(
    """
    SELECT v.id, v.sku, v.options, v.price_minor, v.currency, p.name,
           coalesce((SELECT sum(s.on_hand - s.reserved) FROM stock_levels s
                     WHERE s.tenant_id = v.tenant_id AND s.variant_id = v.id), 0) AS available,
           v.cost_minor
    FROM variants own
    JOIN variants v ON v.tenant_id = own.tenant_id AND v.product_id = own.product_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    WHERE own.tenant_id = :tenant AND own.id = :variant ORDER BY v.sku
    """
)


class Sibling(NamedTuple):
    """A variant of the same product."""

    id: UUID
    sku: str
    options: dict[str, Any]
    price_minor: int
    currency: str
    name: str
    available: int
    cost_minor: int

    @property
    def values(self) -> list[str]:
        """The variant's options by option name, since JSONB keeps no order."""
        return [str(self.options[name]) for name in sorted(self.options)]

    @property
    def title(self) -> str:
        """The product with the variant's options."""
        return ", ".join([self.name, *self.values])


async def siblings(tx: ReadTx, variant_id: UUID, *, with_own: bool = False) -> list[Sibling]:
    """Return the variants of a variant's product with their available units, by SKU; the variant itself only when asked for."""
    rows = await tx.connection.execute(_SIBLINGS, {"tenant": tx.tenant_id, "variant": variant_id})
    return [Sibling(*row) for row in rows if with_own or row.id != variant_id]
