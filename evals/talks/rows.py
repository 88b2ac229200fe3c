"""The rows of the demo shop that conversations are about: one query a kind, with the columns that templates name."""

_ORDER = "o.number AS order, o.status, c.id AS customer_id, c.name AS customer_name"
_JOINED = "FROM orders o JOIN customers c ON c.id = o.customer_id"
_ADDRESSES = (
    "(VALUES ('12 Rue de la Paix', '75002', 'Paris', 'FR'), ('5 Keizersgracht', '1015', 'Amsterdam', 'NL'), "
    "('8 Lindenstrasse', '10969', 'Berlin', 'DE'), ('3 Grand Place', '1000', 'Brussels', 'BE')) AS a(line1, code, city, country)"
)
_OPEN = "o.status IN ('pending', 'confirmed', 'processing') AND NOT o.on_hold"
_UNTOUCHED = "o.status IN ('pending', 'confirmed') AND NOT o.on_hold"
_NAME = "lower(p.name)"
_FRESH = (
    "o.status = 'delivered' AND o.delivered_at > now() - interval '10 days' AND o.channel = 'web' "
    "AND NOT EXISTS (SELECT 1 FROM returns r WHERE r.order_id = o.id)"
)
_LINES = "JOIN order_lines l ON l.order_id = o.id JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id"
_SIBLING = (
    "JOIN LATERAL (SELECT e.key AS option, s.options->>e.key AS wanted FROM variants s, jsonb_each_text(v.options) e "
    "WHERE s.product_id = v.product_id AND s.id <> v.id AND s.options->>e.key <> e.value AND (s.options - e.key) = (v.options - e.key) "
    "AND (SELECT sum(k.on_hand - k.reserved) FROM stock_levels k WHERE k.variant_id = s.id) > 5 ORDER BY s.sku LIMIT 1) w ON true"
)
_PRICE = "'€' || to_char({minor} / 100.0, 'FM999,999,990.00')"

OPEN = f"SELECT {_ORDER} {_JOINED} WHERE {_OPEN} ORDER BY o.number"
SHIPPED = (
    f"SELECT {_ORDER}, s.tracking_number AS tracking {_JOINED} JOIN shipments s ON s.order_id = o.id "
    "WHERE o.status = 'shipped' AND s.tracking_number IS NOT NULL ORDER BY o.number"
)
RETURNABLE = f"SELECT {_ORDER}, l.sku, {_NAME} AS item {_JOINED} {_LINES} WHERE {_FRESH} AND l.quantity = 1 ORDER BY o.number, l.sku"
TWO_RETURNABLE = (
    f"SELECT {_ORDER}, l.sku, {_NAME} AS item, l2.sku AS other_sku, lower(p2.name) AS other {_JOINED} {_LINES} "
    "JOIN order_lines l2 ON l2.order_id = o.id AND l2.sku > l.sku JOIN variants v2 ON v2.id = l2.variant_id "
    f"JOIN products p2 ON p2.id = v2.product_id AND p2.id <> p.id WHERE {_FRESH} ORDER BY o.number, l.sku, l2.sku"
)
EXCHANGEABLE = (
    f"SELECT {_ORDER}, l.sku, {_NAME} AS item, w.option, w.wanted {_JOINED} {_LINES} {_SIBLING} "
    f"WHERE {_FRESH} AND l.quantity = 1 ORDER BY o.number, l.sku"
)
CHANGEABLE = (
    f"SELECT {_ORDER}, l.sku, {_NAME} AS item, w.option, w.wanted, m.reference AS method {_JOINED} {_LINES} {_SIBLING} "
    "JOIN payments y ON y.order_id = o.id JOIN payment_methods m ON m.id = y.payment_method_id "
    f"WHERE {_UNTOUCHED} ORDER BY o.number, l.sku"
)
MOVABLE = (
    f"SELECT {_ORDER}, a.line1, a.code, a.line1 || ', ' || a.code || ' ' || a.city || ', ' || a.country AS address "
    f"{_JOINED} CROSS JOIN {_ADDRESSES} WHERE {_OPEN} ORDER BY o.number, a.code"
)
ANY = f"SELECT {_ORDER}, {_PRICE.format(minor='o.total_minor')} AS total {_JOINED} WHERE o.total_minor > 0 ORDER BY o.number DESC LIMIT 40"
CUSTOMERS = (
    "SELECT c.id AS customer_id, c.name AS customer_name, (SELECT o.number FROM orders o WHERE o.customer_id = c.id "
    "ORDER BY o.placed_at DESC LIMIT 1) AS newest FROM customers c "
    "WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id) ORDER BY c.email LIMIT 20"
)
FOREIGN = (
    "SELECT o.number AS order, owner.name AS owner, " + _PRICE.format(minor="o.total_minor") + " AS total, c.id AS customer_id, "
    "c.name AS customer_name FROM orders o JOIN customers owner ON owner.id = o.customer_id "
    "JOIN LATERAL (SELECT * FROM customers x WHERE x.id <> owner.id ORDER BY x.email LIMIT 1) c ON true ORDER BY o.number DESC LIMIT 30"
)
REFUNDABLE = (
    f"SELECT {_ORDER}, 1000 + 50 * (row_number() OVER (ORDER BY o.number)) AS minor, "
    + _PRICE.format(minor="(1000 + 50 * (row_number() OVER (ORDER BY o.number)))")
    + f" AS amount {_JOINED} WHERE o.status = 'delivered' AND o.payment_status = 'paid' AND o.channel = 'web' AND o.total_minor > 5000 "
    "AND o.delivered_at > now() - interval '20 days' AND NOT EXISTS (SELECT 1 FROM returns r WHERE r.order_id = o.id) ORDER BY o.number LIMIT 20"
)
HELD = f"SELECT {_ORDER} {_JOINED} WHERE o.on_hold ORDER BY o.number"
STOCKED = (
    "SELECT v.sku, NULL AS customer_id, sum(k.on_hand - k.reserved) AS available FROM variants v JOIN stock_levels k ON k.variant_id = v.id "
    "GROUP BY v.sku HAVING sum(k.on_hand - k.reserved) > 9 ORDER BY v.sku LIMIT 30"
)
OPEN_AND_ANOTHER = (
    f"SELECT {_ORDER}, n.number AS second {_JOINED} JOIN orders n ON n.customer_id = o.customer_id AND n.id <> o.id "
    f"WHERE {_OPEN} ORDER BY o.number, n.number"
)
