"""Refunds: never more than was captured and not yet refunded; over a limit, a person decides."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Principal, Role
from core.money import Money
from tools.policy.decision import Decision, Preview, allow, approve, deny
from tools.policy.figures import Loosens


class RefundPolicy(BaseModel):
    """Who may refund how much. Amounts are minor units of the store's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    staff_limit_minor: Annotated[int, Loosens.UP] = Field(default=10_000, ge=0)
    """Up to here staff refund an order at once, in one go or in several; above, a manager approves."""
    four_eyes_minor: Annotated[int, Loosens.UP] = Field(default=50_000, ge=0)
    """From here on the approver is not the one who asked."""


class RefundItem(BaseModel):
    """One order line in a refund."""

    line_id: str
    title: str
    quantity: int
    amount: Money


class RefundPlan(BaseModel):
    """What a refund would do, computed from the store's rows."""

    order: str
    items: list[RefundItem]
    amount: Money
    refundable: Money
    """Captured minus already refunded."""
    refunded: Money
    """Already refunded on this order, so that small refunds add up to the limits."""
    method: str


def decide(policy: RefundPolicy, plan: RefundPlan, principal: Principal) -> Decision:
    """Decide on a refund outside a return."""
    if plan.refundable.minor <= 0:
        return deny("refund.nothing_left", f"Order {plan.order} has nothing left to refund.", "show the order's payments and refunds")
    if plan.amount.minor <= 0:
        return deny("refund.amount", "The amount must be above zero.", f"refund at most {plan.refundable}")
    if plan.amount > plan.refundable:
        return deny(
            "refund.cap",
            f"{plan.amount} is more than what is left to refund on order {plan.order}: {plan.refundable}.",
            f"refund at most {plan.refundable}",
        )
    preview = _preview(plan)
    if principal.is_customer:
        reason = "A refund without a return is decided by the shop."
        return approve("refund.customer_asks_shop", reason, preview, role=Role.MANAGER)
    limit = Money(minor=policy.staff_limit_minor, currency=plan.amount.currency)
    in_all = plan.refunded + plan.amount
    if in_all <= limit:
        return allow("refund.within_limit")
    four_eyes = in_all.minor >= policy.four_eyes_minor
    return approve("refund.over_limit", f"Refunds over {limit} on one order need approval.", preview, four_eyes=four_eyes)


def _preview(plan: RefundPlan) -> Preview:
    rows = [("Order", plan.order)]
    rows += [(f"{item.quantity} x {item.title}", str(item.amount)) for item in plan.items]
    rows += [("Refund to", plan.method), ("Amount", str(plan.amount)), ("Left to refund after", str(plan.refundable - plan.amount))]
    return Preview(title=f"Refund {plan.amount} on order {plan.order}", rows=tuple(rows))
