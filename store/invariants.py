"""What must be true of a tenant's rows whatever was called, each as a query that names the rows for which it is not.

Constraints and triggers keep most of it by themselves; the queries find what came in past them, and what no constraint can say.
"""

from dataclasses import dataclass

from store.unit import ReadTx

SHOWN = 20
"""At most this many violations of one invariant are named."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """A claim, and a query that returns `(subject, detail)` for each row that breaks it."""

    claim: str
    query: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks a claim."""

    subject: str
    """What people call the row, such as an order's number."""
    detail: str


@dataclass(frozen=True, slots=True)
class Finding:
    """How often a claim is broken, with the first `SHOWN` violations."""

    claim: str
    count: int
    violations: list[Violation]


_MONEY = (
    Invariant(
        "an order's total is its subtotal and shipping without the discount",
        "SELECT number, format('%s <> %s + %s - %s', total_minor, subtotal_minor, shipping_minor, discount_minor) FROM orders "
        "WHERE total_minor <> subtotal_minor + shipping_minor - discount_minor",
    ),
    Invariant(
        "an order's subtotal is the sum of its lines",
        "SELECT o.number, format('%s <> %s', o.subtotal_minor, sum(l.quantity * l.unit_price_minor)) FROM orders o "
        "JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id GROUP BY o.id, o.number, o.subtotal_minor "
        "HAVING sum(l.quantity * l.unit_price_minor) <> o.subtotal_minor",
    ),
    Invariant(
        "an order and its payments are in one currency",
        "SELECT o.number, format('%s, paid in %s', o.currency, p.currency) FROM orders o "
        "JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id WHERE p.currency <> o.currency",
    ),
    Invariant(
        "refunds never exceed what was captured",
        "SELECT id::text, format('%s of %s', refunded_minor, captured_minor) FROM payments WHERE refunded_minor > captured_minor",
    ),
    Invariant(
        "a payment's sums are those of its transactions",
        "SELECT p.id::text, format('captured %s, refunded %s', p.captured_minor, p.refunded_minor) FROM payments p "
        "LEFT JOIN payment_transactions t ON t.tenant_id = p.tenant_id AND t.payment_id = p.id "
        "GROUP BY p.id, p.captured_minor, p.refunded_minor "
        "HAVING coalesce(sum(t.amount_minor) FILTER (WHERE t.type IN ('capture', 'charge') AND t.state = 'succeeded'), 0) "
        "<> p.captured_minor "
        "OR coalesce(sum(t.amount_minor) FILTER (WHERE t.type = 'refund' AND t.state IN ('pending', 'succeeded')), 0) <> p.refunded_minor",
    ),
    Invariant(
        "the lines of a refund are never more than the refund",
        "SELECT t.id::text, format('%s of %s', sum(l.amount_minor), t.amount_minor) FROM payment_transactions t "
        "JOIN refund_lines l ON l.tenant_id = t.tenant_id AND l.transaction_id = t.id GROUP BY t.id, t.amount_minor "
        "HAVING sum(l.amount_minor) > t.amount_minor",
    ),
    Invariant(
        "an order is called refunded only when nothing of it is left",
        "SELECT o.number, format('%s kept', sum(p.captured_minor - p.refunded_minor)) FROM orders o "
        "JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id WHERE o.payment_status = 'refunded' "
        "GROUP BY o.id, o.number HAVING sum(p.captured_minor - p.refunded_minor) <> 0",
    ),
    Invariant(
        "a cancelled order keeps no money",
        "SELECT o.number, format('%s kept', sum(p.captured_minor - p.refunded_minor)) FROM orders o "
        "JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id WHERE o.status = 'cancelled' "
        "GROUP BY o.id, o.number HAVING sum(p.captured_minor - p.refunded_minor) <> 0",
    ),
)
_STOCK = (
    Invariant(
        "available stock is never below zero",
        "SELECT v.sku || ' in ' || w.code, format('%s on hand, %s reserved', s.on_hand, s.reserved) FROM stock_levels s "
        "JOIN variants v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id "
        "JOIN warehouses w ON w.tenant_id = s.tenant_id AND w.id = s.warehouse_id WHERE s.on_hand < s.reserved OR s.reserved < 0",
    ),
    Invariant(
        "reserved stock is that of the active reservations",
        "SELECT v.sku, format('%s reserved, reservations of %s', s.reserved, coalesce(sum(kept.quantity), 0)) FROM stock_levels s "
        "JOIN variants v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id LEFT JOIN ("
        "SELECT tenant_id, variant_id, warehouse_id, quantity FROM reservations WHERE status = 'active' UNION ALL "
        "SELECT tenant_id, variant_id, warehouse_id, quantity FROM stock_holds WHERE status = 'active') kept "
        "ON kept.tenant_id = s.tenant_id AND kept.variant_id = s.variant_id AND kept.warehouse_id = s.warehouse_id "
        "GROUP BY s.id, v.sku, s.reserved HAVING coalesce(sum(kept.quantity), 0) <> s.reserved",
    ),
    Invariant(
        "an order that ended holds no stock",
        "SELECT DISTINCT o.number, o.status::text FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id "
        "JOIN reservations r ON r.tenant_id = l.tenant_id AND r.order_line_id = l.id "
        "WHERE o.status IN ('cancelled', 'delivered', 'returned') AND r.status = 'active'",
    ),
)
_FIGURES = (
    Invariant(
        "the orders of each day are those of its figures",
        "SELECT coalesce(f.day, o.day)::text, format('%s of %s', f.orders, o.orders) FROM "
        "(SELECT day, sum(orders) AS orders, sum(total_minor - discount_minor) AS minor FROM order_days GROUP BY day) f FULL JOIN "
        "(SELECT utc_day(placed_at) AS day, count(*) AS orders, sum(total_minor - discount_minor) AS minor FROM orders GROUP BY 1) o "
        "ON o.day = f.day "
        "WHERE coalesce(f.orders, 0) <> coalesce(o.orders, 0) OR coalesce(f.minor, 0) <> coalesce(o.minor, 0)",
    ),
    Invariant(
        "the shipped orders of each day are those of its figures",
        "SELECT coalesce(f.day, o.day)::text, format('%s of %s in %s days', f.orders, o.orders, coalesce(f.within, o.within)) FROM "
        "(SELECT day, within_days AS within, sum(orders) AS orders FROM dispatch_days GROUP BY 1, 2) f FULL JOIN "
        "(SELECT utc_day(placed_at) AS day, days_to_dispatch(placed_at, shipped_at) AS within, count(*) AS orders FROM orders "
        "WHERE shipped_at IS NOT NULL AND status <> 'cancelled' GROUP BY 1, 2) o ON o.day = f.day AND o.within = f.within "
        "WHERE coalesce(f.orders, 0) <> coalesce(o.orders, 0)",
    ),
    Invariant(
        "the parcels that arrived each day are those of its figures",
        "SELECT coalesce(f.day, s.day)::text, format('%s of %s, %s of %s on time', f.parcels, s.parcels, f.timely, s.timely) FROM "
        "(SELECT arrived AS day, carrier_id, sum(parcels) AS parcels, sum(on_time) AS timely, sum(late_seconds) AS late "
        "FROM arrival_days GROUP BY 1, 2) f FULL JOIN "
        "(SELECT utc_day(delivered_at) AS day, carrier_id, count(*) AS parcels, "
        "count(*) FILTER (WHERE delivered_at <= promised_at) AS timely, sum(seconds_late(promised_at, delivered_at)) AS late "
        "FROM shipments WHERE delivered_at IS NOT NULL AND promised_at IS NOT NULL "
        "AND status NOT IN ('pending', 'cancelled', 'returned') GROUP BY 1, 2) s ON s.day = f.day AND s.carrier_id = f.carrier_id "
        "WHERE (coalesce(f.parcels, 0), coalesce(f.timely, 0), coalesce(f.late, 0)) "
        "<> (coalesce(s.parcels, 0), coalesce(s.timely, 0), coalesce(s.late, 0))",
    ),
    Invariant(
        "what was sold of a variant is what its figures say",
        "SELECT v.sku, format('%s of %s units', f.units, o.units) FROM variants v LEFT JOIN "
        "(SELECT variant_id, sum(units) AS units, sum(revenue_minor - cost_minor) AS minor FROM sales_days GROUP BY 1) f "
        "ON f.variant_id = v.id "
        "LEFT JOIN (SELECT l.variant_id, sum(l.quantity) AS units, "
        "sum(l.quantity::bigint * (l.unit_price_minor - l.unit_cost_minor)) AS minor "
        "FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id WHERE o.status <> 'cancelled' GROUP BY 1) o "
        "ON o.variant_id = v.id "
        "WHERE coalesce(f.units, 0) <> coalesce(o.units, 0) OR coalesce(f.minor, 0) <> coalesce(o.minor, 0)",
    ),
)
_GOODS = (
    Invariant(
        "no more units are shipped than were ordered",
        "SELECT o.number, format('%s of %s %s', sum(i.quantity), l.quantity, l.sku) FROM order_lines l "
        "JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id "
        "JOIN shipment_lines i ON i.tenant_id = l.tenant_id AND i.order_line_id = l.id "
        "JOIN shipments s ON s.tenant_id = i.tenant_id AND s.id = i.shipment_id WHERE s.status NOT IN ('cancelled', 'returned') "
        "GROUP BY o.number, l.id, l.quantity, l.sku HAVING sum(i.quantity) > l.quantity",
    ),
    Invariant(
        "what a line says was shipped is what its parcels hold",
        "SELECT o.number, format('%s says %s, parcels hold %s', l.sku, l.shipped, coalesce(sum(i.quantity), 0)) FROM order_lines l "
        "JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id "
        "LEFT JOIN (shipment_lines i JOIN shipments s ON s.tenant_id = i.tenant_id AND s.id = i.shipment_id "
        "AND s.status NOT IN ('cancelled', 'returned')) ON i.tenant_id = l.tenant_id AND i.order_line_id = l.id "
        "GROUP BY o.number, l.id, l.sku, l.shipped HAVING coalesce(sum(i.quantity), 0) <> l.shipped",
    ),
    Invariant(
        "an order's fulfilment follows from what was shipped",
        "SELECT o.number, format('%s, %s of %s shipped', o.fulfilment_status, sum(l.shipped), sum(l.quantity)) FROM orders o "
        "JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id WHERE o.fulfilment_status <> 'returned' "
        "GROUP BY o.id, o.number, o.fulfilment_status HAVING o.fulfilment_status <> CASE WHEN sum(l.shipped) = 0 THEN 'unfulfilled' "
        "WHEN sum(l.shipped) = sum(l.quantity) THEN 'fulfilled' ELSE 'partially_fulfilled' END",
    ),
    Invariant(
        "what is being picked is held for its order",
        "SELECT p.number, format('%s listed, %s held', sum(i.units), sum(i.held)) FROM pick_lists p JOIN LATERAL ("
        "SELECT CASE WHEN p.status = 'open' THEN k.quantity ELSE k.picked END AS units, coalesce((SELECT sum(r.quantity) "
        "FROM reservations r WHERE r.tenant_id = k.tenant_id AND r.order_line_id = k.order_line_id AND r.warehouse_id = p.warehouse_id "
        "AND r.status = 'active'), 0) AS held FROM pick_lines k WHERE k.tenant_id = p.tenant_id AND k.pick_list_id = p.id) i ON true "
        "WHERE p.status IN ('open', 'picked', 'packed') GROUP BY p.id, p.number HAVING bool_or(i.units > i.held)",
    ),
    Invariant(
        "no line waits for more units than are not sent",
        "SELECT o.number, format('%s: %s waited for, %s not sent', l.sku, sum(b.quantity), l.quantity - l.shipped) FROM backorders b "
        "JOIN order_lines l ON l.tenant_id = b.tenant_id AND l.id = b.order_line_id "
        "JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id WHERE b.status = 'waiting' "
        "GROUP BY o.number, l.id, l.sku, l.quantity, l.shipped HAVING sum(b.quantity) > l.quantity - l.shipped",
    ),
    Invariant(
        "no more units come back than were ordered",
        "SELECT o.number, format('%s of %s %s', sum(i.quantity), l.quantity, l.sku) FROM order_lines l "
        "JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id "
        "JOIN return_lines i ON i.tenant_id = l.tenant_id AND i.order_line_id = l.id "
        "JOIN returns r ON r.tenant_id = i.tenant_id AND r.id = i.return_id WHERE r.status NOT IN ('rejected', 'cancelled') "
        "GROUP BY o.number, l.id, l.quantity, l.sku HAVING sum(i.quantity) > l.quantity",
    ),
    Invariant(
        "a delivered order has the date of it",
        "SELECT number, 'no delivered_at' FROM orders WHERE status = 'delivered' AND delivered_at IS NULL",
    ),
    Invariant(
        "a delivered parcel has the date of it",
        "SELECT tracking_number, 'no delivered_at' FROM shipments WHERE status = 'delivered' AND delivered_at IS NULL",
    ),
    Invariant(
        "a stored fraud score is the sum of its signals, at most 100",
        "SELECT c.id::text, format('%s, signals of %s', c.score, (SELECT coalesce(sum((s ->> 'points')::int), 0) "
        "FROM jsonb_array_elements(c.signals) s)) FROM fraud_checks c "
        "WHERE c.score <> least(100, (SELECT coalesce(sum((s ->> 'points')::int), 0) FROM jsonb_array_elements(c.signals) s))",
    ),
)
_CHANNELS = (
    Invariant(
        "an order that was taken over from a channel is the one that the channel reported",
        "SELECT o.number, format('%s %s, reported as %s %s', o.channel, o.external_id, c.code, r.external_id) FROM channel_orders r "
        "JOIN channels c ON c.tenant_id = r.tenant_id AND c.id = r.channel_id "
        "JOIN orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id "
        "WHERE (o.channel, o.external_id) IS DISTINCT FROM (c.code, r.external_id)",
    ),
    Invariant(
        "no order of a channel is taken over twice",
        "SELECT o.number, format('%s reports', count(*)) FROM channel_orders r "
        "JOIN orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id GROUP BY o.id, o.number HAVING count(*) > 1",
    ),
    Invariant(
        "no slip or label of a person who was erased is left",
        "SELECT d.number, d.kind::text FROM documents d JOIN customers c ON c.tenant_id = d.tenant_id AND c.id = d.customer_id "
        "WHERE c.erased_at IS NOT NULL AND d.kind <> 'invoice'",
    ),
    Invariant(
        "no more stock was taken back than a bulk change corrected",
        "SELECT b.number, format('%s taken back of %s', back.units, made.units) FROM bulk_changes b "
        "JOIN LATERAL (SELECT sum(abs(m.delta)) AS units FROM stock_movements m "
        "WHERE m.tenant_id = b.tenant_id AND m.reference = b.number AND m.reason = 'bulk_revoked') back ON true "
        "JOIN LATERAL (SELECT sum(abs(m.delta)) AS units FROM stock_movements m "
        "WHERE m.tenant_id = b.tenant_id AND m.reference = b.number AND m.reason <> 'bulk_revoked') made ON true "
        "WHERE b.kind = 'stock' AND back.units > made.units",
    ),
)
_CARE = (
    Invariant(
        "all of a returned order came back",
        "SELECT o.number, format('%s of %s units', coalesce(sum(b.units), 0), sum(l.quantity)) FROM orders o "
        "JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id LEFT JOIN LATERAL ("
        "SELECT sum(i.quantity) AS units FROM return_lines i WHERE i.tenant_id = l.tenant_id AND i.order_line_id = l.id "
        "AND i.condition IS NOT NULL AND i.condition <> 'unclear') b ON true WHERE o.status = 'returned' "
        "GROUP BY o.id, o.number HAVING coalesce(sum(b.units), 0) <> sum(l.quantity)",
    ),
    Invariant(
        "a completed return of money has paid what it owed",
        "SELECT r.number, format('%s of %s', coalesce(sum(t.amount_minor), 0), r.refunded_minor) FROM returns r "
        "LEFT JOIN payments p ON p.tenant_id = r.tenant_id AND p.order_id = r.order_id "
        "LEFT JOIN payment_transactions t ON t.tenant_id = p.tenant_id AND t.payment_id = p.id AND t.type = 'refund' "
        "AND t.state = 'succeeded' WHERE r.status = 'completed' AND r.refunded_minor > 0 "
        "GROUP BY r.id, r.number, r.refunded_minor HAVING coalesce(sum(t.amount_minor), 0) < r.refunded_minor",
    ),
    Invariant(
        "no more units are claimed under warranty than were sold",
        "SELECT w.number, format('%s of %s %s', w.quantity, l.quantity, l.sku) FROM warranty_claims w "
        "JOIN order_lines l ON l.tenant_id = w.tenant_id AND l.id = w.order_line_id WHERE w.quantity > l.quantity",
    ),
    Invariant(
        "a warranty claim is its customer's own",
        "SELECT w.number, o.number FROM warranty_claims w JOIN orders o ON o.tenant_id = w.tenant_id AND o.id = w.order_id "
        "WHERE o.customer_id <> w.customer_id",
    ),
    Invariant(
        "a granted replacement has its order",
        "SELECT number, 'no order' FROM warranty_claims WHERE remedy = 'replacement' AND replacement_order_id IS NULL",
    ),
    Invariant(
        "only what was delivered is asked about",
        "SELECT o.number, o.status::text FROM surveys s JOIN orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id "
        "WHERE o.delivered_at IS NULL OR s.sent_at < o.delivered_at OR s.customer_id <> o.customer_id",
    ),
    Invariant(
        "a ticket that the shop answered has the time of it",
        "SELECT t.number, 'no first reply' FROM tickets t WHERE t.first_replied_at IS NULL AND EXISTS (SELECT 1 FROM ticket_messages m "
        "WHERE m.tenant_id = t.tenant_id AND m.ticket_id = t.id AND NOT m.from_customer)",
    ),
    Invariant(
        "what an inspection found defective is recorded as a defect",
        "SELECT i.number, format('%s found, %s recorded', i.defective_units, coalesce(sum(d.units), 0)) FROM inspections i "
        "LEFT JOIN defects d ON d.tenant_id = i.tenant_id AND d.inspection_id = i.id WHERE i.status <> 'scheduled' "
        "GROUP BY i.id, i.number, i.defective_units HAVING coalesce(sum(d.units), 0) <> i.defective_units",
    ),
)
_KNOWLEDGE = (
    Invariant(
        "every passage has a source, and a vector or one to come",
        "SELECT c.id::text, CASE WHEN s.id IS NULL THEN 'no source' ELSE 'no vector' END FROM knowledge_chunks c "
        "LEFT JOIN knowledge_sources s ON s.tenant_id = c.tenant_id AND s.id = c.source_id "
        "LEFT JOIN knowledge_vectors v ON v.tenant_id = c.tenant_id AND v.id = c.id WHERE s.id IS NULL OR v.id IS NULL",
    ),
    Invariant(
        "nothing keeps a vector of a passage that is gone",
        "SELECT v.id::text, v.embedding FROM knowledge_vectors v LEFT JOIN knowledge_chunks c ON c.tenant_id = v.tenant_id AND c.id = v.id "
        "WHERE c.id IS NULL",
    ),
    Invariant(
        "a passage that follows its source is for nobody else than the source is",
        "SELECT s.slug, format('%s, a passage of it %s', s.visibility, c.visibility) FROM knowledge_sources s "
        "JOIN knowledge_chunks c ON c.tenant_id = s.tenant_id AND c.source_id = s.id WHERE s.status = 'ready' AND "
        "array_position('{staff,customer,public}', c.visibility::text) > array_position('{staff,customer,public}', s.visibility::text) "
        "AND NOT EXISTS (SELECT 1 FROM knowledge_changes n WHERE n.tenant_id = s.tenant_id AND n.source_id = s.id)",
    ),
    Invariant(
        "the words that passages are found by are counted",
        "SELECT 'passages', format('%s, counted %s', many.rows, coalesce(t.chunks, 0)) FROM (SELECT count(*) AS rows, "
        "coalesce(sum(words), 0) AS words FROM knowledge_chunks) many LEFT JOIN knowledge_terms t ON t.lexeme = '' "
        "WHERE (many.rows, many.words) IS DISTINCT FROM (coalesce(t.chunks, 0), coalesce(t.words, 0))",
    ),
)
_RECORDS = (
    Invariant("every claimed call has its answer", "SELECT key, tool FROM ledger WHERE result = '{}'::jsonb"),
    Invariant(
        "every recorded call is in the audit chain, once",
        "SELECT l.key, format('%s entries', count(a.seq)) FROM ledger l LEFT JOIN audit a ON a.tenant_id = l.tenant_id "
        "AND a.action = 'tool.' || l.tool AND a.body ->> 'key' = l.key GROUP BY l.tenant_id, l.key HAVING count(a.seq) <> 1",
    ),
    Invariant(
        "every audited call is in the ledger",
        "SELECT a.body ->> 'key', a.action FROM audit a LEFT JOIN ledger l ON l.tenant_id = a.tenant_id AND l.key = a.body ->> 'key' "
        "WHERE a.action LIKE 'tool.%' AND l.key IS NULL",
    ),
    Invariant(
        "an approval is used once, by the call that asked for it",
        "SELECT a.id::text, a.tool FROM approvals a LEFT JOIN ledger l ON l.tenant_id = a.tenant_id AND l.key = 'approval:' || a.id "
        "WHERE a.status = 'consumed' AND (l.key IS NULL OR l.status <> 'ok' OR l.tool <> a.tool)",
    ),
    Invariant(
        "nobody approved what needs a second pair of eyes for themselves",
        "SELECT id::text, tool FROM approvals WHERE four_eyes AND decided_by = requester_id AND status IN ('approved', 'consumed')",
    ),
    Invariant(
        "a schedule belongs to somebody of the shop",
        "SELECT c.id::text, u.email::text FROM crons c JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id "
        "WHERE u.customer_id IS NOT NULL",
    ),
    Invariant(
        "a run starts no earlier than it may",
        "SELECT id::text, format('due %s, worked on at %s', due_at, updated_at) FROM runs "
        "WHERE due_at IS NOT NULL AND attempt > 0 AND updated_at < due_at",
    ),
    Invariant(
        "a run's log has no gaps",
        "SELECT r.id::text, format('%s facts up to %s, the run says %s', count(*), max(e.seq), r.seq) FROM runs r "
        "JOIN run_events e ON e.tenant_id = r.tenant_id AND e.run_id = r.id GROUP BY r.id, r.seq "
        "HAVING count(*) <> r.seq OR max(e.seq) <> r.seq",
    ),
    Invariant(
        "nothing is left of a log that was forgotten, and a run at work has its log",
        "SELECT r.id::text, r.status FROM runs r WHERE r.log_forgotten_at IS NOT NULL AND (r.status IN ('pending', 'running') "
        "OR EXISTS (SELECT 1 FROM run_events e WHERE e.tenant_id = r.tenant_id AND e.run_id = r.id))",
    ),
)
INVARIANTS: tuple[Invariant, ...] = (*_MONEY, *_STOCK, *_FIGURES, *_GOODS, *_CHANNELS, *_CARE, *_KNOWLEDGE, *_RECORDS)


_NAMED = "SELECT *, count(*) OVER () FROM ({query}) AS broken (subject, detail) ORDER BY 1 LIMIT {most}"


async def check(tx: ReadTx, invariant: Invariant) -> Finding:
    """Look for rows of the transaction's tenant that break a claim."""
    rows = await tx.run(_NAMED.format(query=invariant.query, most=SHOWN))
    return Finding(invariant.claim, int(rows[0][2]) if rows else 0, [Violation(str(row[0]), str(row[1])) for row in rows])


__all__ = ["INVARIANTS", "Finding", "Invariant", "Violation", "check"]
