"""Reading fraud checks: the queue, one hold, one customer."""

from collections.abc import Iterable
from typing import Any

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import FraudDecision
from store.queries import customers, fraud, orders
from store.queries.fraud import HeldRow
from store.unit import ReadTx
from tools.arguments import CustomerRef, Limit, OrderNumber
from tools.customers.which import one_customer
from tools.fraud.module import module
from tools.fraud.results import CustomerRisk, HeldOrder, HoldExplained, ReviewQueue, SignalSeen, Thresholds
from tools.policy import Policy
from tools.policy.fraud import FraudPolicy
from tools.policy.risk import PastOrders, judge
from tools.spec import Args, Audience, Effect


async def _policy(_tx: ReadTx, _args: Any, _ctx: RunContext, policy: Policy) -> FraudPolicy:
    return policy.fraud


def signals(raw: Iterable[dict[str, Any]]) -> list[SignalSeen]:
    """Return the stored signals of a check, the heaviest first."""
    seen = [SignalSeen(signal=each["signal"], points=each["points"], detail=each.get("detail") or each["signal"]) for each in raw]
    return sorted(seen, key=lambda signal: -signal.points)


class FraudReviewQueue(Args):
    """Arguments of `fraud_review_queue`."""

    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.FRAUD_READ,
    audience=Audience.STAFF,
    examples=(
        "which orders look suspicious?",
        "show the fraud queue",
        "what do I have to review",
        "any fraud today?",
        "orders held for fraud",
        "list suspicious orders with their scores",
        "anything fishy going on",
    ),
)
async def fraud_review_queue(tx: ReadTx, args: FraudReviewQueue, _ctx: RunContext) -> ReviewQueue:
    """List orders that wait for a fraud review, the riskiest first, with their signals."""
    total, rows = await fraud.queue(tx, args.limit)
    return ReviewQueue(total=total, orders=[_held(row) for row in rows])


class ExplainHold(Args):
    """Arguments of `explain_hold`."""

    order: OrderNumber


@module.tool(
    effect=Effect.READ,
    permission=Permission.FRAUD_READ,
    audience=Audience.STAFF,
    facts=_policy,
    examples=(
        "why is order 1042 on hold?",
        "explain the hold on 1042",
        "what's wrong with order 1042",
        "fraud score of #1042",
        "is order 1042 fraud?",
        "why hasn't 1042 shipped, is it blocked",
        "which signals fired on order 1042",
    ),
)
async def explain_hold(tx: ReadTx, args: ExplainHold, _ctx: RunContext, policy: FraudPolicy) -> HoldExplained:
    """Explain why an order is on hold: reason, fraud score, signals with their points, and what can be done."""
    order = await orders.by_number(tx, args.order)
    customer = await orders.customer_of(tx, order)
    check = await fraud.latest_check(tx, order.id)
    ruling = await fraud.ruling(tx, check.id) if check else None
    held = [event for event in await orders.timeline(tx, order.id, 50) if event.kind == "order.held"] if order.on_hold else []
    ways = [f"release order {order.number} (a manager approves)", f"block order {order.number} (a manager approves; it is cancelled)"]
    return HoldExplained(
        order=order.number,
        status=order.status,
        on_hold=order.on_hold,
        hold_reason=order.hold_reason,
        held_since=held[-1].at if held else None,
        customer=customer.name,
        email=customer.email,
        total=Money(minor=order.total_minor, currency=order.currency),
        placed_at=order.placed_at,
        score=check.score if check else None,
        decision=FraudDecision(check.decision) if check else None,
        signals=signals(check.signals) if check else [],
        checked_at=check.checked_at if check else None,
        policy_version=check.policy_version if check else None,
        reviewed_by=check.reviewed_by if check else None,
        review_outcome=check.review_outcome if check else None,
        ruling=ruling.outcome if ruling else None,
        ruling_reason=ruling.reason if ruling else None,
        ruled_by=ruling.decided_by if ruling else None,
        thresholds=Thresholds(flag_from=policy.flag_from, review_from=policy.review_from, block_from=policy.block_from),
        options=[*ways, f"look at the risk of {customer.email}"] if order.on_hold else [],
    )


class CustomerRiskArgs(Args):
    """Arguments of `customer_risk`."""

    customer: CustomerRef


@module.tool(
    effect=Effect.READ,
    permission=Permission.FRAUD_READ,
    audience=Audience.STAFF,
    facts=_policy,
    examples=(
        "is damian.voss@mail.example a fraudster?",
        "risk profile of Damian Voss",
        "can we trust this customer: clara.jensen@mail.example",
        "how risky is Bruno Keller",
        "has Alice Moreau had failed payments",
        "check customer damian voss for fraud",
        "does Clara Jensen abuse returns",
    ),
)
async def customer_risk(tx: ReadTx, args: CustomerRiskArgs, _ctx: RunContext, policy: FraudPolicy) -> CustomerRisk:
    """Show how risky a customer is: fraud scores, failed payments, cancellations, returns, block list."""
    customer = await one_customer(tx, args.customer)
    past = await fraud.past(tx, customer.id)
    figures = await customers.figures(tx, customer.id)
    kept = past.orders - past.cancelled
    rate = round(100 * figures.orders_with_return / kept) if kept else 0
    blocked = await fraud.block_reason(tx, customer.email)
    level, reasons = judge(
        policy,
        PastOrders(
            orders=past.orders,
            fraudulent=past.fraudulent,
            suspicious=past.suspicious,
            highest_score=past.highest_score,
            return_rate_percent=rate,
            blocked=blocked,
        ),
    )
    return CustomerRisk(
        customer=customer.name,
        email=customer.email,
        since=customer.created_at,
        level=level,
        reasons=reasons,
        orders=past.orders,
        cancelled=past.cancelled,
        on_hold=past.on_hold,
        suspicious=past.suspicious,
        highest_score=past.highest_score,
        failed_payments=past.failed_payments,
        return_rate_percent=rate,
        paid=[Money(minor=minor, currency=currency) for currency, minor in await customers.lifetime_values(tx, customer.id)],
    )


def _held(row: HeldRow) -> HeldOrder:
    return HeldOrder(
        order=row.number,
        customer=row.customer,
        email=row.email,
        total=Money(minor=row.total_minor, currency=row.currency),
        placed_at=row.placed_at,
        score=row.score,
        decision=FraudDecision(row.decision),
        hold_reason=row.hold_reason or "",
        signals=signals(row.signals),
    )
