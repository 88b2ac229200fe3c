"""Returns: windows by category counted from delivery, restocking fees, who pays for shipping, what needs a look."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Principal
from core.money import Money
from core.statuses import PaymentKind, ReturnReason, ReturnType
from tools.policy.decision import Decision, Preview, confirm, deny
from tools.policy.figures import Loosens

if TYPE_CHECKING:
    from tools.policy import Policy


class CategoryRule(BaseModel):
    """How one category comes back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_days: Annotated[int, Loosens.UP] = Field(ge=0, le=36_500)
    restocking_fee_percent: Annotated[Decimal, Loosens.DOWN] = Field(default=Decimal(0), ge=0, le=100)
    refund_as: Literal["payment", "store_credit"] = "payment"


def _defaults() -> dict[str, CategoryRule]:
    return {
        "electronics": CategoryRule(window_days=30, restocking_fee_percent=Decimal(15)),
        "clothing": CategoryRule(window_days=60),
        "furniture": CategoryRule(window_days=14, restocking_fee_percent=Decimal(20), refund_as="store_credit"),
    }


class RefundTo(StrEnum):
    """Where the money of a return may go."""

    ORIGINAL = "original"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"


class ReturnPolicy(BaseModel):
    """When and how something comes back. Days count from delivery; amounts are minor units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    categories: dict[str, CategoryRule] = Field(default_factory=_defaults)
    general: CategoryRule = CategoryRule(window_days=30)
    fault_window_days: Annotated[int, Loosens.UP] = Field(default=90, ge=0, le=3650)
    """For a defect or transit damage."""
    shipping_fee_minor: Annotated[int, Loosens.DOWN] = Field(default=500, ge=0)
    """What the customer pays to send it back, unless the seller is at fault."""
    rma_valid_days: int = Field(default=30, ge=1, le=365)
    refund_to: tuple[RefundTo, ...] = tuple(RefundTo)
    """Among what a customer may choose for the money, when they choose."""
    once_per_order: bool = False
    """An order has one return or exchange, with all items in one request."""
    exchange_for_same_variant: bool = False
    """An exchange may ask for the variant that comes back."""

    def rule_for(self, category: str) -> tuple[str, CategoryRule]:
        """Return the name and the rule of a category."""
        rule = self.categories.get(category)
        return (f"return_window.{category}", rule) if rule else ("return_window.general", self.general)


SELLER_FAULT = frozenset({ReturnReason.DEFECTIVE, ReturnReason.DAMAGED_IN_SHIPPING, ReturnReason.WRONG_ITEM, ReturnReason.NOT_AS_DESCRIBED})
"""The seller pays for return shipping, and no restocking fee is taken."""
LONG_WINDOW = frozenset({ReturnReason.DEFECTIVE, ReturnReason.DAMAGED_IN_SHIPPING})
NEEDS_PHOTO = SELLER_FAULT | {ReturnReason.QUALITY}
AUTO_APPROVED = frozenset({ReturnReason.SIZE_FIT, ReturnReason.CHANGED_MIND, ReturnReason.BETTER_PRICE, ReturnReason.LATE_DELIVERY})


class ReturnableLine(BaseModel):
    """An order line as a return sees it."""

    line_id: str
    sku: str
    title: str
    category: str
    quantity_left: int
    """Delivered minus already returned or being returned."""
    unit_price: Money
    delivered_at: datetime | None


class Assessment(BaseModel):
    """Whether a line may come back today, by which rule, and what the customer would get."""

    line_id: str
    sku: str
    title: str
    eligible: bool
    rule: str
    reason: str
    quantity: int
    returnable_until: datetime | None = None
    gross: Money
    restocking_fee: Money
    return_shipping: Money
    refund: Money
    refund_as: Literal["payment", "store_credit"]
    needs_photo: bool
    automatic: bool
    line: ReturnableLine | None = None
    """What was assessed, so that it can be assessed again."""
    assessed_at: datetime | None = None


def assess(policy: ReturnPolicy, line: ReturnableLine, reason: ReturnReason, quantity: int, now: datetime) -> Assessment:
    """Apply the rules to `quantity` units of a line."""
    rule_name, rule = policy.rule_for(line.category)
    fault = reason in SELLER_FAULT
    days = rule.window_days
    if reason in LONG_WINDOW and policy.fault_window_days > days:
        rule_name, days = "return_window.fault", policy.fault_window_days
    gross = line.unit_price * quantity
    zero = Money.zero(gross.currency)
    fee = zero if fault else gross.percent(rule.restocking_fee_percent)
    shipping = zero if fault else Money(minor=min(policy.shipping_fee_minor, (gross - fee).minor), currency=gross.currency)
    until = line.delivered_at + timedelta(days=days) if line.delivered_at else None
    eligible, why = True, f"{days} days from delivery"
    if line.delivered_at is None:
        eligible, why = False, "It has not been delivered yet."
    elif line.quantity_left <= 0:
        eligible, why = False, "All units of it are already returned or being returned."
    elif quantity > line.quantity_left:
        eligible, why = False, f"Only {line.quantity_left} of it can still be returned."
    elif until is not None and now > until:
        eligible, why = False, f"The return window of {days} days ended on {until:%d %B %Y}."
    return Assessment(
        line_id=line.line_id,
        sku=line.sku,
        title=line.title,
        eligible=eligible,
        rule=rule_name,
        reason=why,
        quantity=quantity,
        returnable_until=until,
        gross=gross,
        restocking_fee=fee,
        return_shipping=shipping,
        refund=gross - fee - shipping,
        refund_as=rule.refund_as,
        needs_photo=reason in NEEDS_PHOTO,
        automatic=reason in AUTO_APPROVED,
        line=line,
        assessed_at=now,
    )


def free(line: Assessment) -> Assessment:
    """Return an assessment for what is sent again: nothing is kept, and nothing is paid back."""
    zero = Money.zero(line.gross.currency)
    return line.model_copy(update={"restocking_fee": zero, "return_shipping": zero, "refund": zero})


class ReturnedOrder(BaseModel):
    """An order as a return request finds it."""

    order: str
    delivered: bool
    """At least a part of it arrived."""
    returning: bool
    """Something of it is returned or on its way back."""


def admit(policy: ReturnPolicy, order: ReturnedOrder) -> Decision | None:
    """Refuse a return of what has not arrived, or a second one where one is all there is; the items are looked at after that."""
    if not order.delivered:
        reason = f"Order {order.order} has not been delivered yet."
        return deny("return.not_delivered", reason, "wait for the delivery", "cancel it if it has not shipped")
    if policy.once_per_order and order.returning:
        reason = f"Order {order.order} has a return or an exchange already, and can have only one."
        return deny("return.once_per_order", reason, "show the returns of the order")
    return None


def destination(policy: ReturnPolicy, kind: PaymentKind, label: str, *, original: bool) -> Decision | None:
    """Refuse a way of refund that the policy does not offer."""
    offered = {RefundTo.GIFT_CARD: kind is PaymentKind.GIFT_CARD, RefundTo.STORE_CREDIT: kind is PaymentKind.STORE_CREDIT}
    if any(offered.get(way, original) for way in policy.refund_to):
        return None
    ways = ["the original payment" if way is RefundTo.ORIGINAL else f"a {way.replace('_', ' ')}" for way in policy.refund_to]
    return deny("return.refund_to", f"A refund cannot go to {label}.", *(f"refund to {way}" for way in ways))


class Settlement(BaseModel):
    """What an exchange's price difference is, and what pays it or is paid."""

    difference: Money
    """Above zero the customer pays, below zero gets back."""
    method: str
    balance: Money | None = None
    """What the method holds, when it is a gift card or store credit."""


