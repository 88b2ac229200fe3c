"""Figures by which a shop is steered, over a period and in one currency."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import text

from core.statuses import OrderStatus
from store.queries import figures
from store.queries.figures import period
from store.unit import ReadTx

_INSTANT = timedelta(microseconds=1)
"""Makes the end of a period one that counts."""


def _edges(at: str, query: str) -> str:
    """Return a query, with a WHERE, over the parts of a period that are no whole days; the days between come from the figures.

    Two ranges that are known before the query runs: a join with both of them would read the whole table.
    """
    first = f"{at} >= :begin AND {at} < least(cast(:until AS timestamptz), cast(:first_day_ends AS timestamptz))"
    last = f"{at} >= greatest(cast(:last_day_begins AS timestamptz), cast(:first_day_ends AS timestamptz)) AND {at} < :until"
    return f"{query} AND {first} UNION ALL {query} AND {last}"


_GOODS = """
      SELECT coalesce(sum(goods.revenue), 0), coalesce(sum(o.discount_minor), 0), coalesce(sum(goods.cost), 0)
      FROM orders o JOIN LATERAL (
        SELECT sum(l.quantity::bigint * l.unit_price_minor) AS revenue, sum(l.quantity::bigint * l.unit_cost_minor) AS cost
        FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id
      ) goods ON true
      WHERE o.tenant_id = :tenant AND o.status <> 'cancelled' AND o.currency = :currency"""
_MARGIN = text(
    f"""
    SELECT (sum(revenue) - sum(discount))::bigint AS margin_revenue_minor, sum(cost)::bigint AS cost_minor FROM (
      SELECT coalesce(sum(revenue_minor), 0) AS revenue, 0 AS discount, coalesce(sum(cost_minor), 0) AS cost FROM sales_days
      WHERE tenant_id = :tenant AND currency = :currency AND day > utc_day(:begin) AND day < utc_day(:until)
      UNION ALL
      SELECT 0, coalesce(sum(discount_minor), 0), 0 FROM order_days
      WHERE tenant_id = :tenant AND currency = :currency AND status <> 'cancelled' AND day > utc_day(:begin) AND day < utc_day(:until)
      UNION ALL
      {_edges("o.placed_at", _GOODS)}
    ) parts
    """
)
_SENT = """
      SELECT days_to_dispatch(placed_at, shipped_at), 1 FROM orders
      WHERE tenant_id = :tenant AND status <> 'cancelled' AND shipped_at IS NOT NULL"""
_SHIPPED = text(
    f"""
    SELECT coalesce(sum(orders), 0)::int AS shipped, coalesce(sum(orders) FILTER (WHERE within_days <= :days), 0)::int AS on_time FROM (
      SELECT within_days, orders FROM dispatch_days WHERE tenant_id = :tenant AND day > utc_day(:begin) AND day < utc_day(:until)
      UNION ALL
      {_edges("placed_at", _SENT)}
    ) parts
    """
)
_ARRIVED = """
      SELECT 1, (delivered_at > promised_at)::int FROM shipments
      WHERE tenant_id = :tenant AND delivered_at IS NOT NULL AND status NOT IN ('pending', 'cancelled', 'returned')"""
_PARCELS = text(
    f"""
    SELECT coalesce(sum(parcels), 0)::int AS parcels, coalesce(sum(late), 0)::int AS late FROM (
      SELECT parcels, parcels - on_time AS late FROM arrival_days
      WHERE tenant_id = :tenant AND promised > utc_day(:begin) AND promised < utc_day(:until)
      UNION ALL
      {_edges("promised_at", _ARRIVED)}
      UNION ALL
      SELECT 1, 1 FROM shipments
      WHERE tenant_id = :tenant AND promised_at >= :begin AND promised_at < :until AND delivered_at IS NULL
        AND status NOT IN ('pending', 'cancelled', 'returned')
    ) parts
    """
)
_BY_ORDERS = """
    SELECT part, sum(orders)::int AS orders, NULL::int AS units, sum(revenue_minor)::bigint AS revenue_minor FROM (
      SELECT {counted} AS part, orders, total_minor AS revenue_minor FROM order_days
      WHERE tenant_id = :tenant AND status <> 'cancelled' AND currency = :currency AND day > utc_day(:begin) AND day < utc_day(:until)
      UNION ALL
      {edges}
    ) parts GROUP BY part HAVING sum(orders) <> 0 ORDER BY {order} LIMIT :limit
