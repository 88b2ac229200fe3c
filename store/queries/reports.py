"""Figures of the shop over a period, and what waits for somebody now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from core.statuses import OrderStatus
from store.queries import figures
from store.unit import ReadTx

_MONEY_BACK = text(
    """
    SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM payment_transactions
    WHERE tenant_id = :tenant AND type = 'refund' AND state IN ('pending', 'succeeded') AND currency = :currency
      AND created_at >= :begin AND created_at < :until
    """
)
_SENT_BACK = text(
    """
    SELECT count(*)::int AS returns FROM returns
    WHERE tenant_id = :tenant AND status NOT IN ('rejected', 'cancelled') AND requested_at >= :begin AND requested_at < :until
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
class WaitingRow:
    """What waits for somebody and belongs to no other query."""

    listing_issues: int
    approvals: int
    returns: int


async def period(tx: ReadTx, currency: str, begin: datetime, until: datetime) -> PeriodRow:
    """Return the figures of a period, in one currency."""
    values = {"tenant": tx.tenant_id, "currency": currency, "begin": begin, "until": until}
    placed = await figures.orders(tx, begin, until)
    sold = [row for row in placed if row.status != OrderStatus.CANCELLED and row.currency == currency]
    return PeriodRow(
        orders=sum(row.orders for row in sold),
        revenue_minor=sum(row.total_minor for row in sold),
        cancelled=sum(row.orders for row in placed if row.status == OrderStatus.CANCELLED),
        other_currency=sum(row.orders for row in placed if row.currency != currency),
        refunded_minor=int((await tx.connection.execute(_MONEY_BACK, values)).scalar_one()),
        returns=int((await tx.connection.execute(_SENT_BACK, values)).scalar_one()),
    )


async def waiting(tx: ReadTx) -> WaitingRow:
    """Return how many listing issues, approvals and returns wait."""
    return WaitingRow(**(await tx.session.execute(_WAITING, {"tenant": tx.tenant_id, "now": tx.now})).mappings().one())
