"""Surveys: the customer of a delivered order is asked once, answers once, and the shop sees how it adds up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from core.statuses import AlertLevel
from store.queries import orders, surveys
from store.queries.surveys import DueOrder
from store.tables.aftersales import Survey
from store.tables.orders import Order
from store.unit import ReadTx, Tx
from tools.aftersales.module import module
from tools.arguments import Days, Limit, Note, OrderNumber
from tools.backoffice.alerts import raise_alert
from tools.phrases import day, joined, plural
from tools.policy import Policy
from tools.policy.decision import allow
from tools.policy.service import ServicePolicy, SurveyState, decide_answer
from tools.result import Quote, Result
from tools.spec import Args, Audience, Effect

_SHOWN = 10


class SurveysSent(Result):
    """Orders whose customers were asked for an opinion."""

    orders: list[str]

    def text(self) -> str:
        """Return their numbers."""
        if not self.orders:
            return "No survey is due."
        more = " and others" if len(self.orders) > _SHOWN else ""
        return f"{plural(len(self.orders), 'survey')} sent, for order {joined(self.orders[:_SHOWN])}{more}."


class SurveyAnswered(Result):
    """What a customer thinks of an order."""

    order: str
    rating: int
    recommends: bool

    def text(self) -> str:
        """Return the answer, with thanks."""
        would = "would" if self.recommends else "would not"
        return f"Thank you: order {self.order} gets **{self.rating} of 5**, and you {would} recommend us."


class Opinion(Result):
    """One answer to a survey."""

    order: str
    customer: str
    rating: int
    recommends: bool
    comment: Quote | None
    at: datetime

    @property
    def shown(self) -> str:
        """The answer on one line."""
        said = f": “{self.comment.text[:160]}”" if self.comment else ""
        return f"{self.rating} of 5, order {self.order}, {self.customer}, {day(self.at)}{said}"


class SurveySummary(Result):
    """How surveys add up; shares are of those that were answered."""

    since: datetime
    sent: int
    answered: int
    mean: float | None
    recommend_percent: int | None
    by_rating: dict[int, int]
    opinions: list[Opinion]
    """The worst answers first."""

    def text(self) -> str:
        """Return the mean, who would recommend, and what was said."""
        if self.mean is None:
            return f"{plural(self.sent, 'survey')} sent since {day(self.since)}, none answered yet."
        share = round(self.answered * 100 / self.sent)
        head = (
            f"**{self.mean:.1f} of 5** from {plural(self.answered, 'answer')} ({share} % of {plural(self.sent, 'survey')} since "
            f"{day(self.since)}); {self.recommend_percent} % would recommend the shop."
        )
        stars = ", ".join(f"{rating}: {count}" for rating, count in sorted(self.by_rating.items(), reverse=True))
        lines = [head, f"By rating: {stars}."]
        if self.opinions:
            lines.append("\n".join(["The least happy:", *(f"- {each.shown}" for each in self.opinions[:_SHOWN])]))
        return "\n".join(lines)


class SendSurveys(Args):
    """How many at once."""

    limit: Limit = 50


class AnswerSurvey(Args):
    """What the customer thinks of an order."""

    order: OrderNumber
    rating: Annotated[int, Field(ge=1, le=5, description="From 1, very dissatisfied, to 5, very satisfied")]
    recommends: bool
    """Whether the customer would recommend the shop."""
    comment: Note = ""
    """What the customer adds."""


class SummariseSurveys(Args):
    """Over which time."""

    days: Days = 30
    """Counted back from today."""
    rating_at_most: Annotated[int, Field(ge=1, le=5, description="Quote only answers up to this rating")] = 5
    limit: Limit = 5
    """How many answers to quote."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A locked order with its survey."""

    order: Order
    survey: Survey | None
    state: SurveyState
    service: ServicePolicy


async def due_surveys(tx: ReadTx, policy: Policy, limit: int) -> list[DueOrder]:
    """Return orders whose customers are to be asked now: delivered some hours ago, and not longer than an answer is taken."""
    until = tx.now - timedelta(hours=policy.carriers.survey_hours)
    return await surveys.due(tx, since=until - timedelta(days=policy.service.survey_days), until=until, limit=limit)


