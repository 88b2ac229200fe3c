"""Handling of returns: which step may follow which, what a photo is needed for, and what becomes of each item."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.aftersales import Disposition, ItemCondition
from core.identity import Principal
from core.money import Money
from core.statuses import RETURN_TRANSITIONS, ReturnReason, ReturnStatus
from tools.policy.decision import Decision, Preview, allow, confirm, deny
from tools.policy.returns import NEEDS_PHOTO

_Faulty = Literal[Disposition.RETURN_TO_SUPPLIER, Disposition.RECYCLE]
UNPROCESSED = frozenset({ReturnStatus.APPROVED, ReturnStatus.LABEL_SENT})
"""Approved, and nothing has been heard of the parcel: these expire."""


class HandlingPolicy(BaseModel):
    """What becomes of returned items, by the condition that the inspection finds; and whose returns are unusual."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unopened: Disposition = Disposition.RESTOCK
    opened: Disposition = Disposition.REFURBISH
    used: Disposition = Disposition.LIQUIDATE
    damaged: Disposition = Disposition.DISPOSE
    defective: _Faulty = Disposition.RETURN_TO_SUPPLIER
    unusual_percent: int = Field(default=50, ge=1, le=100)
    """A customer with a return on this share of the delivered orders, in percent, returns unusually often."""
    unusual_returns: int = Field(default=3, ge=1)
    """Below so many returns nothing is unusual."""

    def disposition(self, condition: ItemCondition) -> Disposition:
        """Return what becomes of an item in a condition; a person decides on what is unclear."""
        named: dict[ItemCondition, Disposition] = {
            ItemCondition.UNOPENED: self.unopened,
            ItemCondition.OPENED: self.opened,
            ItemCondition.USED: self.used,
            ItemCondition.DAMAGED: self.damaged,
            ItemCondition.DEFECTIVE: self.defective,
        }
        return named.get(condition, Disposition.MANUAL_REVIEW)


class StepPlan(BaseModel):
    """A return that somebody wants to move on."""

    number: str
    status: ReturnStatus
    reason: ReturnReason
    photos: int
    expires_at: datetime | None
    now: datetime

    @property
    def expired(self) -> bool:
        """Whether it was sent back too late, or never."""
        return self.expires_at is not None and self.expires_at < self.now

    def reaches(self, *wanted: ReturnStatus) -> Decision | None:
        """Refuse when its status leads to none of the `wanted` ones."""
        allowed = RETURN_TRANSITIONS[self.status]
        if allowed & set(wanted):
            return None
        ways = ", ".join(sorted(each.replace("_", " ") for each in allowed)) or "nothing: it is final"
        state = self.status.replace("_", " ")
        reason = f"Return {self.number} is {state} and cannot become {wanted[0].replace('_', ' ')}; from here it can become: {ways}."
        return deny("return.transition", reason, "show the return")


def decide_verdict(plan: StepPlan, *, approve: bool) -> Decision:
    """Decide on an approval or a rejection: some reasons need a photo before they are approved."""
    if approve and plan.status is ReturnStatus.REQUESTED and plan.reason in NEEDS_PHOTO and not plan.photos:
        reason = f"Return {plan.number} is for a reason that needs a photo ({plan.reason.replace('_', ' ')}), and it has none."
        return deny("return.photo_needed", reason, "ask the customer for a photo and add it", "reject the return")
    return allow("return.decided_by_staff")


def decide_photo(plan: StepPlan) -> Decision:
    """Photos are taken until the return was inspected."""
    closed = {ReturnStatus.REJECTED, ReturnStatus.CANCELLED, ReturnStatus.REFUNDED, ReturnStatus.COMPLETED}
    if plan.status in closed:
        return deny("return.closed", f"Return {plan.number} is {plan.status}; photos no longer help.", "open a ticket")
    return allow("return.photo")


def decide_sending(plan: StepPlan, wanted: ReturnStatus) -> Decision:
    """Decide on a label or a receipt: the return must lead there. What arrives late is still received, since it is there."""
    if refused := plan.reaches(wanted):
        return refused
    if wanted is ReturnStatus.LABEL_SENT and plan.expired:
        return deny("return.expired", f"Return {plan.number} has expired.", "cancel it and request a new return")
    return allow(f"return.{wanted}")


def decide_cancel(plan: StepPlan, _principal: Principal) -> Decision:
    """A return is cancelled until it was received; whoever asks confirms it."""
    if refused := plan.reaches(ReturnStatus.CANCELLED):
        return refused
    preview = Preview(title=f"Cancel return {plan.number}", rows=(("Return", plan.number), ("State", plan.status.replace("_", " "))))
    return confirm("return.cancel", "The items stay with the customer.", preview)


