"""Credit adds up to its limits, and no more of an order's money is held, taken or let go than there is."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Role
from core.statuses import OrderStatus
from tests.support.policies import of_model
from tests.support.rules import euros, shown, sound, told
from tools.policy.decision import Verdict
from tools.policy.payments import CreditPlan, HoldingPlan, PaymentPolicy, decide_capture, decide_credit, decide_hold, decide_void

POLICY = PaymentPolicy()
amounts = st.integers(-10, 60_000)


def credit(amount: int, given: int = 0) -> CreditPlan:
    return CreditPlan(customer="Ana", what="Store credit", amount=euros(amount), given=euros(given))


def holding(amount: int = 500, most: int = 500, status: OrderStatus = OrderStatus.CONFIRMED, *, on_hold: bool = False) -> HoldingPlan:
    return HoldingPlan(order="1042", status=status, on_hold=on_hold, amount=euros(amount), most=euros(most), method="a card")


@pytest.mark.parametrize(
    ("amount", "given", "rule", "four_eyes"),
    [
        (1, 0, "credit.within_limit", False),
        (2_500, 0, "credit.within_limit", False),
        (500, 2_000, "credit.within_limit", False),
        (2_501, 0, "credit.over_limit", False),
        (501, 2_000, "credit.over_limit", False),
        (9_999, 0, "credit.over_limit", False),
        (10_000, 0, "credit.over_limit", True),
        (1, 9_999, "credit.over_limit", True),
        (50_000, 0, "credit.over_limit", True),
        (1, 49_999, "credit.over_limit", True),
        (50_001, 0, "credit.cap", False),
        (1, 50_000, "credit.cap", False),
        (0, 0, "credit.amount", False),
        (-1, 0, "credit.amount", False),
    ],
)
def test_credit_at_each_border(amount: int, given: int, rule: str, four_eyes: bool) -> None:
    decision = decide_credit(POLICY, credit(amount, given))
    assert (decision.rule, decision.four_eyes) == (rule, four_eyes)


def test_whoever_approves_credit_sees_what_was_given_and_a_refusal_what_is_left() -> None:
    over = decide_credit(POLICY, credit(2_000, 1_000))
    assert (over.verdict, over.role) == (Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(over) == (("Customer", "Ana"), ("Store credit", "€20.00"), ("Given within 30 days", "€10.00"))
    assert "€25.00" in over.reason
    cap = decide_credit(POLICY, credit(20_000, 40_000))
    assert told(cap) == ("credit.cap", ("give at most €100.00", "refund an order instead"))
    assert told(decide_credit(POLICY, credit(1, 60_000)))[1][0] == "give at most €0.00"
    assert told(decide_credit(POLICY, credit(0))) == ("credit.amount", ("name an amount above zero",))


@given(of_model(POLICY), amounts, st.integers(0, 60_000))
def test_credit_is_bounded_and_more_of_it_is_never_decided_more_easily(policy: PaymentPolicy, amount: int, given: int) -> None:
    decision = decide_credit(policy, credit(amount, given))
    assert sound(decision)
    if decision.verdict is not Verdict.DENY:
        assert 0 < amount <= policy.credit_most_minor - given
    assert (decision.verdict is Verdict.ALLOW) is (0 < amount <= min(policy.credit_limit_minor, policy.credit_most_minor) - given)
    if decision.verdict is Verdict.NEEDS_APPROVAL:
        assert decision.four_eyes is (amount + given >= policy.credit_four_eyes_minor)
        assert decide_credit(policy, credit(amount + 1, given)).verdict is not Verdict.ALLOW
        split = decide_credit(policy, credit(1, given + amount - 1))
        assert split.verdict is not Verdict.ALLOW, "small amounts add up"


@given(amounts, amounts, st.sampled_from(OrderStatus), st.booleans())
def test_only_what_there_is_is_held_taken_or_let_go(amount: int, most: int, status: OrderStatus, on_hold: bool) -> None:
    plan = holding(amount, most, status, on_hold=on_hold)
    for decide in (decide_hold, decide_capture, decide_void):
        decision = decide(plan)
        assert sound(decision)
        if decision.verdict is Verdict.ALLOW:
            assert 0 < amount <= most


@pytest.mark.parametrize(("status", "on_hold"), list(product(OrderStatus, (False, True))))
def test_the_state_of_an_order_says_what_may_be_done_with_its_money(status: OrderStatus, on_hold: bool) -> None:
    plan = holding(status=status, on_hold=on_hold)
    held, taken, freed = decide_hold(plan), decide_capture(plan), decide_void(plan)
    if status in {"pending", "confirmed", "processing"}:
        assert (held.verdict, held.rule) == (Verdict.ALLOW, "payment.authorized_by_staff")
    else:
        assert told(held) == ("payment.order_closed", ("show its payments",))
    if status is OrderStatus.CANCELLED:
        assert told(taken) == ("payment.order_closed", ("void what is held",))
    elif on_hold:
        assert told(taken) == ("payment.order_held", ("release it first",))
    else:
        assert (taken.verdict, taken.rule) == (Verdict.ALLOW, "payment.captured_by_staff")
    assert (freed.verdict, freed.rule) == (Verdict.ALLOW, "payment.voided_by_staff")


def test_what_does_not_fit_says_how_much_would() -> None:
    rules = {decide_hold: "payment.nothing_open", decide_capture: "payment.nothing_held", decide_void: "payment.nothing_held"}
    for decide, rule in rules.items():
        assert told(decide(holding(most=0))) == (rule, ("show its payments",))
        assert decide(holding(1, 1)).verdict is Verdict.ALLOW
        for amount in (0, -1, 501):
            assert told(decide(holding(amount))) == ("payment.amount", ("name at most €5.00",))
