"""Prices at each border: single ones, many at once, and many taken back."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Role
from tests.support.policies import of_model
from tests.support.rules import STAFF, euros, shown, sound, told
from tools.policy.decision import Decision, Verdict
from tools.policy.pricing import (
    PricePlan,
    PriceTally,
    PricingPolicy,
    Reprice,
    Repriced,
    Restoring,
    Step,
    decide_bulk_prices,
    decide_price,
    decide_revocation,
    may_cost,
    repriced,
)

POLICY = PricingPolicy()


def price(new: int, old: int = 2_000, cost: int = 800, *channels: str, policy: PricingPolicy = POLICY) -> Decision:
    plan = PricePlan(sku="TEE", title="Tee", old=euros(old), new=euros(new), cost=euros(cost), channels=list(channels))
    return decide_price(policy, plan, STAFF)


def test_a_price_at_each_border() -> None:
    rules = {new: price(new).rule for new in (999, 1_000, 1_599, 1_600, 2_400, 2_401)}
    assert rules == {
        999: "pricing.floor",
        1_000: "pricing.over_step",
        1_599: "pricing.over_step",
        1_600: "pricing.within_step",
        2_400: "pricing.within_step",
        2_401: "pricing.over_step",
    }
    assert told(price(2_000)) == ("pricing.nothing_to_change", ("show its price history",))
    assert told(price(999)) == ("pricing.floor", ("use €10.00 or more",))
    assert price(1_000, old=0).rule == "pricing.over_step", "a first price is no step"
    assert price(1, old=1, cost=0).rule == "pricing.nothing_to_change"


def test_a_price_covers_the_dearest_channel_that_it_is_listed_on() -> None:
    assert told(price(970, 1_000, 800, "ebay", "amazon"))[0] == "pricing.floor"
    assert price(970, 1_000, 800, "ebay").rule == "pricing.within_step"
    assert told(price(970, 1_000, 800))[0] == "pricing.floor"


def test_whoever_approves_a_price_sees_both_and_the_floor() -> None:
    decision = price(3_000)
    assert (decision.verdict, decision.role) == (Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert decision.reason == "A change of a price by more than 20 % needs approval."
    assert shown(decision) == (("Item", "Tee (TEE)"), ("Price", "€20.00 -> €30.00"), ("Floor", "€10.00"))


@given(of_model(POLICY), st.integers(1, 5_000), st.integers(1, 5_000))
def test_a_bigger_step_is_never_decided_more_easily(policy: PricingPolicy, old: int, change: int) -> None:
    smaller, bigger = price(old + change, old, 0, policy=policy), price(old + change + 1, old, 0, policy=policy)
    assert sound(smaller)
    assert not (bigger.verdict is Verdict.ALLOW and smaller.verdict is not Verdict.ALLOW)


def test_a_first_price_is_at_its_floor_or_above() -> None:
    assert may_cost(POLICY, "Tee", euros(1_000), euros(800)).rule == "pricing.above_floor"
    assert told(may_cost(POLICY, "Tee", euros(999), euros(800))) == ("pricing.floor", ("use €10.00 or more",))


@pytest.mark.parametrize(
    ("change", "minor", "wanted"),
    [
        (Reprice(percent=Decimal(10)), 1_005, 1_106),
        (Reprice(percent=Decimal(-10)), 1_005, 905),
        (Reprice(percent=Decimal(-200)), 1_000, 0),
        (Reprice(by_minor=-5), 3, 0),
        (Reprice(by_minor=5), 3, 8),
        (Reprice(to_minor=0), 3, 0),
        (Reprice(), 3, 3),
        (Reprice(percent=Decimal(10), by_minor=1, to_minor=7), 100, 7),
        (Reprice(percent=Decimal(10), by_minor=1), 100, 101),
    ],
)
def test_what_is_asked_for_is_rounded_half_up_and_never_below_zero(change: Reprice, minor: int, wanted: int) -> None:
    assert change.wanted(minor) == wanted


@pytest.mark.parametrize(
    ("to", "minor", "floor", "after"),
    [
        (500, 900, 500, (500, False)),
        (499, 900, 500, (500, True)),
        (300, 400, 500, (400, True)),
        (450, 400, 500, (500, True)),
        (400, 400, 500, (400, True)),
        (600, 400, 500, (600, False)),
    ],
)
def test_a_price_stops_at_its_floor(to: int, minor: int, floor: int, after: tuple[int, bool]) -> None:
    assert repriced(Reprice(to_minor=to), minor, floor) == after


def tally(*steps: tuple[str, int, int]) -> PriceTally:
    found = PriceTally(currency="EUR")
    for sku, before, after in steps:
        found.add(sku, before, Repriced(after, at_floor=False))
    return found


def test_the_biggest_changes_are_those_of_the_largest_share() -> None:
    found = tally(("A", 100, 150), ("B", 1_000, 1_600), ("C", 100, 20), ("D", 0, 3), ("E", 100, 101), ("F", 100, 102), ("G", 1, 2))
    assert [step.sku for step in found.biggest] == ["D", "G", "C", "B", "A"]
    assert found.biggest[2] == Step(sku="C", before=euros(100), after=euros(20))
    assert (found.lowest, found.highest, found.selected, found.changed) == (euros(2), euros(1_600), 7, 7)
    assert [step.sku for step in tally(("A", 100, 150), ("B", 100, 50)).biggest] == ["B", "A"]


def bulk(selected: int, changed: int, at_floor: int = 0, policy: PricingPolicy = POLICY) -> Decision:
    steps = [Step(sku=f"S-{number}", before=euros(100), after=euros(200)) for number in range(4)]
    found = PriceTally(
        currency="EUR", selected=selected, changed=changed, at_floor=at_floor, lowest=euros(1), highest=euros(9), biggest=steps
    )
    return decide_bulk_prices(policy, "10 % less", found, STAFF)


def test_a_bulk_change_of_prices_at_each_border() -> None:
    policy = PricingPolicy(bulk_at_once=5, bulk_most=10)
    rules = [bulk(*counts, policy=policy).rule for counts in ((10, 5), (10, 6), (11, 5))]
    assert rules == ["pricing.bulk_within_limit", "pricing.bulk", "pricing.bulk_too_many"]
    assert told(bulk(0, 0)) == ("pricing.nothing_selected", ("name another category, brand, SKU or margin",))
    assert told(bulk(11, 5, policy=policy)) == ("pricing.bulk_too_many", ("narrow the selection",))
    assert told(bulk(3, 0)) == ("pricing.nothing_to_change", ("ask for another change",))
    assert bulk(3, 0).reason == "None of the 3 prices would change."
    assert bulk(3, 0, 2).reason == "None of the 3 prices would change; 2 are at their floor."
    assert bulk(1, 1).rule == "pricing.bulk", "a new shop approves every bulk change"


def test_whoever_approves_many_prices_sees_how_many_and_the_extremes() -> None:
    decision = bulk(9, 7, 2)
    assert (decision.verdict, decision.role) == (Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(decision) == (
        ("Change", "10 % less"),
        ("Items", "9 selected, 7 change, 2 stop at their floor"),
        ("New prices", "€0.01 to €0.09"),
        *(("Biggest change", f"S-{number}: €1.00 -> €2.00") for number in range(3)),
    )


def restoring(policy: PricingPolicy = POLICY, **more: Any) -> Decision:
    return decide_revocation(policy, Restoring(number="B-1", title="10 % less", kind="price", **{"restored": 6, "kept": 1, **more}), STAFF)


def test_a_bulk_change_is_taken_back_once_with_approval() -> None:
    assert told(restoring(stands=False)) == ("bulk.revoked", ("show the bulk changes",))
    assert told(restoring(revocable=False)) == ("bulk.not_revocable", ("change prices, then push again",))
    assert told(restoring(restored=0)) == ("bulk.nothing_to_restore", ("change prices one by one",))
    some = PricingPolicy(bulk_at_once=5)
    assert [restoring(some, restored=count).rule for count in (5, 6)] == ["bulk.revoke_within_limit", "pricing.bulk"]
    decision = restoring()
    assert (decision.verdict, decision.role) == (Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(decision) == (("Bulk change", "B-1: 10 % less"), ("Restored", "6"), ("Left alone", "1"))


@given(st.integers(0, 10), st.integers(0, 20), st.integers(0, 20), st.booleans(), st.booleans())
def test_more_is_never_decided_more_easily(at_once: int, changed: int, more: int, stands: bool, revocable: bool) -> None:
    policy = PricingPolicy(bulk_at_once=at_once)
    few, many = bulk(100, changed, policy=policy), bulk(100, changed + more, policy=policy)
    assert sound(few)
    assert not (many.verdict is Verdict.ALLOW and few.verdict is Verdict.NEEDS_APPROVAL)
    back = restoring(policy, restored=changed, stands=stands, revocable=revocable)
    assert sound(back)
    assert (back.verdict is Verdict.DENY) is (not (stands and revocable and changed > 0))
