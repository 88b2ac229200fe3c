"""Anybody may ask for a person; tickets and surveys are answered while they are open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from core.statuses import TICKET_TRANSITIONS, TicketPriority, TicketStatus
from tests.support.rules import CUSTOMER, OWNER, STAFF, sound, told
from tools.policy.decision import Verdict
from tools.policy.service import (
    ServicePolicy,
    SurveyState,
    TicketState,
    after_reply,
    decide_answer,
    decide_escalation,
    decide_reply,
    decide_solution,
    decide_ticket,
)

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
POLICY = ServicePolicy()
OPEN, BUSY, WAITING, RESOLVED, CLOSED = (
    TicketStatus.OPEN,
    TicketStatus.IN_PROGRESS,
    TicketStatus.WAITING_CUSTOMER,
    TicketStatus.RESOLVED,
    TicketStatus.CLOSED,
)


def ticket(status: TicketStatus, *, escalated: bool = False) -> TicketState:
    return TicketState(number="T-1", status=status, priority=TicketPriority.NORMAL, escalated=escalated)


def survey(**changed: Any) -> SurveyState:
    plan = {"order": "1004", "sent_at": NOW - timedelta(days=1), "answered": False, "delivered": True, "now": NOW}
    return SurveyState.model_validate({**plan, **changed})


def test_the_figures_of_a_new_shop_and_their_bounds() -> None:
    assert POLICY.model_dump() == {
        "hold_hours": 24,
        "unpaid_hours": 24,
        "unshipped_days": 3,
        "silent_days": 5,
        "first_response_minutes": 60,
        "resolution_hours": 24,
        "survey_days": 30,
        "survey_poor": 2,
        "late_credit_minor": 500,
        "damage_credit_minor": 1_000,
    }
    least = {name: 0 if name.endswith("_minor") else 1 for name in POLICY.model_dump()}
    assert ServicePolicy.model_validate(least).model_dump() == least
    assert ServicePolicy(survey_days=365, survey_poor=4).survey_poor == 4
    below = [{name: value - 1} for name, value in least.items()]
    for wrong in [*below, {"survey_days": 366}, {"survey_poor": 5}, {"hold_minutes": 1}]:
        with pytest.raises(ValidationError):
            ServicePolicy.model_validate(wrong)


@pytest.mark.parametrize("who", [CUSTOMER, STAFF, OWNER])
def test_a_ticket_is_never_refused(who: Any) -> None:
    decision = decide_ticket(POLICY, None, who)
    assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "ticket.always")


@pytest.mark.parametrize("status", TicketStatus)
def test_a_ticket_is_answered_until_it_is_closed(status: TicketStatus) -> None:
    decision = decide_reply(ticket(status))
    assert sound(decision)
    if status is CLOSED:
        assert told(decision) == ("ticket.closed", ("open another ticket",))
    else:
        assert decision.rule == "ticket.reply"


@pytest.mark.parametrize("status", TicketStatus)
def test_a_ticket_is_escalated_once_and_while_it_is_open(status: TicketStatus) -> None:
    decision, again = decide_escalation(ticket(status)), decide_escalation(ticket(status, escalated=True))
    assert sound(decision)
    assert sound(again)
    if status in {RESOLVED, CLOSED}:
        assert told(decision) == told(again) == ("ticket.settled", ("reply to the ticket", "open another ticket"))
    else:
        assert decision.rule == "ticket.escalate"
        assert told(again) == ("ticket.escalated", ("show the ticket",))


@pytest.mark.parametrize("status", TicketStatus)
def test_a_ticket_is_solved_where_the_transitions_let_it(status: TicketStatus) -> None:
    decision = decide_solution(ticket(status))
    assert sound(decision)
    assert (decision.rule == "ticket.resolve") is (RESOLVED in TICKET_TRANSITIONS[status])
    if decision.verdict is Verdict.DENY:
        assert told(decision) == ("ticket.transition", ("show the ticket", "open another ticket"))


def test_an_unsolvable_ticket_says_what_it_can_become() -> None:
    assert decide_solution(ticket(RESOLVED)).reason == (
        "Ticket T-1 is resolved and cannot become resolved; from here it can become: closed, in progress."
    )
    assert decide_solution(ticket(CLOSED)).reason.endswith("it can become: nothing: it is final.")


@pytest.mark.parametrize(
    ("status", "by_customer", "asks", "through"),
    [
        (WAITING, True, False, (BUSY,)),
        (RESOLVED, True, False, (BUSY,)),
        (OPEN, True, False, ()),
        (BUSY, True, True, ()),
        (OPEN, False, True, (WAITING,)),
        (OPEN, False, False, (BUSY,)),
        (BUSY, False, False, ()),
        (BUSY, False, True, (WAITING,)),
        (WAITING, False, True, ()),
        (WAITING, False, False, (BUSY,)),
        (RESOLVED, False, True, (BUSY, WAITING)),
        (RESOLVED, False, False, (BUSY,)),
    ],
)
def test_a_reply_moves_a_ticket(status: TicketStatus, by_customer: bool, asks: bool, through: tuple[TicketStatus, ...]) -> None:
    assert after_reply(status, by_customer=by_customer, asks=asks) == through
    for before, after in zip((status, *through), through, strict=False):
        assert after in TICKET_TRANSITIONS[before]


def test_a_survey_is_answered_once_and_in_its_time() -> None:
    assert decide_answer(POLICY, survey()).rule == "survey.answer"
    assert decide_answer(POLICY, survey(sent_at=NOW - timedelta(days=30))).verdict is Verdict.ALLOW
    over = decide_answer(POLICY, survey(sent_at=NOW - timedelta(days=30, seconds=1)))
    assert told(over) == ("survey.over", ("open a ticket",))
    assert over.reason == "The survey of order 1004 ended after 30 days."
    assert told(decide_answer(POLICY, survey(answered=True))) == ("survey.answered", ("open a ticket",))
    waits = ("tell us in a ticket", "answer when the survey arrives")
    early, unsent = decide_answer(POLICY, survey(sent_at=None, delivered=False)), decide_answer(POLICY, survey(sent_at=None))
    assert told(early) == told(unsent) == ("survey.not_sent", waits)
    assert (early.reason, unsent.reason) == (
        "Order 1004: it has not been delivered yet.",
        "Order 1004: no survey was sent yet.",
    )
