"""Pricing: a price never goes below its floor of cost, commission and minimum margin."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Annotated, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.identity import Principal, Role
from core.money import Money
from tools.policy.decision import Decision, Preview, allow, approve, deny
from tools.policy.figures import Loosens


class PricingPolicy(BaseModel):
    """Commission by channel and the margin that must remain, in per cent of the price."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commission_percent: Annotated[Decimal, Loosens.DOWN] = Field(default=Decimal(15), ge=0, le=100)
    commission_by_channel: Annotated[dict[str, Annotated[Decimal, Field(ge=0, le=100)]], Loosens.DOWN] = {"ebay": Decimal(12)}
    minimum_margin_percent: Annotated[Decimal, Loosens.DOWN] = Field(default=Decimal(5), ge=0, le=100)
    step_percent: Annotated[Decimal, Loosens.UP] = Field(default=Decimal(20), ge=0, le=1000)
    """Up to here a single price changes at once; a bigger step is approved."""
    bulk_at_once: Annotated[int, Loosens.UP] = Field(default=0, ge=0, le=10_000)
    """Up to this many prices or listings change at once in bulk; more are approved."""
    bulk_most: Annotated[int, Loosens.UP] = Field(default=20_000, ge=1, le=200_000)
    """A bulk change of more is refused: it is narrowed first."""

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

    def floor_everywhere(self, cost: Money, channels: Sequence[str]) -> Money:
        """Return the lowest price that holds on every channel where an item is listed; listed nowhere, the usual commission counts."""
        return max(self.floor(cost, channel) for channel in channels or ("",))


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


class PricePlan(BaseModel):
    """A new price of an item."""

    sku: str
    title: str
    old: Money
    new: Money
    cost: Money
    channels: list[str] = []
    """Where it is listed: every commission has to be covered."""


def decide_price(policy: PricingPolicy, plan: PricePlan, _principal: Principal) -> Decision:
    """Decide on one price."""
    if plan.new == plan.old:
        return deny("pricing.nothing_to_change", f"{plan.title} costs {plan.old} already.", "show its price history")
    floor = policy.floor_everywhere(plan.cost, plan.channels)
    if plan.new < floor:
        reason = f"{plan.new} is below the floor of {floor} of {plan.title} (cost, commission and minimum margin)."
        return deny("pricing.floor", reason, f"use {floor} or more")
    if plan.old.minor and abs(plan.new.minor - plan.old.minor) * 100 <= policy.step_percent * plan.old.minor:
        return allow("pricing.within_step")
    rows = (("Item", f"{plan.title} ({plan.sku})"), ("Price", f"{plan.old} -> {plan.new}"), ("Floor", str(floor)))
    reason = f"A change of a price by more than {policy.step_percent.normalize():f} % needs approval."
    return approve("pricing.over_step", reason, Preview(title=f"Price of {plan.title}", rows=rows), role=Role.MANAGER)


def may_cost(policy: PricingPolicy, title: str, price: Money, cost: Money) -> Decision:
    """Decide on the first price of an item."""
    floor = policy.floor_everywhere(cost, ())
    if price < floor:
        reason = f"{price} is below the floor of {floor} of {title} (cost, commission and minimum margin)."
        return deny("pricing.floor", reason, f"use {floor} or more")
    return allow("pricing.above_floor")


class Reprice(BaseModel):
    """How prices change: by a percentage, by an amount, or to a value. Exactly one is set."""

    model_config = ConfigDict(frozen=True)

    percent: Decimal | None = None
    by_minor: int | None = None
    to_minor: int | None = None

    def wanted(self, minor: int) -> int:
        """Return what is asked for instead of a price, rounded half up; never below zero."""
        if self.to_minor is not None:
            return self.to_minor
        if self.by_minor is not None:
            return max(minor + self.by_minor, 0)
        changed = Decimal(minor) * (100 + (self.percent or 0)) / 100
        return max(int(changed.quantize(Decimal(1), rounding=ROUND_HALF_UP)), 0)


class Repriced(NamedTuple):
    """A price after a change, and whether its floor stopped it."""

    minor: int
    at_floor: bool


