"""Stock levels, order quantities, and which purchases and corrections need a person."""

import math
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.identity import Principal, Role
from core.ids import TenantId, UserId
from core.money import Money
from tests.support.policies import of_model
from tools.policy import Policy
from tools.policy.decision import Verdict
from tools.policy.stock import AdjustmentPlan, PurchasePlan, StockPolicy, decide_adjustment, decide_purchase

WHO = Principal(TenantId(UUID(int=1)), UserId(UUID(int=1)), Role.MANAGER)
POLICY = StockPolicy()


@pytest.mark.parametrize(
    ("available", "level"),
    [(-1, "out"), (0, "out"), (1, "critical"), (50, "critical"), (51, "high"), (75, "high"), (76, "low"), (100, "low"), (101, "ok")],
)
def test_levels_at_each_border(available: int, level: str) -> None:
    assert POLICY.level(available, 100) == level


@given(st.integers(-10, 300), st.integers(-10, 300), st.integers(0, 200))
def test_more_stock_is_never_more_urgent(one: int, other: int, reorder_point: int) -> None:
    order = ["out", "critical", "high", "low", "ok"]
    low, high = (order.index(POLICY.level(units, reorder_point)) for units in sorted((one, other)))
    assert low <= high


def test_quantities_follow_the_formulas() -> None:
    assert POLICY.order_quantity(4.0) == 271, "sqrt(2 * 4 * 365 * 50 / 2) = 270.2"
    assert POLICY.order_quantity(0.0) == 1
    assert POLICY.reorder_point(2.0, 5.0, 7, 10) == 50, "2 * 7 + (5 * 10 - 2 * 7)"
    assert POLICY.reorder_point(2.0, 1.0, 7, 7) == 14, "safety stock is never below nothing"
    assert POLICY.reorder_point(2.0, 3.0, 7, 5) == 15, "2 * 7 + (3 * 5 - 2 * 7)"


def test_no_unit_is_added_by_the_inexactness_of_a_figure() -> None:
    assert POLICY.reorder_point(1.1, 1.1, 10, 10) == 11, "1.1 x 10 is a little more than 11 as a float"
    assert POLICY.safety_stock(1.1, 2.2, 10, 10) == 11
    assert StockPolicy(order_cost=100, holding_cost=73).order_quantity(1.1 * 10) == 105
    assert StockPolicy(order_cost=73, holding_cost=10).order_quantity(1.0) == 73


@given(st.integers(0, 5_000), st.integers(0, 500), st.integers(1, 365), st.integers(0, 60), st.integers(0, 60))
def test_a_reorder_point_covers_the_usual_demand_and_its_safety_stock(sold: int, peak: int, days: int, lead: int, most: int) -> None:
    mean = sold / days
    point, safety = POLICY.reorder_point(mean, peak, lead, most), POLICY.safety_stock(mean, peak, lead, most)
    expected = max(Fraction(sold, days) * lead, Fraction(peak * most))
    assert point == math.ceil(expected)
    assert safety == math.ceil(max(Fraction(peak * most) - Fraction(sold, days) * lead, 0))
    assert POLICY.reorder_point(mean, peak + 1, lead, most) >= point


@given(of_model(POLICY), st.floats(0, 10_000), st.floats(0, 10_000))
def test_what_sells_more_is_never_ordered_in_smaller_lots(policy: StockPolicy, one: float, other: float) -> None:
    less, more = (policy.order_quantity(each) for each in sorted((one, other)))
    assert 1 <= less <= more
    dearer = policy.model_copy(update={"order_cost": policy.order_cost + 1})
    assert dearer.order_quantity(one) >= policy.order_quantity(one)


def test_critical_is_not_above_high() -> None:
    assert StockPolicy(critical_percent=75, high_percent=75).critical_percent == 75
    with pytest.raises(ValidationError, match="must not be above"):
        StockPolicy(critical_percent=76, high_percent=75)


def purchase(quantity: int, *, available: int = 0, on_order: int = 0, reorder_point: int = 10) -> PurchasePlan:
    cost = Money(minor=1_000, currency="EUR")
    return PurchasePlan(
        sku="TEE",
        title="Tee",
        supplier="Mill",
        quantity=quantity,
        unit_cost=cost,
        total=cost * quantity,
        available=available,
        reorder_point=reorder_point,
        open_quantity=on_order,
        expected="in a week",
    )


