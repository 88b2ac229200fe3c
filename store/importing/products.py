"""Products with their variants: products found by handle, variants by SKU; added or brought up to date."""

import html
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from core.ids import new_id
from store.importing import values
from store.importing.batch import Batch, Outcome, write_all
from store.importing.reading import Record, Refused, Row
from store.queries import tenants
from store.unit import Tx

_TAG, _PLAIN = re.compile(r"<[^>]+>"), re.compile(r"[^a-z0-9]+")
_DEFAULT_TITLE = "Default Title"
"""What Shopify calls the only variant of a product."""
_CATEGORIES = text(
    "INSERT INTO categories (tenant_id, id, slug, name) "
    "SELECT DISTINCT ON (w.category) :tenant, gen_random_uuid(), w.category, w.category_name "
    "FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS w(category text, category_name text) ON CONFLICT (tenant_id, slug) DO NOTHING"
)
_SUPPLIERS = text(
    "INSERT INTO suppliers (tenant_id, id, name, email, lead_days, max_lead_days, defect_rate_bp) "
    "SELECT DISTINCT ON (w.brand) :tenant, gen_random_uuid(), w.brand, '', 7, 10, 100 "
    "FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS w(brand text) ON CONFLICT (tenant_id, name) DO NOTHING"
)
_PRODUCTS = text(
    """
    INSERT INTO products (tenant_id, id, slug, name, brand, description, category_id, supplier_id, status, active, created_at)
    SELECT :tenant, w.id, w.slug, w.name, w.brand, w.description, c.id, s.id, w.status, w.status = 'published', :now
    FROM jsonb_to_recordset(cast(:rows AS jsonb))
      AS w(id uuid, slug text, name text, brand text, description text, category text, status text)
    JOIN categories c ON c.tenant_id = :tenant AND c.slug = w.category JOIN suppliers s ON s.tenant_id = :tenant AND s.name = w.brand
    ON CONFLICT (tenant_id, slug) DO UPDATE SET name = excluded.name, brand = excluded.brand, description = excluded.description,
      category_id = excluded.category_id, status = excluded.status, active = excluded.active
    RETURNING (xmax = 0) AS added
    """
)
_VARIANTS = text(
    """
    INSERT INTO variants (tenant_id, id, product_id, sku, options, price_minor, cost_minor, currency, price_revision, weight_grams,
      reorder_point, mean_daily_sales, max_daily_sales)
    SELECT :tenant, w.id, p.id, w.sku, w.options, w.price_minor, w.cost_minor, :currency, 0, w.weight_grams, 0, 0, 0
    FROM jsonb_to_recordset(cast(:rows AS jsonb))
      AS w(id uuid, slug text, sku text, options jsonb, price_minor int, cost_minor int, weight_grams int)
    JOIN products p ON p.tenant_id = :tenant AND p.slug = w.slug
    ON CONFLICT (tenant_id, sku) DO UPDATE SET options = excluded.options, price_minor = excluded.price_minor,
      cost_minor = excluded.cost_minor, weight_grams = excluded.weight_grams WHERE variants.product_id = excluded.product_id
    RETURNING id, sku, (xmax = 0) AS added
    """
)
_STOCK = text(
    """
    WITH depot AS (SELECT id FROM warehouses WHERE tenant_id = :tenant ORDER BY capacity_units DESC, code LIMIT 1),
    wanted AS (SELECT w.variant_id, w.units, d.id AS warehouse_id FROM depot d,
      jsonb_to_recordset(cast(:rows AS jsonb)) AS w(variant_id uuid, units int)),
    moved AS (
      INSERT INTO stock_movements (tenant_id, id, variant_id, warehouse_id, delta, reason, reference, created_at)
      SELECT :tenant, gen_random_uuid(), variant_id, warehouse_id, units, 'imported', NULL, :now FROM wanted)
    INSERT INTO stock_levels (tenant_id, id, variant_id, warehouse_id, on_hand, reserved)
    SELECT :tenant, gen_random_uuid(), variant_id, warehouse_id, units, 0 FROM wanted ON CONFLICT DO NOTHING
    """
)
"""Only for variants that are new: what a warehouse holds is never overwritten by an old file."""


