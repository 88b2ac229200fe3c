"""Orders: an address changes only before shipping, and what can be put on hold."""

from pydantic import BaseModel

from core.identity import Principal, Role
from core.statuses import ORDER_TRANSITIONS, OrderStatus
from tools.policy.decision import Decision, Preview, allow, approve, confirm, deny


class AddressPlan(BaseModel):
    """A change of the address that an order goes to, each address in one line."""

    order: str
    status: OrderStatus
    on_hold: bool
    items_changed: bool = False
    """The items were changed, and the policy keeps the address as it is after that."""
    old: str
    new: str


def decide_address(plan: AddressPlan, principal: Principal) -> Decision:
    """Decide on a new address; whoever asks confirms it, and for a held order a manager looks first."""
    if not before_shipping(plan.status):
        reason = f"Order {plan.order} is {plan.status}; its address can only be changed before it ships."
        return deny("address.before_shipping", reason, "open a ticket and we will ask the carrier")
    if plan.items_changed:
        return deny("address.items_changed", f"The items of order {plan.order} were changed, so its address stays.", "open a ticket")
    if plan.old == plan.new:
        return deny("address.same", f"Order {plan.order} already goes to {plan.old}.", "show the order")
    preview = Preview(
        title=f"Change the address of order {plan.order}",
        rows=(("Order", plan.order), ("Old address", plan.old), ("New address", plan.new)),
    )
    if plan.on_hold and principal.is_customer:
        return approve(
            "address.held_order", "The order is being checked, so the shop decides on a new address.", preview, role=Role.MANAGER
        )
    return confirm("address.confirm", "Please check the new address.", preview)


class HoldPlan(BaseModel):
    """An order that somebody wants to hold back."""

    order: str
    status: OrderStatus
    on_hold: bool
    hold_reason: str = ""


def decide_hold(plan: HoldPlan) -> Decision:
    """Let staff hold back any order that has not shipped."""
    if not before_shipping(plan.status):
        return deny("hold.before_shipping", f"Order {plan.order} is {plan.status} and can no longer be held back.", "show the order")
    if plan.on_hold:
        return deny("hold.already", f"Order {plan.order} is already on hold: {plan.hold_reason}.", "release it after a review")
    return allow("hold.staff")


def before_shipping(status: OrderStatus) -> bool:
    """Return whether an order can still be stopped, so that nothing of it has left."""
    return OrderStatus.CANCELLED in ORDER_TRANSITIONS[status]
