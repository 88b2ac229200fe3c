"""Read the store back as the domain writes it: users, orders and products at cents."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from evals.tau_retail.canonical import KINDS, Record, amount
from evals.tau_retail.world import REASON_WORDS, SOURCES, STATES, World, from_address

_USERS = text(
    """
    SELECT c.id, c.name, c.email,
      (SELECT jsonb_build_object('line1', a.line1, 'line2', a.line2, 'city', a.city, 'region', a.region, 'postal_code', a.postal_code,
         'country', a.country) FROM addresses a WHERE a.tenant_id = c.tenant_id AND a.customer_id = c.id ORDER BY a.id LIMIT 1) AS address,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', m.kind, 'reference', m.reference, 'brand', m.brand, 'last_four', m.last_four,
         'balance', m.balance_minor)), '[]') FROM payment_methods m WHERE m.tenant_id = c.tenant_id AND m.customer_id = c.id) AS methods,
      (SELECT coalesce(jsonb_agg(o.external_id ORDER BY o.placed_at, o.id), '[]') FROM orders o
        WHERE o.tenant_id = c.tenant_id AND o.customer_id = c.id) AS orders
    FROM customers c WHERE c.tenant_id = :tenant AND (cast(:ids AS uuid[]) IS NULL OR c.id = ANY (:ids))
    """
)
_ORDERS = text(
    """
    SELECT o.id, o.external_id, o.customer_id, o.status, o.cancel_reason, o.ship_to,
      (SELECT jsonb_agg(jsonb_build_array(p.name, p.slug, v.sku, l.unit_price_minor, v.options, l.quantity) ORDER BY l.id)
        FROM order_lines l JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
        JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
        WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id) AS lines,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(s.tracking_number,
          (SELECT jsonb_agg(l.sku ORDER BY i.id) FROM shipment_lines i
            JOIN order_lines l ON l.tenant_id = i.tenant_id AND l.id = i.order_line_id
            WHERE i.tenant_id = s.tenant_id AND i.shipment_id = s.id)) ORDER BY s.id), '[]')
        FROM shipments s WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id) AS parcels,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(t.type, t.amount_minor, coalesce(other.reference, own.reference)) ORDER BY t.id), '[]')
        FROM payments y JOIN payment_transactions t ON t.tenant_id = y.tenant_id AND t.payment_id = y.id
        LEFT JOIN payment_methods own ON own.tenant_id = y.tenant_id AND own.id = y.payment_method_id
        LEFT JOIN payment_methods other ON other.tenant_id = t.tenant_id AND other.id = t.payment_method_id
        WHERE y.tenant_id = o.tenant_id AND y.order_id = o.id AND t.state IN ('pending', 'succeeded')
          AND t.type IN ('charge', 'capture', 'refund')) AS movements,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(g.difference_minor, coalesce(m.reference, paid.reference)) ORDER BY g.id), '[]')
        FROM order_changes g
        LEFT JOIN payment_methods m ON m.tenant_id = g.tenant_id AND m.id = g.payment_method_id
        WHERE g.tenant_id = o.tenant_id AND g.order_id = o.id) AS changes,
      (SELECT jsonb_build_object('type', r.type, 'method', coalesce(m.reference, paid.reference), 'difference', r.difference_minor, 'lines',
          (SELECT jsonb_agg(jsonb_build_array(l.sku, w.sku, i.quantity)) FROM return_lines i
            JOIN order_lines l ON l.tenant_id = i.tenant_id AND l.id = i.order_line_id
            LEFT JOIN variants w ON w.tenant_id = i.tenant_id AND w.id = i.exchange_variant_id
            WHERE i.tenant_id = r.tenant_id AND i.return_id = r.id))
        FROM returns r LEFT JOIN payment_methods m ON m.tenant_id = r.tenant_id AND m.id = r.payment_method_id
        WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.status NOT IN ('rejected', 'cancelled') ORDER BY r.id LIMIT 1) AS back
    FROM orders o LEFT JOIN LATERAL (SELECT first.reference FROM payments y
        JOIN payment_methods first ON first.tenant_id = y.tenant_id AND first.id = y.payment_method_id
        WHERE y.tenant_id = o.tenant_id AND y.order_id = o.id ORDER BY y.id LIMIT 1) AS paid ON true
    WHERE o.tenant_id = :tenant AND (cast(:ids AS uuid[]) IS NULL OR o.id = ANY (:ids))
    """
)
"""Where no method was named for a difference or a refund, it is the original payment's: that is what our tools do, and what is shown."""
_PRODUCTS = text(
    """
    SELECT p.id, p.slug, p.name,
      (SELECT jsonb_agg(jsonb_build_array(v.sku, v.options, v.price_minor, coalesce((SELECT sum(s.on_hand - s.reserved) FROM stock_levels s
         WHERE s.tenant_id = v.tenant_id AND s.variant_id = v.id), 0) > 0))
        FROM variants v WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id) AS variants
    FROM products p WHERE p.tenant_id = :tenant AND (cast(:ids AS uuid[]) IS NULL OR p.id = ANY (:ids))
    """
)
_BIND = text("SELECT set_config('app.tenant_id', :tenant, true), set_config('app.customer_id', '', true)")
State = dict[str, dict[str, Record]]
Ids = Mapping[str, Sequence[UUID] | None]
"""Which rows of each kind to read; all when there is no list."""
EVERYTHING: Ids = dict.fromkeys(KINDS)


