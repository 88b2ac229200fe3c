"""Support tickets and whether they are past their deadlines."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import col, select

from core.errors import NotFound
from core.statuses import TicketStatus
from store.queries.orders import COUNTED
from store.queries.own import own
from store.tables.aftersales import Ticket, TicketMessage
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
    """Return how many tickets match, how many of them are overdue, and the first `limit` of them.

    Without a status the unsettled ones match. Those are listed as they are due; settled ones the newest first, and counted up to `COUNTED`.
    """
    settled = status is not None and status not in UNSETTLED
    wanted = col(Ticket.status) == status if status is not None else col(Ticket.status).in_(UNSETTLED)
    overdue = _overdue(tx)
    conditions = [col(Ticket.tenant_id) == tx.tenant_id, wanted, *own(tx, col(Ticket.customer_id)), *([overdue] if overdue_only else [])]
    some = select(overdue.label("overdue")).where(*conditions).limit(COUNTED if settled else None).subquery()
    counted = select(func.count(), func.count().filter(some.c.overdue)).select_from(some)
    total, late = (await tx.session.exec(counted)).one()
    if total == 0:
        return 0, 0, []
    order = (col(Ticket.created_at).desc(),) if settled else (col(Ticket.resolve_due_at), col(Ticket.number))
    first = select(Ticket.id).where(*conditions).order_by(*order).limit(limit)
    query = (
        select(Ticket, col(Customer.name), col(Order.number))
        .join(Customer, and_(col(Customer.tenant_id) == col(Ticket.tenant_id), col(Customer.id) == col(Ticket.customer_id)))
        .outerjoin(Order, and_(col(Order.tenant_id) == col(Ticket.tenant_id), col(Order.id) == col(Ticket.order_id)))
        .where(col(Ticket.tenant_id) == tx.tenant_id, col(Ticket.id).in_(first))
        .order_by(*order)
    )
    return total, late, [TicketOfCustomer(*row) for row in (await tx.session.exec(query)).all()]


async def by_number(tx: ReadTx, number: str, *, lock: bool = False) -> Ticket:
    """Return a ticket that the caller may see, locked when `lock`.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    query = select(Ticket).where(col(Ticket.tenant_id) == tx.tenant_id, col(Ticket.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("ticket", number)
    return row


async def about(tx: ReadTx, ticket: Ticket) -> TicketOfCustomer:
    """Return a ticket with whose it is and which order it is about."""
    order = select(Order.number).where(col(Order.tenant_id) == tx.tenant_id, col(Order.id) == ticket.order_id)
    name = select(Customer.name).where(col(Customer.tenant_id) == tx.tenant_id, col(Customer.id) == ticket.customer_id)
    number = (await tx.session.exec(order)).first() if ticket.order_id else None
    return TicketOfCustomer(ticket, (await tx.session.exec(name)).one(), number)


async def messages(tx: ReadTx, ticket_id: UUID, limit: int) -> tuple[int, Sequence[TicketMessage]]:
    """Return how many replies a ticket has, and the newest `limit` of them, oldest first."""
    mine = (col(TicketMessage.tenant_id) == tx.tenant_id, col(TicketMessage.ticket_id) == ticket_id)
    total = (await tx.session.exec(select(func.count()).select_from(TicketMessage).where(*mine))).one()
    newest = select(TicketMessage).where(*mine).order_by(col(TicketMessage.at).desc(), col(TicketMessage.id).desc()).limit(limit)
    return total, list(reversed((await tx.session.exec(newest)).all()))


def _overdue(tx: ReadTx) -> ColumnElement[bool]:
    unanswered = and_(col(Ticket.first_replied_at).is_(None), col(Ticket.first_reply_due_at) < tx.now)
    unresolved = and_(col(Ticket.resolved_at).is_(None), col(Ticket.resolve_due_at) < tx.now)
    return and_(col(Ticket.status).in_(UNSETTLED), or_(unanswered, unresolved))
