"""Returns (RMAs) with what comes back."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func
from sqlmodel import col, select

from core.errors import NotFound
from core.statuses import ReturnStatus
from store.queries.own import own
from store.tables.aftersales import Return, ReturnLine
from store.tables.customers import Customer
from store.tables.orders import Order, OrderLine
from store.unit import ReadTx


class ReturnOfOrder(NamedTuple):
    """A return with its order's number and whose it is."""

    rma: Return
    order: str
    customer: str


class ReturnedItem(NamedTuple):
    """Units of a line that come back."""

    return_id: UUID
    sku: str
    title: str
    quantity: int


async def by_number(tx: ReadTx, number: str, *, lock: bool = False) -> Return:
    """Return an RMA that the caller may see, locked when `lock`: last in the lock order, after its order.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    query = select(Return).where(col(Return.tenant_id) == tx.tenant_id, col(Return.number) == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = (await tx.session.exec(query)).first()
    if row is None:
        raise NotFound("return", number)
    return row


async def find(
    tx: ReadTx, *, status: ReturnStatus | None = None, order_id: UUID | None = None, limit: int
) -> tuple[int, list[ReturnOfOrder]]:
    """Return how many returns match and the newest `limit` of them."""
    conditions = [col(Return.tenant_id) == tx.tenant_id, *own(tx, col(Return.customer_id))]
    if status is not None:
        conditions.append(col(Return.status) == status)
    if order_id is not None:
        conditions.append(col(Return.order_id) == order_id)
    total = (await tx.session.exec(select(func.count()).select_from(Return).where(*conditions))).one()
    if total == 0:
        return 0, []
    newest = (col(Return.requested_at).desc(), col(Return.number).desc())
    page = select(Return.id).where(*conditions).order_by(*newest).limit(limit).cte("page").prefix_with("MATERIALIZED")
    query = (
        select(Return, col(Order.number), col(Customer.name))
        .join(page, page.c.id == col(Return.id))
        .join(Order, and_(col(Order.tenant_id) == tx.tenant_id, col(Order.id) == col(Return.order_id)))
        .join(Customer, and_(col(Customer.tenant_id) == tx.tenant_id, col(Customer.id) == col(Return.customer_id)))
        .where(col(Return.tenant_id) == tx.tenant_id)
        .order_by(*newest)
    )
    return total, [ReturnOfOrder(*row) for row in (await tx.session.exec(query)).all()]


async def items_of(tx: ReadTx, return_ids: Sequence[UUID]) -> dict[UUID, list[ReturnedItem]]:
    """Return what comes back with several returns, by return."""
    same_line = and_(col(OrderLine.tenant_id) == col(ReturnLine.tenant_id), col(OrderLine.id) == col(ReturnLine.order_line_id))
    query = (
        select(col(ReturnLine.return_id), col(OrderLine.sku), col(OrderLine.title), col(ReturnLine.quantity))
        .join(OrderLine, same_line)
        .where(col(ReturnLine.tenant_id) == tx.tenant_id, col(ReturnLine.return_id).in_(return_ids))
        .order_by(col(OrderLine.title))
    )
    grouped: dict[UUID, list[ReturnedItem]] = defaultdict(list)
    for row in (await tx.session.exec(query)).all():
        item = ReturnedItem(*row)
        grouped[item.return_id].append(item)
    return grouped