class PayoutPlan(BaseModel):
    """What a return pays back, computed from its quote and the order's payments."""

    step: StepPlan
    kind: Literal["money", "goods"]
    """Goods are sent again for an exchange or a replacement."""
    quoted: Money
    refundable: Money
    """Captured minus already refunded, on the order."""

    @property
    def amount(self) -> Money:
        """What goes back: what was quoted, never more than what is left."""
        return Money(minor=max(min(self.quoted.minor, self.refundable.minor), 0), currency=self.quoted.currency)


def decide_payout(plan: PayoutPlan) -> Decision:
    """Decide on the refund of an inspected return: its quote holds, whatever the policy says today."""
    if refused := plan.step.reaches(ReturnStatus.REFUND_PENDING):
        return refused
    if plan.kind == "goods":
        return deny("return.sends_goods", f"Return {plan.step.number} asks for goods, not for money.", "send the exchange")
    if plan.amount.minor == 0:
        return deny("refund.nothing_left", "Nothing of the order is left to refund.", "show the order's payments and refunds")
    return allow("return.refund_as_quoted")


class RetryPlan(BaseModel):
    """A return's refund that did not arrive whole, and where the rest goes now."""

    step: StepPlan
    waiting: Money
    """What the provider has not answered yet."""
    missing: Money
    """What it refused, and nothing made up for since."""
    refundable: Money
    """Captured minus already refunded, on the order."""
    to: str
    elsewhere: bool
    """Whether it goes another way than the one that failed."""
    refused_target: Decision | None = None
    """Why that way is not offered."""

    @property
    def amount(self) -> Money:
        """What goes back now."""
        return Money(minor=max(min(self.missing.minor, self.refundable.minor), 0), currency=self.missing.currency)


def decide_retry(plan: RetryPlan) -> Decision:
    """Decide on sending a refused refund again: the same way at once, another way when somebody has looked at it."""
    number = plan.step.number
    if plan.step.status is not ReturnStatus.REFUND_PENDING:
        state = plan.step.status.replace("_", " ")
        return deny("return.refund_not_due", f"Return {number} is {state}; no refund of it is under way.", "show the return")
    if plan.missing.minor == 0 and plan.waiting.minor:
        reason = f"The provider has not answered on {plan.waiting} of return {number} yet."
        return deny("return.refund_on_its_way", reason, "wait for the provider", "show the order's payments")
    if plan.missing.minor == 0:
        return deny("return.refund_arrived", f"The refund of return {number} has arrived.", "complete the return")
    if plan.refused_target is not None:
        return plan.refused_target
    if plan.amount.minor == 0:
        return deny("refund.nothing_left", "Nothing of the order is left to refund.", "show the order's payments and refunds")
    if plan.elsewhere:
        rows = (("Return", number), ("Refund", str(plan.amount)), ("Goes to", plan.to))
        preview = Preview(title=f"Send the refund of return {number} another way", rows=rows)
        return confirm("return.refund_elsewhere", "The money goes another way than the one that was promised.", preview)
    return allow("return.refund_again")


class ReplacementPlan(BaseModel):
    """What an exchange or a replacement sends, and what it settles."""

    step: StepPlan
    kind: Literal["money", "goods"]
    short: tuple[str, ...] = ()
    """Titles of what is not in stock any more."""
    difference: Money
    payable: bool
    """Whether something on file can pay the difference, if there is one to pay."""


def decide_replacement(plan: ReplacementPlan) -> Decision:
    """Decide on sending what an inspected exchange or replacement asked for."""
    number = plan.step.number
    if plan.kind == "money":
        return deny("return.pays_money", f"Return {number} asks for money, not for goods.", "refund the return")
    if plan.step.status is not ReturnStatus.INSPECTED:
        state = plan.step.status.replace("_", " ")
        return deny("return.not_inspected", f"Return {number} is {state}; goods go out once it was inspected.", "show the return")
    if plan.short:
        return deny("exchange.out_of_stock", f"Out of stock: {', '.join(plan.short)}.", "wait for stock", "refund the item instead")
    if not plan.payable:
        reason = f"The difference of {plan.difference} cannot be charged: no payment method of the customer is on file or covers it."
        return deny("exchange.unpaid", reason, "ask the customer for a payment method")
    return allow("exchange.send")
