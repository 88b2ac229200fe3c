"""Support tickets: settled ones along the orders, and a fixed set of live ones in every state."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from core.statuses import OrderStatus, TicketPriority, TicketStatus
from store.seed.data.messages import TICKETS
from store.seed.draft import Draft
from store.seed.model import Row, Shop

_FIRST_REPLY = timedelta(minutes=60)
_RESOLUTION = timedelta(hours=24)
_SOLUTION = "Answered by e-mail; the customer is content."
_SETTLED_AFTER = timedelta(hours=60)
_PRIORITIES = ((TicketPriority.LOW, TicketPriority.NORMAL, TicketPriority.HIGH, TicketPriority.URGENT), (15, 60, 20, 5))
LIVE = (
    (TicketStatus.OPEN, TicketPriority.URGENT, 30.0, None),
    (TicketStatus.OPEN, TicketPriority.HIGH, 41.0, None),
    (TicketStatus.OPEN, TicketPriority.NORMAL, 66.0, None),
    (TicketStatus.OPEN, TicketPriority.NORMAL, 3.0, None),
    (TicketStatus.OPEN, TicketPriority.LOW, 0.5, None),
    (TicketStatus.IN_PROGRESS, TicketPriority.HIGH, 38.0, 2.5),
    (TicketStatus.IN_PROGRESS, TicketPriority.NORMAL, 27.0, 0.6),
    (TicketStatus.IN_PROGRESS, TicketPriority.NORMAL, 8.0, 0.4),
    (TicketStatus.WAITING_CUSTOMER, TicketPriority.NORMAL, 20.0, 0.7),
    (TicketStatus.WAITING_CUSTOMER, TicketPriority.LOW, 15.0, 0.9),
    (TicketStatus.RESOLVED, TicketPriority.NORMAL, 22.0, 0.5),
    (TicketStatus.RESOLVED, TicketPriority.HIGH, 30.0, 0.3),
    (TicketStatus.CLOSED, TicketPriority.LOW, 90.0, 0.8),
)
"""State, priority, age in hours, hours until the first reply. Open and in-progress ones above 24 h are past their SLA."""


def settled(draft: Draft, number: int) -> Iterator[Row]:
    """Yield the ticket of an order that caused one and is old enough for it to be over."""
    shop, rng = draft.shop, draft.shop.rng(f"ticket:{draft.number}")
    created = draft.plan.times.placed + timedelta(days=rng.uniform(0.5, 6))
    if rng.random() > 0.035 or created > shop.now - _SETTLED_AFTER:
        return
    status = rng.choices((TicketStatus.CLOSED, TicketStatus.RESOLVED), (80, 20))[0]
    priority, reply = rng.choices(*_PRIORITIES)[0], rng.uniform(0.1, 1.3)
    subject, body = TICKETS[rng.randrange(len(TICKETS))]
    yield _ticket(draft, number, subject, body, status, priority, (created - shop.now) / timedelta(hours=-1), reply, rng.uniform(3, 30))


def live(shop: Shop, recent: Sequence[Draft], number: int) -> Iterator[Row]:
    """Yield one ticket for each entry of `LIVE`, about recent orders, numbered from `number`."""
    orders = [draft for draft in recent if draft.status in {OrderStatus.DELIVERED, OrderStatus.SHIPPED}]
    entries = LIVE if shop.first else LIVE[::2]
    for position, (status, priority, hours, reply) in enumerate(entries):
        draft = orders[-1 - position * 3 % len(orders)]
        subject, body = TICKETS[position % len(TICKETS)]
        yield _ticket(draft, number + position, subject, body, status, priority, hours, reply, 12.0)


def _ticket(
    draft: Draft,
    number: int,
    subject: str,
    body: str,
    status: TicketStatus,
    priority: TicketPriority,
    age_hours: float,
    reply_hours: float | None,
    resolve_hours: float,
) -> Row:
    created = draft.shop.now - timedelta(hours=age_hours)
    over = status in {TicketStatus.RESOLVED, TicketStatus.CLOSED}
    return draft.shop.row(
        "tickets",
        number,
        number=f"T-{number}",
        customer_id=draft.plan.buyer.id,
        order_id=draft.order_id,
        subject=subject,
        body=body.format(number=draft.number),
        status=status.value,
        priority=priority.value,
        created_at=created,
        first_reply_due_at=created + _FIRST_REPLY,
        resolve_due_at=created + _RESOLUTION,
        first_replied_at=None if reply_hours is None else created + timedelta(hours=reply_hours),
        resolved_at=created + timedelta(hours=resolve_hours) if over else None,
        escalated_at=None,
        escalation_reason="",
        resolution=_SOLUTION if over else "",
    )
