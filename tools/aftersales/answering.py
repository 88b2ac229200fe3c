"""One ticket: what was written, a reply, a colleague's help, and its solution."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from core.statuses import TICKET_TRANSITIONS, AlertLevel, TicketPriority, TicketStatus, change
from store.queries import orders, tickets
from store.tables.aftersales import Ticket, TicketMessage
from store.unit import ReadTx, Tx
from tools.aftersales.module import module
from tools.arguments import Limit, TicketNumber
from tools.backoffice.alerts import raise_alert
from tools.phrases import day, listing, words
from tools.policy import Policy
from tools.policy.service import ServicePolicy, TicketState, after_reply, decide_escalation, decide_reply, decide_solution
from tools.result import Quote, Result
from tools.spec import Args, Audience, Effect

_SHOWN = 10


class TicketMessageShown(Result):
    """A reply to a ticket."""

    author: str
    from_customer: bool
    at: datetime
    said: Quote | str
    """The customer's words are quoted; a colleague's are not."""

    @property
    def shown(self) -> str:
        """The reply on one line."""
        words = self.said.text if isinstance(self.said, Quote) else self.said
        return f"{day(self.at)}, {self.at:%H:%M} {self.author}: {words}"


class TicketDetail(Result):
    """A ticket with its conversation. `customer` is filled for staff."""

    ticket: str
    subject: Quote
    body: Quote
    status: TicketStatus
    priority: TicketPriority
    order: str | None
    customer: str | None
    created_at: datetime
    first_reply_due_at: datetime
    resolve_due_at: datetime
    first_replied_at: datetime | None
    resolved_at: datetime | None
    escalated_at: datetime | None
    escalation_reason: str
    resolution: str
    overdue: bool
    total: int
    """Replies that there are; the newest are shown."""
    messages: list[TicketMessageShown]

    def text(self) -> str:
        """Return the question, the replies and where it stands."""
        about = f", order {self.order}" if self.order else ""
        who = f", {self.customer}" if self.customer else ""
        late = ", **overdue**" if self.overdue else ""
        head = f"Ticket **{self.ticket}** “{self.subject.text}”: {words(self.status)}, {self.priority}{late}{about}{who}."
        lines = [head, f"{day(self.created_at)}: {self.body.text}"]
        if self.messages:
            lines.append(listing("Replies:", [each.shown for each in self.messages[-_SHOWN:]], self.total))
        if self.escalated_at:
            lines.append(f"Escalated {day(self.escalated_at)}: {self.escalation_reason}")
        if self.resolved_at:
            lines.append(f"Solved {day(self.resolved_at)}{f': {self.resolution}' if self.resolution else ''}.")
        elif self.first_replied_at is None:
            lines.append(f"A first answer is due by {day(self.first_reply_due_at)}, {self.first_reply_due_at:%H:%M} UTC.")
        else:
            lines.append(f"To be solved by {day(self.resolve_due_at)}, {self.resolve_due_at:%H:%M} UTC.")
        return "\n".join(lines)


class TicketMoved(Result):
    """A ticket after somebody worked on it."""

    ticket: str
    status: TicketStatus
    priority: TicketPriority
    detail: str

    def text(self) -> str:
        """Return what was done, and where the ticket stands."""
        return f"Ticket **{self.ticket}** is **{words(self.status)}** ({self.priority}). {self.detail}"


class OneTicket(Args):
    """Which ticket."""

    ticket: TicketNumber


class GetTicket(OneTicket):
    """Which ticket, and how much of its conversation."""

    limit: Limit = 10


class ReplyTicket(OneTicket):
    """What to answer."""

    message: Annotated[
        str, Field(min_length=1, max_length=2000, description="The answer, word for word", json_schema_extra={"format": "text"})
    ]
    asks: bool = True
    """Whether the customer has to answer before it goes on; only for staff."""


class EscalateTicket(OneTicket):
    """Why it needs more than a reply."""

    reason: Annotated[str, Field(min_length=1, max_length=300, description="Why it is escalated", json_schema_extra={"format": "text"})]
    priority: TicketPriority = TicketPriority.URGENT
    """How urgent it is from now on; never less than before."""


class ResolveTicket(OneTicket):
    """How it was solved."""

    resolution: Annotated[
        str, Field(min_length=1, max_length=1000, description="What was done about it", json_schema_extra={"format": "text"})
    ]


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """A locked ticket, and the times that are promised."""

    ticket: Ticket
    state: TicketState
    service: ServicePolicy


async def ticket_state(tx: Tx, args: OneTicket, _ctx: RunContext, policy: Policy) -> TicketFacts:
    """Lock a ticket that the caller may see."""
    row = await tickets.by_number(tx, args.ticket, lock=True)
    state = TicketState(
        number=row.number,
        status=TicketStatus(row.status),
        priority=TicketPriority(row.priority),
        escalated=row.escalated_at is not None,
    )
    return TicketFacts(row, state, policy.service)


@module.tool(
    effect=Effect.READ,
    permission=Permission.TICKET_READ,
    examples=(
        "show ticket T-1003",
        "what was written in ticket T-1012",
        "details of T-1005",
        "has anybody answered T-1003",
        "read me the conversation of ticket T-1007",
        "where does my ticket T-1010 stand",
    ),
)
async def get_ticket(tx: ReadTx, args: GetTicket, _ctx: RunContext) -> TicketDetail:
    """Show one support ticket with its conversation, its deadlines and its solution."""
    ticket, customer, order = await tickets.about(tx, await tickets.by_number(tx, args.ticket))
    total, found = await tickets.messages(tx, ticket.id, args.limit)
    unanswered = ticket.first_replied_at is None and ticket.first_reply_due_at < tx.now
    unresolved = ticket.resolved_at is None and ticket.resolve_due_at < tx.now
    return TicketDetail(
        ticket=ticket.number,
        subject=Quote.customer(ticket.subject),
        body=Quote.customer(ticket.body),
        status=TicketStatus(ticket.status),
        priority=TicketPriority(ticket.priority),
        order=order,
        customer=None if tx.principal.is_customer else customer,
        created_at=ticket.created_at,
        first_reply_due_at=ticket.first_reply_due_at,
        resolve_due_at=ticket.resolve_due_at,
        first_replied_at=ticket.first_replied_at,
        resolved_at=ticket.resolved_at,
        escalated_at=ticket.escalated_at,
        escalation_reason="" if tx.principal.is_customer else ticket.escalation_reason,
        resolution=ticket.resolution,
        overdue=TicketStatus(ticket.status) in tickets.UNSETTLED and (unanswered or unresolved),
        total=total,
        messages=[
            TicketMessageShown(
                author=each.author,
                from_customer=each.from_customer,
                at=each.at,
                said=Quote.customer(each.text) if each.from_customer else each.text,
            )
            for each in found
        ],
    )


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.TICKET_OPEN,
    facts=ticket_state,
    policy=lambda _policy, facts, _args, _principal: decide_reply(facts.state),
    examples=(
        "reply to ticket T-1003: the parcel is on its way",
        "answer T-1012 that we refund the lamp tomorrow",
        "add to my ticket T-1005: the box was open",
        "write on ticket T-1007: could you send a photo?",
        "tell the customer of T-1010 that the invoice is attached",
        "respond to T-1003: thank you, that worked",
    ),
)
async def reply_ticket(tx: Tx, args: ReplyTicket, _ctx: RunContext, facts: TicketFacts) -> TicketMoved:
    """Reply to a support ticket; the customer gets a colleague's reply by e-mail."""
    row, by_customer = facts.ticket, tx.principal.is_customer
    tx.add(
        TicketMessage(
            tenant_id=tx.tenant_id, ticket_id=row.id, author=tx.principal.name, from_customer=by_customer, text=args.message, at=tx.now
        )
    )
    reopened = facts.state.status is TicketStatus.RESOLVED
    _move(row, *after_reply(facts.state.status, by_customer=by_customer, asks=args.asks))
    if reopened and row.status != TicketStatus.RESOLVED:
        row.resolved_at = None
        row.resolve_due_at = tx.now + timedelta(hours=facts.service.resolution_hours)
    if not by_customer:
        row.first_replied_at = row.first_replied_at or tx.now
        data: dict[str, str] = {"ticket": row.number, "text": args.message}
        tx.emit("email.requested", customer=str(row.customer_id), template="ticket_reply", data={**data})
    tx.session.add(row)
    tx.emit("ticket.replied", ticket=row.number, from_customer=by_customer, status=TicketStatus(row.status).value)
    detail = "A person will read your reply." if by_customer else "The customer gets the reply by e-mail."
    return _moved(row, detail)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.TICKET_HANDLE,
    audience=Audience.STAFF,
    facts=ticket_state,
    policy=lambda _policy, facts, _args, _principal: decide_escalation(facts.state),
    examples=(
        "escalate ticket T-1003, the customer threatens to sue",
        "T-1012 needs the manager: third complaint",
        "raise ticket T-1005, nobody can solve it here",
        "hand T-1007 up, it is about safety",
        "make T-1010 urgent and escalate it",
        "ticket T-1003 has to go to somebody senior",
    ),
)
async def escalate_ticket(tx: Tx, args: EscalateTicket, _ctx: RunContext, facts: TicketFacts) -> TicketMoved:
    """Escalate a support ticket: it gets more urgent, and the merchant is alerted."""
    row = facts.ticket
    ranks = list(TicketPriority)
    row.priority = max(facts.state.priority, args.priority, key=ranks.index)
    row.escalated_at, row.escalation_reason = tx.now, args.reason
    if facts.state.status is TicketStatus.OPEN:
        _move(row, TicketStatus.IN_PROGRESS)
    tx.session.add(row)
    tx.emit("ticket.escalated", ticket=row.number, priority=TicketPriority(row.priority).value, reason=args.reason)
    level = AlertLevel.CRITICAL if row.priority == TicketPriority.URGENT else AlertLevel.HIGH
    await raise_alert(
        tx,
        kind="ticket.escalated",
        subject=row.number,
        level=level,
        title=f"Ticket {row.number} was escalated",
        detail=args.reason,
        data={"ticket": row.number},
    )
    return _moved(row, "The merchant is alerted.")


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.TICKET_HANDLE,
    audience=Audience.STAFF,
    facts=ticket_state,
    policy=lambda _policy, facts, _args, _principal: decide_solution(facts.state),
    examples=(
        "resolve ticket T-1003: a new invoice was sent",
        "T-1012 is solved, the parcel arrived",
        "mark T-1005 as resolved, refunded the lamp",
        "ticket T-1007 is done: explained how to clean it",
        "close T-1010, the customer got a replacement",
        "T-1003 can be settled, sent the missing screws",
    ),
)
async def resolve_ticket(tx: Tx, args: ResolveTicket, _ctx: RunContext, facts: TicketFacts) -> TicketMoved:
    """Mark a support ticket as solved, and tell the customer how; a reply opens it again."""
    row = facts.ticket
    _move(row, TicketStatus.RESOLVED)
    row.resolved_at, row.resolution = tx.now, args.resolution
    row.first_replied_at = row.first_replied_at or tx.now
    tx.session.add(row)
    if row.order_id is not None:
        orders.note(tx, await orders.by_id(tx, row.order_id), "ticket.resolved", f"Ticket {row.number} resolved: {args.resolution}")
    data: dict[str, str] = {"ticket": row.number, "resolution": args.resolution}
    tx.emit("email.requested", customer=str(row.customer_id), template="ticket_resolved", data={**data})
    tx.emit("ticket.resolved", ticket=row.number, on_time=tx.now <= row.resolve_due_at)
    return _moved(row, "The customer is told how it was solved.")


def _move(row: Ticket, *path: TicketStatus) -> None:
    for wanted in path:
        row.status = change(f"ticket {row.number}", TicketStatus(row.status), wanted, TICKET_TRANSITIONS)


def _moved(row: Ticket, detail: str) -> TicketMoved:
    return TicketMoved(ticket=row.number, status=TicketStatus(row.status), priority=TicketPriority(row.priority), detail=detail)
