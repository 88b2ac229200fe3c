"""Where a customer stands in the loyalty programme, computed from what was paid."""

from dataclasses import dataclass
from datetime import timedelta

from core.statuses import LoyaltyTier
from store.queries import customers
from store.tables.customers import Customer
from store.unit import ReadTx
from tools.customers.results import Loyalty
from tools.policy.loyalty import LoyaltyPolicy, in_force


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's tier, with what it rests on."""

    tier: LoyaltyTier
    granted: LoyaltyTier
    earned: LoyaltyTier
    spent_minor: int
    points: int
    benefits: list[str]

    @property
    def short(self) -> Loyalty:
        """The tier and what it is worth."""
        return Loyalty(tier=self.tier, points=self.points, benefits=self.benefits)


async def standing(tx: ReadTx, customer: Customer, currency: str, policy: LoyaltyPolicy) -> Standing:
    """Return a customer's standing; only what was paid in the shop's `currency` counts."""
    spent = await customers.spent_since(tx, customer.id, currency, tx.now - timedelta(days=policy.window_days))
    granted, earned = LoyaltyTier(customer.loyalty_tier), policy.earned(spent)
    tier = in_force(granted, earned)
    rule = policy.rule(tier)
    benefits = [f"{rule.points_percent} % of the usual points"] if rule.points_percent else []
    benefits += [f"{rule.discount_percent} % off"] if rule.discount_percent else []
    benefits += ["free shipping"] if rule.free_shipping else []
    benefits += ["priority support"] if rule.priority_support else []
    return Standing(tier, granted, earned, spent, policy.points(spent, currency, tier), benefits)
