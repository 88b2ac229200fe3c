"""Windows count from delivery to the second, fees come from the category, and what is the shop's fault costs nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from core.money import Money
from core.statuses import PaymentKind, ReturnReason, ReturnType
from tests.support.policies import of_model
from tools.policy import Policy
from tools.policy.decision import Verdict
from tools.policy.returns import (
    AUTO_APPROVED,
    NEEDS_PHOTO,
    SELLER_FAULT,
    Assessment,
    CategoryRule,
    RefundTo,
    ReturnableLine,
    ReturnedOrder,
    ReturnPlan,
    ReturnPolicy,
    Settlement,
    admit,
    assess,
    decide,
    destination,
    free,
)

ONE = UUID(int=1)
WHO = Principal(TenantId(ONE), UserId(ONE), Role.CUSTOMER, CustomerId(ONE))
POLICY = ReturnPolicy()
ARRIVED = datetime(2026, 11, 1, 9, tzinfo=UTC)
MIND = ReturnReason.CHANGED_MIND


def euros(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def line(category: str = "electronics", left: int = 2, price: int = 10_000, delivered: datetime | None = ARRIVED) -> ReturnableLine:
    return ReturnableLine(
        line_id="1", sku="TEE", title="Tee", category=category, quantity_left=left, unit_price=euros(price), delivered_at=delivered
    )


def on_day(days: float, reason: ReturnReason = MIND, quantity: int = 1, **of: Any) -> Assessment:
    return assess(POLICY, line(**of), reason, quantity, ARRIVED + timedelta(days=days))


@pytest.mark.parametrize(("category", "days"), [("electronics", 30), ("clothing", 60), ("furniture", 14), ("home", 30)])
def test_a_window_ends_on_its_second(category: str, days: int) -> None:
    assert on_day(days, category=category).eligible
    late = on_day(days + 1 / 86_400, category=category)
    assert not late.eligible
    assert late.reason == f"The return window of {days} days ended on {ARRIVED + timedelta(days=days):%d %B %Y}."
    assert late.rule == f"return_window.{category if category != 'home' else 'general'}"
    assert late.returnable_until == ARRIVED + timedelta(days=days)


@pytest.mark.parametrize(
    ("reason", "eligible"), [(ReturnReason.DEFECTIVE, True), (ReturnReason.DAMAGED_IN_SHIPPING, True), (ReturnReason.WRONG_ITEM, False)]
)
def test_a_fault_has_the_long_window(reason: ReturnReason, eligible: bool) -> None:
    assert on_day(90, reason).eligible is eligible
    assert on_day(90.1, reason).eligible is False
    assert (on_day(1, reason).rule == "return_window.fault") is eligible


def test_a_longer_window_of_the_category_stays_for_a_fault() -> None:
    for days, rule in ((91, "return_window.general"), (90, "return_window.general"), (89, "return_window.fault")):
        policy = ReturnPolicy(general=CategoryRule(window_days=days))
        found = assess(policy, line("home"), ReturnReason.DEFECTIVE, 1, ARRIVED)
        assert (found.rule, found.reason) == (rule, f"{max(days, 90)} days from delivery")


def test_amounts_are_the_price_less_fee_and_shipping() -> None:
    found = on_day(1, quantity=2)
    assert (found.gross, found.restocking_fee, found.return_shipping, found.refund) == (
        euros(20_000),
        euros(3_000),
        euros(500),
        euros(16_500),
    )
    assert (found.line_id, found.sku, found.title, found.quantity, found.refund_as) == ("1", "TEE", "Tee", 2, "payment")
    assert on_day(1, category="furniture").refund_as == "store_credit"
    cheap = on_day(1, price=100, category="clothing")
    assert (cheap.return_shipping, cheap.refund) == (euros(100), euros(0)), "shipping takes no more than there is"
    free_of_charge = on_day(1, ReturnReason.WRONG_ITEM)
    assert (free_of_charge.restocking_fee, free_of_charge.return_shipping, free_of_charge.refund) == (euros(0), euros(0), euros(10_000))


def test_only_what_arrived_and_is_left_comes_back() -> None:
    assert on_day(1, delivered=None).reason == "It has not been delivered yet."
    assert on_day(1, delivered=None).returnable_until is None
    assert on_day(1, left=0).reason == "All units of it are already returned or being returned."
    assert on_day(1, left=1, quantity=2).reason == "Only 1 of it can still be returned."
    assert on_day(1, left=2, quantity=2).eligible
    assert not any(each.eligible for each in (on_day(1, delivered=None), on_day(1, left=0), on_day(1, left=1, quantity=2)))


@pytest.mark.parametrize("reason", ReturnReason)
def test_each_reason_has_its_treatment(reason: ReturnReason) -> None:
    found = on_day(1, reason)
    fault = {"defective", "damaged_in_shipping", "wrong_item", "not_as_described"}
    assert found.needs_photo is (reason in fault | {"quality"})
    assert found.automatic is (reason in {"size_fit", "changed_mind", "better_price", "late_delivery"})
    assert (found.return_shipping.minor == 0) is (reason in fault)
    assert SELLER_FAULT <= NEEDS_PHOTO
    assert not AUTO_APPROVED & NEEDS_PHOTO


reasons = st.sampled_from(ReturnReason)


@given(
    of_model(POLICY),
    reasons,
    st.integers(0, 5),
    st.integers(1, 5),
    st.integers(0, 10**6),
    st.integers(-100, 40_000),
    st.sampled_from(["electronics", "x"]),
)
def test_a_refund_is_never_negative_nor_more_than_the_price(
    policy: ReturnPolicy, reason: ReturnReason, left: int, quantity: int, price: int, days: int, category: str
) -> None:
    found = assess(policy, line(category, left, price), reason, quantity, ARRIVED + timedelta(days=days))
    assert 0 <= found.refund.minor <= price * quantity
    assert found.refund + found.restocking_fee + found.return_shipping == found.gross
    assert not (found.eligible and quantity > left)


@given(of_model(POLICY), reasons, st.integers(0, 40_000), st.integers(0, 40_000))
def test_a_window_that_is_over_does_not_open_again(policy: ReturnPolicy, reason: ReturnReason, one: int, other: int) -> None:
    early, late = (assess(policy, line(), reason, 1, ARRIVED + timedelta(days=days)) for days in sorted((one, other)))
    assert early.eligible >= late.eligible


@given(st.integers(1, 10**6), st.integers(1, 10**6), reasons)
def test_a_dearer_item_is_never_refunded_less(one: int, other: int, reason: ReturnReason) -> None:
    low, high = (on_day(1, reason, price=price).refund for price in sorted((one, other)))
    assert low <= high


def plan(*lines: Assessment, kind: ReturnType = ReturnType.REFUND, **more: Any) -> ReturnPlan:
    return ReturnPlan(order="1042", reason=MIND, type=kind, lines=list(lines or [on_day(1)]), **more)


def shown(of: ReturnPlan) -> dict[str, str]:
    preview = decide(POLICY, of, WHO).preview
    assert preview is not None
    return dict(preview.rows)


def test_a_return_is_confirmed_with_its_amounts() -> None:
    decision = decide(POLICY, plan(on_day(1), on_day(1, category="clothing", price=2_000)), WHO)
    assert (decision.verdict, decision.rule) == (Verdict.NEEDS_CONFIRMATION, "return_window.electronics")
    assert decision.preview is not None
    assert decision.preview.title == "Return from order 1042"
    assert decision.preview.rows == (
        ("Order", "1042"),
        ("1 x Tee", "€100.00"),
        ("1 x Tee", "€20.00"),
        ("Reason", "changed mind"),
        ("Restocking fee", "€15.00"),
        ("Return shipping", "€10.00"),
        ("Refund after inspection", "€95.00"),
    )


def test_each_kind_of_return_says_what_comes_of_it() -> None:
    assert shown(plan(kind=ReturnType.STORE_CREDIT))["Store credit after inspection"] == "€80.00"
    assert shown(plan(refund_to="Gift card 12"))["Refund to"] == "Gift card 12"
    assert "Refund to" not in shown(plan())
    assert shown(plan(kind=ReturnType.REPLACEMENT))["Sent again"] == "the same item"
    assert shown(plan(kind=ReturnType.EXCHANGE))["Exchange for"] == "the same item"
    assert shown(plan(kind=ReturnType.EXCHANGE, exchange_for="Tee L"))["Exchange for"] == "Tee L"
    assert shown(plan(on_day(1, ReturnReason.QUALITY)))["Photo"] == "needed before we approve it"
    assert "Photo" in shown(plan(on_day(1), on_day(1, ReturnReason.QUALITY)))
    assert "Photo" not in shown(plan())


@pytest.mark.parametrize(
    ("difference", "label"),
    [
        (250, "To pay for the price difference"),
        (-250, "To be refunded for the price difference"),
        (0, None),
        (1, "To pay for the price difference"),
    ],
)
def test_an_exchange_says_which_way_money_goes(difference: int, label: str | None) -> None:
    rows = shown(plan(kind=ReturnType.EXCHANGE, settlement=Settlement(difference=euros(difference), method="a card")))
    found = {name: value for name, value in rows.items() if "difference" in name}
    assert found == ({label: f"{euros(abs(difference))}, a card"} if label else {})


def test_an_exchange_costs_no_more_than_its_method_holds() -> None:
    def with_balance(balance: int | None) -> ReturnPlan:
        held = None if balance is None else euros(balance)
        return plan(kind=ReturnType.EXCHANGE, settlement=Settlement(difference=euros(250), method="Gift card", balance=held))

    assert decide(POLICY, with_balance(249), WHO).rule == "exchange.balance"
    assert decide(POLICY, with_balance(250), WHO).verdict is Verdict.NEEDS_CONFIRMATION
    assert decide(POLICY, with_balance(None), WHO).verdict is Verdict.NEEDS_CONFIRMATION


def test_one_line_that_cannot_come_back_refuses_the_whole() -> None:
    decision = decide(POLICY, plan(on_day(1), on_day(99)), WHO)
    assert (decision.verdict, decision.rule) == (Verdict.DENY, "return_window.electronics")
    assert decision.reason.startswith("Tee: The return window")
    assert decision.allowed == ("open a ticket if you think this is wrong",)


def test_an_order_is_admitted_when_it_arrived_and_once_where_once_is_all() -> None:
    once = ReturnPolicy(once_per_order=True)
    new, again = (ReturnedOrder(order="1", delivered=True, returning=each) for each in (False, True))
    assert admit(once, new) is None
    assert admit(POLICY, again) is None
    refused = admit(once, again)
    assert refused is not None
    assert (refused.rule, refused.allowed) == ("return.once_per_order", ("show the returns of the order",))
    early = admit(POLICY, ReturnedOrder(order="1", delivered=False, returning=False))
    assert early is not None
    assert (early.rule, len(early.allowed)) == ("return.not_delivered", 2)


@pytest.mark.parametrize(
    ("ways", "kind", "original", "fits"),
    [
        ((RefundTo.ORIGINAL,), PaymentKind.GIFT_CARD, True, True),
        ((RefundTo.ORIGINAL,), PaymentKind.GIFT_CARD, False, False),
        ((RefundTo.GIFT_CARD,), PaymentKind.GIFT_CARD, False, True),
        ((RefundTo.GIFT_CARD,), PaymentKind.STORE_CREDIT, True, False),
        ((RefundTo.STORE_CREDIT,), PaymentKind.STORE_CREDIT, False, True),
        ((RefundTo.STORE_CREDIT,), PaymentKind.GIFT_CARD, False, False),
        ((RefundTo.STORE_CREDIT, RefundTo.GIFT_CARD), PaymentKind.GIFT_CARD, False, True),
    ],
)
def test_money_goes_only_where_the_policy_lets_it(ways: tuple[RefundTo, ...], kind: PaymentKind, original: bool, fits: bool) -> None:
    refused = destination(ReturnPolicy(refund_to=ways), kind, "it", original=original)
    assert (refused is None) is fits
    if refused is not None:
        names = {"original": "the original payment", "gift_card": "a gift card", "store_credit": "a store credit"}
        assert (refused.rule, refused.allowed) == ("return.refund_to", tuple(f"refund to {names[way]}" for way in ways))


def test_what_is_sent_again_costs_and_pays_nothing() -> None:
    again = free(on_day(1))
    assert (again.restocking_fee, again.return_shipping, again.refund, again.gross) == (euros(0), euros(0), euros(0), euros(10_000))


def test_a_plan_is_made_again_under_another_policy() -> None:
    rules = {"electronics": {"window_days": 5, "restocking_fee_percent": "20"}}
    other = Policy.model_validate({"returns": {"categories": rules, "shipping_fee_minor": 700}})
    assert plan(on_day(5)).under(other).lines[0].eligible
    again = plan(on_day(6)).under(other).lines[0]
    assert (again.eligible, again.restocking_fee, again.return_shipping) == (False, euros(2_000), euros(700))
    for kind in (ReturnType.EXCHANGE, ReturnType.REPLACEMENT):
        assert plan(free(on_day(1)), kind=kind).under(other).total("restocking_fee") == euros(0)
    bare = on_day(6).model_copy(update={"line": None})
    timeless = on_day(6).model_copy(update={"assessed_at": None})
    assert plan(bare, timeless).under(other).lines == [bare, timeless]


def test_defaults_are_those_of_the_shop() -> None:
    assert POLICY.rule_for("clothing") == ("return_window.clothing", CategoryRule(window_days=60))
    assert POLICY.rule_for("furniture")[1].restocking_fee_percent == Decimal(20)
