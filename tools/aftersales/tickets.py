"""Support tickets: ask a person, and see what waits for one."""

from datetime import datetime

from core.identity import Permission, RunContext
from core.statuses import TicketPriority, TicketStatus
from store.queries import counters, tickets
from store.queries.orders import COUNTED
from store.queries.tickets import UNSETTLED, TicketOfCustomer
from store.tables.aftersales import Ticket
from store.unit import ReadTx, Tx
from tools.aftersales.facts import OpenTicket, TicketPlan, ticket_facts
from tools.aftersales.module import module
from tools.arguments import Limit
from tools.phrases import day, listing, plural, words
from tools.policy.service import decide_ticket
from tools.result import Quote, Result
from tools.spec import Args, Effect


class TicketOpened(Result):
    """A ticket that a person will answer."""

    ticket: str
    order: str | None
    status: TicketStatus
    priority: TicketPriority
    first_reply_due_at: datetime

    def text(self) -> str:
        """Return the number and when to expect an answer."""
        about = f" about order {self.order}" if self.order else ""
        due = f"{day(self.first_reply_due_at)}, {self.first_reply_due_at:%H:%M} UTC"
        return f"Ticket **{self.ticket}**{about} is open. A person will answer by {due}."


class TicketListed(Result):
    """A ticket in a list. `customer` is filled for staff."""

    ticket: str
    subject: Quote
    status: TicketStatus
    priority: TicketPriority
    order: str | None
    customer: str | None
    created_at: datetime
    first_reply_due_at: datetime
    resolve_due_at: datetime
    overdue: bool

    @property
    def shown(self) -> str:
        """The ticket on one line."""
        about = f", order {self.order}" if self.order else ""
        who = f", {self.customer}" if self.customer else ""
        late = ", **overdue**" if self.overdue else ""
        state = f"{words(self.status)}, {self.priority}{late}"
        return f"{self.ticket} “{self.subject.text}”: {state}{about}{who}, opened {day(self.created_at)}"


class TicketsListed(Result):
    """Tickets that match, the first due first, settled ones the newest first and counted up to `COUNTED`."""

    total: int
    overdue: int
    tickets: list[TicketListed]

    def text(self) -> str:
        """Return one line a ticket."""
        if not self.tickets:
            return "No ticket matches."
        many = "At least " if self.total >= COUNTED else ""
        head = f"{many}{plural(self.total, 'ticket')}, {self.overdue} overdue:"
        return listing(head, [each.shown for each in self.tickets[:10]], self.total)


class ListTickets(Args):
    """Which tickets to list."""

    status: TicketStatus | None = None
    """Only tickets in this state; all that are not settled when left out."""
    overdue_only: bool = False
    """Only those past the time promised for the first reply or the solution."""
    limit: Limit = 10


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.TICKET_OPEN,
    facts=ticket_facts,
    policy=lambda policy, facts, _args, principal: decide_ticket(policy.service, facts, principal),
    examples=(
        "I want to talk to a human",
        "open a ticket: the lamp flickers, order 1042",
        "let someone call me back about order 1017",
        "this is urgent, please get a person to look at order 1042",
        "create a support ticket for order 1042, the parcel was opened",
        "complaint about my order 1042",
        "can a real person help me",
        "escalate this",
    ),
)
async def open_ticket(tx: Tx, args: OpenTicket, _ctx: RunContext, facts: TicketPlan) -> TicketOpened:
    """Open a support ticket, so that a person answers."""
    number = f"T-{await counters.take(tx, 'ticket')}"
    tx.add(
        Ticket(
            tenant_id=tx.tenant_id,
            number=number,
            subject=args.subject,
            body=args.message,
            priority=args.priority,
            created_at=tx.now,
            **facts.model_dump(),
        )
    )
    tx.emit("ticket.opened", ticket=number, order=args.order, priority=args.priority.value)
    return TicketOpened(
        ticket=number, order=args.order, status=TicketStatus.OPEN, priority=args.priority, first_reply_due_at=facts.first_reply_due_at
    )


@module.tool(
    effect=Effect.READ,
    permission=Permission.TICKET_READ,
    examples=(
        "show open tickets",
        "which tickets are overdue",
        "my support tickets",
        "any tickets past SLA?",
        "tickets waiting for the customer",
        "what's in the support queue",
        "did anyone answer my complaint yet",
        "list resolved tickets",
    ),
)
async def list_tickets(tx: ReadTx, args: ListTickets, _ctx: RunContext) -> TicketsListed:
    """List support tickets, the first due first: those not settled yet, or those in one state."""
    total, overdue, found = await tickets.find(tx, status=args.status, overdue_only=args.overdue_only, limit=args.limit)
    return TicketsListed(total=total, overdue=overdue, tickets=[_listed(tx, row) for row in found])


def _listed(tx: ReadTx, row: TicketOfCustomer) -> TicketListed:
    ticket = row.ticket
    unanswered = ticket.first_replied_at is None and ticket.first_reply_due_at < tx.now
    unresolved = ticket.resolved_at is None and ticket.resolve_due_at < tx.now
    return TicketListed(
        ticket=ticket.number,
        subject=Quote.customer(ticket.subject),
        status=ticket.status,
        priority=ticket.priority,
        order=row.order,
        customer=None if tx.principal.is_customer else row.customer,
        created_at=ticket.created_at,
        first_reply_due_at=ticket.first_reply_due_at,
        resolve_due_at=ticket.resolve_due_at,
        overdue=TicketStatus(ticket.status) in UNSETTLED and (unanswered or unresolved),
    )
