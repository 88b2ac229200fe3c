"""Pricing: a price never goes below its floor of cost, commission and minimum margin."""

from decimal import ROUND_UP, Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.identity import Principal, Role
from core.money import Money
from tools.policy.decision import Decision, Preview, approve, deny
from tools.policy.figures import Loosens


class PricingPolicy(BaseModel):
    """Commission by channel and the margin that must remain, in per cent of the price."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commission_percent: Annotated[Decimal, Loosens.DOWN] = Field(default=Decimal(15), ge=0, le=100)
    commission_by_channel: Annotated[dict[str, Annotated[Decimal, Field(ge=0, le=100)]], Loosens.DOWN] = {"ebay": Decimal(12)}
    minimum_margin_percent: Annotated[Decimal, Loosens.DOWN] = Field(default=Decimal(5), ge=0, le=100)

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if max((self.commission_percent, *self.commission_by_channel.values())) + self.minimum_margin_percent >= 100:
            raise ValueError("commission and minimum margin together must stay under 100 %")
        return self

    def commission(self, channel: str) -> Decimal:
        """Return a channel's commission in per cent."""
        return self.commission_by_channel.get(channel, self.commission_percent)

    def floor(self, cost: Money, channel: str) -> Money:
        """Return the lowest price that covers cost, commission and minimum margin."""
        share = 1 - (self.commission(channel) + self.minimum_margin_percent) / 100
        return Money(minor=int((Decimal(cost.minor) / share).quantize(Decimal(1), rounding=ROUND_UP)), currency=cost.currency)


class ListingPlan(BaseModel):
    """A change that is to be published on a channel."""

    sku: str
    title: str
    channel: str
    changes: list[tuple[str, str]]
    price: Money
    cost: Money
    price_changes: bool = True
    """Whether this sets a price: an old price below the floor does not forbid to mend a title."""
    issue_open: bool = True


def decide_listing(policy: PricingPolicy, plan: ListingPlan, _principal: Principal) -> Decision:
    """Decide on publishing a correction to a channel."""
    if not plan.changes:
        return deny("listing.nothing_to_change", f"{plan.title} on {plan.channel} is already as it should be.", "show open issues")
    floor = policy.floor(plan.cost, plan.channel)
    if plan.price_changes and plan.price < floor:
        return deny("pricing.floor", f"{plan.price} is below the floor of {floor} on {plan.channel}.", f"use {floor} or more")
    rows = (("Listing", f"{plan.title} ({plan.sku})"), ("Channel", plan.channel), *plan.changes)
    preview = Preview(title=f"Publish to {plan.channel}", rows=rows)
    return approve("listing.publish", "Changes on a channel need approval.", preview, role=Role.MANAGER)
