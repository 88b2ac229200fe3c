"""Stock: what may be kept aside, moved between warehouses, received and called off."""

from datetime import timedelta

from pydantic import BaseModel

from core.identity import Permission, Principal, Role
from core.money import Money
from core.statuses import PurchaseOrderStatus, ReservationStatus
from core.stock_statuses import PURCHASE_ORDER_TRANSITIONS, RESERVATION_TRANSITIONS, HoldKind
from tools.policy.decision import Decision, Preview, allow, approve, confirm, deny
from tools.policy.stock import StockPolicy


class HoldPlan(BaseModel):
    """Units that somebody wants to keep aside in one warehouse."""

    sku: str
    title: str
    warehouse: str
    quantity: int
    free: int
    """Available in the warehouse."""
    kind: HoldKind


def valid_for(policy: StockPolicy, kind: HoldKind) -> timedelta:
    """Return how long a hold lasts."""
    return timedelta(minutes=policy.soft_hold_minutes) if kind is HoldKind.SOFT else timedelta(hours=policy.hard_hold_hours)


def decide_hold(policy: StockPolicy, plan: HoldPlan, _principal: Principal) -> Decision:
    """Decide on keeping units aside; many of them for a day are a manager's business."""
    if plan.quantity > plan.free:
        reason = f"{plan.warehouse} has {plan.free} of {plan.sku} free, not {plan.quantity}."
        return deny("stock.not_available", reason, f"reserve at most {plan.free}" if plan.free else "look at other warehouses: check stock")
    if plan.kind is HoldKind.SOFT or plan.quantity <= policy.hard_hold_limit_units:
        return allow("stock.hold_within_limit")
    rows = (
        ("Item", f"{plan.title} ({plan.sku})"),
        ("Warehouse", plan.warehouse),
        ("Quantity", f"{plan.quantity} of {plan.free} free"),
        ("Kept for", f"{policy.hard_hold_hours} hours"),
    )
    reason = f"Keeping more than {policy.hard_hold_limit_units} units for a day needs approval."
    return approve("stock.hold_over_limit", reason, Preview(title=f"Reserve {plan.quantity} x {plan.title}", rows=rows))


class ReleasePlan(BaseModel):
    """A hold that somebody wants to end."""

    number: str
    status: ReservationStatus


def decide_release(plan: ReleasePlan) -> Decision:
    """Let staff end any hold that is active."""
    if ReservationStatus.RELEASED not in RESERVATION_TRANSITIONS[plan.status]:
        return deny("stock.hold_ended", f"Reservation {plan.number} is {plan.status} already.", "check the stock of the item")
    return allow("stock.release")


class TransferPlan(BaseModel):
    """Units that go from one warehouse to another."""

    sku: str
    title: str
    source: str
    target: str
    quantity: int
    free: int
    """Available at the source."""


def decide_transfer(policy: StockPolicy, plan: TransferPlan, _principal: Principal) -> Decision:
    """Decide on a transfer; what is reserved stays where it is."""
    if plan.source == plan.target:
        return deny("stock.same_warehouse", f"{plan.source} is where the units are already.", "name another warehouse to move them to")
    if plan.quantity > plan.free:
        reason = f"{plan.source} has {plan.free} of {plan.sku} free, not {plan.quantity}."
        return deny("stock.not_available", reason, f"move at most {plan.free}" if plan.free else "look at other warehouses: check stock")
    if plan.quantity <= policy.transfer_limit_units:
        return allow("stock.transfer_within_limit")
    rows = (("Item", f"{plan.title} ({plan.sku})"), ("From", plan.source), ("To", plan.target), ("Quantity", str(plan.quantity)))
    reason = f"Moving more than {policy.transfer_limit_units} units needs approval."
    return approve("stock.transfer_over_limit", reason, Preview(title=f"Move {plan.quantity} x {plan.title}", rows=rows))


class Correction(BaseModel):
    """One item of a correction of many."""

    sku: str
    delta: int
    on_hand: int
    reserved: int


_READ = 40
"""Corrections that an approver reads one by one, those of the most units first."""


class BulkPlan(BaseModel):
    """Corrections of many items of one warehouse."""

    warehouse: str
    reason: str
    items: list[Correction]


