"""Cancellation: only before shipping. A customer confirms; staff cancel what is theirs to cancel."""

from pydantic import BaseModel, ConfigDict

from core.identity import Principal
from core.money import Money
from core.statuses import ORDER_TRANSITIONS, CancelReason, OrderStatus
from tools.policy.decision import Decision, Preview, confirm, deny


class CancellationPolicy(BaseModel):
    """When an order may be cancelled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customers_may_cancel: bool = True
    customer_reasons: tuple[CancelReason, ...] = tuple(CancelReason)
    """Reasons for which a customer may cancel."""


class CancelPlan(BaseModel):
    """What a cancellation would do."""

    order: str
    status: OrderStatus
    reason: CancelReason
    items_changed: bool = False
    """The items were changed, and the policy ends cancellation there."""
    items: list[str]
    refund: Money
    """Captured and not yet refunded: goes back to the customer."""
    released_units: int
    others: list[str] = []
    """The customer's other orders that can still be cancelled."""


def decide(policy: CancellationPolicy, plan: CancelPlan, principal: Principal) -> Decision:
    """Decide on a cancellation; whoever asks confirms it, since it cannot be undone."""
    if OrderStatus.CANCELLED not in ORDER_TRANSITIONS[plan.status]:
        way = {
            OrderStatus.SHIPPED: "wait for the delivery and return it",
            OrderStatus.DELIVERED: "return it instead: check what is eligible",
        }.get(plan.status)
        reason = f"Order {plan.order} is {plan.status} and can only be cancelled before it ships."
        ways = [*([way] if way else []), *(f"cancel order {other}, which has not shipped" for other in plan.others)]
        return deny("cancellation.before_shipping", reason, *ways)
    if plan.items_changed:
        return deny("cancellation.items_changed", f"The items of order {plan.order} were changed, so it stands.", "open a ticket")
    if principal.is_customer and not policy.customers_may_cancel:
        return deny("cancellation.by_shop_only", "This shop cancels orders itself.", "open a ticket")
    if principal.is_customer and plan.reason not in policy.customer_reasons:
        ways = [f"cancel because: {reason.replace('_', ' ')}" for reason in policy.customer_reasons]
        return deny("cancellation.reason", f"An order is not cancelled because of: {plan.reason.replace('_', ' ')}.", *ways)
    rows = [("Order", plan.order), *(("Item", item) for item in plan.items)]
    rows.append(("Refund", str(plan.refund)))
    if not principal.is_customer:
        rows.append(("Stock released", f"{plan.released_units} units"))
    preview = Preview(title=f"Cancel order {plan.order}", rows=tuple(rows))
    return confirm("cancellation.confirm", "A cancellation cannot be undone.", preview)
