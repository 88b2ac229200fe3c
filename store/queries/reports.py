"""Figures of the shop over a period, and what waits for somebody now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from store.unit import ReadTx

_PERIOD = text(
    """
    SELECT sold.orders, sold.revenue_minor, sold.cancelled, sold.other_currency, refunded.minor AS refunded_minor, sent_back.returns
    FROM (
      SELECT count(*) FILTER (WHERE status <> 'cancelled' AND currency = :currency)::int AS orders,
        coalesce(sum(total_minor) FILTER (WHERE status <> 'cancelled' AND currency = :currency), 0)::bigint AS revenue_minor,
        count(*) FILTER (WHERE status = 'cancelled')::int AS cancelled, count(*) FILTER (WHERE currency <> :currency)::int AS other_currency
      FROM orders WHERE tenant_id = :tenant AND placed_at >= :begin AND placed_at < :until
    ) sold, (
      SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM payment_transactions
      WHERE tenant_id = :tenant AND type = 'refund' AND state IN ('pending', 'succeeded') AND currency = :currency
        AND created_at >= :begin AND created_at < :until
    ) refunded, (
      SELECT count(*)::int AS returns FROM returns
      WHERE tenant_id = :tenant AND status NOT IN ('rejected', 'cancelled') AND requested_at >= :begin AND requested_at < :until
    ) sent_back
    """
)
_TOP = text(
    """
    SELECT p.slug AS product, p.name AS title, sum(l.quantity)::int AS units, sum(l.quantity * l.unit_price_minor)::bigint AS revenue_minor
    FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
    JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    WHERE o.tenant_id = :tenant AND o.placed_at >= :begin AND o.placed_at < :until AND o.status <> 'cancelled' AND o.currency = :currency
    GROUP BY p.slug, p.name ORDER BY revenue_minor DESC, p.slug LIMIT :limit
    """
)
_WAITING = text(
    """
    SELECT
      (SELECT count(*) FROM listing_issues i WHERE i.tenant_id = :tenant AND i.status = 'open')::int AS listing_issues,
      (SELECT count(*) FROM approvals a WHERE a.tenant_id = :tenant AND a.status = 'open' AND a.kind = 'approval'
         AND a.expires_at > :now)::int AS approvals,
      (SELECT count(*) FROM returns r WHERE r.tenant_id = :tenant AND r.status = 'requested')::int AS returns
    """
)


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """What was sold, refunded and sent back in a period."""

    orders: int
    revenue_minor: int
    cancelled: int
    other_currency: int
    refunded_minor: int
    returns: int


@dataclass(frozen=True, slots=True)
class TopRow:
    """What a product brought in."""

    product: str
    title: str
    units: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """What waits for somebody and belongs to no other query."""

    listing_issues: int
    approvals: int
    returns: int


async def period(tx: ReadTx, currency: str, begin: datetime, until: datetime) -> PeriodRow:
    """Return the figures of a period, in one currency."""
    values = {"tenant": tx.tenant_id, "currency": currency, "begin": begin, "until": until}
    return PeriodRow(**(await tx.session.execute(_PERIOD, values)).mappings().one())


async def top_products(tx: ReadTx, currency: str, begin: datetime, until: datetime, limit: int = 5) -> list[TopRow]:
    """Return the products that brought in most."""
    values = {"tenant": tx.tenant_id, "currency": currency, "begin": begin, "until": until, "limit": limit}
    return [TopRow(**row) for row in (await tx.session.execute(_TOP, values)).mappings()]


async def waiting(tx: ReadTx) -> WaitingRow:
    """Return how many listing issues, approvals and returns wait."""
    return WaitingRow(**(await tx.session.execute(_WAITING, {"tenant": tx.tenant_id, "now": tx.now})).mappings().one())