async def export(connection: AsyncConnection, world: World, ids: Ids = EVERYTHING) -> State:
    """Return the store's rows as records of the domain."""
    await connection.execute(_BIND, {"tenant": str(world.tenant_id)})
    state: State = {kind: {} for kind in KINDS}
    for kind, query, read in (("users", _USERS, _user), ("orders", _ORDERS, _order), ("products", _PRODUCTS, _product)):
        wanted = ids.get(kind, [])
        if wanted is not None and not wanted:
            continue
        values = {"tenant": world.tenant_id, "ids": list(wanted) if wanted is not None else None}
        for row in (await connection.execute(query, values)).all():
            key, record = read(world, row)
            state[kind][key] = record
    return state


def _user(world: World, row: Any) -> tuple[str, Record]:
    first, _, last = row.name.partition(" ")
    user_id = world.user_ids[row.id]
    methods: dict[str, Record] = {}
    for method in row.methods:
        if method["kind"] not in SOURCES:
            continue
        shown: Record = {"source": SOURCES[method["kind"]], "id": method["reference"]}
        if shown["source"] == "credit_card":
            shown |= {"brand": method["brand"], "last_four": method["last_four"]}
        elif shown["source"] == "gift_card":
            shown["balance"] = amount(method["balance"])
        methods[method["reference"]] = shown
    return user_id, {
        "user_id": user_id,
        "name": {"first_name": first, "last_name": last},
        "address": from_address(row.address),
        "email": row.email,
        "payment_methods": methods,
        "orders": row.orders,
    }


def _order(world: World, row: Any) -> tuple[str, Record]:
    record: Record = {
        "order_id": row.external_id,
        "user_id": world.user_ids[row.customer_id],
        "address": from_address(row.ship_to),
        "items": [
            {"name": name, "product_id": product, "item_id": sku, "price": amount(price), "options": options}
            for name, product, sku, price, options, quantity in row.lines
            for _ in range(quantity)
        ],
        "status": STATES.get(row.status, row.status),
        "fulfillments": [{"tracking_id": [number], "item_ids": skus} for number, skus in row.parcels],
        "payment_history": [
            {"transaction_type": "refund" if kind == "refund" else "payment", "amount": amount(minor), "payment_method_id": reference}
            for kind, minor, reference in row.movements
        ],
    }
    if row.cancel_reason:
        record["cancel_reason"] = REASON_WORDS.get(row.cancel_reason, row.cancel_reason)
    if row.changes and row.status == "pending":
        record["status"] = "pending (item modified)"
    for difference, reference in row.changes:
        if difference == 0:
            nothing = {"transaction_type": "refund", "amount": amount(0), "payment_method_id": reference}
            record["payment_history"].append(nothing)
    if row.back:
        record |= _back(row.back)
    return row.external_id, record


def _back(back: Record) -> Record:
    """Return what a return or an exchange adds to its order."""
    items = sorted(sku for sku, _, quantity in back["lines"] for _ in range(quantity))
    if back["type"] != "exchange":
        return {"status": "return requested", "return_items": items, "return_payment_method_id": back["method"]}
    return {
        "status": "exchange requested",
        "exchange_items": items,
        "exchange_new_items": sorted(sku for _, sku, quantity in back["lines"] for _ in range(quantity)),
        "exchange_payment_method_id": back["method"],
        "exchange_price_difference": amount(back["difference"]),
    }


def _product(_world: World, row: Any) -> tuple[str, Record]:
    variants = {
        sku: {"item_id": sku, "options": options, "available": available, "price": amount(price)}
        for sku, options, price, available in row.variants
    }
    return row.slug, {"product_id": row.slug, "name": row.name, "variants": variants}
