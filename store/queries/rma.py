"""What handling a return reads and keeps: its lines with their order lines, its photos, where it goes, and whose returns are many."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, text
from sqlmodel import col, select

from core.aftersales import ItemCondition
from store.tables.aftersales import Return, ReturnLine, ReturnPhoto
from store.tables.orders import OrderLine
from store.unit import ReadTx

_DEPOT = text(
    """
    SELECT w.id, w.code, w.name FROM warehouses w
    LEFT JOIN shipments s ON s.tenant_id = w.tenant_id AND s.warehouse_id = w.id AND s.order_id = :order
    WHERE w.tenant_id = :tenant ORDER BY s.shipped_at DESC NULLS LAST, w.capacity_units DESC, w.code LIMIT 1
    """
)
_UNUSUAL = text(
    """
    WITH back AS (
      SELECT r.customer_id, count(*) AS returns, count(DISTINCT r.order_id) AS orders_back, sum(r.quoted_minor) AS worth,
             mode() WITHIN GROUP (ORDER BY r.reason) AS reason,
             count(*) FILTER (WHERE r.status = 'rejected') AS rejected
      FROM returns r WHERE r.tenant_id = :tenant AND r.requested_at >= :since AND r.status <> 'cancelled'
      GROUP BY r.customer_id HAVING count(*) >= :at_least),
    judged AS (
      SELECT back.*, (SELECT count(*) FROM orders o WHERE o.tenant_id = :tenant AND o.customer_id = back.customer_id
                      AND o.placed_at >= :since AND o.delivered_at IS NOT NULL) AS delivered FROM back)
    SELECT c.name, c.email, j.returns, j.rejected, j.orders_back, greatest(j.delivered, j.orders_back) AS delivered, j.worth, j.reason,
           (SELECT count(*) FROM return_lines i JOIN returns r ON r.tenant_id = i.tenant_id AND r.id = i.return_id
            WHERE r.tenant_id = :tenant AND r.customer_id = j.customer_id AND r.requested_at >= :since
              AND i.condition IN ('used', 'damaged') AND r.reason IN ('changed_mind', 'size_fit', 'better_price')) AS worn,
           count(*) OVER ()::int AS total
    FROM judged j JOIN customers c ON c.tenant_id = :tenant AND c.id = j.customer_id
    WHERE j.orders_back * 100 >= :percent * greatest(j.delivered, j.orders_back)
    ORDER BY j.orders_back::float / greatest(j.delivered, j.orders_back) DESC, j.returns DESC, c.name LIMIT :limit
    """
)
_EXPIRED = text(
    "SELECT number FROM returns WHERE tenant_id = :tenant AND status IN ('approved', 'label_sent') AND expires_at < :now "
    "ORDER BY order_id, number LIMIT :limit"
)


class LineOfReturn(NamedTuple):
    """A line of a return with the line that was sold."""

    back: ReturnLine
    sold: OrderLine


class Depot(NamedTuple):
    """Where a return goes."""

    id: UUID
    code: str
    name: str


class Returner(NamedTuple):
    """A customer who returns unusually often."""

    customer: str
    email: str
    returns: int
    rejected: int
    orders_back: int
    delivered: int
    worth_minor: int
    reason: str
    worn: int
    """Items that came back used or damaged although the customer only changed their mind."""


async def lines(tx: ReadTx, return_id: UUID) -> list[LineOfReturn]:
    """Return the lines of a return by title, as they are now."""
    same = and_(col(OrderLine.tenant_id) == col(ReturnLine.tenant_id), col(OrderLine.id) == col(ReturnLine.order_line_id))
    query = (
        select(ReturnLine, OrderLine)
        .join(OrderLine, same)
        .where(col(ReturnLine.tenant_id) == tx.tenant_id, col(ReturnLine.return_id) == return_id)
        .order_by(col(OrderLine.title), col(ReturnLine.id))
        .execution_options(populate_existing=True)
    )
    return [LineOfReturn(*row) for row in (await tx.session.exec(query)).all()]


async def photos(tx: ReadTx, return_id: UUID) -> Sequence[ReturnPhoto]:
    """Return the photos of a return, oldest first."""
    query = (
        select(ReturnPhoto)
        .where(col(ReturnPhoto.tenant_id) == tx.tenant_id, col(ReturnPhoto.return_id) == return_id)
        .order_by(col(ReturnPhoto.added_at), col(ReturnPhoto.id))
    )
    return (await tx.session.exec(query)).all()


async def depot(tx: ReadTx, order_id: UUID) -> Depot:
    """Return the warehouse that sent an order last, or else the largest."""
    return Depot(*(await tx.connection.execute(_DEPOT, {"tenant": tx.tenant_id, "order": order_id})).one())


async def expired(tx: ReadTx, limit: int) -> list[str]:
    """Return the numbers of returns that were approved and not sent back in time, in the order in which to lock them."""
    values = {"tenant": tx.tenant_id, "now": tx.now, "limit": limit}
    return list((await tx.connection.execute(_EXPIRED, values)).scalars())


async def unusual(tx: ReadTx, *, since: datetime, at_least: int, percent: int, limit: int) -> tuple[int, list[Returner]]:
    """Return how many customers have at least so many returns on such a share of their orders, and the `limit` worst."""
    values = {"tenant": tx.tenant_id, "since": since, "at_least": at_least, "percent": percent, "limit": limit}
    rows = (await tx.connection.execute(_UNUSUAL, values)).all()
    return (rows[0].total if rows else 0), [Returner(*row[:-1]) for row in rows]


async def units_back(tx: ReadTx, order_id: UUID) -> int:
    """Return how many units of an order came back for good."""
    same = and_(col(Return.tenant_id) == col(ReturnLine.tenant_id), col(Return.id) == col(ReturnLine.return_id))
    query = (
        select(func.coalesce(func.sum(ReturnLine.quantity), 0))
        .join(Return, same)
        .where(col(ReturnLine.tenant_id) == tx.tenant_id, col(Return.order_id) == order_id)
        .where(col(ReturnLine.condition).is_not(None), col(ReturnLine.condition) != ItemCondition.UNCLEAR)
    )
    return int((await tx.session.exec(query)).one())