class ReturnPlan(BaseModel):
    """What a return request would do."""

    order: str
    reason: ReturnReason
    type: ReturnType
    lines: list[Assessment]
    exchange_for: str | None = None
    settlement: Settlement | None = None
    """For an exchange."""
    refund_to: str | None = None
    """Chosen by the customer; the original payment when not."""

    def total(self, part: Literal["refund", "restocking_fee", "return_shipping"]) -> Money:
        """Return the sum of a part over all lines."""
        zero = Money.zero(self.lines[0].refund.currency)
        return sum((getattr(line, part) for line in self.lines), zero)

    def under(self, policy: "Policy") -> "ReturnPlan":
        """Return the plan as it would have been made under another policy."""
        return self.model_copy(update={"lines": [self._again(policy.returns, line) for line in self.lines]})

    def _again(self, policy: ReturnPolicy, old: Assessment) -> Assessment:
        if old.line is None or old.assessed_at is None:
            return old
        new = assess(policy, old.line, self.reason, old.quantity, old.assessed_at)
        return free(new) if self.type in {ReturnType.EXCHANGE, ReturnType.REPLACEMENT} else new


def decide(policy: ReturnPolicy, plan: ReturnPlan, _principal: Principal) -> Decision:
    """Decide on a return request; whoever asks confirms it."""
    for line in plan.lines:
        if not line.eligible:
            way = "open a ticket if you think this is wrong"
            return deny(line.rule, f"{line.title}: {line.reason}", way)
    due = plan.settlement
    if due is not None and due.balance is not None and due.difference > due.balance:
        reason = f"{due.method} holds {due.balance}, which does not cover {due.difference}."
        return deny("exchange.balance", reason, "choose another payment method")
    rows = [("Order", plan.order)]
    rows += [(f"{line.quantity} x {line.title}", str(line.gross)) for line in plan.lines]
    rows.append(("Reason", plan.reason.replace("_", " ")))
    rows += [("Restocking fee", str(plan.total("restocking_fee"))), ("Return shipping", str(plan.total("return_shipping")))]
    if plan.type is ReturnType.EXCHANGE:
        rows.append(("Exchange for", plan.exchange_for or "the same item"))
        if due is not None and due.difference.minor:
            what = "To pay" if due.difference.minor > 0 else "To be refunded"
            rows.append((f"{what} for the price difference", f"{max(due.difference, -due.difference)}, {due.method}"))
    elif plan.type is ReturnType.REPLACEMENT:
        rows.append(("Sent again", "the same item"))
    else:
        kind = "Store credit" if plan.type is ReturnType.STORE_CREDIT else "Refund"
        rows.append((f"{kind} after inspection", str(plan.total("refund"))))
        if plan.refund_to:
            rows.append(("Refund to", plan.refund_to))
    if any(line.needs_photo for line in plan.lines):
        rows.append(("Photo", "needed before we approve it"))
    preview = Preview(title=f"Return from order {plan.order}", rows=tuple(rows))
    return confirm(plan.lines[0].rule, "Please check what will be returned and refunded.", preview)
