"""Fraud: signals with points, and what a score leads to."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.identity import Principal, Role
from core.statuses import FraudDecision
from tools.policy.decision import Decision, Preview, approve, deny
from tools.policy.figures import Loosens


class FraudPolicy(BaseModel):
    """Points of each signal, and the scores from which an order is flagged, reviewed and blocked. Scores are capped at 100."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_total_over_minor: Annotated[int, Loosens.UP] = Field(default=100_000, ge=0)
    points: Annotated[dict[str, Annotated[int, Field(ge=0, le=100)]], Loosens.DOWN] = {
        "order_total": 20,
        "new_account": 30,
        "order_velocity": 40,
        "failed_payments": 25,
        "address_mismatch": 15,
        "many_units": 10,
        "payment_method_changes": 15,
        "block_list": 100,
    }
    flag_from: Annotated[int, Loosens.UP] = Field(default=25, ge=0, le=101)
    review_from: Annotated[int, Loosens.UP] = Field(default=50, ge=0, le=101)
    block_from: Annotated[int, Loosens.UP] = Field(default=75, ge=0, le=101)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.flag_from <= self.review_from <= self.block_from:
            raise ValueError("flag_from, review_from and block_from must not fall")
        return self

    def verdict(self, score: int) -> FraudDecision:
        """Return what a score leads to."""
        if score >= self.block_from:
            return FraudDecision.BLOCK
        if score >= self.review_from:
            return FraudDecision.REVIEW
        return FraudDecision.FLAG if score >= self.flag_from else FraudDecision.APPROVE


class ReleasePlan(BaseModel):
    """An order that somebody wants to release from its hold."""

    order: str
    on_hold: bool
    hold_reason: str
    score: int | None
    signals: list[str]
    total: str


def decide_release(policy: FraudPolicy, plan: ReleasePlan, _principal: Principal) -> Decision:
    """Release a held order only with a manager's approval."""
    if not plan.on_hold:
        return deny("fraud.not_on_hold", f"Order {plan.order} is not on hold.", "show the order")
    rows = [("Order", plan.order), ("Total", plan.total), ("On hold because", plan.hold_reason)]
    if plan.score is not None:
        rows.append(("Fraud score", f"{plan.score} of 100 (review from {policy.review_from})"))
    rows += [("Signal", signal) for signal in plan.signals]
    preview = Preview(title=f"Release order {plan.order} from its hold", rows=tuple(rows))
    return approve("fraud.release_held", "Releasing a held order needs approval.", preview, role=Role.MANAGER)
