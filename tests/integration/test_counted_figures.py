"""Figures that are counted by day say what the rows say, in any period, and after anything that changes the rows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.identity import Principal
from server.wiring import Runtime
from store.queries import carriers, figures, kpis
from store.queries.kpis import KpiRow, Split
from store.unit import ReadTx, Tx

_PARCEL = "status NOT IN ('pending', 'cancelled', 'returned')"
_PLAIN = f"""
    SELECT sold.margin_revenue_minor, sold.cost_minor, sent.dispatched, sent.dispatched_on_time, came.parcels, came.late
    FROM (
      SELECT coalesce(sum(goods.revenue - o.discount_minor), 0)::bigint AS margin_revenue_minor,
        coalesce(sum(goods.cost), 0)::bigint AS cost_minor
      FROM orders o JOIN LATERAL (
        SELECT sum(l.quantity * l.unit_price_minor) AS revenue, sum(l.quantity * l.unit_cost_minor) AS cost
        FROM order_lines l WHERE l.order_id = o.id) goods ON true
      WHERE o.status <> 'cancelled' AND o.currency = 'EUR' AND o.placed_at >= :begin AND o.placed_at < :until
    ) sold, (
      SELECT count(*)::int AS dispatched,
        count(*) FILTER (WHERE shipped_at <= placed_at + make_interval(days => :days))::int AS dispatched_on_time
      FROM orders WHERE status <> 'cancelled' AND placed_at >= :begin AND placed_at < :until
        AND (shipped_at IS NOT NULL OR placed_at + make_interval(days => :days) <= :now)
    ) sent, (
      SELECT count(*)::int AS parcels, count(*) FILTER (WHERE delivered_at IS NULL OR delivered_at > promised_at)::int AS late
      FROM shipments WHERE {_PARCEL} AND promised_at >= :begin AND promised_at < :until
        AND (delivered_at IS NOT NULL OR promised_at <= :now) AND promised_at <= :now
    ) came
"""
_CARRIED = f"""
    SELECT c.code, count(s.id) AS parcels, count(*) FILTER (WHERE s.delivered_at <= s.promised_at) AS on_time,
      count(*) FILTER (WHERE s.id IS NOT NULL AND s.delivered_at IS NULL) AS overdue
    FROM carriers c LEFT JOIN shipments s ON s.carrier_id = c.id AND s.{_PARCEL} AND s.promised_at IS NOT NULL
      AND (s.delivered_at >= :since OR (s.delivered_at IS NULL AND s.promised_at < :now AND s.promised_at >= :since))
    GROUP BY c.code ORDER BY c.code
"""
_SPLIT = {
    Split.CHANNEL: "SELECT channel, sum(total_minor) FROM orders WHERE status <> 'cancelled' AND currency = 'EUR' "
    "AND placed_at >= :begin AND placed_at < :until GROUP BY 1",
    Split.DAY: "SELECT utc_day(placed_at)::text, sum(total_minor) FROM orders WHERE status <> 'cancelled' AND currency = 'EUR' "
    "AND placed_at >= :begin AND placed_at < :until GROUP BY 1",
    Split.CATEGORY: "SELECT l.category, sum(l.quantity * l.unit_price_minor) FROM orders o JOIN order_lines l ON l.order_id = o.id "
    "WHERE o.status <> 'cancelled' AND o.currency = 'EUR' AND o.placed_at >= :begin AND o.placed_at < :until GROUP BY 1",
}
_CHANGES = (
    "UPDATE orders SET status = 'cancelled', cancelled_at = :now WHERE number = (SELECT max(number) FROM orders WHERE status = 'shipped')",
    "UPDATE orders SET shipped_at = placed_at + interval '9 days' WHERE status = 'delivered'",
    "UPDATE orders SET discount_minor = 0, total_minor = total_minor + discount_minor WHERE discount_minor > 0",
    "UPDATE order_lines SET unit_cost_minor = unit_cost_minor + 1, quantity = quantity + 1",
    "UPDATE shipments SET delivered_at = promised_at + interval '2 days', status = 'delivered' WHERE delivered_at IS NULL",
    "UPDATE shipments SET status = 'returned' WHERE number IN (SELECT min(number) FROM shipments WHERE status = 'delivered')",
    "DELETE FROM shipments WHERE number IN (SELECT max(number) FROM shipments WHERE status = 'delivered')",
)


async def plain(tx: ReadTx, query: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await tx.connection.execute(text(query), values)]


async def agrees(tx: ReadTx, begin: datetime, until: datetime, days: int) -> None:
    """Compare every figure of a period with the rows."""
    about = {"begin": begin, "until": until}
    ((*counted,),) = await plain(tx, _PLAIN, **about, days=days, now=tx.now)
    assert await kpis.read(tx, "EUR", begin, until, days) == KpiRow(*counted)
    for by, query in _SPLIT.items():
        found = {row.part: row.revenue_minor for row in await kpis.split(tx, by, "EUR", begin, until, 1_000)}
        assert found == {part: int(minor) for part, minor in await plain(tx, query, **about) if minor}, by
    records = await carriers.records(tx, begin)
    assert [(each.code, each.parcels, each.on_time, each.overdue) for each in records] == await plain(tx, _CARRIED, since=begin, now=tx.now)


@pytest.mark.parametrize(("back", "length"), [(0.02, 0.02), (0.7, 0.7), (1.5, 1.2), (7, 7), (30, 29.3), (120, 90), (400, 400)])
async def test_any_period_has_the_figures_of_its_rows(runtime: Runtime, merchant: Principal, back: float, length: float) -> None:
    async with runtime.units.read(merchant) as tx:
        begin = tx.now - timedelta(days=back)
        for days in (1, 3):
            await agrees(tx, begin, begin + timedelta(days=length), days)


async def test_whatever_changes_the_rows_changes_the_figures(runtime: Runtime, merchant: Principal) -> None:
    async with runtime.units.write(merchant) as tx:
        begin = tx.now - timedelta(days=60)
        for change in _CHANGES:
            values = {"now": tx.now} if ":now" in change else {}
            done = await tx.connection.execute(text(change), values)
            assert done.rowcount, change
            await agrees(tx, begin, tx.now, 3)
        assert isinstance(tx, Tx)
        assert await figures.fold(tx, rows_a_day=1) > 0
        await agrees(tx, begin, tx.now, 3)
