"""Listings that a bulk change is about, locked in chunks, with what the shop itself asks and has."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from store.queries.bulk import CHUNK
from store.unit import ReadTx, Tx

_ROW = """
    SELECT l.id, l.external_id, ch.code AS channel, v.sku, l.status, l.price_minor, l.currency, l.quantity, l.fields,
      v.price_minor AS our_price, v.cost_minor, v.currency AS our_currency, coalesce(s.units, 0)::int AS available, i.open
    FROM listings l JOIN channels ch ON ch.tenant_id = l.tenant_id AND ch.id = l.channel_id
    JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
    LEFT JOIN LATERAL (SELECT sum(k.on_hand - k.reserved) AS units FROM stock_levels k
      WHERE k.tenant_id = v.tenant_id AND k.variant_id = v.id) s ON true
    LEFT JOIN LATERAL (SELECT count(*)::int AS open FROM listing_issues x
      WHERE x.tenant_id = l.tenant_id AND x.listing_id = l.id AND x.status = 'open') i ON true
"""
_CHOSEN = text(
    f"""{_ROW}
    WHERE l.tenant_id = :tenant AND l.id > :after AND l.status NOT IN ('draft', 'inactive') AND ch.connected
      AND (cast(:channel AS text) IS NULL OR ch.code = :channel)
      AND (cast(:category AS text) IS NULL OR c.slug = :category)
      AND (cast(:brand AS text) IS NULL OR lower(p.brand) = lower(:brand))
      AND (cast(:skus AS text[]) IS NULL OR v.sku = ANY(:skus))
    ORDER BY l.id LIMIT :limit FOR NO KEY UPDATE OF l
    """
)
_THESE = text(f"{_ROW} WHERE l.tenant_id = :tenant AND l.id = ANY(:listings) ORDER BY l.id FOR NO KEY UPDATE OF l")
_STORE = text(
    "UPDATE listings l SET price_minor = n.price, quantity = n.quantity, fields = n.fields, status = n.status "
    "FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS n (id uuid, price integer, quantity integer, fields jsonb, status text) "
    "WHERE l.tenant_id = :tenant AND l.id = n.id"
)
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A listing with the shop's own price, cost and stock."""

    id: UUID
    external_id: str
    channel: str
    sku: str
    status: str
    price_minor: int
    currency: str
    quantity: int
    fields: Mapping[str, Any]
    our_price: int
    cost_minor: int
    our_currency: str
    available: int
    open_issues: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which listings are meant; every part narrows. Only listings that are shown, on channels that are connected."""

    channel: str | None = None
    category: str | None = None
    brand: str | None = None
    skus: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class NewListing:
    """What a listing shows from now on."""

    row: ListingRow
    price_minor: int
    quantity: int
    fields: Mapping[str, Any]
    status: str


async def chosen(tx: Tx, selection: Selection) -> AsyncIterator[list[ListingRow]]:
    """Yield the chosen listings in chunks, locked, in the order of their ids."""
    after = _FIRST
    while True:
        chosen = {"channel": selection.channel, "category": selection.category, "brand": selection.brand}
        skus = list(selection.skus) if selection.skus else None
        values = {"tenant": tx.tenant_id, **chosen, "skus": skus, "after": after, "limit": CHUNK}
        chunk = [ListingRow(*row) for row in await tx.connection.execute(_CHOSEN, values)]
        if not chunk:
            return
        yield chunk
        after = chunk[-1].id


async def locked(tx: Tx, listings: Sequence[UUID]) -> list[ListingRow]:
    """Return some listings, locked, in the order of their ids."""
    return [ListingRow(*row) for row in await tx.connection.execute(_THESE, {"tenant": tx.tenant_id, "listings": list(listings)})]


async def store(tx: ReadTx, changes: Sequence[NewListing]) -> None:
    """Set what locked listings show."""
    if not changes:
        return
    rows = [
        {"id": str(each.row.id), "price": each.price_minor, "quantity": each.quantity, "fields": dict(each.fields), "status": each.status}
        for each in changes
    ]
    await tx.connection.execute(_STORE, {"tenant": tx.tenant_id, "rows": json.dumps(rows)})
