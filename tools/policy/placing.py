"""Placing orders: what delivery costs, how codes count, and who confirms; and splitting what was placed."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Principal
from core.money import Money
from core.statuses import OrderStatus
from tools.policy.decision import Decision, Preview, allow, approve, confirm, deny
from tools.policy.figures import Loosens
from tools.policy.orders import before_shipping


class PlacingPolicy(BaseModel):
    """What is added to the price of the goods, and how much one customer may order alone. Prices include taxes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shipping_minor: int = Field(default=490, ge=0)
    free_shipping_from_minor: int = Field(default=10_000, ge=0)
    """Delivery is free when the goods, less the discount, are worth this much."""
    delivery_days: int = Field(default=5, ge=1, le=90)
    """The promised date is so many days after the order."""
    customer_units: Annotated[int, Loosens.UP] = Field(default=20, ge=1)
    """A customer orders up to so many units of an item; more is for staff to place."""

    def shipping(self, goods: Money, *, free: bool = False) -> Money:
        """Return what delivery costs for goods of a worth; nothing when a loyalty tier makes it `free`."""
        nothing = free or goods.minor >= self.free_shipping_from_minor
        return Money(minor=0 if nothing else self.shipping_minor, currency=goods.currency)


class CouponTerms(BaseModel):
    """What a code takes off, and when it counts."""

    code: str
    percent: int
    amount: Money
    minimum: Money
    left: int
    """Orders that may still use it."""
    expires_at: datetime

    def discount(self, goods: Money) -> Money:
        """Return what the code takes off goods of a worth, never more than they are worth."""
        off = goods.percent(Decimal(self.percent)) if self.percent else self.amount
        return Money(minor=min(off.minor, goods.minor), currency=goods.currency)

    def refusal(self, goods: Money, now: datetime) -> str:
        """Return why the code does not count, empty when it does."""
        if self.expires_at <= now:
            return f"The code {self.code} ended on {self.expires_at:%d %B %Y}."
        if self.left <= 0:
            return f"The code {self.code} has been used up."
        if goods < self.minimum:
            return f"The code {self.code} needs goods worth {self.minimum}."
        return ""


class CartLine(BaseModel):
    """An item of a cart at today's price."""

    sku: str
    title: str
    quantity: int
    unit_price: Money
    available: int

    @property
    def total(self) -> Money:
        """The price of all units."""
        return self.unit_price * self.quantity


class OrderPlan(BaseModel):
    """An order before it is placed; every amount is computed from the store's prices."""

    lines: list[CartLine]
    subtotal: Money
    discount: Money
    """What the code and the loyalty tier take off together."""
    shipping: Money
    total: Money
    loyalty: str = ""
    """What the customer's tier is worth in this order, such as gold: free delivery."""
    blocked: str = ""
    """What of the order stands on the block list, such as the e-mail address."""
    coupon: str | None = None
    coupon_refused: str = ""
    """Why the code does not count."""
    deliver_to: str
    pay_with: str
    balance: Money | None = None
    """What a gift card or store credit holds."""
    for_customer: str | None = None
    """Whom staff place it for."""


