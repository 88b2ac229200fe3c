"""An order costs what the store's figures say; what cannot be placed, split, tagged or given away says what can."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Principal, Role
from core.money import Money
from core.statuses import OrderStatus
from tests.support.policies import of_model
from tests.support.rules import CUSTOMER, STAFF, euros, shown, sound, told
from tools.policy.decision import Decision, Verdict
from tools.policy.placing import (
    CartLine,
    CouponPlan,
    CouponTerms,
    OrderPlan,
    PlacingPolicy,
    SplitPlan,
    TagPlan,
    decide_coupon,
    decide_place,
    decide_split,
    decide_tag,
)

POLICY = PlacingPolicy()
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
amounts = st.integers(0, 50_000)


def test_delivery_is_free_from_its_worth_on() -> None:
    assert [POLICY.shipping(euros(goods)).minor for goods in (0, 9_999, 10_000, 10_001)] == [490, 490, 0, 0]
    assert POLICY.shipping(Money(minor=1, currency="JPY")) == Money(minor=490, currency="JPY")
    assert (POLICY.delivery_days, POLICY.customer_units) == (5, 20)


@given(of_model(POLICY), amounts, amounts)
def test_dearer_goods_never_cost_more_to_deliver(policy: PlacingPolicy, one: int, other: int) -> None:
    less, more = (policy.shipping(euros(each)).minor for each in sorted((one, other)))
    assert policy.shipping_minor >= less >= more >= 0


def coupon(**more: Any) -> CouponTerms:
    values = {"percent": 0, "amount": euros(0), "minimum": euros(0), "left": 1, "expires_at": NOW + timedelta(days=1), **more}
    return CouponTerms(code="AUTUMN", **values)


def test_a_code_takes_off_a_share_or_an_amount() -> None:
    assert coupon(percent=15).discount(euros(999)) == euros(150)
    assert coupon(amount=euros(500)).discount(euros(999)) == euros(500)
    assert coupon(amount=euros(500)).discount(euros(400)) == euros(400)
    assert coupon(percent=10, amount=euros(500)).discount(euros(1_000)) == euros(100)
    assert coupon(percent=1, amount=euros(500)).discount(euros(1_000)) == euros(10)


@given(st.integers(0, 100), amounts, amounts, amounts)
def test_a_code_never_takes_off_more_than_the_goods_are_worth(percent: int, amount: int, one: int, other: int) -> None:
    terms = coupon(percent=percent, amount=euros(amount))
    less, more = (terms.discount(euros(goods)) for goods in sorted((one, other)))
    assert 0 <= less.minor <= more.minor
    assert less.minor <= min(one, other)


def test_a_code_counts_until_its_instant_while_some_are_left_and_from_its_minimum_on() -> None:
    def refusal(**more: Any) -> str:
        return coupon(**more).refusal(euros(1_000), NOW)

    assert refusal() == ""
    assert refusal(expires_at=NOW) == "The code AUTUMN ended on 18 November 2026."
    assert refusal(expires_at=NOW + timedelta(microseconds=1)) == ""
    assert refusal(left=0) == "The code AUTUMN has been used up."
    assert refusal(minimum=euros(1_000)) == ""
    assert refusal(minimum=euros(1_001)) == "The code AUTUMN needs goods worth €10.01."


def line(quantity: int = 2, available: int = 50, sku: str = "TEE") -> CartLine:
    return CartLine(sku=sku, title=sku.title(), quantity=quantity, unit_price=euros(1_000), available=available)


def order(*lines: CartLine, **more: Any) -> OrderPlan:
    values = {"subtotal": euros(2_000), "discount": euros(0), "shipping": euros(490), "total": euros(2_490), **more}
    return OrderPlan(lines=list(lines or [line()]), deliver_to="1 rue Haute", pay_with="a card", **values)


def test_whoever_places_an_order_confirms_what_it_costs() -> None:
    decision = decide_place(POLICY, order(), CUSTOMER)
    assert (decision.verdict, decision.rule) == (Verdict.NEEDS_CONFIRMATION, "place.confirm")
    assert shown(decision) == (
        ("Item", "2 x Tee at €10.00: €20.00"),
        ("Delivery", "€4.90"),
        ("Total", "€24.90"),
        ("Deliver to", "1 rue Haute"),
        ("Pay with", "a card"),
    )
    rows = shown(decide_place(POLICY, order(discount=euros(1), coupon="AUTUMN", for_customer="Ana"), STAFF))
    assert rows[0] == ("For", "Ana")
    assert rows[2] == ("Discount", "-€0.01 (AUTUMN)")


def test_what_is_not_there_is_not_sold() -> None:
    assert decide_place(POLICY, order(line(5, 5)), CUSTOMER).verdict is Verdict.NEEDS_CONFIRMATION
    assert told(decide_place(POLICY, order(line(6, 5), line(1, 0, "CAP")), CUSTOMER)) == ("place.out_of_stock", ("order 5 of TEE",))
    nothing = decide_place(POLICY, order(line(1, 0)), CUSTOMER)
    assert told(nothing) == ("place.out_of_stock", ("look for a similar product",))
    assert "Tee (0 left)" in nothing.reason


def test_many_units_are_for_staff_to_place() -> None:
    assert decide_place(POLICY, order(line(20)), CUSTOMER).verdict is Verdict.NEEDS_CONFIRMATION
    many = decide_place(POLICY, order(line(21)), CUSTOMER)
    assert told(many) == ("place.too_many", ("order 20", "open a ticket for a larger order"))
    assert decide_place(POLICY, order(line(21)), STAFF).verdict is Verdict.NEEDS_CONFIRMATION


def test_a_blocked_customer_learns_no_more_than_that_a_person_looks_at_it() -> None:
    plan = order(blocked="e-mail address")
    mine, ours = decide_place(POLICY, plan, CUSTOMER), decide_place(POLICY, plan, STAFF)
    assert told(mine) == ("place.blocked", ("open a ticket, so that a person looks at it",))
    assert "block" not in mine.reason
    assert told(ours) == ("place.blocked", ("look at the block list", "unblock it first"))
    assert ours.reason.startswith("The e-mail address ")


def test_what_a_tier_is_worth_is_shown_with_and_without_a_discount() -> None:
    assert ("Loyalty", "gold: free delivery") in shown(decide_place(POLICY, order(loyalty="gold: free delivery"), CUSTOMER))
    both = order(loyalty="gold", coupon="AUTUMN", discount=euros(500))
    assert shown(decide_place(POLICY, both, CUSTOMER))[1] == ("Discount", "-€5.00 (AUTUMN, gold)")


def test_a_code_that_does_not_count_and_a_balance_that_does_not_reach() -> None:
    assert told(decide_place(POLICY, order(coupon_refused="It ended."), CUSTOMER)) == (
        "place.coupon",
        ("place the order without the code",),
    )
    assert told(decide_place(POLICY, order(balance=euros(2_489)), CUSTOMER)) == ("place.balance", ("pay with another method",))
    assert decide_place(POLICY, order(balance=euros(2_490)), CUSTOMER).verdict is Verdict.NEEDS_CONFIRMATION


@given(
    of_model(POLICY),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), min_size=1, max_size=3),
    st.none() | st.integers(0, 5_000),
    st.sampled_from(["", "It ended."]),
    st.sampled_from([CUSTOMER, STAFF]),
)
def test_only_what_is_there_allowed_and_paid_is_confirmed(
    policy: PlacingPolicy, lines: list[tuple[int, int]], balance: int | None, refused: str, who: Principal
) -> None:
    plan = order(*(line(*each) for each in lines), balance=None if balance is None else euros(balance), coupon_refused=refused)
    decision = decide_place(policy, plan, who)
    assert sound(decision)
    fits = all(quantity <= available for quantity, available in lines)
    few = not who.is_customer or all(quantity <= policy.customer_units for quantity, _ in lines)
    paid = balance is None or balance >= plan.total.minor
    assert (decision.verdict is Verdict.NEEDS_CONFIRMATION) is (fits and few and paid and not refused)


def split(status: OrderStatus = OrderStatus.CONFIRMED, captured: int = 0, **more: bool) -> Decision:
    values = {"on_hold": False, "everything": False, **more}
    amounts = {"captured": euros(captured), "new_total": euros(100), "left_total": euros(200)}
    return decide_split(SplitPlan(order="1042", status=status, moving=["1 x Tee"], **amounts, **values))


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_split_before_anything_of_it_is_shipped(status: OrderStatus) -> None:
    decision = split(status)
    assert sound(decision)
    if status in {"pending", "confirmed", "processing"}:
        assert (decision.verdict, decision.rule) == (Verdict.NEEDS_CONFIRMATION, "split.confirm")
        assert shown(decision) == (("Order", "1042"), ("Moves", "1 x Tee"), ("New order", "€1.00"), ("Stays", "€2.00"))
    else:
        assert told(decision) == ("split.before_shipping", ("show the order",))


def test_what_was_paid_or_is_being_picked_is_sent_in_parcels_instead() -> None:
    parcels = ("send it in several parcels instead: create a pick list for each warehouse",)
    assert told(split(captured=1)) == ("split.captured", parcels)
    assert told(split(picking=True)) == ("split.picking", parcels)
    assert told(split(everything=True)) == ("split.everything", ("name fewer units, or change the order itself",))


@pytest.mark.parametrize(("there", "wanted", "rule"), [(0, 1, "staff"), (1, 0, "staff"), (1, 1, "same"), (0, 0, "same")])
def test_a_tag_changes_or_is_refused(there: bool, wanted: bool, rule: str) -> None:
    decision = decide_tag(TagPlan(order="1042", tag="vip", there=there), wanted=wanted)
    assert decision.rule == f"tag.{rule}"
    if rule == "same":
        assert told(decision)[1] == ("show the order",)
        assert ("already has" if wanted else "does not have") in decision.reason


def test_a_code_is_given_away_once_by_a_manager() -> None:
    def plan(*, taken: bool) -> CouponPlan:
        return CouponPlan(code="AUTUMN", taken=taken, worth="10 %", minimum=euros(100), max_uses=3, until="1 December 2026")

    assert told(decide_coupon(plan(taken=True))) == ("coupon.exists", ("choose another code",))
    decision = decide_coupon(plan(taken=False))
    assert (decision.verdict, decision.rule, decision.role) == (Verdict.NEEDS_APPROVAL, "coupon.create", Role.MANAGER)
    assert shown(decision) == (("Code", "AUTUMN"), ("Takes off", "10 %"), ("From", "€1.00"), ("Orders", "3"), ("Until", "1 December 2026"))
