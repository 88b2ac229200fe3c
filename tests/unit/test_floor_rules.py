"""No price goes below its floor, and every change on a channel is looked at."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.identity import Principal, Role
from core.ids import TenantId, UserId
from core.money import Money
from tests.support.policies import of_model
from tools.policy.decision import Verdict
from tools.policy.pricing import ListingPlan, PricingPolicy, decide_listing

WHO = Principal(TenantId(UUID(int=1)), UserId(UUID(int=1)), Role.STAFF)
POLICY = PricingPolicy()


def euros(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def listing(price: int, cost: int = 800, channel: str = "amazon", *, price_changes: bool = True, changes: bool = True) -> ListingPlan:
    what = [("price", "€9.00 -> €10.00")] if changes else []
    return ListingPlan(
        sku="TEE", title="Tee", channel=channel, changes=what, price=euros(price), cost=euros(cost), price_changes=price_changes
    )


def test_the_floor_covers_cost_commission_and_margin() -> None:
    assert POLICY.floor(euros(800), "amazon") == euros(1_000)
    assert POLICY.floor(euros(801), "amazon") == euros(1_002), "a part of a cent is a cent more"
    assert POLICY.floor(euros(830), "ebay") == euros(1_000)
    assert (POLICY.commission("ebay"), POLICY.commission("amazon")) == (Decimal(12), Decimal(15))


def test_a_listing_at_each_border() -> None:
    assert decide_listing(POLICY, listing(1_000), WHO).rule == "listing.publish"
    low = decide_listing(POLICY, listing(999), WHO)
    assert (low.rule, low.allowed) == ("pricing.floor", ("use €10.00 or more",))
    assert decide_listing(POLICY, listing(1, price_changes=False), WHO).rule == "listing.publish"
    nothing = decide_listing(POLICY, listing(1_000, changes=False), WHO)
    assert (nothing.rule, nothing.allowed) == ("listing.nothing_to_change", ("show open issues",))


def test_whoever_approves_sees_what_changes() -> None:
    decision = decide_listing(POLICY, listing(1_000), WHO)
    assert (decision.verdict, decision.role) == (Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert decision.preview is not None
    assert decision.preview.rows == (("Listing", "Tee (TEE)"), ("Channel", "amazon"), ("price", "€9.00 -> €10.00"))


@given(of_model(POLICY), st.integers(0, 100_000), st.integers(0, 200_000), st.sampled_from(["amazon", "ebay"]))
def test_no_published_price_is_below_its_floor(policy: PricingPolicy, cost: int, price: int, channel: str) -> None:
    decision = decide_listing(policy, listing(price, cost, channel), WHO)
    assert (decision.verdict is Verdict.DENY) == (euros(price) < policy.floor(euros(cost), channel))
    assert policy.floor(euros(cost), channel) >= euros(cost)


def test_something_of_every_price_must_be_left() -> None:
    for values in (
        {"commission_percent": 95},
        {"minimum_margin_percent": 85},
        {"commission_by_channel": {"ebay": 95}},
    ):
        with pytest.raises(ValidationError, match="under 100 %"):
            PricingPolicy.model_validate(values)
    assert PricingPolicy(commission_percent=Decimal("94.9")).commission("x") == Decimal("94.9")
