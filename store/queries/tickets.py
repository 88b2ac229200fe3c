"""Support tickets and whether they are past their deadlines."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import col, select

from core.statuses import TicketStatus
from store.tables.aftersales import Ticket
from store.tables.customers import Customer
from store.tables.orders import Order
from store.unit import ReadTx

UNSETTLED = (TicketStatus.OPEN, TicketStatus.IN_PROGRESS, TicketStatus.WAITING_CUSTOMER)


class TicketOfCustomer(NamedTuple):
    """A ticket with whose it is and which order it is about."""

    ticket: Ticket
    customer: str
    order: str | None


async def find(tx: ReadTx, *, status: TicketStatus | None, overdue_only: bool, limit: int) -> tuple[int, int, list[TicketOfCustomer]]:
    """Return how many tickets match (of a status, else the unsettled ones), how many of them are overdue, and the `limit` due first."""
    wanted = col(Ticket.status) == status if status is not None else col(Ticket.status).in_(UNSETTLED)
    overdue = _overdue(tx)
    conditions = [col(Ticket.tenant_id) == tx.tenant_id, wanted, *([overdue] if overdue_only else [])]
    counted = select(func.count(), func.count().filter(overdue)).select_from(Ticket).where(*conditions)
    total, late = (await tx.session.exec(counted)).one()
    if total == 0:
        return 0, 0, []
    query = (
        select(Ticket, col(Customer.name), col(Order.number))
        .join(Customer, and_(col(Customer.tenant_id) == col(Ticket.tenant_id), col(Customer.id) == col(Ticket.customer_id)))
        .outerjoin(Order, and_(col(Order.tenant_id) == col(Ticket.tenant_id), col(Order.id) == col(Ticket.order_id)))
        .where(*conditions)
        .order_by(col(Ticket.resolve_due_at), col(Ticket.number))
        .limit(limit)
    )
    return total, late, [TicketOfCustomer(*row) for row in (await tx.session.exec(query)).all()]


def _overdue(tx: ReadTx) -> ColumnElement[bool]:
    unanswered = and_(col(Ticket.first_replied_at).is_(None), col(Ticket.first_reply_due_at) < tx.now)
    unresolved = and_(col(Ticket.resolved_at).is_(None), col(Ticket.resolve_due_at) < tx.now)
    return and_(col(Ticket.status).in_(UNSETTLED), or_(unanswered, unresolved))
