"""What a person decides of an order that a fraud check stopped, and what goes on the block list."""

from datetime import datetime

from pydantic import BaseModel

from core.identity import Principal, Role
from core.money import Money
from core.statuses import BlockKind, FraudOutcome, OrderStatus
from tools.policy.decision import Decision, Preview, allow, approve, deny
from tools.policy.fraud import FraudPolicy
from tools.policy.orders import before_shipping


class RulingPlan(BaseModel):
    """A decision on an order, before it is taken."""

    order: str
    status: OrderStatus
    on_hold: bool
    outcome: FraudOutcome
    score: int | None
    """None when the order was never scored."""
    signals: list[str]
    total: Money
    refund: Money
    """What a block pays back."""
    decided: str
    """How the check was decided already, empty when it was not."""


def decide_ruling(policy: FraudPolicy, plan: RulingPlan, _principal: Principal) -> Decision:
    """Decide on a reviewer's decision: one for each check, before shipping; letting go and blocking need a manager's approval."""
    if plan.score is None:
        return deny("fraud.no_check", f"Order {plan.order} was never scored.", "score the order first")
    if plan.decided:
        return deny("fraud.already_decided", f"Order {plan.order} is decided already: {plan.decided}.", "explain the decision")
    if not before_shipping(plan.status):
        return deny("fraud.too_late", f"Order {plan.order} is {plan.status}; only orders that have not shipped can be decided on.")
    if plan.outcome is FraudOutcome.HOLD:
        return allow("fraud.hold")
    rows = [
        ("Order", plan.order),
        ("Total", str(plan.total)),
        ("Fraud score", f"{plan.score} of 100 (review from {policy.review_from})"),
        *(("Signal", signal) for signal in plan.signals),
    ]
    if plan.outcome is FraudOutcome.APPROVE:
        preview = Preview(title=f"Approve order {plan.order}", rows=tuple(rows))
        return approve("fraud.release_held", "Letting a suspicious order go needs a manager's approval.", preview, role=Role.MANAGER)
    rows.append(("Paid back", str(plan.refund)))
    preview = Preview(title=f"Block and cancel order {plan.order}", rows=tuple(rows))
    return approve("fraud.block_order", "Blocking cancels the order and pays back; a manager approves.", preview, role=Role.MANAGER)


class ScorePlan(BaseModel):
    """An order that somebody wants to score again."""

    order: str
    status: OrderStatus
    decided: str


def decide_score(plan: ScorePlan) -> Decision:
    """Score an order that has not shipped and that nobody has decided on: a person's decision stands."""
    if not before_shipping(plan.status):
        return deny(
            "fraud.too_late", f"Order {plan.order} is {plan.status}; only orders that have not shipped are scored.", "show the order"
        )
    if plan.decided:
        reason = f"Order {plan.order} is decided already: {plan.decided}. A person's decision stands."
        return deny("fraud.already_decided", reason, "put the order on hold with a reason")
    return allow("fraud.score")


class BlockPlan(BaseModel):
    """Something that is to be put on the block list."""

    kind: BlockKind
    value: str
    expires_at: datetime | None
    listed: str
    """Why it is on the list already, empty when it is not."""
    self_block: bool = False
    """Whether it is the shop's own address."""


def decide_block(plan: BlockPlan) -> Decision:
    """Put something on the block list once; never the shop itself."""
    if plan.self_block:
        return deny("fraud.block_self", "This is the shop's own address.", "block the customer's")
    if plan.listed:
        reason = f"This {plan.kind} is on the block list already: {plan.listed}."
        return deny("fraud.block_listed", reason, "unblock it first, to give it another reason or expiry")
    return allow("fraud.block")


def decide_unblock(_kind: BlockKind) -> Decision:
    """Let a manager take something off the block list."""
    return allow("fraud.unblock")