def decide_bulk(policy: StockPolicy, plan: BulkPlan, _principal: Principal) -> Decision:
    """Decide on many corrections at once: all of them or none. Many units are a manager's business, as with one correction."""
    short = [item for item in plan.items if item.on_hand + item.delta < item.reserved]
    if short:
        named = ", ".join(f"{item.sku} (at most {item.on_hand - item.reserved})" for item in short[:5])
        reason = f"{plan.warehouse} does not hold enough free units of {named}; nothing was changed."
        return deny("stock.below_zero", reason, "take those out or lower them, then ask again")
    units = sum(abs(item.delta) for item in plan.items)
    if units <= policy.adjustment_limit_units:
        return allow("stock.bulk_within_limit")
    rows = [("Warehouse", plan.warehouse), ("Reason", plan.reason), ("Items", str(len(plan.items))), ("Units", str(units))]
    ranked = sorted(plan.items, key=lambda item: (-abs(item.delta), item.sku))
    rows += [(item.sku, f"{item.delta:+d} ({item.on_hand} -> {item.on_hand + item.delta})") for item in ranked[:_READ]]
    if len(ranked) > _READ:
        rest = sum(abs(item.delta) for item in ranked[_READ:])
        rows.append(("Others", f"{len(ranked) - _READ} items, {rest} units"))
    reason = f"Corrections over {policy.adjustment_limit_units} units need approval."
    preview = Preview(title=f"Correct stock of {len(plan.items)} items", rows=tuple(rows))
    return approve("stock.bulk_over_limit", reason, preview, role=Role.MANAGER)


def decide_stock_revocation(policy: StockPolicy, number: str, units: int, principal: Principal) -> Decision:
    """Decide on taking back a correction of stock: who may correct may take back, and many units are a manager's business."""
    if not principal.may(Permission.STOCK_WRITE):
        return deny("stock.revoke_not_allowed", f"{number} corrected stock; you may not correct stock.", "ask somebody of the warehouse")
    if units <= policy.adjustment_limit_units:
        return allow("stock.revoke_within_limit")
    rows = (("Bulk change", number), ("Units", str(units)))
    reason = f"Corrections over {policy.adjustment_limit_units} units need approval."
    return approve("stock.revoke_over_limit", reason, Preview(title=f"Take back bulk change {number}", rows=rows), role=Role.MANAGER)


class ReorderPointPlan(BaseModel):
    """A new reorder point."""

    sku: str
    old: int
    new: int


def decide_reorder_point(plan: ReorderPointPlan) -> Decision:
    """Let managers set when an item is reordered."""
    if plan.old == plan.new:
        return deny("stock.same_reorder_point", f"{plan.sku} is reordered at {plan.old} already.", "name another figure")
    return allow("stock.reorder_point")


class ReceiptPlan(BaseModel):
    """A delivery of a supplier."""

    number: str
    status: PurchaseOrderStatus
    quantity: int
    outstanding: int


def decide_receipt(plan: ReceiptPlan) -> Decision:
    """Let staff book a delivery, up to what was ordered."""
    if PurchaseOrderStatus.RECEIVED not in PURCHASE_ORDER_TRANSITIONS[plan.status]:
        reason = f"Purchase order {plan.number} is {plan.status}; only an order that was sent can be received."
        return deny("purchase.not_open", reason, "list the open purchase orders")
    if plan.quantity > plan.outstanding:
        reason = f"{plan.outstanding} units of {plan.number} are outstanding, not {plan.quantity}."
        return deny("purchase.too_many", reason, f"receive at most {plan.outstanding}", "book what came on top as a stock correction")
    return allow("purchase.receive")


class CallOffPlan(BaseModel):
    """An order to a supplier that somebody wants to call off."""

    number: str
    status: PurchaseOrderStatus
    title: str
    supplier: str
    received: int
    outstanding: int
    value: Money
    """Of the units that will not come."""


def decide_call_off(plan: CallOffPlan) -> Decision:
    """Decide on calling off what has not come; whoever asks confirms it."""
    if PurchaseOrderStatus.CANCELLED not in PURCHASE_ORDER_TRANSITIONS[plan.status]:
        return deny("purchase.not_open", f"Purchase order {plan.number} is {plan.status} already.", "list the open purchase orders")
    rows = (
        ("Purchase order", plan.number),
        ("Item", plan.title),
        ("Supplier", plan.supplier),
        ("Received", str(plan.received)),
        ("Called off", f"{plan.outstanding} units, {plan.value}"),
    )
    return confirm(
        "purchase.cancel", "The supplier is told that the rest is not wanted.", Preview(title=f"Cancel {plan.number}", rows=rows)
    )
