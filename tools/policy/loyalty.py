"""Loyalty: what a customer's purchases earn, and what a tier is worth."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.money import exponent
from core.statuses import LoyaltyTier
from tools.policy.figures import Loosens


class TierRule(BaseModel):
    """From which spending on a tier is earned, and what it is worth."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_minor: Annotated[int, Loosens.DOWN] = Field(ge=0)
    """Paid and not paid back within the window, in the shop's currency."""
    points_percent: Annotated[int, Loosens.UP] = Field(default=100, ge=0, le=1_000)
    """Points earned in this tier, of the usual ones."""
    discount_percent: Annotated[int, Loosens.UP] = Field(default=0, ge=0, le=50)
    """Taken off the goods of each order, after a discount code."""
    free_shipping: Annotated[bool, Loosens.UP] = False
    priority_support: Annotated[bool, Loosens.UP] = False


def _tiers() -> dict[str, TierRule]:
    return {
        LoyaltyTier.SILVER.value: TierRule(from_minor=30_000, points_percent=110),
        LoyaltyTier.GOLD.value: TierRule(from_minor=100_000, points_percent=125, free_shipping=True),
        LoyaltyTier.PLATINUM.value: TierRule(
            from_minor=250_000, points_percent=150, discount_percent=3, free_shipping=True, priority_support=True
        ),
        LoyaltyTier.DIAMOND.value: TierRule(
            from_minor=600_000, points_percent=200, discount_percent=5, free_shipping=True, priority_support=True
        ),
    }


class LoyaltyPolicy(BaseModel):
    """Tiers by what a customer spent in a window; bronze needs nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_days: Annotated[int, Loosens.UP] = Field(default=365, ge=1, le=3_650)
    points_per_unit: Annotated[int, Loosens.UP] = Field(default=1, ge=0, le=100)
    """Points for each whole unit of the shop's currency, in bronze."""
    tiers: dict[str, TierRule] = Field(default_factory=_tiers)

    @field_validator("tiers")
    @classmethod
    def _by_rank(cls, tiers: dict[str, TierRule]) -> dict[str, TierRule]:
        """Put the tiers in order, the least first: what is stored as JSON keeps none."""
        return {tier.value: tiers[tier.value] for tier in LoyaltyTier if tier.value in tiers} | tiers

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        named = [tier.value for tier in LoyaltyTier][1:]
        if set(self.tiers) != set(named):
            raise ValueError(f"tiers must be {', '.join(named)}")
        needed = [rule.from_minor for rule in self.tiers.values()]
        if needed != sorted(needed):
            raise ValueError("a higher tier must not be earned with less")
        return self

    def rule(self, tier: LoyaltyTier) -> TierRule:
        """Return what a tier is worth."""
        return self.tiers.get(tier.value, TierRule(from_minor=0))

    def earned(self, spent_minor: int) -> LoyaltyTier:
        """Return the tier that spending in the window earns."""
        reached = [LoyaltyTier(name) for name, rule in self.tiers.items() if spent_minor >= rule.from_minor]
        return reached[-1] if reached else LoyaltyTier.BRONZE

    def next_after(self, tier: LoyaltyTier) -> tuple[LoyaltyTier, int] | None:
        """Return the next tier with the spending from which it is earned, None at the top."""
        order = list(LoyaltyTier)
        place = order.index(tier) + 1
        return (order[place], self.rule(order[place]).from_minor) if place < len(order) else None

    def points(self, spent_minor: int, currency: str, tier: LoyaltyTier) -> int:
        """Return the points that spending in the window is worth in a tier."""
        units = max(0, spent_minor) // 10 ** exponent(currency)
        return units * self.points_per_unit * self.rule(tier).points_percent // 100


def in_force(granted: LoyaltyTier, earned: LoyaltyTier) -> LoyaltyTier:
    """Return the tier that counts: what was granted stays until it is taken back, what is earned counts at once."""
    order = list(LoyaltyTier)
    return max(granted, earned, key=order.index)
