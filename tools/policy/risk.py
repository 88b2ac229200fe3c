"""How risky a customer is, from what checks and orders say of the past."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.statuses import FraudDecision
from tools.phrases import plural
from tools.policy.fraud import FraudPolicy

RiskLevel = Literal["low", "medium", "high", "blocked"]


class PastOrders(BaseModel):
    """A customer's orders as a judgement of risk needs them."""

    model_config = ConfigDict(frozen=True)

    orders: int
    fraudulent: int
    suspicious: int
    highest_score: int
    return_rate_percent: int
    blocked: str | None = None
    """Why the customer is on the block list."""


def judge(policy: FraudPolicy, past: PastOrders) -> tuple[RiskLevel, list[str]]:
    """Return the level and what it rests on; the thresholds are those of a single order's check."""
    if past.blocked is not None:
        return "blocked", [f"On the block list: {past.blocked}"]
    high: list[str] = []
    medium: list[str] = []
    if past.fraudulent:
        high.append(f"{plural(past.fraudulent, 'order')} cancelled because of fraud")
    if past.suspicious:
        asked = f"{plural(past.suspicious, 'order')} scored {policy.review_from} or more"
        high.append(f"{asked}, the highest {past.highest_score}")
    elif policy.verdict(past.highest_score) is FraudDecision.FLAG:
        medium.append(f"An order was flagged with a score of {past.highest_score}")
    if past.orders >= policy.returns_judged_from_orders and past.return_rate_percent >= policy.many_returns_percent:
        medium.append(f"{past.return_rate_percent} % of the orders came back at least in part")
    if high:
        return "high", [*high, *medium]
    return ("medium", medium) if medium else ("low", ["No check asked for a review"])
