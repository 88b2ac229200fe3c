"""Samples are rounded up, ratings fall with defects, and an inspection is recorded once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.aftersales import InspectionKind, InspectionStatus
from tests.support.policies import of_model
from tests.support.rules import sound, told
from tools.policy.decision import Verdict
from tools.policy.quality import InspectionPlan, QualityPolicy, Rating, decide_record

POLICY = QualityPolicy()
units = st.integers(1, 5_000)
BEST_FIRST = list(Rating)


def test_a_sample_is_a_tenth_rounded_up_and_at_least_one() -> None:
    assert [POLICY.sample(each) for each in (1, 9, 10, 11, 20, 21, 1_000)] == [1, 1, 1, 2, 2, 3, 100]
    assert QualityPolicy(outgoing_sample_percent=Decimal(100)).sample(7) == 7
    assert POLICY.sample(0) == 1


@given(of_model(POLICY), units, units)
def test_a_sample_is_never_more_than_there_is_and_grows_with_it(policy: QualityPolicy, one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert 1 <= policy.sample(less) <= less
    assert policy.sample(less) <= policy.sample(more)
    assert policy.sample(one) * 100 >= one * policy.outgoing_sample_percent


@pytest.mark.parametrize(
    ("defective", "rating"),
    [(0, "excellent"), (9, "excellent"), (10, "good"), (29, "good"), (30, "fair"), (49, "fair"), (50, "poor"), (1_000, "poor")],
)
def test_a_rating_at_each_border(defective: int, rating: Rating) -> None:
    assert POLICY.rating(defective, 1_000) == rating


def test_what_was_never_sold_is_not_rated() -> None:
    assert POLICY.rating(0, 0) is None
    assert POLICY.rating(1, 1) is Rating.POOR
    assert POLICY.rating(0, 1) is Rating.EXCELLENT
    assert [rating.value for rating in Rating] == ["excellent", "good", "fair", "poor"]


@given(of_model(POLICY), units, st.integers(0, 5_000), st.integers(0, 5_000))
def test_more_defects_never_make_a_supplier_better(policy: QualityPolicy, sold: int, one: int, other: int) -> None:
    few, many = (policy.rating(each, sold) for each in sorted((one, other)))
    assert few is not None
    assert many is not None
    assert BEST_FIRST.index(few) <= BEST_FIRST.index(many)


@pytest.mark.parametrize(("defective", "outcome"), [(0, "passed"), (5, "passed"), (6, "failed"), (100, "failed")])
def test_a_sample_passes_up_to_its_share(defective: int, outcome: InspectionStatus) -> None:
    assert POLICY.outcome(defective, 100) == outcome


@given(of_model(POLICY), units, st.integers(0, 5_000))
def test_a_sample_fails_when_more_of_it_is_defective_than_accepted(policy: QualityPolicy, sample: int, defective: int) -> None:
    failed = policy.outcome(defective, sample) is InspectionStatus.FAILED
    assert failed is (Decimal(defective) / sample * 100 > policy.accepted_percent)


def test_borders_of_ratings_must_not_fall() -> None:
    for values in ({"excellent_percent": "3.1"}, {"good_percent": "0.9"}, {"good_percent": "5.1"}, {"fair_percent": "2.9"}):
        with pytest.raises(ValidationError, match="must not fall"):
            QualityPolicy.model_validate(values)
    same = QualityPolicy.model_validate(dict.fromkeys(("excellent_percent", "good_percent", "fair_percent"), "2"))
    assert [same.rating(each, 100) for each in (1, 2)] == [Rating.EXCELLENT, Rating.POOR]


@given(st.sampled_from(InspectionStatus), st.integers(0, 5), st.integers(0, 5))
def test_an_inspection_is_recorded_once_and_within_its_sample(status: InspectionStatus, sample: int, defective: int) -> None:
    plan = InspectionPlan(number="I-1", kind=InspectionKind.OUTGOING, status=status, sample=sample, defective=defective)
    decision = decide_record(plan)
    assert sound(decision)
    if status is not InspectionStatus.SCHEDULED:
        assert told(decision) == ("quality.recorded", ("schedule another inspection",))
    elif defective > sample:
        assert told(decision) == ("quality.more_than_sampled", (f"give at most {sample}",))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "quality.record")