async def _due(tx: Tx, args: SendSurveys, _ctx: RunContext, policy: Policy) -> list[DueOrder]:
    return await due_surveys(tx, policy, args.limit)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.SURVEY_SEND,
    audience=Audience.STAFF,
    facts=_due,
    policy=lambda _policy, _facts, _args, _principal: allow("survey.due"),
    examples=(
        "send the surveys that are due",
        "ask yesterday's customers for their opinion",
        "send out the satisfaction survey",
        "survey the customers whose orders were delivered",
        "mail the feedback questions to the latest customers",
        "get feedback from customers with delivered orders",
    ),
)
async def send_surveys(tx: Tx, args: SendSurveys, _ctx: RunContext, facts: list[DueOrder]) -> SurveysSent:
    """Ask customers for their opinion by e-mail, once for each order, some time after its delivery."""
    sent = await surveys.send(tx, facts)
    for order in sent:
        tx.emit("email.requested", customer=str(order.customer_id), template="survey", order=order.number, data={})
        tx.emit("survey.sent", order=order.number)
    return SurveysSent(orders=sorted((order.number for order in sent), key=int))


async def _answer(tx: Tx, args: AnswerSurvey, _ctx: RunContext, policy: Policy) -> _Answer:
    order = await orders.by_number(tx, args.order, lock=True)
    survey = await surveys.of_order(tx, order.id, lock=True)
    state = SurveyState(
        order=order.number,
        sent_at=survey.sent_at if survey else None,
        answered=survey is not None and survey.answered_at is not None,
        delivered=order.delivered_at is not None,
        now=tx.now,
    )
    return _Answer(order, survey, state, policy.service)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.SURVEY_ANSWER,
    facts=_answer,
    policy=lambda policy, facts, _args, _principal: decide_answer(policy.service, facts.state),
    examples=(
        "survey for order 1042: 5 stars, I would recommend you",
        "I give order 1017 a 4 out of 5, would recommend",
        "my feedback on order 1042: 2 of 5, no recommendation, the box was torn",
        "order 1042 survey answer 3, yes I'd recommend the shop",
        "rate my order 1017 with 1, would not recommend",
        "satisfaction with order 1042: 5 and yes",
    ),
)
async def answer_survey(tx: Tx, args: AnswerSurvey, _ctx: RunContext, facts: _Answer) -> SurveyAnswered:
    """Record how satisfied a customer is with an order, from 1 to 5, and whether they would recommend the shop."""
    order, survey = facts.order, facts.survey
    assert survey is not None, "the rule refused what was not sent"
    survey.answered_at, survey.rating, survey.recommends, survey.comment = tx.now, args.rating, args.recommends, args.comment
    tx.session.add(survey)
    tx.emit("survey.answered", order=order.number, rating=args.rating, recommends=args.recommends)
    if args.rating <= facts.service.survey_poor:
        await raise_alert(
            tx,
            kind="survey.poor",
            subject=order.number,
            level=AlertLevel.MEDIUM,
            title=f"Order {order.number} was rated {args.rating} of 5",
            data={"order": order.number, "rating": args.rating},
        )
    return SurveyAnswered(order=order.number, rating=args.rating, recommends=args.recommends)


@module.tool(
    effect=Effect.READ,
    permission=Permission.REPORT_READ,
    audience=Audience.STAFF,
    examples=(
        "how satisfied are our customers",
        "survey results of the last month",
        "what do the surveys say",
        "how many customers would recommend us",
        "average rating in the satisfaction survey",
        "worst survey answers of this quarter",
    ),
)
async def survey_summary(tx: ReadTx, args: SummariseSurveys, _ctx: RunContext) -> SurveySummary:
    """Add up the answers to surveys: mean rating, who would recommend the shop, and what the least happy say."""
    since = tx.now - timedelta(days=args.days)
    sums = await surveys.summary(tx, since)
    said = await surveys.said(tx, since=since, at_most=args.rating_at_most, limit=args.limit)
    return SurveySummary(
        since=since,
        sent=sums.sent,
        answered=sums.answered,
        mean=sums.mean,
        recommend_percent=round(sums.recommend * 100 / sums.answered) if sums.answered else None,
        by_rating=dict(enumerate(sums.by_rating, 1)),
        opinions=[
            Opinion(
                order=each.order,
                customer=each.customer,
                rating=each.rating,
                recommends=each.recommends,
                comment=Quote.customer(each.comment) if each.comment else None,
                at=each.at,
            )
            for each in said
        ],
    )
