"""Figures by which a shop is steered, over a period and in one currency."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import text

from store.unit import ReadTx

_KPIS = text(
    """
    SELECT sold.margin_revenue_minor, sold.cost_minor, sent.dispatched, sent.dispatched_on_time, came.parcels, came.late
    FROM (
      SELECT coalesce(sum(goods.revenue - o.discount_minor), 0)::bigint AS margin_revenue_minor,
        coalesce(sum(goods.cost), 0)::bigint AS cost_minor
      FROM orders o JOIN LATERAL (
        SELECT sum(l.quantity * l.unit_price_minor) AS revenue, sum(l.quantity * l.unit_cost_minor) AS cost
        FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id
      ) goods ON true
      WHERE o.tenant_id = :tenant AND o.status <> 'cancelled' AND o.currency = :currency AND o.placed_at >= :begin AND o.placed_at < :until
    ) sold, (
      SELECT count(*)::int AS dispatched,
        count(*) FILTER (WHERE shipped_at IS NOT NULL AND shipped_at <= placed_at + cast(:dispatch AS interval))::int AS dispatched_on_time
      FROM orders WHERE tenant_id = :tenant AND status <> 'cancelled' AND placed_at >= :begin AND placed_at < :until
        AND (shipped_at IS NOT NULL OR placed_at + cast(:dispatch AS interval) <= :now)
    ) sent, (
      SELECT count(*)::int AS parcels, count(*) FILTER (WHERE delivered_at IS NULL OR delivered_at > promised_at)::int AS late
      FROM shipments WHERE tenant_id = :tenant AND promised_at >= :begin AND promised_at < :until AND promised_at <= :now
    ) came
    """
)
_SPLITS = {
    "channel": ("o.channel", "", "o.total_minor"),
    "day": ("to_char(o.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')", "", "o.total_minor"),
    "category": (
        "l.category",
        "JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id",
        "l.quantity * l.unit_price_minor",
    ),
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
    orders: int
    revenue_minor: int


async def read(tx: ReadTx, currency: str, begin: datetime, until: datetime, dispatch: timedelta) -> KpiRow:
    """Return the figures of a period; an order counts as dispatched on time when it shipped within `dispatch`."""
    values = {"tenant": tx.tenant_id, "currency": currency, "begin": begin, "until": until, "dispatch": dispatch, "now": tx.now}
    return KpiRow(**(await tx.session.execute(_KPIS, values)).mappings().one())


async def split(tx: ReadTx, by: Split, currency: str, begin: datetime, until: datetime, limit: int) -> list[SplitRow]:
    """Return sales by channel or category, the largest first, or by day, the newest first."""
    part, joined, revenue = _SPLITS[by.value]
    query = f"""
        SELECT {part} AS part, count(DISTINCT o.id)::int AS orders, sum({revenue})::bigint AS revenue_minor
        FROM orders o {joined}
        WHERE o.tenant_id = :tenant AND o.status <> 'cancelled' AND o.currency = :currency
          AND o.placed_at >= :begin AND o.placed_at < :until
        GROUP BY 1 ORDER BY {"1 DESC" if by is Split.DAY else "3 DESC, 1"} LIMIT :limit
    """
    values = {"tenant": tx.tenant_id, "currency": currency, "begin": begin, "until": until, "limit": limit}
    return [SplitRow(**row) for row in (await tx.session.execute(text(query), values)).mappings()]