def test_a_purchase_at_each_border() -> None:
    assert decide_purchase(POLICY, purchase(100), WHO).rule == "purchase.within_limit"
    over = decide_purchase(POLICY, purchase(101), WHO)
    assert (over.rule, over.verdict, over.role) == ("purchase.over_limit", Verdict.NEEDS_APPROVAL, Role.OWNER)
    assert "€1,000.00" in over.reason
    assert over.preview is not None
    assert dict(over.preview.rows) == {
        "Item": "Tee (TEE)",
        "Supplier": "Mill",
        "Quantity": "101",
        "Unit cost": "€10.00",
        "Total": "€1,010.00",
        "Available now": "0 (reorder point 10)",
        "Expected": "in a week",
    }
    assert over.preview.title == "Order 101 x Tee"


@pytest.mark.parametrize(
    ("available", "on_order", "rule"),
    [
        (5, 6, "purchase.already_ordered"),
        (5, 5, "purchase.within_limit"),
        (50, 0, "purchase.within_limit"),
        (10, 1, "purchase.already_ordered"),
    ],
)
def test_what_is_on_its_way_is_not_ordered_twice(available: int, on_order: int, rule: str) -> None:
    decision = decide_purchase(POLICY, purchase(1, available=available, on_order=on_order), WHO)
    assert decision.rule == rule
    assert bool(decision.allowed) is (decision.verdict is Verdict.DENY)


def test_a_proposed_quantity_follows_another_policy_and_a_given_one_does_not() -> None:
    other = Policy.model_validate({"stock": {"holding_cost": 8}})
    proposed = purchase(271).model_copy(update={"proposed_for": 4.0})
    again = proposed.under(other)
    assert (again.quantity, again.total.minor) == (136, 136_000)
    assert purchase(271).under(other) == purchase(271)


def correction(delta: int, on_hand: int = 100, reserved: int = 0) -> AdjustmentPlan:
    return AdjustmentPlan(sku="TEE", title="Tee", warehouse="Lyon", delta=delta, reason="counted", on_hand=on_hand, reserved=reserved)


def test_a_correction_at_each_border() -> None:
    rules = {delta: decide_adjustment(POLICY, correction(delta), WHO).rule for delta in (0, 1, -1, 50, -50, 51, -51, -100, -101)}
    assert rules == {
        0: "stock.nothing_to_change",
        1: "stock.adjust_within_limit",
        -1: "stock.adjust_within_limit",
        50: "stock.adjust_within_limit",
        -50: "stock.adjust_within_limit",
        51: "stock.adjust_over_limit",
        -51: "stock.adjust_over_limit",
        -100: "stock.adjust_over_limit",
        -101: "stock.below_zero",
    }
    over = decide_adjustment(POLICY, correction(-60), WHO)
    assert over.role is Role.MANAGER
    assert over.preview is not None
    assert ("On hand", "100 -> 40") in over.preview.rows
    assert ("Change", "-60 units") in over.preview.rows
    assert ("Reserved", "0") in over.preview.rows
    assert [label for label, _ in over.preview.rows] == ["Item", "Warehouse", "Change", "On hand", "Reserved", "Reason"]


def test_reserved_units_stay_and_the_refusal_says_how_many_are_free() -> None:
    some = decide_adjustment(POLICY, correction(-3, on_hand=10, reserved=8), WHO)
    assert (some.rule, some.allowed) == ("stock.below_zero", ("take away at most 2",))
    assert "10 on hand, 8 reserved" in some.reason
    assert "3 cannot be taken away" in some.reason
    none = decide_adjustment(POLICY, correction(-1, on_hand=8, reserved=8), WHO)
    assert none.allowed == ("check the count, or release reservations first",)


@given(st.integers(-200, 200), st.integers(0, 100), st.integers(0, 100))
def test_no_correction_takes_what_is_reserved(delta: int, on_hand: int, reserved: int) -> None:
    decision = decide_adjustment(POLICY, correction(delta, on_hand, reserved), WHO)
    if decision.verdict is Verdict.DENY:
        assert decision.allowed
        assert decision.reason
    else:
        assert on_hand + delta >= reserved
    assert (decision.verdict is Verdict.ALLOW) <= (abs(delta) <= POLICY.adjustment_limit_units)
