"""Fraud: signals with points, and what a score leads to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.identity import Principal, Role
from core.money import Money, exponent
from core.statuses import BlockKind, FraudDecision
from tools.policy.decision import Decision, Preview, approve, deny
from tools.policy.figures import Loosens

_FULL = 100
_CENTS = 2
"""Decimals that `order_total_over_minor` is written in."""


class FraudPolicy(BaseModel):
    """Points of each signal, and the scores from which an order is flagged, reviewed and blocked. Scores are capped at 100."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_total_over_minor: Annotated[int, Loosens.UP] = Field(default=100_000, ge=0)
    """In hundredths of the order's currency."""
    new_account_hours: Annotated[int, Loosens.DOWN] = Field(default=24, ge=0, le=24 * 365)
    velocity_orders: Annotated[int, Loosens.UP] = Field(default=3, ge=1, le=1_000)
    """More orders than this within `velocity_hours` are suspicious, the order itself counted."""
    velocity_hours: Annotated[int, Loosens.DOWN] = Field(default=1, ge=1, le=24 * 30)
    failed_payments_over: Annotated[int, Loosens.UP] = Field(default=2, ge=0, le=100)
    units_over: Annotated[int, Loosens.UP] = Field(default=10, ge=0, le=100_000)
    method_changes_over: Annotated[int, Loosens.UP] = Field(default=2, ge=0, le=100)
    method_change_days: Annotated[int, Loosens.DOWN] = Field(default=7, ge=1, le=365)
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
    many_returns_percent: Annotated[int, Loosens.UP] = Field(default=50, ge=1, le=100)
    """Of a customer's orders; from this share that came back on, their risk is at least medium."""
    returns_judged_from_orders: Annotated[int, Loosens.UP] = Field(default=3, ge=1, le=1_000)
    """Below this many orders a share of returns says nothing."""

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

    def order_limit(self, currency: str) -> Money:
        """Return the total above which an order in `currency` is suspicious."""
        scaled = self.order_total_over_minor * 10 ** exponent(currency) // 10**_CENTS
        return Money(minor=scaled, currency=currency)


class Blocked(BaseModel):
    """An entry of the block list that an order matches."""

    model_config = ConfigDict(frozen=True)

    kind: BlockKind
    value: str
    reason: str


class OrderFacts(BaseModel):
    """What the store knows of an order when it is scored."""

    model_config = ConfigDict(frozen=True)

    total: Money
    account_age: timedelta
    """From the opening of the account to the order."""
    recent_orders: int
    """Orders of the customer in the last `velocity_hours`, this one counted."""
    failed_payments: int
    billed_to: str
    shipped_to: str
    """Both as they are compared, without the receiver's name; empty when unknown."""
    billed_in: str = ""
    shipped_in: str = ""
    units: int
    method_changes: int
    blocked: tuple[Blocked, ...] = ()


class Signal(BaseModel):
    """What speaks against an order, with its points."""

    model_config = ConfigDict(frozen=True)

    signal: str
    points: int
    detail: str


def signals(policy: FraudPolicy, facts: OrderFacts) -> list[Signal]:
    """Return what speaks against an order; a signal that the policy gives no points is left out."""
    limit = policy.order_limit(facts.total.currency)
    young, hours = timedelta(hours=policy.new_account_hours), int(facts.account_age.total_seconds() // 3600)
    elsewhere = bool(facts.billed_to and facts.shipped_to) and facts.billed_to != facts.shipped_to
    found = (
        ("order_total", facts.total > limit, f"Total {facts.total} is over {limit}"),
        ("new_account", facts.account_age < young, f"The account was {hours} h old, younger than {policy.new_account_hours} h"),
        (
            "order_velocity",
            facts.recent_orders > policy.velocity_orders,
            f"{facts.recent_orders} orders in {policy.velocity_hours} h are more than {policy.velocity_orders}",
        ),
        (
            "failed_payments",
            facts.failed_payments > policy.failed_payments_over,
            f"{facts.failed_payments} failed payments on the order are more than {policy.failed_payments_over}",
        ),
        ("address_mismatch", elsewhere, f"Billed in {facts.billed_in}, shipped to {facts.shipped_in}"),
        ("many_units", facts.units > policy.units_over, f"{facts.units} units are more than {policy.units_over}"),
        (
            "payment_method_changes",
            facts.method_changes > policy.method_changes_over,
            f"{facts.method_changes} changes of the payment method in {policy.method_change_days} days "
            f"are more than {policy.method_changes_over}",
        ),
        ("block_list", bool(facts.blocked), "; ".join(f"{hit.kind} is on the block list: {hit.reason}" for hit in facts.blocked)),
    )
    return [
        Signal(signal=name, points=points, detail=detail)
        for name, present, detail in found
        if present and (points := policy.points.get(name, 0))
    ]


def score(found: Sequence[Signal]) -> int:
    """Return the sum of the points, capped at 100."""
    return min(_FULL, sum(signal.points for signal in found))


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
