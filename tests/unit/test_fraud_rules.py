"""A score is the capped sum of its signals, and follows the policy's figures."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.money import Money
from core.statuses import BlockKind, FraudDecision
from tests.support.policies import of_model
from tools.policy.fraud import Blocked, FraudPolicy, OrderFacts, score, signals

POLICY = FraudPolicy()
HARMLESS = OrderFacts(
    total=Money(minor=5_000, currency="EUR"),
    account_age=timedelta(days=300),
    recent_orders=1,
    failed_payments=0,
    billed_to="1 rue haute 69001 lyon fr",
    shipped_to="1 rue haute 69001 lyon fr",
    units=1,
    method_changes=0,
)
HIT = Blocked(kind=BlockKind.EMAIL, value="x@mail.example", reason="Chargebacks")


def having(**changes: object) -> OrderFacts:
    return HARMLESS.model_copy(update=changes)


@st.composite
def facts(draw: st.DrawFn) -> OrderFacts:
    return OrderFacts(
        total=Money(minor=draw(st.integers(0, 500_000)), currency="EUR"),
        account_age=timedelta(hours=draw(st.integers(0, 100))),
        recent_orders=draw(st.integers(1, 8)),
        failed_payments=draw(st.integers(0, 6)),
        billed_to=draw(st.sampled_from(("", "a", "b"))),
        shipped_to=draw(st.sampled_from(("", "a", "b"))),
        units=draw(st.integers(1, 30)),
        method_changes=draw(st.integers(0, 6)),
        blocked=draw(st.sampled_from(((), (HIT,), (HIT, HIT)))),
    )


@pytest.mark.parametrize(
    ("signal", "points", "present", "absent"),
    [
        ("order_total", 20, {"total": Money(minor=100_001, currency="EUR")}, {"total": Money(minor=100_000, currency="EUR")}),
        ("new_account", 30, {"account_age": timedelta(hours=24, seconds=-1)}, {"account_age": timedelta(hours=24)}),
        ("order_velocity", 40, {"recent_orders": 4}, {"recent_orders": 3}),
        ("failed_payments", 25, {"failed_payments": 3}, {"failed_payments": 2}),
        ("address_mismatch", 15, {"shipped_to": "9 quai bas 33000 bordeaux fr"}, {"shipped_to": ""}),
        ("many_units", 10, {"units": 11}, {"units": 10}),
        ("payment_method_changes", 15, {"method_changes": 3}, {"method_changes": 2}),
        ("block_list", 100, {"blocked": (HIT,)}, {"blocked": ()}),
    ],
)
def test_each_signal_counts_from_its_figure_on(signal: str, points: int, present: dict[str, object], absent: dict[str, object]) -> None:
    assert [(each.signal, each.points) for each in signals(POLICY, having(**present))] == [(signal, points)]
    assert signals(POLICY, having(**absent)) == []


@pytest.mark.parametrize(
    ("points", "decision"),
    [
        (0, FraudDecision.APPROVE),
        (24, FraudDecision.APPROVE),
        (25, FraudDecision.FLAG),
        (49, FraudDecision.FLAG),
        (50, FraudDecision.REVIEW),
        (74, FraudDecision.REVIEW),
        (75, FraudDecision.BLOCK),
        (100, FraudDecision.BLOCK),
    ],
)
def test_a_score_leads_to_a_decision(points: int, decision: FraudDecision) -> None:
    assert POLICY.verdict(points) is decision


def test_the_limit_of_a_total_is_the_same_number_in_each_currency() -> None:
    assert [POLICY.order_limit(currency).minor for currency in ("EUR", "JPY", "KWD")] == [100_000, 1_000, 1_000_000]


@given(facts())
def test_a_score_is_the_capped_sum_and_never_leaves_its_range(order: OrderFacts) -> None:
    found = signals(POLICY, order)
    assert score(found) == min(100, sum(signal.points for signal in found))
    assert len({signal.signal for signal in found}) == len(found)


@given(facts(), st.sampled_from(["recent_orders", "failed_payments", "units", "method_changes"]))
def test_more_of_a_bad_thing_never_lowers_a_score(order: OrderFacts, figure: str) -> None:
    worse = order.model_copy(update={figure: getattr(order, figure) + 5})
    assert score(signals(POLICY, worse)) >= score(signals(POLICY, order))


@given(facts(), st.sampled_from(sorted(POLICY.points)))
def test_a_signal_without_points_is_switched_off(order: OrderFacts, name: str) -> None:
    switched = POLICY.model_copy(update={"points": {**POLICY.points, name: 0}})
    assert [each for each in signals(POLICY, order) if each.signal != name] == signals(switched, order)


def test_a_signal_that_the_policy_does_not_name_has_no_points() -> None:
    bare = FraudPolicy(points={"many_units": 7})
    worst = having(units=11, recent_orders=9, blocked=(HIT,))
    assert [(each.signal, each.points) for each in signals(bare, worst)] == [("many_units", 7)]


@pytest.mark.parametrize(
    ("figure", "looser", "order"),
    [
        ("order_total_over_minor", 100_001, {"total": Money(minor=100_001, currency="EUR")}),
        ("new_account_hours", 23, {"account_age": timedelta(hours=23)}),
        ("velocity_orders", 4, {"recent_orders": 4}),
        ("failed_payments_over", 3, {"failed_payments": 3}),
        ("units_over", 11, {"units": 11}),
        ("method_changes_over", 3, {"method_changes": 3}),
    ],
)
def test_each_figure_of_the_policy_is_the_border(figure: str, looser: int, order: dict[str, object]) -> None:
    assert len(signals(POLICY, having(**order))) == 1
    assert signals(FraudPolicy.model_validate({figure: looser}), having(**order)) == []


@given(of_model(POLICY), st.integers(0, 100), st.integers(0, 100))
def test_a_higher_score_is_never_judged_milder(policy: FraudPolicy, one: int, other: int) -> None:
    order = list(FraudDecision)
    low, high = (order.index(policy.verdict(each)) for each in sorted((one, other)))
    assert low <= high


def test_borders_of_scores_must_not_fall() -> None:
    for values in ({"flag_from": 51}, {"review_from": 24}, {"review_from": 76}, {"block_from": 49}):
        with pytest.raises(ValidationError, match="must not fall"):
            FraudPolicy.model_validate(values)
    level = FraudPolicy(flag_from=60, review_from=60, block_from=60)
    assert [level.verdict(each) for each in (59, 60)] == [FraudDecision.APPROVE, FraudDecision.BLOCK]
