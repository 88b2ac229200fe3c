"""What was ordered and sold by day. Triggers keep differences; here they are added up, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from store.unit import ReadTx, Tx

_ORDERS = text(
    """
    WITH whole AS (
      SELECT channel, status, currency, sum(orders) AS orders, sum(total_minor) AS minor FROM order_days
      WHERE tenant_id = :tenant AND day > utc_day(:begin) AND day < utc_day(:until) GROUP BY 1, 2, 3
    ), edges AS (
      SELECT channel, status, currency, count(*) AS orders, sum(total_minor) AS minor FROM orders
      WHERE tenant_id = :tenant AND placed_at >= :begin
        AND placed_at < least(cast(:until AS timestamptz), cast(:first_day_ends AS timestamptz)) GROUP BY 1, 2, 3
      UNION ALL
      SELECT channel, status, currency, count(*) AS orders, sum(total_minor) AS minor FROM orders
      WHERE tenant_id = :tenant AND placed_at >= greatest(cast(:last_day_begins AS timestamptz), cast(:first_day_ends AS timestamptz))
        AND placed_at < :until GROUP BY 1, 2, 3
    )
    SELECT channel, status, currency, sum(orders)::int AS orders, sum(minor)::bigint AS total_minor
    FROM (SELECT * FROM whole UNION ALL SELECT * FROM edges) parts GROUP BY 1, 2, 3 HAVING sum(orders) > 0 ORDER BY 4 DESC, 1, 2, 3
    """
)
"""Days that lie whole in the period come from the figures; the days in which it begins and ends are counted."""
_SOLD = """
    sold AS (
      SELECT variant_id, units, revenue_minor FROM sales_days
      WHERE tenant_id = :tenant AND currency = :currency AND day > utc_day(:begin) AND day < utc_day(:until)
      UNION ALL
      SELECT l.variant_id, l.quantity, l.quantity::bigint * l.unit_price_minor
      FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
      WHERE o.tenant_id = :tenant AND o.currency = :currency AND o.status <> 'cancelled' AND o.placed_at >= :begin
        AND o.placed_at < least(cast(:until AS timestamptz), cast(:first_day_ends AS timestamptz))
      UNION ALL
      SELECT l.variant_id, l.quantity, l.quantity::bigint * l.unit_price_minor
      FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
      WHERE o.tenant_id = :tenant AND o.currency = :currency AND o.status <> 'cancelled'
        AND o.placed_at >= greatest(cast(:last_day_begins AS timestamptz), cast(:first_day_ends AS timestamptz)) AND o.placed_at < :until
    )
