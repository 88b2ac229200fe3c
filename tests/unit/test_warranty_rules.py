"""A warranty covers what arrived and is still there, for as long as the policy says, and pays back within the limits of every refund."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.aftersales import WarrantyRemedy, WarrantyStatus
from core.identity import Role
from tests.support.rules import euros, shown, sound, told
from tools.policy.decision import Verdict
from tools.policy.refunds import RefundPolicy
from tools.policy.warranty import CoveragePlan, VerdictPlan, WarrantyPolicy, decide_claim, decide_verdict, later

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
POLICY = WarrantyPolicy()
REFUNDS = RefundPolicy(staff_limit_minor=100, four_eyes_minor=500)


def coverage(**changed: Any) -> CoveragePlan:
    plan = {
        "order": "1004",
        "title": "Chair",
        "delivered_at": NOW - timedelta(days=30),
        "covered_until": NOW + timedelta(days=30),
        "units_left": 2,
        "quantity": 1,
        "now": NOW,
    }
    return CoveragePlan.model_validate({**plan, **changed})


def verdict(remedy: WarrantyRemedy | None, amount: int = 0, **changed: Any) -> VerdictPlan:
    plan = {
        "claim": "W-1",
        "order": "1004",
        "title": "Chair",
        "status": WarrantyStatus.OPEN,
        "remedy": remedy,
        "amount": euros(amount),
        "refunded": euros(0),
    }
    return VerdictPlan.model_validate({**plan, **changed})


def test_a_category_may_be_covered_for_longer() -> None:
    assert [POLICY.months(category) for category in ("furniture", "shoes")] == [36, 24]
    delivered = datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert POLICY.covered_until("furniture", delivered) == datetime(2029, 1, 31, 9, tzinfo=UTC)
    assert WarrantyPolicy(general_months=1).covered_until("shoes", delivered) == datetime(2026, 2, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [("general_months", (0, 240), (-1, 241)), ("decide_days", (1, 90), (0, 91))],
)
def test_figures_have_bounds(field: str, inside: tuple[int, ...], outside: tuple[int, ...]) -> None:
    for value in inside:
        assert getattr(WarrantyPolicy.model_validate({field: value}), field) == value
    for value in outside:
        with pytest.raises(ValidationError):
            WarrantyPolicy.model_validate({field: value})
    assert WarrantyPolicy(months_by_category={"a": 0, "b": 240}).months("b") == 240
    for months in (-1, 241):
        with pytest.raises(ValidationError):
            WarrantyPolicy(months_by_category={"a": months})
    with pytest.raises(ValidationError):
        WarrantyPolicy.model_validate({"months": 1})
    assert POLICY.decide_days == 14


@pytest.mark.parametrize(
    ("at", "months", "then"),
    [
        ((2026, 1, 31), 1, (2026, 2, 28)),
        ((2027, 12, 31), 2, (2028, 2, 29)),
        ((2026, 12, 15), 1, (2027, 1, 15)),
        ((2026, 11, 30), 1, (2026, 12, 30)),
        ((2026, 5, 31), 0, (2026, 5, 31)),
        ((2026, 1, 1), 24, (2028, 1, 1)),
    ],
)
def test_months_are_those_of_the_calendar(at: tuple[int, int, int], months: int, then: tuple[int, int, int]) -> None:
    assert later(datetime(*at, 7, 30, tzinfo=UTC), months) == datetime(*then, 7, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(0, 240), st.integers(0, 240))  # noqa: DTZ001
def test_more_months_never_end_earlier(at: datetime, some: int, more: int) -> None:
    assert (later(at, some) <= later(at, some + more)) is True
    assert later(at, some).day <= at.day


def test_what_is_claimed_arrived_is_there_and_is_covered() -> None:
    assert decide_claim(coverage()).rule == "warranty.covered"
    assert decide_claim(coverage(quantity=2)).verdict is Verdict.ALLOW
    assert decide_claim(coverage(covered_until=NOW)).verdict is Verdict.ALLOW
    refused = {
        "warranty.not_delivered": ("track the order",),
        "warranty.claim_open": ("show claim W-7",),
        "warranty.not_with_customer": ("show the order's returns",),
        "warranty.expired": ("open a ticket",),
    }
    cases = [{"delivered_at": None}, {"covered_until": None}, {"open_claim": "W-7"}, {"quantity": 3}, {"units_left": 0}]
    decided = [decide_claim(coverage(**case)) for case in [*cases, {"covered_until": NOW - timedelta(seconds=1)}]]
    assert all(sound(each) for each in decided)
    assert [told(each)[0].removeprefix("warranty.") for each in decided] == [
        "not_delivered",
        "not_delivered",
        "claim_open",
        "not_with_customer",
        "not_with_customer",
        "expired",
    ]
    assert {told(each)[0]: told(each)[1] for each in decided} == refused
    assert decided[3].reason == "Chair of order 1004: only 2 of it is still with the customer."
    assert decided[4].reason == "Chair of order 1004: nothing of it is still with the customer."
    assert decided[5].reason == "The warranty of Chair of order 1004 ended on 15 March 2026."


@pytest.mark.parametrize("status", WarrantyStatus)
@pytest.mark.parametrize("remedy", [None, WarrantyRemedy.REPAIR])
def test_a_claim_is_decided_once(status: WarrantyStatus, remedy: WarrantyRemedy | None) -> None:
    decision = decide_verdict(REFUNDS, verdict(remedy, status=status))
    assert sound(decision)
    if status is WarrantyStatus.OPEN:
        assert decision.rule == ("warranty.approved" if remedy else "warranty.rejected")
    else:
        assert told(decision) == ("warranty.decided", ("show the claim", "file another claim"))


def test_a_replacement_needs_stock() -> None:
    assert decide_verdict(REFUNDS, verdict(WarrantyRemedy.REPLACEMENT)).rule == "warranty.approved"
    none = decide_verdict(REFUNDS, verdict(WarrantyRemedy.REPLACEMENT, in_stock=False))
    assert told(none) == ("warranty.out_of_stock", ("refund it", "repair it", "wait for stock"))
    assert decide_verdict(REFUNDS, verdict(WarrantyRemedy.REPAIR, in_stock=False)).verdict is Verdict.ALLOW


def test_a_refund_at_each_border() -> None:
    refund = WarrantyRemedy.REFUND
    assert told(decide_verdict(REFUNDS, verdict(refund, 0))) == ("refund.nothing_left", ("replace it", "repair it"))
    assert decide_verdict(REFUNDS, verdict(refund, 1)).rule == "refund.within_limit"
    assert decide_verdict(REFUNDS, verdict(refund, 100)).rule == "refund.within_limit"
    assert decide_verdict(REFUNDS, verdict(refund, 60, refunded=euros(40))).rule == "refund.within_limit"
    over = decide_verdict(REFUNDS, verdict(refund, 61, refunded=euros(40)))
    assert sound(over)
    assert (over.rule, over.verdict, over.role, over.four_eyes) == ("refund.over_limit", Verdict.NEEDS_APPROVAL, Role.MANAGER, False)
    assert over.reason == "Refunds over €1.00 on one order need approval."
    assert shown(over) == (("Claim", "W-1"), ("Order", "1004"), ("Item", "Chair"), ("Amount", "€0.61"))
    assert over.preview is not None
    assert over.preview.title == "Refund €0.61 for claim W-1"
    eyes = [decide_verdict(REFUNDS, verdict(refund, amount, refunded=euros(100))).four_eyes for amount in (399, 400)]
    assert eyes == [False, True]
