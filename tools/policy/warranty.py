"""Warranty: how long an item is covered, and what a person may decide of a claim."""

from calendar import monthrange
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.aftersales import WARRANTY_TRANSITIONS, WarrantyRemedy, WarrantyStatus
from core.identity import Role
from core.money import Money
from tools.policy.decision import Decision, Preview, allow, approve, deny
from tools.policy.figures import Loosens
from tools.policy.refunds import RefundPolicy

_Months = Annotated[int, Field(ge=0, le=240)]


class WarrantyPolicy(BaseModel):
    """How long items are covered, counted from delivery, and how soon a claim is decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    general_months: Annotated[int, Loosens.UP] = Field(default=24, ge=0, le=240)
    """What is not named by category; the default is the legal guarantee in the EU (Directive 2019/771, article 10)."""
    months_by_category: Annotated[dict[str, _Months], Loosens.UP] = {"furniture": 36}
    decide_days: int = Field(default=14, ge=1, le=90)
    """A claim that is open for longer is overdue."""

    def months(self, category: str) -> int:
        """Return for how many months a category is covered."""
        return self.months_by_category.get(category, self.general_months)

    def covered_until(self, category: str, delivered_at: datetime) -> datetime:
        """Return the last moment at which a claim for an item can be made."""
        return later(delivered_at, self.months(category))


def later(at: datetime, months: int) -> datetime:
    """Return the same day some calendar months later, or the last day of a month that is too short for it."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


class CoveragePlan(BaseModel):
    """An item as a warranty sees it."""

    order: str
    title: str
    delivered_at: datetime | None
    covered_until: datetime | None
    units_left: int
    """Delivered, not sent back and not paid back for another claim."""
    quantity: int
    """Units that somebody claims for."""
    open_claim: str | None = None
    now: datetime


def decide_claim(plan: CoveragePlan) -> Decision:
    """Decide whether a claim can be made: for what arrived, is still with the customer, and is covered; one at a time."""
    item = f"{plan.title} of order {plan.order}"
    if plan.delivered_at is None or plan.covered_until is None:
        return deny("warranty.not_delivered", f"{item} has not been delivered yet.", "track the order")
    if plan.open_claim is not None:
        return deny("warranty.claim_open", f"{item} has an open claim: {plan.open_claim}.", f"show claim {plan.open_claim}")
    if plan.units_left < plan.quantity:
        left = f"only {plan.units_left} of it" if plan.units_left else "nothing of it"
        return deny("warranty.not_with_customer", f"{item}: {left} is still with the customer.", "show the order's returns")
    if plan.covered_until < plan.now:
        return deny("warranty.expired", f"The warranty of {item} ended on {plan.covered_until:%d %B %Y}.", "open a ticket")
    return allow("warranty.covered")


class VerdictPlan(BaseModel):
    """A claim that somebody decides on, with what its remedy would cost."""

    claim: str
    order: str
    title: str
    status: WarrantyStatus
    remedy: WarrantyRemedy | None
    """None rejects the claim."""
    amount: Money
    """What a refund pays back; zero for anything else."""
    refunded: Money
    """Already paid back on the order, so that small refunds add up to the limits."""
    in_stock: bool = True
    """Whether a replacement can be sent."""


def decide_verdict(policy: RefundPolicy, plan: VerdictPlan) -> Decision:
    """Decide on a verdict: once, with a remedy that there is; a refund keeps the limits of every refund."""
    wanted = WarrantyStatus.REJECTED if plan.remedy is None else WarrantyStatus.APPROVED
    if wanted not in WARRANTY_TRANSITIONS[plan.status]:
        return deny("warranty.decided", f"Claim {plan.claim} is {plan.status} already.", "show the claim", "file another claim")
    if plan.remedy is WarrantyRemedy.REPLACEMENT and not plan.in_stock:
        return deny("warranty.out_of_stock", f"{plan.title} is out of stock.", "refund it", "repair it", "wait for stock")
    if plan.remedy is not WarrantyRemedy.REFUND:
        return allow(f"warranty.{wanted}")
    if plan.amount.minor <= 0:
        return deny("refund.nothing_left", f"Nothing is left to refund for {plan.title}.", "replace it", "repair it")
    in_all = plan.refunded + plan.amount
    limit = Money(minor=policy.staff_limit_minor, currency=plan.amount.currency)
    if in_all <= limit:
        return allow("refund.within_limit")
    rows = (("Claim", plan.claim), ("Order", plan.order), ("Item", plan.title), ("Amount", str(plan.amount)))
    preview = Preview(title=f"Refund {plan.amount} for claim {plan.claim}", rows=rows)
    four_eyes = in_all.minor >= policy.four_eyes_minor
    reason = f"Refunds over {limit} on one order need approval."
    return approve("refund.over_limit", reason, preview, role=Role.MANAGER, four_eyes=four_eyes)
