"""Score an order again, and decide on what a check stopped."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import CancelReason, FraudOutcome, OrderStatus
from store.queries import fraud, orders
from store.tables.fraud import FraudCheck
from store.tables.orders import Order
from store.unit import Tx
from tools.arguments import OrderNumber
from tools.fraud.module import module
from tools.fraud.reads import signals
from tools.fraud.results import FraudDecided, OrderScored, SignalSeen
from tools.fraud.scoring import score
from tools.orders.facts import CancelFacts, CancelOrder, cancel_facts
from tools.orders.writes import cancel_order
from tools.policy import Policy
from tools.policy.rulings import RulingPlan, ScorePlan, decide_ruling, decide_score
from tools.spec import Args, Audience, Effect

Reason = Annotated[str, Field(min_length=1, max_length=300, description="Why, for colleagues and the record")]


class ScoreOrder(Args):
    """Which order to score."""

    order: OrderNumber


@dataclass(frozen=True, slots=True)
class _Scoring:
    order: Order
    policy: Policy
    plan: ScorePlan


async def _scoring(tx: Tx, args: ScoreOrder, _ctx: RunContext, policy: Policy) -> _Scoring:
    order = await orders.by_number(tx, args.order, lock=True)
    check = await fraud.latest_check(tx, order.id)
    plan = ScorePlan(order=order.number, status=OrderStatus(order.status), decided=_decided(check))
    return _Scoring(order, policy, plan)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.FRAUD_SCORE,
    audience=Audience.STAFF,
    facts=_scoring,
    policy=lambda _policy, facts, _args, _principal: decide_score(facts.plan),
    examples=(
        "score order 1042",
        "run the fraud check on order 1042",
        "check order 1017 for fraud again",
        "rescore #1042",
        "recompute the fraud score of 1042",
        "do a fraud check of order 1042",
    ),
)
async def score_order(tx: Tx, args: ScoreOrder, _ctx: RunContext, scoring: _Scoring) -> OrderScored:
    """Run the fraud check on an order now: signals from the store, score, and a hold when it is suspicious."""
    found = await score(tx, scoring.order, scoring.policy)
    return OrderScored(
        order=args.order,
        score=found.score,
        decision=found.decision,
        signals=sorted((SignalSeen(**signal.model_dump()) for signal in found.signals), key=lambda signal: -signal.points),
        on_hold=scoring.order.on_hold,
        policy_version=scoring.policy.version,
    )


class DecideFraud(Args):
    """What to do with an order that a fraud check stopped."""

    order: OrderNumber
    outcome: FraudOutcome
    """approve lets it go, hold keeps it back, block cancels it and pays back."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Ruling:
    order: Order
    check: FraudCheck | None
    cancel: CancelFacts
    plan: RulingPlan


async def _ruling(tx: Tx, args: DecideFraud, ctx: RunContext, policy: Policy) -> _Ruling:
    cancel = await cancel_facts(tx, CancelOrder(order=args.order, reason=CancelReason.FRAUD_DETECTED), ctx, policy)
    order = cancel.order
    check = await fraud.latest_check(tx, order.id)
    plan = RulingPlan(
        order=order.number,
        status=OrderStatus(order.status),
        on_hold=order.on_hold,
        outcome=args.outcome,
        score=check.score if check else None,
        signals=[f"{signal.detail} ({signal.points})" for signal in signals(check.signals)] if check else [],
        total=Money(minor=order.total_minor, currency=order.currency),
        refund=cancel.plan.refund,
        decided=_decided(check),
    )
    return _Ruling(order, check, cancel, plan)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.FRAUD_DECIDE,
    audience=Audience.STAFF,
    facts=_ruling,
    policy=lambda policy, facts, _args, principal: decide_ruling(policy.fraud, facts.plan, principal),
    examples=(
        "block order 1042, the customer could not be reached",
        "decide on the fraud check of order 1042: approve, the customer called",
        "keep 1042 on hold after the review, waiting for an id",
        "fraud decision for 1042: block it, stolen card",
        "reject order 1042 as fraud",
        "the review of 1042 is done, it is legitimate: verified by phone",
    ),
)
async def decide_fraud(tx: Tx, args: DecideFraud, ctx: RunContext, ruling: _Ruling) -> FraudDecided:
    """Record the decision on a fraud check: approve and let go, keep on hold, or block and cancel; the customer is told."""
    order, check = ruling.order, ruling.check
    assert check is not None
    row = fraud.rule(tx, order, check, args.outcome, args.reason)
    match args.outcome:
        case FraudOutcome.APPROVE:
            order.on_hold, order.hold_reason = False, None
            orders.note(tx, order, "order.released", "Approved after a review")
        case FraudOutcome.HOLD:
            order.on_hold, order.hold_reason = True, order.hold_reason or f"Fraud review: score {check.score}"
            orders.note(tx, order, "order.held", "Kept on hold after a review")
        case FraudOutcome.BLOCK:
            await cancel_order.body(tx, CancelOrder(order=order.number, reason=CancelReason.FRAUD_DETECTED), ctx, ruling.cancel)
    tx.session.add(order)
    tx.emit("fraud.decided", order=order.number, outcome=args.outcome.value, score=check.score, by=row.decided_by)
    tx.emit(
        "email.requested",
        customer=str(order.customer_id),
        template="fraud_decision",
        order=order.number,
        data={"decision": args.outcome.value},
    )
    return FraudDecided(
        order=order.number,
        outcome=args.outcome,
        reason=args.reason,
        decided_by=row.decided_by,
        status=order.status,
        on_hold=order.on_hold,
        refund=ruling.plan.refund if args.outcome is FraudOutcome.BLOCK else None,
    )


def _decided(check: FraudCheck | None) -> str:
    """Return how a check was decided, empty when it was not."""
    if check is None or check.reviewed_at is None:
        return ""
    return f"{check.review_outcome} by {check.reviewed_by}"
