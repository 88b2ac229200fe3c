"""Approvals: who approves what a rule holds back, whether somebody else has to, and how long a request waits."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Role
from tools.policy.decision import Decision, Verdict
from tools.policy.figures import Loosens


class Approver(BaseModel):
    """The least role that approves, and whether it must be somebody other than the one who asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Annotated[Literal["manager", "owner"], Loosens.DOWN] = "manager"
    four_eyes: Annotated[bool, Loosens.DOWN] = False


def _defaults() -> dict[str, Approver]:
    managers = (
        "refund.customer_asks_shop",
        "refund.over_limit",
        "stock.adjust_over_limit",
        "fraud.release_held",
        "listing.publish",
        "listing.bulk",
        "channel.reply",
        "pricing.over_step",
        "pricing.bulk",
        "product.archive_listed",
        "address.held_order",
        "order_items.held_order",
        "payment_method.held_order",
        "credit.over_limit",
    )
    return {
        **{rule: Approver() for rule in managers},
        "purchase.over_limit": Approver(role="owner"),
        "policy.loosens": Approver(four_eyes=True),
    }


class ApprovalPolicy(BaseModel):
    """Who decides what needs more than the caller. A rule that is not named here keeps the approver that it asks for itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid_days: Annotated[int, Loosens.UP] = Field(default=7, ge=1, le=90)
    """A request that nobody decided, or nobody used, in this time expires."""
    approvers: Annotated[dict[str, Approver], Loosens.DOWN] = Field(default_factory=_defaults)
    """By rule."""

    def applied(self, decision: Decision) -> Decision:
        """Return a rule's decision with the approver that this shop wants; four eyes that the rule itself asks for stay."""
        approver = self.approvers.get(decision.rule)
        if decision.verdict is not Verdict.NEEDS_APPROVAL or approver is None:
            return decision
        return decision.model_copy(update={"role": Role(approver.role), "four_eyes": decision.four_eyes or approver.four_eyes})
