"""Orders of another shop system, without mails or parcels; found by the other system's number.

One that is still to be sent holds its stock. An order that is there already takes over what became of it since; its lines stay as
they were sold, and what it held is free when it ended.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from core.ids import new_id
from store.importing import holding, values
from store.importing.batch import Batch, Outcome, write_all
from store.importing.reading import Record, Refused
from store.unit import Tx

CHANNEL = "shopify"
_PAID = {"paid": "paid", "partially_refunded": "partially_refunded", "refunded": "refunded", "authorized": "authorized"}
"""Any other financial status means that nothing was paid."""
_TAKEN = frozenset({"paid", "partially_refunded", "refunded"})
_ORDER = """
    id uuid, external_id text, email text, name text, status text, payment_status text, fulfilment_status text, currency text,
    subtotal_minor int, shipping_minor int, discount_minor int, total_minor int, ship_to jsonb, bill_to jsonb, tags jsonb,
    cancel_reason text, placed_at timestamptz, fulfilled_at timestamptz, cancelled_at timestamptz, label text, refunded_minor int,
    position int
"""
_BUYERS = text(
    "INSERT INTO customers (tenant_id, id, email, name, loyalty_tier, store_credit_minor, created_at, external_id) "
    "SELECT DISTINCT ON (w.email) :tenant, gen_random_uuid(), w.email, w.name, 'bronze', 0, w.placed_at, '' "
    f"FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS w({_ORDER}) ORDER BY w.email, w.placed_at ON CONFLICT (tenant_id, email) DO NOTHING"
)
_KNOWN = text(
    f"""
    UPDATE orders o SET status = w.status, payment_status = w.payment_status, fulfilment_status = w.fulfilment_status,
      delivered_at = w.fulfilled_at, shipped_at = w.fulfilled_at, cancelled_at = w.cancelled_at, cancel_reason = w.cancel_reason,
      tags = w.tags
    FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS w({_ORDER})
    WHERE o.tenant_id = :tenant AND o.channel = :channel AND o.external_id = w.external_id RETURNING o.external_id
    """
)
_NUMBERS = text(
    "INSERT INTO counters (tenant_id, series, last) VALUES (:tenant, 'order', 1000 + cast(:count AS bigint)) "
    "ON CONFLICT (tenant_id, series) DO UPDATE SET last = counters.last + :count RETURNING last"
)
_ORDERS = text(
    f"""
    INSERT INTO orders (tenant_id, id, number, customer_id, channel, external_id, status, payment_status, fulfilment_status, on_hold,
      currency, subtotal_minor, shipping_minor, discount_minor, total_minor, ship_to, bill_to, tags, cancel_reason, placed_at, shipped_at,
      delivered_at, cancelled_at)
    SELECT :tenant, w.id, (cast(:first AS bigint) + w.position)::text, c.id, :channel, w.external_id, w.status, w.payment_status,
      w.fulfilment_status, false, w.currency, w.subtotal_minor, w.shipping_minor, w.discount_minor, w.total_minor, w.ship_to,
      w.bill_to, w.tags, w.cancel_reason, w.placed_at, w.fulfilled_at, w.fulfilled_at, w.cancelled_at
    FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS w({_ORDER}) JOIN customers c ON c.tenant_id = :tenant AND c.email = w.email
    """
)
_LINES = text(
    """
    INSERT INTO order_lines
      (tenant_id, id, order_id, variant_id, sku, title, category, quantity, unit_price_minor, unit_cost_minor, shipped)
    SELECT :tenant, gen_random_uuid(), w.order_id, v.id, v.sku, w.title, c.slug, w.quantity, w.unit_price_minor, v.cost_minor, 0
    FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS w(order_id uuid, sku text, title text, quantity int, unit_price_minor int)
    JOIN variants v ON v.tenant_id = :tenant AND v.sku = w.sku JOIN products p ON p.tenant_id = :tenant AND p.id = v.product_id
    JOIN categories c ON c.tenant_id = :tenant AND c.id = p.category_id
    """
)
_EVENTS = text(
    "INSERT INTO order_events (tenant_id, id, order_id, kind, text, actor, at) "
    "SELECT :tenant, gen_random_uuid(), w.id, 'order.imported', 'Imported from ' || :channel || ', there ' || w.external_id, 'import', "
    "w.placed_at "
    f"FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS w({_ORDER})"
)
_PAYMENTS = text(
    f"""
    WITH paid AS (
      INSERT INTO payments (tenant_id, id, order_id, method, label, currency, authorized_minor, captured_minor, refunded_minor, created_at)
      SELECT :tenant, gen_random_uuid(), w.id, 'card', w.label, w.currency,
        CASE WHEN w.payment_status = 'authorized' THEN w.total_minor ELSE 0 END, 0, 0, w.placed_at
      FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS w({_ORDER}) WHERE w.total_minor > 0 AND w.payment_status <> 'pending'
      RETURNING id, order_id)
    SELECT p.id AS payment_id, p.order_id FROM paid p
    """
)
_MOVEMENTS = text(
    """
    INSERT INTO payment_transactions (tenant_id, id, payment_id, type, state, amount_minor, currency, reason, idempotency_key, created_at,
      provider_reference, failure, settled_at)
    SELECT :tenant, gen_random_uuid(), w.payment_id, w.type, 'succeeded', w.amount_minor, w.currency, 'imported', w.key, w.at, '', '', w.at
    FROM jsonb_to_recordset(cast(:rows AS jsonb))
      AS w(payment_id uuid, type text, amount_minor int, currency text, key text, at timestamptz)
    """
)
_SKUS = text("SELECT sku FROM variants WHERE tenant_id = :tenant AND sku = ANY(:skus)")


async def store(tx: Tx, records: Sequence[Record]) -> Outcome:
    """Add or update the orders of some records."""
    skus = {_sku(row.get("Lineitem sku", "")) for record in records for row in record.rows}
    known = {row.sku for row in await tx.connection.execute(_SKUS, {"tenant": tx.tenant_id, "skus": sorted(skus)})}
    batch = Batch[dict[str, Any]]()
    for record in records:
        batch.read(record, lambda each: _order(each, known), lambda row: (row["external_id"],))
    return await write_all(tx, batch, _write)


async def _write(tx: Tx, rows: list[dict[str, Any]]) -> tuple[int, int]:
    about: dict[str, Any] = {"tenant": tx.tenant_id, "channel": CHANNEL}
    plain = [{name: value for name, value in row.items() if name != "lines"} for row in rows]
    there = {row.external_id for row in await tx.connection.execute(_KNOWN, {**about, "rows": Batch.json(plain)})}
    await holding.free(tx, CHANNEL, sorted(there))
    fresh = [{**row, "position": at} for at, row in enumerate(each for each in plain if each["external_id"] not in there)]
    if not fresh:
        return 0, len(there)
    ids = {row["id"] for row in fresh}
    lines = [{**line, "order_id": row["id"]} for row in rows if row["id"] in ids for line in row["lines"]]
    last = int((await tx.connection.execute(_NUMBERS, {"tenant": tx.tenant_id, "count": len(fresh)})).scalar_one())
    values_ = {**about, "rows": Batch.json(fresh)}
    await tx.connection.execute(_BUYERS, {"tenant": tx.tenant_id, "rows": values_["rows"]})
    await tx.connection.execute(_ORDERS, {**values_, "first": last - len(fresh) + 1})
    await tx.connection.execute(_LINES, {"tenant": tx.tenant_id, "rows": Batch.json(lines)})
    await tx.connection.execute(_EVENTS, values_)
    paid = await tx.connection.execute(_PAYMENTS, {"tenant": tx.tenant_id, "rows": values_["rows"]})
    payments = {str(row.order_id): str(row.payment_id) for row in paid}
    movements = [move for row in fresh if row["id"] in payments for move in _movements(row, payments[row["id"]])]
    if movements:
        await tx.connection.execute(_MOVEMENTS, {"tenant": tx.tenant_id, "rows": Batch.json(movements)})
    await holding.hold(tx, sorted(map(str, ids)))
    return len(fresh), len(there)


def _movements(row: dict[str, Any], payment: str) -> list[dict[str, Any]]:
    about = {"payment_id": payment, "currency": row["currency"], "at": row["placed_at"]}
    key = f"import:{CHANNEL}:{row['external_id']}"
    kind = "charge" if row["payment_status"] in _TAKEN else "authorization"
    moves = [{**about, "type": kind, "amount_minor": row["total_minor"], "key": f"{key}:{kind}"}]
    if row["refunded_minor"]:
        moves.append({**about, "type": "refund", "amount_minor": row["refunded_minor"], "key": f"{key}:refund"})
    return moves


def _order(record: Record, known: set[str]) -> dict[str, Any]:
    head = record.head
    currency = head.get("Currency", "").upper() or "EUR"
    name = values.text(head, "Billing Name", 120) or values.text(head, "Shipping Name", 120)
    email, total = values.email(head), values.amount(head, "Total", currency)
    lines = [_line(record, at, currency, known) for at in range(len(record.rows)) if record.rows[at].get("Lineitem quantity")]
    if not lines:
        raise Refused("Lineitem quantity", "the order has no line", "give at least one line")
    subtotal = sum(line["quantity"] * line["unit_price_minor"] for line in lines)
    discount = values.amount(head, "Discount Amount", currency, default="0")
    shipping = total - subtotal + discount
    if shipping < 0:
        shipping = values.amount(head, "Shipping", currency, default="0")
        discount = subtotal + shipping - total
    cancelled = values.instant_or_none(head, "Cancelled at")
    paid, refunded = _payment(head, currency, total, cancelled=cancelled is not None)
    fulfilled = values.instant_or_none(head, "Fulfilled at")
    done = head.get("Fulfillment Status", "").lower() == "fulfilled" and cancelled is None
    placed = values.instant(head, "Created at")
    return {
        "id": str(new_id()),
        "external_id": values.text(head, "Name", 60),
        "email": email,
        "name": name or email.partition("@")[0],
        "status": "cancelled" if cancelled else "delivered" if done else "confirmed" if paid != "pending" else "pending",
        "payment_status": paid,
        "fulfilment_status": "unfulfilled",  # by us: no parcel of ours is on record
        "currency": currency,
        "subtotal_minor": subtotal,
        "shipping_minor": shipping,
        "discount_minor": discount,
        "total_minor": total,
        "ship_to": values.address(head, "Shipping", name),
        "bill_to": values.address(head, "Billing", name),
        "tags": [tag.strip().lower()[:30] for tag in head.get("Tags", "").split(",") if tag.strip()][:20],
        "cancel_reason": "other" if cancelled else None,
        "placed_at": placed.isoformat(),
        "fulfilled_at": (fulfilled or placed).isoformat() if done else None,
        "cancelled_at": cancelled.isoformat() if cancelled else None,
        "label": values.text(head, "Payment Method", 60) or "Paid elsewhere",
        "refunded_minor": refunded,
        "lines": lines,
    }


def _payment(head: dict[str, str], currency: str, total: int, *, cancelled: bool) -> tuple[str, int]:
    paid = _PAID.get(head.get("Financial Status", "").lower(), "pending")
    refunded = values.amount(head, "Refunded Amount", currency, default="0") if paid in _TAKEN else 0
    if paid == "refunded" or (paid in _TAKEN and refunded == total):
        return "refunded", total
    if refunded > total:
        raise Refused("Refunded Amount", "more was refunded than the order's total", "correct the refund or the total")
    if cancelled and paid in _TAKEN:
        raise Refused("Refunded Amount", "the order is cancelled and money was kept", "refund it there first, then export again")
    if paid == "authorized" and cancelled:
        return "pending", 0
    return ("partially_refunded" if refunded else "paid" if paid in _TAKEN else paid), refunded


def _line(record: Record, at: int, currency: str, known: set[str]) -> dict[str, Any]:
    row = record.rows[at]
    sku = _sku(row.get("Lineitem sku", ""))
    if sku not in known:
        raise Refused("Lineitem sku", f"there is no SKU “{sku}”", "import the products first, or correct the SKU", row=at)
    return {
        "sku": sku,
        "title": values.text(row, "Lineitem name", 200) or sku,
        "quantity": values.number(row, "Lineitem quantity", at=at, least=1),
        "unit_price_minor": values.amount(row, "Lineitem price", currency, at=at),
    }


def _sku(value: str) -> str:
    return value.lstrip("'").upper()[:40]
