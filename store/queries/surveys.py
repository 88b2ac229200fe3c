"""Surveys: which orders are due for one, what was answered, and how it adds up."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.ids import new_id
from store.tables.aftersales import Survey
from store.unit import ReadTx, Tx

_DUE = text(
    """
    SELECT o.id, o.number, o.customer_id FROM orders o
    WHERE o.tenant_id = :tenant AND o.status = 'delivered' AND o.delivered_at BETWEEN :since AND :until AND o.channel = 'web'
      AND NOT EXISTS (SELECT 1 FROM surveys s WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id)
    ORDER BY o.delivered_at, o.number LIMIT :limit
    """
)
_SEND = text(
    "INSERT INTO surveys (tenant_id, id, customer_id, order_id, sent_at, comment) VALUES (:tenant, :id, :customer, :order, :now, '') "
    "ON CONFLICT (tenant_id, order_id) DO NOTHING RETURNING id"
)
_SUMMARY = text(
    """
    SELECT count(*)::int AS sent, count(s.answered_at)::int AS answered, avg(s.rating)::float AS mean,
           count(*) FILTER (WHERE s.recommends)::int AS recommend,
           count(*) FILTER (WHERE s.rating = 1)::int, count(*) FILTER (WHERE s.rating = 2)::int, count(*) FILTER (WHERE s.rating = 3)::int,
           count(*) FILTER (WHERE s.rating = 4)::int, count(*) FILTER (WHERE s.rating = 5)::int
    FROM surveys s WHERE s.tenant_id = :tenant AND s.sent_at >= :since
    """
)
_SAID = text(
    """
    WITH worst AS MATERIALIZED (
      SELECT s.* FROM surveys s
      WHERE s.tenant_id = :tenant AND s.sent_at >= :since AND s.answered_at IS NOT NULL AND s.rating <= :at_most
      ORDER BY s.rating, s.answered_at DESC, s.id LIMIT :limit
    )
    SELECT o.number, c.name, s.rating, s.recommends, s.comment, s.answered_at
    FROM worst s JOIN orders o ON o.tenant_id = :tenant AND o.id = s.order_id
    JOIN customers c ON c.tenant_id = :tenant AND c.id = s.customer_id
    ORDER BY s.rating, s.answered_at DESC, s.id
    """
)


class DueOrder(NamedTuple):
    """A delivered order whose customer was not asked yet."""

    id: UUID
    number: str
    customer_id: UUID


class Summary(NamedTuple):
    """How surveys add up; the counts by rating begin with 1."""

    sent: int
    answered: int
    mean: float | None
    recommend: int
    by_rating: tuple[int, ...]


class Said(NamedTuple):
    """One answer."""

    order: str
    customer: str
    rating: int
    recommends: bool
    comment: str
    at: datetime


async def due(tx: ReadTx, *, since: datetime, until: datetime, limit: int) -> list[DueOrder]:
    """Return the shop's own orders that were delivered in a span of time and have no survey, the oldest first.

    Buyers on a channel are the channel's to ask.
    """
    values = {"tenant": tx.tenant_id, "since": since, "until": until, "limit": limit}
    return [DueOrder(*row) for row in await tx.connection.execute(_DUE, values)]


async def send(tx: Tx, orders: Sequence[DueOrder]) -> list[DueOrder]:
    """Add a survey for each order, and return those that had none yet, whoever else sends at the same time."""
    sent: list[DueOrder] = []
    for order in sorted(orders):
        values = {"tenant": tx.tenant_id, "id": new_id(), "customer": order.customer_id, "order": order.id, "now": tx.now}
        if (await tx.connection.execute(_SEND, values)).first() is not None:
            sent.append(order)
    return sent


async def of_order(tx: ReadTx, order_id: UUID, *, lock: bool = False) -> Survey | None:
    """Return the survey of an order that the caller may see, locked when `lock`."""
    query = select(Survey).where(col(Survey.tenant_id) == tx.tenant_id, col(Survey.order_id) == order_id)
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()


async def summary(tx: ReadTx, since: datetime) -> Summary:
    """Add up the surveys that were sent since then."""
    sent, answered, mean, recommend, *by_rating = (await tx.connection.execute(_SUMMARY, {"tenant": tx.tenant_id, "since": since})).one()
    return Summary(sent, answered, mean, recommend, tuple(by_rating))


async def said(tx: ReadTx, *, since: datetime, at_most: int, limit: int) -> list[Said]:
    """Return answers up to a rating, the worst and newest first."""
    values = {"tenant": tx.tenant_id, "since": since, "at_most": at_most, "limit": limit}
    return [Said(*row) for row in await tx.connection.execute(_SAID, values)]
