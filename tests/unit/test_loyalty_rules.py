"""Tiers are earned by spending within a window, whatever the shop's figures are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.statuses import LoyaltyTier
from tests.support.policies import of_model
from tools.policy.loyalty import LoyaltyPolicy, TierRule, in_force

POLICY = LoyaltyPolicy()
TIERS = list(LoyaltyTier)
spending = st.integers(0, 12_000_000)


def test_a_new_shop_has_these_tiers() -> None:
    assert {
        name: (each.from_minor, each.points_percent, each.free_shipping, each.priority_support) for name, each in POLICY.tiers.items()
    } == {
        "silver": (30_000, 110, False, False),
        "gold": (100_000, 125, True, False),
        "platinum": (250_000, 150, True, True),
        "diamond": (600_000, 200, True, True),
    }
    assert POLICY.rule(LoyaltyTier.BRONZE) == TierRule(from_minor=0)
    assert (POLICY.rule(LoyaltyTier.BRONZE).points_percent, POLICY.window_days, POLICY.points_per_unit) == (100, 365, 1)


def test_tiers_keep_their_order_whatever_order_they_are_stored_in() -> None:
    stored = dict(sorted(POLICY.model_dump(mode="json")["tiers"].items()))
    assert list(stored) == ["diamond", "gold", "platinum", "silver"]
    assert list(LoyaltyPolicy.model_validate({"tiers": stored}).tiers) == ["silver", "gold", "platinum", "diamond"]


def test_tiers_may_begin_at_the_same_amount_and_none_may_be_missing_or_more() -> None:
    level = LoyaltyPolicy(tiers={name: TierRule(from_minor=5) for name in POLICY.tiers})
    assert [level.earned(each) for each in (4, 5)] == [LoyaltyTier.BRONZE, LoyaltyTier.DIAMOND]
    for tiers in ({**POLICY.tiers, "bronze": TierRule(from_minor=0)}, {"silver": TierRule(from_minor=0)}, {}):
        with pytest.raises(ValidationError, match="tiers must be silver, gold, platinum, diamond"):
            LoyaltyPolicy(tiers=tiers)
    with pytest.raises(ValidationError, match="must not be earned with less"):
        LoyaltyPolicy(tiers={**POLICY.tiers, "gold": TierRule(from_minor=250_001)})


@given(of_model(POLICY), spending, spending)
def test_more_spending_never_earns_less(policy: LoyaltyPolicy, one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert TIERS.index(policy.earned(less)) <= TIERS.index(policy.earned(more))
    for tier in TIERS:
        assert 0 <= policy.points(less, "EUR", tier) <= policy.points(more, "EUR", tier)
    following = policy.next_after(policy.earned(one))
    assert following is None or following[1] > one


@pytest.mark.parametrize(("tier", "following"), list(zip(TIERS, [*TIERS[1:], None], strict=True)))
def test_each_tier_has_its_next(tier: LoyaltyTier, following: LoyaltyTier | None) -> None:
    found = POLICY.next_after(tier)
    assert found == ((following, POLICY.rule(following).from_minor) if following else None)


def test_points_follow_the_tier_and_the_policy() -> None:
    assert [POLICY.points(10_099, "EUR", tier) for tier in TIERS] == [100, 110, 125, 150, 200]
    assert LoyaltyPolicy(points_per_unit=3).points(10_000, "EUR", LoyaltyTier.SILVER) == 330
    assert [POLICY.points(1_000, currency, LoyaltyTier.BRONZE) for currency in ("JPY", "KWD")] == [1_000, 1]
    assert POLICY.points(-100, "JPY", LoyaltyTier.BRONZE) == POLICY.points(0, "JPY", LoyaltyTier.BRONZE) == 0
    assert POLICY.points(1, "JPY", LoyaltyTier.GOLD) == 1


@pytest.mark.parametrize("granted", TIERS)
@pytest.mark.parametrize("earned", TIERS)
def test_the_better_tier_counts(granted: LoyaltyTier, earned: LoyaltyTier) -> None:
    assert in_force(granted, earned) is TIERS[max(TIERS.index(granted), TIERS.index(earned))]