def decide_place(policy: PlacingPolicy, plan: OrderPlan, principal: Principal) -> Decision:
    """Decide on an order; whoever asks confirms it. A blocked customer is told no more than that a person will look at it."""
    if plan.blocked and principal.is_customer:
        return deny("place.blocked", "This order cannot be taken here.", "open a ticket, so that a person looks at it")
    if plan.blocked:
        return deny("place.blocked", f"The {plan.blocked} stands on the block list.", "look at the block list", "unblock it first")
    short = [line for line in plan.lines if line.quantity > line.available]
    if short:
        named = ", ".join(f"{line.title} ({line.available} left)" for line in short)
        ways = [f"order {line.available} of {line.sku}" for line in short if line.available] or ["look for a similar product"]
        return deny("place.out_of_stock", f"There is not enough in stock: {named}.", *ways)
    many = [line for line in plan.lines if line.quantity > policy.customer_units]
    if principal.is_customer and many:
        reason = f"{policy.customer_units} units of an item are the most that can be ordered here."
        return deny("place.too_many", reason, f"order {policy.customer_units}", "open a ticket for a larger order")
    if plan.coupon_refused:
        return deny("place.coupon", plan.coupon_refused, "place the order without the code")
    if plan.balance is not None and plan.balance < plan.total:
        reason = f"{plan.pay_with} holds {plan.balance} and the order costs {plan.total}."
        return deny("place.balance", reason, "pay with another method")
    rows = [*(("For", who) for who in [plan.for_customer] if who)]
    rows += [("Item", f"{line.quantity} x {line.title} at {line.unit_price}: {line.total}") for line in plan.lines]
    if plan.discount.minor:
        rows.append(("Discount", f"-{plan.discount} ({', '.join(each for each in (plan.coupon, plan.loyalty) if each)})"))
    elif plan.loyalty:
        rows.append(("Loyalty", plan.loyalty))
    rows += [("Delivery", str(plan.shipping)), ("Total", str(plan.total)), ("Deliver to", plan.deliver_to), ("Pay with", plan.pay_with)]
    return confirm("place.confirm", "Please check the order: it is binding.", Preview(title="Place this order", rows=tuple(rows)))


class SplitPlan(BaseModel):
    """Units that leave an order for one of their own."""

    order: str
    status: OrderStatus
    on_hold: bool
    captured: Money
    moving: list[str]
    everything: bool
    """Whether nothing would stay."""
    picking: bool = False
    """Whether somebody takes it off the shelves already."""
    new_total: Money
    left_total: Money


def decide_split(plan: SplitPlan) -> Decision:
    """Decide on a split: before anything ships, and before money was taken, since a payment cannot be divided."""
    if not before_shipping(plan.status):
        return deny("split.before_shipping", f"Order {plan.order} is {plan.status} and can no longer be split.", "show the order")
    if plan.captured.minor:
        reason = f"{plan.captured} were taken for order {plan.order}, and a payment cannot be divided."
        return deny("split.captured", reason, "send it in several parcels instead: create a pick list for each warehouse")
    if plan.picking:
        reason = f"Order {plan.order} is being picked and can no longer be split."
        return deny("split.picking", reason, "send it in several parcels instead: create a pick list for each warehouse")
    if plan.everything:
        return deny("split.everything", f"Nothing would stay on order {plan.order}.", "name fewer units, or change the order itself")
    rows = (("Order", plan.order), *(("Moves", item) for item in plan.moving), ("New order", str(plan.new_total)))
    rows = (*rows, ("Stays", str(plan.left_total)))
    return confirm("split.confirm", "The new order is authorized separately.", Preview(title=f"Split order {plan.order}", rows=rows))


class TagPlan(BaseModel):
    """A tag that is put on an order or taken off."""

    order: str
    tag: str
    there: bool


def decide_tag(plan: TagPlan, *, wanted: bool) -> Decision:
    """Let staff tag any order."""
    if plan.there == wanted:
        state = "already has" if wanted else "does not have"
        return deny("tag.same", f"Order {plan.order} {state} the tag {plan.tag}.", "show the order")
    return allow("tag.staff")


class CouponPlan(BaseModel):
    """A code that somebody wants to give away."""

    code: str
    taken: bool
    worth: str
    minimum: Money
    max_uses: int
    until: str


def decide_coupon(plan: CouponPlan) -> Decision:
    """Decide on a new code: it gives money away, so a manager approves."""
    if plan.taken:
        return deny("coupon.exists", f"There is a code {plan.code} already.", "choose another code")
    rows = (
        ("Code", plan.code),
        ("Takes off", plan.worth),
        ("From", str(plan.minimum)),
        ("Orders", str(plan.max_uses)),
        ("Until", plan.until),
    )
    return approve("coupon.create", "A code gives money away.", Preview(title=f"Give away the code {plan.code}", rows=rows))
