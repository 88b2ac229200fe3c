"""A return goes the way of its table; what comes back is judged by its condition, and pays back no more than is left."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.aftersales import Disposition, ItemCondition
from core.statuses import RETURN_TRANSITIONS, ReturnReason, ReturnStatus
from tests.support.policies import of_model
from tests.support.rules import CUSTOMER, euros, shown, sound, told
from tools.policy.decision import Decision, Verdict, deny
from tools.policy.handling_returns import (
    UNPROCESSED,
    HandlingPolicy,
    PayoutPlan,
    ReplacementPlan,
    RetryPlan,
    StepPlan,
    decide_cancel,
    decide_payout,
    decide_photo,
    decide_replacement,
    decide_retry,
    decide_sending,
    decide_verdict,
)

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
POLICY = HandlingPolicy()
PHOTO_REASONS = {"defective", "wrong_item", "not_as_described", "damaged_in_shipping", "quality"}
statuses = st.sampled_from(ReturnStatus)


def step(status: ReturnStatus = ReturnStatus.REQUESTED, **more: Any) -> StepPlan:
    values = {"reason": ReturnReason.DEFECTIVE, "photos": 0, "expires_at": None, "now": NOW, **more}
    return StepPlan(number="R-1", status=status, **values)


@pytest.mark.parametrize(
    ("condition", "disposition"),
    [
        ("unopened", "restock"),
        ("opened", "refurbish"),
        ("used", "liquidate"),
        ("damaged", "dispose"),
        ("defective", "return_to_supplier"),
        ("unclear", "manual_review"),
    ],
)
def test_a_condition_has_its_disposition(condition: ItemCondition, disposition: Disposition) -> None:
    assert POLICY.disposition(ItemCondition(condition)) == disposition


@given(of_model(POLICY), st.sampled_from(ItemCondition))
def test_the_policy_names_the_disposition_and_a_person_decides_what_is_unclear(policy: HandlingPolicy, condition: ItemCondition) -> None:
    expected = Disposition.MANUAL_REVIEW if condition is ItemCondition.UNCLEAR else getattr(policy, condition)
    assert policy.disposition(condition) is expected


def test_what_is_defective_is_never_sold_again() -> None:
    for disposition in Disposition:
        if disposition in {Disposition.RETURN_TO_SUPPLIER, Disposition.RECYCLE}:
            assert HandlingPolicy(defective=disposition).disposition(ItemCondition.DEFECTIVE) is disposition
        else:
            with pytest.raises(ValidationError):
                HandlingPolicy.model_validate({"defective": disposition})


def test_a_return_expires_after_its_instant_and_only_before_it_is_sent() -> None:
    assert [step(expires_at=NOW + timedelta(seconds=seconds)).expired for seconds in (-1, 0, 1)] == [True, False, False]
    assert step().expired is False
    assert {"approved", "label_sent"} == UNPROCESSED


@given(statuses, st.sampled_from(ReturnReason), st.integers(0, 2), st.booleans())
def test_an_approval_waits_for_its_photo(status: ReturnStatus, reason: ReturnReason, photos: int, approve: bool) -> None:
    decision = decide_verdict(step(status, reason=reason, photos=photos), approve=approve)
    assert sound(decision)
    lacking = approve and status is ReturnStatus.REQUESTED and reason in PHOTO_REASONS and photos == 0
    assert decision.rule == ("return.photo_needed" if lacking else "return.decided_by_staff")
    if lacking:
        assert told(decision)[1] == ("ask the customer for a photo and add it", "reject the return")


def test_a_photo_is_needed_to_approve_and_not_to_reject() -> None:
    bare, shown_once = step(), step(photos=1)
    assert told(decide_verdict(bare, approve=True)) == (
        "return.photo_needed",
        ("ask the customer for a photo and add it", "reject the return"),
    )
    assert decide_verdict(shown_once, approve=True).rule == "return.decided_by_staff"
    assert decide_verdict(bare, approve=False).rule == "return.decided_by_staff"
    assert decide_verdict(step(reason=ReturnReason.CHANGED_MIND), approve=True).rule == "return.decided_by_staff"
    assert decide_verdict(step(ReturnStatus.RECEIVED), approve=True).rule == "return.decided_by_staff"


@pytest.mark.parametrize("status", ReturnStatus)
def test_photos_help_until_it_is_closed(status: ReturnStatus) -> None:
    decision = decide_photo(step(status))
    if status in {"rejected", "cancelled", "refunded", "completed"}:
        assert told(decision) == ("return.closed", ("open a ticket",))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "return.photo")


def test_an_expired_return_gets_no_label_and_is_still_received() -> None:
    late, today = NOW - timedelta(seconds=1), NOW
    assert told(decide_sending(step(ReturnStatus.APPROVED, expires_at=late), ReturnStatus.LABEL_SENT)) == (
        "return.expired",
        ("cancel it and request a new return",),
    )
    assert decide_sending(step(ReturnStatus.APPROVED, expires_at=today), ReturnStatus.LABEL_SENT).rule == "return.label_sent"
    assert decide_sending(step(ReturnStatus.IN_TRANSIT, expires_at=late), ReturnStatus.RECEIVED).rule == "return.received"
    refused = decide_sending(step(), ReturnStatus.LABEL_SENT)
    assert refused.reason.endswith("from here it can become: approved, cancelled, rejected.")


@given(statuses, st.sampled_from([ReturnStatus.LABEL_SENT, ReturnStatus.IN_TRANSIT, ReturnStatus.RECEIVED]), st.integers(-1, 1))
def test_a_label_is_for_what_has_not_expired_and_what_arrives_is_received(status: ReturnStatus, wanted: ReturnStatus, ahead: int) -> None:
    decision = decide_sending(step(status, expires_at=NOW + timedelta(days=ahead)), wanted)
    assert sound(decision)
    if wanted not in RETURN_TRANSITIONS[status]:
        assert told(decision) == ("return.transition", ("show the return",))
    elif wanted is ReturnStatus.LABEL_SENT and ahead < 0:
        assert told(decision) == ("return.expired", ("cancel it and request a new return",))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, f"return.{wanted}")


@given(statuses, st.lists(statuses, min_size=1, unique=True))
def test_a_step_is_refused_only_when_the_table_lists_none_of_the_wanted(status: ReturnStatus, wanted: list[ReturnStatus]) -> None:
    refused = step(status).reaches(*wanted)
    assert (refused is None) is bool(RETURN_TRANSITIONS[status] & set(wanted))
    if refused is not None:
        assert f"cannot become {wanted[0].replace('_', ' ')};" in refused.reason
        assert all(way.replace("_", " ") in refused.reason for way in RETURN_TRANSITIONS[status])
        assert ("it is final" in refused.reason) is (not RETURN_TRANSITIONS[status])


@pytest.mark.parametrize("status", ReturnStatus)
def test_a_return_is_cancelled_until_it_was_received(status: ReturnStatus) -> None:
    decision = decide_cancel(step(status), CUSTOMER)
    assert sound(decision)
    if status in {"requested", "approved", "label_sent", "in_transit"}:
        assert (decision.verdict, decision.rule) == (Verdict.NEEDS_CONFIRMATION, "return.cancel")
        assert shown(decision) == (("Return", "R-1"), ("State", status.replace("_", " ")))
    else:
        assert told(decision)[0] == "return.transition"


def payout(
    quoted: int = 500, refundable: int = 500, status: ReturnStatus = ReturnStatus.INSPECTED, kind: Literal["money", "goods"] = "money"
) -> PayoutPlan:
    return PayoutPlan(step=step(status), kind=kind, quoted=euros(quoted), refundable=euros(refundable))


def test_each_case_of_a_payout_has_its_rule() -> None:
    assert decide_payout(payout()).rule == "return.refund_as_quoted"
    assert decide_payout(payout(refundable=1)).rule == "return.refund_as_quoted"
    assert told(decide_payout(payout(kind="goods"))) == ("return.sends_goods", ("send the exchange",))
    for nothing in (payout(quoted=0), payout(refundable=0), payout(refundable=-1)):
        assert told(decide_payout(nothing)) == ("refund.nothing_left", ("show the order's payments and refunds",))


@given(st.integers(-100, 1_000), st.integers(-100, 1_000), statuses, st.sampled_from(["money", "goods"]))
def test_a_payout_is_the_quote_but_never_more_than_is_left(quoted: int, refundable: int, status: ReturnStatus, kind: Any) -> None:
    plan = payout(quoted, refundable, status, kind)
    assert 0 <= plan.amount.minor <= max(refundable, 0)
    assert plan.amount.minor <= max(quoted, 0)
    assert plan.amount.minor in {0, quoted, refundable}
    decision = decide_payout(plan)
    assert sound(decision)
    paid = status is ReturnStatus.INSPECTED and kind == "money" and plan.amount.minor > 0
    assert (decision.verdict is Verdict.ALLOW) is paid


def retry(
    missing: int = 500,
    refundable: int = 900,
    waiting: int = 0,
    status: ReturnStatus = ReturnStatus.REFUND_PENDING,
    *,
    elsewhere: bool = False,
    refused: Decision | None = None,
) -> RetryPlan:
    return RetryPlan(
        step=step(status),
        waiting=euros(waiting),
        missing=euros(missing),
        refundable=euros(refundable),
        to="Store credit",
        elsewhere=elsewhere,
        refused_target=refused,
    )


def test_each_case_of_a_refused_refund_has_its_rule() -> None:
    assert decide_retry(retry()).rule == "return.refund_again"
    assert decide_retry(retry(waiting=200)).rule == "return.refund_again", "one of two payments was refused, the other is on its way"
    assert shown(decide_retry(retry(elsewhere=True))) == (("Return", "R-1"), ("Refund", "€5.00"), ("Goes to", "Store credit"))
    assert told(decide_retry(retry(missing=0))) == ("return.refund_arrived", ("complete the return",))
    assert told(decide_retry(retry(missing=0, waiting=1)))[0] == "return.refund_on_its_way"
    assert told(decide_retry(retry(refundable=0))) == ("refund.nothing_left", ("show the order's payments and refunds",))
    assert decide_retry(retry(refused=deny("return.refund_to", "Not there."))).rule == "return.refund_to"


@given(st.integers(0, 900), st.integers(-10, 900), st.integers(0, 900), statuses, st.booleans())
def test_a_refund_is_sent_again_for_what_is_missing_and_left(
    missing: int, refundable: int, waiting: int, status: ReturnStatus, elsewhere: bool
) -> None:
    plan = retry(missing, refundable, waiting, status, elsewhere=elsewhere)
    assert plan.amount.minor == max(min(missing, refundable), 0)
    decision = decide_retry(plan)
    assert sound(decision)
    goes = status is ReturnStatus.REFUND_PENDING and plan.amount.minor > 0
    assert (decision.verdict is not Verdict.DENY) is goes


def replacement(**more: Any) -> ReplacementPlan:
    values = {"step": step(ReturnStatus.INSPECTED), "kind": "goods", "difference": euros(250), "payable": True, **more}
    return ReplacementPlan(**values)


def test_goods_go_out_when_inspected_there_and_paid() -> None:
    assert decide_replacement(replacement()).rule == "exchange.send"
    assert told(decide_replacement(replacement(kind="money"))) == ("return.pays_money", ("refund the return",))
    early = decide_replacement(replacement(step=step(ReturnStatus.LABEL_SENT)))
    assert told(early) == ("return.not_inspected", ("show the return",))
    assert "is label sent" in early.reason
    short = decide_replacement(replacement(short=("Tee", "Cap")))
    assert told(short) == ("exchange.out_of_stock", ("wait for stock", "refund the item instead"))
    assert "Tee, Cap" in short.reason
    unpaid = decide_replacement(replacement(payable=False))
    assert told(unpaid) == ("exchange.unpaid", ("ask the customer for a payment method",))
    assert "€2.50" in unpaid.reason


def test_unusual_returns_have_these_figures() -> None:
    assert (POLICY.unusual_percent, POLICY.unusual_returns) == (50, 3)
