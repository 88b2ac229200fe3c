"""A price never goes below its floor, whatever is asked; and what a preview counts is what happens."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.identity import Principal, Role
from core.ids import TenantId, UserId, new_id
from core.money import Money
from tests.support.policies import of_model
from tools.policy.decision import Verdict
from tools.policy.pricing import PricePlan, PriceTally, PricingPolicy, Reprice, decide_bulk_prices, decide_price, repriced

SOMEBODY = Principal(TenantId(new_id()), UserId(new_id()), Role.MANAGER)
MINOR = st.integers(0, 5_000_000)
CHANNELS = st.lists(st.sampled_from(("amazon", "ebay", "shopify")), unique=True)
CHANGES = st.one_of(
    st.decimals(-90, 500, places=2).map(lambda percent: Reprice(percent=percent)),
    st.integers(-5_000_000, 5_000_000).map(lambda minor: Reprice(by_minor=minor)),
    MINOR.map(lambda minor: Reprice(to_minor=minor)),
)


def euros(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


@given(of_model(PricingPolicy()), MINOR, CHANNELS)
def test_at_the_floor_cost_commission_and_margin_are_covered_on_every_channel(
    policy: PricingPolicy, cost: int, channels: list[str]
) -> None:
    floor = policy.floor_everywhere(euros(cost), channels)
    for channel in channels or ("",):
        kept = 100 - policy.commission(channel) - policy.minimum_margin_percent
        assert Decimal(floor.minor) * kept / 100 >= cost


@given(CHANGES, MINOR, MINOR)
def test_a_changed_price_is_never_below_its_floor(change: Reprice, minor: int, floor: int) -> None:
    after = repriced(change, minor, floor)
    assert after.minor >= floor or after.minor == minor


@given(CHANGES, MINOR, MINOR)
def test_a_cut_raises_nothing_and_a_rise_lowers_nothing(change: Reprice, minor: int, floor: int) -> None:
    wanted, after = change.wanted(minor), repriced(change, minor, floor).minor
    if wanted < minor:
        assert after <= minor
    if wanted > minor:
        assert after >= minor


@given(of_model(PricingPolicy()), MINOR, MINOR, MINOR, CHANNELS)
def test_no_verdict_lets_a_single_price_below_its_floor(policy: PricingPolicy, old: int, new: int, cost: int, channels: list[str]) -> None:
    plan = PricePlan(sku="A-1", title="A", old=euros(old), new=euros(new), cost=euros(cost), channels=channels)
    decision = decide_price(policy, plan, SOMEBODY)
    if decision.verdict is not Verdict.DENY:
        assert euros(new) >= policy.floor_everywhere(euros(cost), channels)
    if decision.verdict is Verdict.ALLOW:
        assert abs(new - old) * 100 <= policy.step_percent * old


@given(CHANGES, st.lists(st.tuples(MINOR, MINOR), max_size=30))
def test_a_tally_counts_what_changes_and_keeps_the_extremes(change: Reprice, prices: list[tuple[int, int]]) -> None:
    tally = PriceTally(currency="EUR")
    afters: list[int] = []
    for number, (minor, floor) in enumerate(prices):
        after = repriced(change, minor, floor)
        tally.add(f"S-{number}", minor, after)
        if after.minor != minor:
            afters.append(after.minor)
    assert (tally.selected, tally.changed) == (len(prices), len(afters))
    assert tally.lowest == (euros(min(afters)) if afters else None)
    assert tally.highest == (euros(max(afters)) if afters else None)
    assert len(tally.biggest) == min(5, len(afters))


def test_a_bulk_change_is_approved_refused_when_empty_and_narrowed_when_huge() -> None:
    policy = PricingPolicy(bulk_most=2)
    tally = PriceTally(currency="EUR")
    assert decide_bulk_prices(policy, "x", tally, SOMEBODY).rule == "pricing.nothing_selected"
    tally.add("A", 100, repriced(Reprice(percent=Decimal(0)), 100, 50))
    assert decide_bulk_prices(policy, "x", tally, SOMEBODY).rule == "pricing.nothing_to_change"
    tally.add("B", 100, repriced(Reprice(percent=Decimal(-90)), 100, 50))
    shown = decide_bulk_prices(policy, "x", tally, SOMEBODY)
    assert (shown.verdict, shown.role) == (Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown.preview is not None
    assert dict(shown.preview.rows)["Items"] == "2 selected, 1 change, 1 stop at their floor"
    tally.add("C", 100, repriced(Reprice(to_minor=200), 100, 50))
    assert decide_bulk_prices(policy, "x", tally, SOMEBODY).rule == "pricing.bulk_too_many"
