"""Prices: the variants that a change is about, locked; the price itself; and its history."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from core.ids import new_id
from store.queries.bulk import CHUNK
from store.unit import ReadTx, Tx

_ROW = """
    SELECT v.id, v.sku, v.price_minor, v.cost_minor, v.currency, v.price_revision,
      array(SELECT ch.code FROM listings l JOIN channels ch ON ch.tenant_id = l.tenant_id AND ch.id = l.channel_id
        WHERE l.tenant_id = v.tenant_id AND l.variant_id = v.id AND l.status NOT IN ('draft', 'inactive') ORDER BY ch.code) AS channels
    FROM variants v
"""
_ONE = text(f"{_ROW} WHERE v.tenant_id = :tenant AND v.id = ANY(:variants) ORDER BY v.id FOR NO KEY UPDATE OF v")
_CHOSEN = text(
    f"""{_ROW} JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
    WHERE v.tenant_id = :tenant AND v.id > :after AND p.status <> 'archived' AND v.currency = :currency
      AND (cast(:category AS text) IS NULL OR c.slug = :category)
      AND (cast(:brand AS text) IS NULL OR lower(p.brand) = lower(:brand))
      AND (cast(:skus AS text[]) IS NULL OR v.sku = ANY(:skus))
      AND (cast(:margin AS numeric) IS NULL OR (v.price_minor - v.cost_minor) * 100 < :margin * v.price_minor)
    ORDER BY v.id LIMIT :limit FOR NO KEY UPDATE OF v
    """
)
_SET = text(
    "UPDATE variants v SET price_minor = n.minor FROM jsonb_to_recordset(cast(:prices AS jsonb)) AS n (id uuid, minor integer) "
    "WHERE v.tenant_id = :tenant AND v.id = n.id RETURNING v.id, v.price_revision"
)
_NOTE = text(
    "INSERT INTO price_changes (tenant_id, id, variant_id, old_minor, new_minor, changed_by, reason, changed_at) "
    "SELECT :tenant, n.change, n.id, n.old, n.minor, :actor, :reason, :now "
    "FROM jsonb_to_recordset(cast(:prices AS jsonb)) AS n (id uuid, change uuid, old integer, minor integer)"
)
_HISTORY = text(
    """
    SELECT v.sku, p.name, v.options, v.currency, h.old_minor, h.new_minor, h.changed_by, h.reason, h.changed_at,
      count(*) OVER ()::int AS total
    FROM price_changes h JOIN variants v ON v.tenant_id = h.tenant_id AND v.id = h.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    WHERE h.tenant_id = :tenant AND h.variant_id = ANY(:variants) ORDER BY h.changed_at DESC, h.id DESC LIMIT :limit
    """
)
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A variant as its price is decided: cost, revision of the price, and the channels on which it is listed."""

    id: UUID
    sku: str
    price_minor: int
    cost_minor: int
    currency: str
    price_revision: int
    channels: list[str]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which variants are meant; every part narrows. `margin_below` is price less cost, in per cent of the price."""

    currency: str
    category: str | None = None
    brand: str | None = None
    skus: Sequence[str] | None = None
    margin_below: Decimal | None = None

    def values(self, tx: ReadTx) -> dict[str, Any]:
        """Return the parameters of a query over the selection."""
        chosen = {"category": self.category, "brand": self.brand, "skus": list(self.skus) if self.skus else None}
        return {"tenant": tx.tenant_id, "currency": self.currency, "margin": self.margin_below, **chosen}


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price that is to be set."""

    row: PriceRow
    minor: int


@dataclass(frozen=True, slots=True)
class PastPrice:
    """One change of a price."""

    sku: str
    name: str
    options: Mapping[str, Any]
    currency: str
    old_minor: int
    new_minor: int
    changed_by: str
    reason: str
    changed_at: datetime


async def chosen(tx: Tx, selection: Selection) -> AsyncIterator[list[PriceRow]]:
    """Yield the chosen variants in chunks, locked against other changes of their price, in the order of their ids."""
    after = _FIRST
    while True:
        values = {**selection.values(tx), "after": after, "limit": CHUNK}
        chunk = [PriceRow(*row) for row in await tx.connection.execute(_CHOSEN, values)]
        if not chunk:
            return
        yield chunk
        after = chunk[-1].id


async def locked(tx: Tx, variants: Sequence[UUID]) -> list[PriceRow]:
    """Return some variants, locked against other changes of their price, in the order of their ids."""
    return [PriceRow(*row) for row in await tx.connection.execute(_ONE, {"tenant": tx.tenant_id, "variants": list(variants)})]


async def set_prices(tx: Tx, prices: Sequence[NewPrice], reason: str = "") -> dict[UUID, int]:
    """Set prices of locked variants, keep their history, and return the new revision of each price."""
    if not prices:
        return {}
    rows = [{"id": str(each.row.id), "change": str(new_id()), "old": each.row.price_minor, "minor": each.minor} for each in prices]
    values = {"tenant": tx.tenant_id, "prices": json.dumps(rows)}
    revisions = {row.id: row.price_revision for row in await tx.connection.execute(_SET, values)}
    actor = (tx.principal.name or tx.principal.role.value)[:120]
    await tx.connection.execute(_NOTE, {**values, "actor": actor, "reason": reason[:160], "now": tx.now})
    return revisions


async def history(tx: ReadTx, variants: Sequence[UUID], limit: int) -> tuple[int, list[PastPrice]]:
    """Return how often the price of some variants was changed, and the last `limit` changes."""
    found = (await tx.connection.execute(_HISTORY, {"tenant": tx.tenant_id, "variants": list(variants), "limit": limit})).mappings().all()
    return (found[0]["total"] if found else 0), [PastPrice(**{name: row[name] for name in PastPrice.__slots__}) for row in found]