async def store(tx: Tx, records: Sequence[Record]) -> Outcome:
    """Add or update the products of some records."""
    currency = (await tenants.current(tx)).currency
    batch = Batch[dict[str, Any]]()
    for record in records:
        batch.read(record, lambda each: _product(each, currency), lambda row: (row["slug"],))

    async def write(tx: Tx, rows: list[dict[str, Any]]) -> tuple[int, int]:
        return await _write(tx, rows, currency)

    return await write_all(tx, batch, write)


async def _write(tx: Tx, rows: list[dict[str, Any]], currency: str) -> tuple[int, int]:
    about = {"tenant": tx.tenant_id, "rows": Batch.json(rows), "now": tx.now}
    await tx.connection.execute(_CATEGORIES, about)
    await tx.connection.execute(_SUPPLIERS, about)
    added = sum(row.added for row in (await tx.connection.execute(_PRODUCTS, about)).all())
    variants = [{**variant, "slug": row["slug"]} for row in rows for variant in row["variants"]]
    values_ = {"tenant": tx.tenant_id, "rows": Batch.json(variants), "currency": currency}
    fresh = {row.sku: row.id for row in (await tx.connection.execute(_VARIANTS, values_)).all() if row.added}
    stock = [{"variant_id": fresh[each["sku"]], "units": each["units"]} for each in variants if each["units"] and each["sku"] in fresh]
    if stock:
        await tx.connection.execute(_STOCK, {**about, "rows": Batch.json(stock)})
    return added, len(rows) - added


def _product(record: Record, currency: str) -> dict[str, Any]:
    head = record.head
    if not head.get("Title"):
        raise Refused("Title", "it is empty", "give the product a title in its first row")
    kind = head.get("Type") or head.get("Product Category", "").rpartition(">")[2].strip() or "General"
    sold = [(at, row) for at, row in enumerate(record.rows) if row.get("Variant SKU") or row.get("Variant Price")]
    if not sold:
        raise Refused("Variant SKU", "the product has no variant", "give at least one row a SKU and a price")
    names = [head.get(f"Option{number} Name", "") for number in (1, 2, 3)]
    return {
        "id": str(new_id()),
        "slug": head["Handle"].lower()[:80],
        "name": head["Title"][:160],
        "brand": (head.get("Vendor") or "Imported")[:80],
        "description": html.unescape(_TAG.sub(" ", head.get("Body (HTML)", ""))).strip(),
        "category": _PLAIN.sub("-", kind.lower()).strip("-")[:40] or "general",
        "category_name": kind[:80],
        "status": _status(head),
        "variants": [_variant(row, at, names, currency) for at, row in sold],
    }


def _status(head: Row) -> str:
    told = head.get("Status", "").lower()
    if told in {"draft", "archived"}:
        return told
    return "draft" if head.get("Published", "").lower() == "false" else "published"


def _variant(row: Row, at: int, names: Sequence[str], currency: str) -> dict[str, Any]:
    sku = row.get("Variant SKU", "").lstrip("'").upper()
    if not sku or len(sku) > 40:
        raise Refused("Variant SKU", "it is empty or longer than 40 characters", "give each variant a SKU of its own", row=at)
    chosen = zip(names, (row.get(f"Option{number} Value", "") for number in (1, 2, 3)), strict=True)
    stock = row.get("Variant Inventory Qty", "")
    return {
        "id": str(new_id()),
        "sku": sku,
        "options": {name.lower()[:40]: value[:80] for name, value in chosen if name and value and value != _DEFAULT_TITLE},
        "price_minor": values.amount(row, "Variant Price", currency, at=at),
        "cost_minor": values.amount(row, "Cost per item", currency, at=at, default="0"),
        "weight_grams": int(float(row.get("Variant Grams") or 500))
        if row.get("Variant Grams", "").replace(".", "", 1).isdecimal()
        else 500,
        "units": int(stock) if stock.isdecimal() else 0,
    }
