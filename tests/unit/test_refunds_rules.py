"""Refunds are capped, add up to their limits, and never pass a limit without a person."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from core.money import Money
from tools.policy.decision import Verdict
from tools.policy.refunds import RefundItem, RefundPlan, RefundPolicy, decide

ONE = UUID(int=1)
STAFF = Principal(TenantId(ONE), UserId(ONE), Role.STAFF)
CUSTOMER = Principal(TenantId(ONE), UserId(ONE), Role.CUSTOMER, CustomerId(ONE))
POLICY = RefundPolicy(staff_limit_minor=100, four_eyes_minor=500)
amounts = st.integers(-5, 1_000)
people = st.sampled_from([STAFF, CUSTOMER])


def euros(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def plan(amount: int, refundable: int = 1_000, refunded: int = 0) -> RefundPlan:
    item = RefundItem(line_id="1", title="Headset", quantity=2, amount=euros(amount))
    return RefundPlan(
        order="1004",
        items=[item],
        amount=euros(amount),
        refundable=euros(refundable),
        refunded=euros(refunded),
        method="a card",
    )


def test_the_rule_at_each_border() -> None:
    decided = {
        (100, 0): "refund.within_limit",
        (101, 0): "refund.over_limit",
        (50, 50): "refund.within_limit",
        (51, 50): "refund.over_limit",
        (0, 0): "refund.amount",
        (1, 0): "refund.within_limit",
        (1_000, 0): "refund.over_limit",
        (1_001, 0): "refund.cap",
    }
    assert {case: decide(POLICY, plan(case[0], refunded=case[1]), STAFF).rule for case in decided} == decided
    assert decide(POLICY, plan(1, refundable=0), STAFF).rule == "refund.nothing_left"
    assert decide(POLICY, plan(1, refundable=1), STAFF).rule == "refund.within_limit"


def test_four_eyes_begin_at_their_amount_counting_what_was_refunded_before() -> None:
    eyes = [
        decide(POLICY, plan(amount, refunded=before), STAFF).four_eyes for amount, before in ((499, 0), (500, 0), (399, 100), (400, 100))
    ]
    assert eyes == [False, True, False, True]


def test_a_customer_is_always_decided_on_by_the_shop() -> None:
    decision = decide(POLICY, plan(1), CUSTOMER)
    assert (decision.verdict, decision.rule, decision.role, decision.four_eyes) == (
        Verdict.NEEDS_APPROVAL,
        "refund.customer_asks_shop",
        Role.MANAGER,
        False,
    )


def test_whoever_approves_sees_the_amounts() -> None:
    preview = decide(POLICY, plan(600), STAFF).preview
    assert preview is not None
    assert preview.title == "Refund €6.00 on order 1004"
    assert preview.rows == (
        ("Order", "1004"),
        ("2 x Headset", "€6.00"),
        ("Refund to", "a card"),
        ("Amount", "€6.00"),
        ("Left to refund after", "€4.00"),
    )
    assert decide(POLICY, plan(600), STAFF).role is Role.MANAGER


@given(amounts, amounts, st.integers(0, 1_000), people)
def test_nothing_passes_a_limit_and_every_refusal_names_a_way(amount: int, refundable: int, refunded: int, who: Principal) -> None:
    decision = decide(POLICY, plan(amount, refundable, refunded), who)
    if decision.verdict is Verdict.ALLOW:
        assert not who.is_customer
        assert 0 < amount <= refundable
        assert amount + refunded <= POLICY.staff_limit_minor
    if decision.verdict is Verdict.DENY:
        assert decision.reason
        assert decision.allowed
    else:
        assert 0 < amount <= refundable


@given(st.integers(1, 1_000), st.integers(1, 1_000), st.integers(0, 500))
def test_a_higher_refund_is_never_decided_more_freely(one: int, other: int, refunded: int) -> None:
    low, high = (decide(POLICY, plan(amount, refunded=refunded), STAFF) for amount in sorted((one, other)))
    freedom = [Verdict.DENY, Verdict.NEEDS_APPROVAL, Verdict.ALLOW]
    assert freedom.index(high.verdict) <= freedom.index(low.verdict)
    assert high.four_eyes >= low.four_eyes