def repriced(change: Reprice, minor: int, floor: int) -> Repriced:
    """Return a price after a change. It stops at the floor; a cut raises nothing, so what is below its floor already stays."""
    wanted = change.wanted(minor)
    if wanted >= floor:
        return Repriced(wanted, at_floor=False)
    return Repriced(floor if wanted > minor else min(minor, floor), at_floor=True)


class Step(BaseModel):
    """One price before and after."""

    sku: str
    before: Money
    after: Money


class PriceTally(BaseModel):
    """What a bulk change of prices does: counts and extremes, gathered row by row, so that it is never held as a whole."""

    currency: str
    selected: int = 0
    changed: int = 0
    at_floor: int = 0
    lowest: Money | None = None
    highest: Money | None = None
    biggest: list[Step] = []
    """The biggest changes, in per cent of the price before."""

    def add(self, sku: str, before: int, after: Repriced) -> None:
        """Count one price."""
        self.selected += 1
        self.at_floor += after.at_floor
        if after.minor == before:
            return
        self.changed += 1
        new, old = Money(minor=after.minor, currency=self.currency), Money(minor=before, currency=self.currency)
        self.lowest = min(self.lowest or new, new)
        self.highest = max(self.highest or new, new)
        self.biggest = sorted([*self.biggest, Step(sku=sku, before=old, after=new)], key=_share, reverse=True)[:5]


def _share(step: Step) -> tuple[Decimal, str]:
    return Decimal(abs(step.after.minor - step.before.minor)) / max(step.before.minor, 1), step.sku


def decide_bulk_prices(policy: PricingPolicy, title: str, tally: PriceTally, _principal: Principal) -> Decision:
    """Decide on a change of many prices."""
    if not tally.selected:
        return deny("pricing.nothing_selected", "No item fits that selection.", "name another category, brand, SKU or margin")
    if not tally.changed:
        stopped = f"; {tally.at_floor} are at their floor" if tally.at_floor else ""
        return deny("pricing.nothing_to_change", f"None of the {tally.selected} prices would change{stopped}.", "ask for another change")
    if tally.selected > policy.bulk_most:
        return deny("pricing.bulk_too_many", f"{tally.selected} items are more than {policy.bulk_most} at once.", "narrow the selection")
    if tally.changed <= policy.bulk_at_once:
        return allow("pricing.bulk_within_limit")
    assert tally.lowest is not None
    assert tally.highest is not None
    rows = (
        ("Change", title),
        ("Items", f"{tally.selected} selected, {tally.changed} change, {tally.at_floor} stop at their floor"),
        ("New prices", f"{tally.lowest} to {tally.highest}"),
        *(("Biggest change", f"{step.sku}: {step.before} -> {step.after}") for step in tally.biggest[:3]),
    )
    reason = f"Changes of more than {policy.bulk_at_once} prices at once need approval."
    return approve("pricing.bulk", reason, Preview(title=f"Change {tally.changed} prices", rows=rows), role=Role.MANAGER)


class Restoring(BaseModel):
    """What taking back a bulk change does."""

    number: str
    title: str
    kind: str
    revocable: bool = True
    stands: bool = True
    restored: int = 0
    kept: int = 0
    """Changed since by something else, or no longer allowed."""
    units: int = 0
    """Of corrected stock, the units that go back."""


def decide_revocation(policy: PricingPolicy, plan: Restoring, _principal: Principal) -> Decision:
    """Decide on taking back a bulk change."""
    if not plan.stands:
        return deny("bulk.revoked", f"Bulk change {plan.number} was taken back already.", "show the bulk changes")
    if not plan.revocable:
        return deny("bulk.not_revocable", f"What {plan.number} sent to channels cannot be called back.", "change prices, then push again")
    if not plan.restored:
        return deny("bulk.nothing_to_restore", f"Everything of {plan.number} was changed again since.", "change prices one by one")
    if plan.restored <= policy.bulk_at_once:
        return allow("bulk.revoke_within_limit")
    rows = (("Bulk change", f"{plan.number}: {plan.title}"), ("Restored", str(plan.restored)), ("Left alone", str(plan.kept)))
    reason = f"Changes of more than {policy.bulk_at_once} rows at once need approval."
    return approve("pricing.bulk", reason, Preview(title=f"Take back bulk change {plan.number}", rows=rows), role=Role.MANAGER)
