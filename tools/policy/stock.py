"""Stock: when it is low, how much to order, and how purchases are approved."""

import math
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.identity import Principal, Role
from core.money import Money
from tools.policy.decision import Decision, Preview, allow, approve, deny
from tools.policy.figures import Loosens

if TYPE_CHECKING:
    from tools.policy import Policy


class StockPolicy(BaseModel):
    """Levels and ordering. `order_cost` and `holding_cost` are S and H of the economic order quantity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    critical_percent: int = Field(default=50, ge=0, le=100)
    """Critical at or below this share of the reorder point."""
    high_percent: int = Field(default=75, ge=0, le=100)
    order_cost: int = Field(default=50, ge=1)
    holding_cost: int = Field(default=2, ge=1)
    lead_days: int = Field(default=7, ge=0, le=365)
    purchase_limit_minor: Annotated[int, Loosens.UP] = Field(default=100_000, ge=0)
    """Up to here a manager's purchase order goes out at once; above, the owner approves."""
    adjustment_limit_units: Annotated[int, Loosens.UP] = Field(default=50, ge=0)
    """Up to here a correction of stock is made at once; above, a manager approves."""
    transfer_limit_units: Annotated[int, Loosens.UP] = Field(default=200, ge=0)
    """Up to here units move between warehouses at once; above, a manager approves."""
    soft_hold_minutes: int = Field(default=30, ge=1, le=1440)
    """How long units are kept aside for somebody who is still deciding."""
    hard_hold_hours: int = Field(default=24, ge=1, le=720)
    """How long units are kept aside for somebody who has decided."""
    hard_hold_limit_units: Annotated[int, Loosens.UP] = Field(default=50, ge=0)
    """Up to here units are kept aside for a day at once; above, a manager approves."""
    sales_days: int = Field(default=90, ge=7, le=365)
    """Reorder points and quantities follow from the sales of so many days."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.critical_percent > self.high_percent:
            raise ValueError("critical_percent must not be above high_percent")
        return self

    def level(self, available: int, reorder_point: int) -> str:
        """Return `out`, `critical`, `high`, `low` or `ok`: how urgent it is to reorder."""
        if available <= 0:
            return "out"
        if available * 100 <= reorder_point * self.critical_percent:
            return "critical"
        if available * 100 <= reorder_point * self.high_percent:
            return "high"
        return "low" if available <= reorder_point else "ok"

    def safety_stock(self, mean_daily: float, max_daily: float, lead_days: int, max_lead_days: int) -> int:
        """Return max daily x max lead - mean daily x mean lead, in whole units."""
        return _whole(max(0.0, max_daily * max_lead_days - mean_daily * lead_days))

    def reorder_point(self, mean_daily: float, max_daily: float, lead_days: int, max_lead_days: int) -> int:
        """Return mean daily x lead + safety stock."""
        safety = max(0.0, max_daily * max_lead_days - mean_daily * lead_days)
        return _whole(mean_daily * lead_days + safety)

    def order_quantity(self, mean_daily: float) -> int:
        """Return the economic order quantity, sqrt(2DS/H), for a year's demand D."""
        return max(1, _whole(math.sqrt(2 * mean_daily * 365 * self.order_cost / self.holding_cost)))


def _whole(units: float) -> int:
    """Return units rounded up; what only a float's inexactness adds, such as 1.1 x 10, makes no unit more."""
    return math.ceil(round(units, 6))


class PurchasePlan(BaseModel):
    """A purchase order before it is sent."""

    sku: str
    title: str
    supplier: str
    quantity: int
    unit_cost: Money
    total: Money
    available: int
    reorder_point: int
    open_quantity: int
    """Units already ordered and not yet received."""
    expected: str
    proposed_for: float | None = None
    """Mean daily sales, when the quantity is the one that the policy proposes for them."""

    def under(self, policy: "Policy") -> "PurchasePlan":
        """Return the plan as it would have been made under another policy."""
        if self.proposed_for is None:
            return self
        quantity = policy.stock.order_quantity(self.proposed_for)
        return self.model_copy(update={"quantity": quantity, "total": self.unit_cost * quantity})


def decide_purchase(policy: StockPolicy, plan: PurchasePlan, _principal: Principal) -> Decision:
    """Decide on an order to a supplier."""
    if plan.open_quantity > 0 and plan.available + plan.open_quantity > plan.reorder_point:
        reason = f"{plan.open_quantity} units of {plan.sku} are already on order."
        return deny("purchase.already_ordered", reason, "wait for the delivery")
    if plan.total.minor <= policy.purchase_limit_minor:
        return allow("purchase.within_limit")
    rows = (
        ("Item", f"{plan.title} ({plan.sku})"),
        ("Supplier", plan.supplier),
        ("Quantity", str(plan.quantity)),
        ("Unit cost", str(plan.unit_cost)),
        ("Total", str(plan.total)),
        ("Available now", f"{plan.available} (reorder point {plan.reorder_point})"),
        ("Expected", plan.expected),
    )
    limit = Money(minor=policy.purchase_limit_minor, currency=plan.total.currency)
    reason = f"Purchase orders over {limit} need approval."
    preview = Preview(title=f"Order {plan.quantity} x {plan.title}", rows=rows)
    return approve("purchase.over_limit", reason, preview, role=Role.OWNER)


class AdjustmentPlan(BaseModel):
    """A correction of what a warehouse holds of an item."""

    sku: str
    title: str
    warehouse: str
    delta: int
    reason: str
    on_hand: int
    reserved: int


def decide_adjustment(policy: StockPolicy, plan: AdjustmentPlan, _principal: Principal) -> Decision:
    """Decide on a correction; what is reserved for orders must stay on hand."""
    if plan.delta == 0:
        return deny("stock.nothing_to_change", "A correction of 0 units changes nothing.", "give the number of units to add or take away")
    after = plan.on_hand + plan.delta
    if after < plan.reserved:
        free = plan.on_hand - plan.reserved
        held = f"{plan.on_hand} on hand, {plan.reserved} reserved for orders"
        reason = f"{plan.warehouse} holds {held} of {plan.sku}: {-plan.delta} cannot be taken away."
        return deny("stock.below_zero", reason, f"take away at most {free}" if free else "check the count, or release reservations first")
    if abs(plan.delta) <= policy.adjustment_limit_units:
        return allow("stock.adjust_within_limit")
    rows = (
        ("Item", f"{plan.title} ({plan.sku})"),
        ("Warehouse", plan.warehouse),
        ("Change", f"{plan.delta:+d} units"),
        ("On hand", f"{plan.on_hand} -> {after}"),
        ("Reserved", str(plan.reserved)),
        ("Reason", plan.reason),
    )
    preview = Preview(title=f"Correct stock of {plan.title} by {plan.delta:+d}", rows=rows)
    reason = f"Corrections over {policy.adjustment_limit_units} units need approval."
    return approve("stock.adjust_over_limit", reason, preview, role=Role.MANAGER)
