"""Changes of an order that was placed: its items, what pays it, and what may still be done after that."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Principal, Role
from core.money import Money
from core.statuses import OrderStatus
from tools.policy.decision import Decision, Preview, approve, confirm, deny


class Step(StrEnum):
    """What else can be done with an order before it ships."""

    ADDRESS = "address"
    PAYMENT = "payment"
    CANCEL = "cancel"


class OrderChangePolicy(BaseModel):
    """When the items of an order, or what pays it, may be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statuses: tuple[OrderStatus, ...] = (OrderStatus.PENDING, OrderStatus.CONFIRMED)
    """In these states an order may be changed."""
    item_changes: int = Field(default=1, ge=0, le=100)
    """How often the items of an order may be changed."""
    same_variant: bool = False
    """A change may name the variant that the order has already."""
    after_item_change: tuple[Step, ...] = tuple(Step)
    """What is still possible once the items were changed."""


class ChangedOrder(BaseModel):
    """An order as a wish to change it finds it."""

    order: str
    status: OrderStatus
    on_hold: bool
    item_changes: int


class ItemChangePlan(BaseModel):
    """What a change of items would do."""

    order: ChangedOrder
    changes: list[tuple[str, str]]
    """What goes and what comes instead."""
    difference: Money
    """Above zero it is charged, below zero paid back."""
    total: Money
    """Of the order afterwards."""
    method: str
    balance: Money | None = None
    """What the method holds, when it is a gift card or store credit."""


class MethodPlan(BaseModel):
    """What a change of the payment method would do."""

    order: ChangedOrder
    old: str
    new: str
    amount: Money
    movements: int
    """Charges, authorizations and refunds of the order that were not called off and did not fail."""
    same: bool
    on_channel: bool = False
    """A sales channel collected it."""
    balance: Money | None = None


def locked(policy: OrderChangePolicy, item_changes: int, step: Step) -> bool:
    """Return whether a change of items has put an end to a step."""
    return item_changes > 0 and step not in policy.after_item_change


def admit_items(policy: OrderChangePolicy, order: ChangedOrder) -> Decision | None:
    """Refuse a change of items that the order's state forbids; the items are looked at after that."""
    if order.status not in policy.statuses:
        reason = f"Order {order.order} is {order.status}; its items can only be changed while it is {_states(policy)}."
        return deny("order_items.status", reason, *_ways(order.status))
    if order.item_changes >= policy.item_changes:
        reason = f"The items of order {order.order} were changed already, which can be done {policy.item_changes} time(s)."
        return deny("order_items.once", reason, "open a ticket")
    return None


def decide_items(plan: ItemChangePlan, principal: Principal) -> Decision:
    """Decide on a change of items; whoever asks confirms it."""
    if plan.balance is not None and plan.difference > plan.balance:
        reason = f"{plan.method} holds {plan.balance}, which does not cover the difference of {plan.difference}."
        return deny("order_items.balance", reason, "choose another payment method")
    rows = [("Order", plan.order.order)]
    for old, new in plan.changes:
        rows += [("Instead of", old), ("You get", new)]
    if plan.difference.minor > 0:
        rows.append(("To pay", f"{plan.difference}, {plan.method}"))
    elif plan.difference.minor < 0:
        rows.append(("To be refunded", f"{-plan.difference}, {plan.method}"))
    rows.append(("New total", str(plan.total)))
    preview = Preview(title=f"Change the items of order {plan.order.order}", rows=tuple(rows))
    return _asked("order_items", plan.order, "Please check all items: they can be changed once.", preview, principal)


def admit_method(policy: OrderChangePolicy, order: ChangedOrder) -> Decision | None:
    """Refuse another payment method where the order's state forbids it; the method is looked at after that."""
    if order.status not in policy.statuses:
        reason = f"Order {order.order} is {order.status}; what pays it can only be changed while it is {_states(policy)}."
        return deny("payment_method.status", reason, *_ways(order.status))
    if locked(policy, order.item_changes, Step.PAYMENT):
        return deny(
            "payment_method.items_changed", f"The items of order {order.order} were changed, so its payment stays.", "open a ticket"
        )
    return None


def decide_method(plan: MethodPlan, principal: Principal) -> Decision:
    """Decide on another payment method; whoever asks confirms it."""
    if plan.movements != 1:
        reason = f"Order {plan.order.order} does not have exactly one payment, so it cannot be moved to another method."
        return deny("payment_method.one_payment", reason, "show the payments of the order")
    if plan.on_channel:
        reason = f"Order {plan.order.order} was {plan.old[:1].lower()}{plan.old[1:]}; what pays it is the channel's business."
        return deny("payment_method.channel", reason, "let the buyer order anew", "cancel the order")
    if plan.same:
        return deny("payment_method.same", f"Order {plan.order.order} is already paid with {plan.old}.", "choose another payment method")
    if plan.balance is not None and plan.amount > plan.balance:
        reason = f"{plan.new} holds {plan.balance}, which does not cover {plan.amount}."
        return deny("payment_method.balance", reason, "choose another payment method")
    rows = (("Order", plan.order.order), ("To pay", f"{plan.amount}, {plan.new}"), ("To be refunded", f"{plan.amount}, {plan.old}"))
    preview = Preview(title=f"Pay order {plan.order.order} with {plan.new}", rows=rows)
    return _asked("payment_method", plan.order, "Please check what pays the order.", preview, principal)


def _asked(area: str, order: ChangedOrder, reason: str, preview: Preview, principal: Principal) -> Decision:
    if order.on_hold and principal.is_customer:
        return approve(f"{area}.held_order", "The order is being checked, so the shop decides on a change.", preview, role=Role.MANAGER)
    return confirm(f"{area}.confirm", reason, preview)


def _states(policy: OrderChangePolicy) -> str:
    return " or ".join(policy.statuses) or "open"


def _ways(status: OrderStatus) -> tuple[str, ...]:
    if status is OrderStatus.DELIVERED:
        return ("exchange the items instead",)
    return ("wait for the delivery and exchange the items",) if status is OrderStatus.SHIPPED else ("show the order",)