"""
_TOP = text(
    f"""
    WITH {_SOLD}
    SELECT p.slug AS product, p.name AS title, sum(s.units)::int AS units, sum(s.revenue_minor)::bigint AS revenue_minor
    FROM (SELECT variant_id, sum(units) AS units, sum(revenue_minor) AS revenue_minor FROM sold GROUP BY variant_id) s
    JOIN variants v ON v.tenant_id = :tenant AND v.id = s.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    GROUP BY p.slug, p.name HAVING sum(s.units) > 0 ORDER BY revenue_minor DESC, p.slug LIMIT :limit
    """
)
_DAILY = text(
    """
    SELECT variant_id, coalesce(sum(units), 0)::float / :days AS mean, coalesce(max(units), 0)::int AS peak
    FROM (
      SELECT variant_id, day, sum(units) AS units FROM sales_days
      WHERE tenant_id = :tenant AND variant_id = ANY(:variants) AND day >= utc_day(:now) - cast(:days AS int) AND day < utc_day(:now)
      GROUP BY variant_id, day
    ) by_day GROUP BY variant_id
    """
)
_FOLD_ORDERS = text(
    """
    WITH crowded AS (
      SELECT day FROM order_days WHERE tenant_id = :tenant GROUP BY day HAVING count(*) > :rows ORDER BY day LIMIT :days
    ), gone AS (
      DELETE FROM order_days d USING crowded WHERE d.tenant_id = :tenant AND d.day = crowded.day RETURNING d.*
    ), kept AS (
      INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor, discount_minor)
      SELECT tenant_id, gen_random_uuid(), day, channel, status, currency, sum(orders), sum(total_minor), sum(discount_minor) FROM gone
      GROUP BY 1, 3, 4, 5, 6 HAVING sum(orders) <> 0 OR sum(total_minor) <> 0 OR sum(discount_minor) <> 0 RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone)::int - (SELECT count(*) FROM kept)::int
    """
)
_FOLD_SALES = text(
    """
    WITH crowded AS (
      SELECT day FROM sales_days WHERE tenant_id = :tenant GROUP BY day HAVING count(*) > :rows ORDER BY day LIMIT :days
    ), gone AS (
      DELETE FROM sales_days d USING crowded WHERE d.tenant_id = :tenant AND d.day = crowded.day RETURNING d.*
    ), kept AS (
      INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor)
      SELECT tenant_id, gen_random_uuid(), day, variant_id, currency, sum(units), sum(revenue_minor), sum(cost_minor) FROM gone
      GROUP BY 1, 3, 4, 5 HAVING sum(units) <> 0 OR sum(revenue_minor) <> 0 OR sum(cost_minor) <> 0 RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone)::int - (SELECT count(*) FROM kept)::int
    """
)
_FOLD_DISPATCHED = text(
    """
    WITH crowded AS (
      SELECT day FROM dispatch_days WHERE tenant_id = :tenant GROUP BY day HAVING count(*) > :rows ORDER BY day LIMIT :days
    ), gone AS (
      DELETE FROM dispatch_days d USING crowded WHERE d.tenant_id = :tenant AND d.day = crowded.day RETURNING d.*
    ), kept AS (
      INSERT INTO dispatch_days (tenant_id, id, day, within_days, orders)
      SELECT tenant_id, gen_random_uuid(), day, within_days, sum(orders) FROM gone GROUP BY 1, 3, 4 HAVING sum(orders) <> 0 RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone)::int - (SELECT count(*) FROM kept)::int
    """
)
_FOLD_ARRIVED = text(
    """
    WITH crowded AS (
      SELECT arrived FROM arrival_days WHERE tenant_id = :tenant GROUP BY arrived HAVING count(*) > :rows ORDER BY arrived LIMIT :days
    ), gone AS (
      DELETE FROM arrival_days d USING crowded WHERE d.tenant_id = :tenant AND d.arrived = crowded.arrived RETURNING d.*
    ), kept AS (
      INSERT INTO arrival_days (tenant_id, id, promised, arrived, carrier_id, parcels, on_time, late_seconds)
      SELECT tenant_id, gen_random_uuid(), promised, arrived, carrier_id, sum(parcels), sum(on_time), sum(late_seconds) FROM gone
      GROUP BY 1, 3, 4, 5 HAVING sum(parcels) <> 0 OR sum(on_time) <> 0 OR sum(late_seconds) <> 0 RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone)::int - (SELECT count(*) FROM kept)::int
    """
)
_FOLDS = (_FOLD_ORDERS, _FOLD_SALES, _FOLD_DISPATCHED, _FOLD_ARRIVED)
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('figures:' || :tenant, 0))")
"""One process folds a store's figures at a time; who comes second leaves it."""
_ROWS_A_DAY = 2_000
"""A day with more rows than this is worth folding: reading it costs milliseconds."""
_DAYS_A_TURN = 400


class OrdersRow(NamedTuple):
    """Orders of one channel, status and currency."""

    channel: str
    status: str
    currency: str
    orders: int
    total_minor: int


class Demand(NamedTuple):
    """Units sold a day."""

    mean: float
    peak: int


@dataclass(frozen=True, slots=True)
class TopRow:
    """What a product brought in."""

    product: str
    title: str
    units: int
    revenue_minor: int


async def orders(tx: ReadTx, begin: datetime, until: datetime) -> list[OrdersRow]:
    """Return the orders placed in a period, by channel, status and currency."""
    return [OrdersRow(*row) for row in await tx.connection.execute(_ORDERS, {"tenant": tx.tenant_id, **period(begin, until)})]


async def top_products(tx: ReadTx, currency: str, begin: datetime, until: datetime, limit: int = 5) -> list[TopRow]:
    """Return the products that brought in most in a period."""
    values = {"tenant": tx.tenant_id, "currency": currency, "limit": limit, **period(begin, until)}
    return [TopRow(**row) for row in (await tx.connection.execute(_TOP, values)).mappings()]


async def demand(tx: ReadTx, variants: Sequence[UUID], days: int) -> dict[UUID, Demand]:
    """Return what was sold a day of some variants over the last `days` whole days: the mean, and the best day."""
    values = {"tenant": tx.tenant_id, "variants": list(variants), "days": days, "now": tx.now}
    rows = (await tx.connection.execute(_DAILY, values)).all()
    sold = {row.variant_id: Demand(row.mean, row.peak) for row in rows}
    return {variant: sold.get(variant, Demand(0, 0)) for variant in variants}


async def fold(tx: Tx, *, rows_a_day: int = _ROWS_A_DAY) -> int:
    """Add up the differences of days that have many, and return how many rows that saved. Sums stay what they are."""
    if not (await tx.connection.execute(_ALONE, {"tenant": str(tx.tenant_id)})).scalar_one():
        return 0
    values = {"tenant": tx.tenant_id, "rows": rows_a_day, "days": _DAYS_A_TURN}
    return sum([int((await tx.connection.execute(query, values)).scalar_one()) for query in _FOLDS])


def period(begin: datetime, until: datetime) -> dict[str, datetime]:
    """Return a period as the queries take it: with the end of its first day and the begin of its last."""
    return {"begin": begin, "until": until, "first_day_ends": _midnight(begin) + timedelta(days=1), "last_day_begins": _midnight(until)}


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
