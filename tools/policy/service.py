"""Service: what counts as stuck or late, and how soon a ticket is answered."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Principal
from core.statuses import TICKET_TRANSITIONS, TicketPriority, TicketStatus
from tools.policy.decision import Decision, allow, deny
from tools.policy.figures import Loosens


class ServicePolicy(BaseModel):
    """Times after which something needs a look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold_hours: int = Field(default=24, ge=1)
    """An order on hold longer than this is stuck."""
    unpaid_hours: int = Field(default=24, ge=1)
    unshipped_days: int = Field(default=3, ge=1)
    """A paid order that has not shipped for this long is stuck."""
    silent_days: int = Field(default=5, ge=1)
    """A parcel without a carrier's report for this long is stuck."""
    first_response_minutes: int = Field(default=60, ge=1)
    resolution_hours: int = Field(default=24, ge=1)
    survey_days: int = Field(default=30, ge=1, le=365)
    """So long after it was sent a survey can be answered."""
    survey_poor: int = Field(default=2, ge=1, le=4)
    """A rating up to this one is told to the shop at once."""
    late_credit_minor: Annotated[int, Loosens.UP] = Field(default=500, ge=0)
    """What a customer gets for a late parcel."""
    damage_credit_minor: Annotated[int, Loosens.UP] = Field(default=1_000, ge=0)
    """What a customer gets for a parcel that was damaged on its way, besides a refund or a replacement."""


def decide_ticket(_policy: ServicePolicy, _plan: object, _principal: Principal) -> Decision:
    """Anybody may ask for a person."""
    return allow("ticket.always")


class TicketState(BaseModel):
    """A ticket that somebody works on."""

    number: str
    status: TicketStatus
    priority: TicketPriority
    escalated: bool = False


def decide_reply(plan: TicketState) -> Decision:
    """A ticket is answered until it is closed; an answer to a solved one opens it again."""
    if plan.status is TicketStatus.CLOSED:
        return deny("ticket.closed", f"Ticket {plan.number} is closed.", "open another ticket")
    return allow("ticket.reply")


def decide_escalation(plan: TicketState) -> Decision:
    """Escalate what is not solved, once."""
    if plan.status in {TicketStatus.RESOLVED, TicketStatus.CLOSED}:
        return deny("ticket.settled", f"Ticket {plan.number} is {plan.status}.", "reply to the ticket", "open another ticket")
    if plan.escalated:
        return deny("ticket.escalated", f"Ticket {plan.number} was escalated already.", "show the ticket")
    return allow("ticket.escalate")


def decide_solution(plan: TicketState) -> Decision:
    """Solve what the transition table lets be solved."""
    ways = TICKET_TRANSITIONS[plan.status]
    if TicketStatus.RESOLVED not in ways:
        allowed = ", ".join(sorted(each.replace("_", " ") for each in ways)) or "nothing: it is final"
        reason = f"Ticket {plan.number} is {plan.status} and cannot become resolved; from here it can become: {allowed}."
        return deny("ticket.transition", reason, "show the ticket", "open another ticket")
    return allow("ticket.resolve")


def after_reply(status: TicketStatus, *, by_customer: bool, asks: bool) -> tuple[TicketStatus, ...]:
    """Return the states that a ticket goes through by a reply; `asks` says that the shop waits for the customer's answer."""
    if by_customer:
        return (TicketStatus.IN_PROGRESS,) if status in {TicketStatus.WAITING_CUSTOMER, TicketStatus.RESOLVED} else ()
    wanted = TicketStatus.WAITING_CUSTOMER if asks else TicketStatus.IN_PROGRESS
    if status is wanted:
        return ()
    if status is TicketStatus.RESOLVED and asks:
        return (TicketStatus.IN_PROGRESS, wanted)
    return (wanted,)


class SurveyState(BaseModel):
    """A survey that somebody answers."""

    order: str
    sent_at: datetime | None
    """None when there is none."""
    answered: bool
    delivered: bool
    now: datetime


def decide_answer(policy: ServicePolicy, plan: SurveyState) -> Decision:
    """Take an answer once, to what was asked, in its time."""
    if plan.sent_at is None:
        state = "no survey was sent yet" if plan.delivered else "it has not been delivered yet"
        return deny("survey.not_sent", f"Order {plan.order}: {state}.", "tell us in a ticket", "answer when the survey arrives")
    if plan.answered:
        return deny("survey.answered", f"The survey of order {plan.order} was answered already.", "open a ticket")
    if plan.sent_at + timedelta(days=policy.survey_days) < plan.now:
        return deny("survey.over", f"The survey of order {plan.order} ended after {policy.survey_days} days.", "open a ticket")
    return allow("survey.answer")