"""
_BY_CATEGORY = """
    SELECT part, NULL::int AS orders, sum(units)::int AS units, sum(revenue_minor)::bigint AS revenue_minor FROM (
      SELECT c.slug AS part, s.units, s.revenue_minor FROM (
        SELECT variant_id, sum(units) AS units, sum(revenue_minor) AS revenue_minor FROM sales_days
        WHERE tenant_id = :tenant AND currency = :currency AND day > utc_day(:begin) AND day < utc_day(:until) GROUP BY variant_id
      ) s JOIN variants v ON v.tenant_id = :tenant AND v.id = s.variant_id
      JOIN products p ON p.tenant_id = :tenant AND p.id = v.product_id
      JOIN categories c ON c.tenant_id = :tenant AND c.id = p.category_id
      UNION ALL
      {edges}
    ) parts GROUP BY part HAVING sum(units) <> 0 ORDER BY revenue_minor DESC, part LIMIT :limit
"""
_PLACED = "SELECT {part}, 1, total_minor FROM orders WHERE tenant_id = :tenant AND status <> 'cancelled' AND currency = :currency"
_LINES = """
      SELECT l.category, l.quantity, l.quantity::bigint * l.unit_price_minor
      FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
      WHERE o.tenant_id = :tenant AND o.status <> 'cancelled' AND o.currency = :currency"""
_DAY = "utc_day(placed_at)::text"
_SPLITS = {
    "channel": text(
        _BY_ORDERS.format(counted="channel", edges=_edges("placed_at", _PLACED.format(part="channel")), order="revenue_minor DESC, part")
    ),
    "day": text(_BY_ORDERS.format(counted="day::text", edges=_edges("placed_at", _PLACED.format(part=_DAY)), order="part DESC")),
    "category": text(_BY_CATEGORY.format(edges=_edges("o.placed_at", _LINES))),
}


class Split(StrEnum):
    """By what sales are split up."""

    CHANNEL = "channel"
    CATEGORY = "category"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class KpiRow:
    """Counts and sums from which rates are made."""

    margin_revenue_minor: int
    """Goods sold, after discounts, without shipping."""
    cost_minor: int
    dispatched: int
    """Orders that were shipped, or should have been by now."""
    dispatched_on_time: int
    parcels: int
    """Parcels promised within the period."""
    late: int


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One part of the sales."""

    part: str
    orders: int | None
    """None for a category: an order may hold goods of several."""
    units: int | None
    """Of a category, what was sold of the products that belong to it."""
    revenue_minor: int


async def read(tx: ReadTx, currency: str, begin: datetime, until: datetime, dispatch_days: int) -> KpiRow:
    """Return the figures of a period; an order counts as dispatched on time when it shipped within `dispatch_days`."""
    about = {"tenant": tx.tenant_id, "currency": currency, "days": dispatch_days}
    whole = {**about, **period(begin, until)}
    sold = (await tx.connection.execute(_MARGIN, whole)).one()
    sent = (await tx.connection.execute(_SHIPPED, whole)).one()
    border = min(max(begin, tx.now - timedelta(days=dispatch_days) + _INSTANT), until)
    due = sum(row.orders for row in await figures.orders(tx, begin, border) if row.status != OrderStatus.CANCELLED)
    early = (await tx.connection.execute(_SHIPPED, {**about, **period(border, until)})).one()
    came = (await tx.connection.execute(_PARCELS, {**about, **period(begin, min(until, tx.now + _INSTANT))})).one()
    return KpiRow(
        margin_revenue_minor=sold.margin_revenue_minor,
        cost_minor=sold.cost_minor,
        dispatched=due + early.shipped,
        dispatched_on_time=sent.on_time,
        parcels=came.parcels,
        late=came.late,
    )


async def split(tx: ReadTx, by: Split, currency: str, begin: datetime, until: datetime, limit: int) -> list[SplitRow]:
    """Return sales by channel or category, the largest first, or by day, the newest first."""
    values = {"tenant": tx.tenant_id, "currency": currency, "limit": limit, **period(begin, until)}
    return [SplitRow(**row) for row in (await tx.connection.execute(_SPLITS[by.value], values)).mappings()]
