"""Payments: holding, taking and letting go of money, and what staff may give as credit."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.money import Money
from core.statuses import ORDER_TRANSITIONS, OrderStatus
from tools.policy.decision import Decision, Preview, allow, approve, deny
from tools.policy.figures import Loosens


class PaymentPolicy(BaseModel):
    """Who may give credit, and how much. Amounts are minor units of the store's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    credit_limit_minor: Annotated[int, Loosens.UP] = Field(default=2_500, ge=0)
    """Up to here staff give a customer credit at once, in one go or in several; above, a manager approves."""
    credit_four_eyes_minor: Annotated[int, Loosens.UP] = Field(default=10_000, ge=0)
    """From here on the approver is not the one who asked."""
    credit_most_minor: Annotated[int, Loosens.UP] = Field(default=50_000, ge=0)
    """More is never given to one customer within `credit_days`."""
    credit_days: int = Field(default=30, ge=1, le=365)
    """So many days of credit add up to the limits."""


class CreditPlan(BaseModel):
    """What a store credit or a gift card would give."""

    customer: str
    what: str
    """Such as Store credit."""
    amount: Money
    given: Money
    """Already given to this customer within the days that count."""


class HoldingPlan(BaseModel):
    """What holding, taking or letting go of an order's money would do."""

    order: str
    status: OrderStatus
    on_hold: bool
    amount: Money
    most: Money
    """What is left to hold, to take or to let go."""
    method: str


def decide_credit(policy: PaymentPolicy, plan: CreditPlan) -> Decision:
    """Decide on credit that staff give."""
    if plan.amount.minor <= 0:
        return deny("credit.amount", "The amount must be above zero.", "name an amount above zero")
    in_all = plan.given + plan.amount
    most = Money(minor=policy.credit_most_minor, currency=plan.amount.currency)
    if in_all > most:
        left = max(most - plan.given, Money.zero(most.currency))
        reason = f"{plan.customer} was given {plan.given} within {policy.credit_days} days; more than {most} is never given."
        return deny("credit.cap", reason, f"give at most {left}", "refund an order instead")
    limit = Money(minor=policy.credit_limit_minor, currency=plan.amount.currency)
    if in_all <= limit:
        return allow("credit.within_limit")
    rows = (("Customer", plan.customer), (plan.what, str(plan.amount)), (f"Given within {policy.credit_days} days", str(plan.given)))
    preview = Preview(title=f"{plan.what} of {plan.amount} for {plan.customer}", rows=rows)
    four_eyes = in_all.minor >= policy.credit_four_eyes_minor
    return approve("credit.over_limit", f"Credit over {limit} for one customer needs approval.", preview, four_eyes=four_eyes)


def decide_hold(plan: HoldingPlan) -> Decision:
    """Let staff have the open amount of an order held until it ships."""
    if OrderStatus.CANCELLED not in ORDER_TRANSITIONS[plan.status]:
        return deny("payment.order_closed", f"Order {plan.order} is {plan.status}; nothing is held for it any more.", "show its payments")
    return _within(plan, "payment.nothing_open", "to be paid") or allow("payment.authorized_by_staff")


def decide_capture(plan: HoldingPlan) -> Decision:
    """Let staff take what is held for an order, unless the order is being checked."""
    if plan.status is OrderStatus.CANCELLED:
        return deny("payment.order_closed", f"Order {plan.order} is cancelled; nothing is taken for it.", "void what is held")
    if plan.on_hold:
        return deny("payment.order_held", f"Order {plan.order} is on hold and being checked.", "release it first")
    return _within(plan, "payment.nothing_held", "held and not taken") or allow("payment.captured_by_staff")


def decide_void(plan: HoldingPlan) -> Decision:
    """Let staff let go of what is held for an order and not taken."""
    return _within(plan, "payment.nothing_held", "held and not taken") or allow("payment.voided_by_staff")


def _within(plan: HoldingPlan, rule: str, what: str) -> Decision | None:
    if plan.most.minor <= 0:
        return deny(rule, f"On order {plan.order} nothing is {what}.", "show its payments")
    if plan.amount.minor <= 0 or plan.amount > plan.most:
        return deny("payment.amount", f"On order {plan.order} {plan.most} is {what}.", f"name at most {plan.most}")
    return None
