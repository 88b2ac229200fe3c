"""A placed order is changed while it may be, as often as it may be, and never beyond what pays it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Principal, Role
from core.statuses import OrderStatus
from tests.support.policies import of_model
from tests.support.rules import CUSTOMER, STAFF, euros, shown, sound, told
from tools.policy.decision import Verdict
from tools.policy.order_changes import (
    ChangedOrder,
    ItemChangePlan,
    MethodPlan,
    OrderChangePolicy,
    Step,
    admit_items,
    admit_method,
    decide_items,
    decide_method,
    locked,
)

POLICY = OrderChangePolicy()
statuses = st.sampled_from(OrderStatus)
people = st.sampled_from([CUSTOMER, STAFF])


def order(status: OrderStatus = OrderStatus.CONFIRMED, item_changes: int = 0, *, on_hold: bool = False) -> ChangedOrder:
    return ChangedOrder(order="1042", status=status, on_hold=on_hold, item_changes=item_changes)


def items(difference: int = 0, balance: int | None = None, *, on_hold: bool = False) -> ItemChangePlan:
    return ItemChangePlan(
        order=order(on_hold=on_hold),
        changes=[("Tee S", "Tee M"), ("Cap", "Hat")],
        difference=euros(difference),
        total=euros(9_000),
        method="Gift card",
        balance=None if balance is None else euros(balance),
    )


def method(balance: int | None = None, *, on_hold: bool = False, **more: Any) -> MethodPlan:
    values = {"old": "a card", "new": "Gift card", "amount": euros(500), "movements": 1, "same": False, **more}
    return MethodPlan(order=order(on_hold=on_hold), balance=None if balance is None else euros(balance), **values)


@pytest.mark.parametrize(
    ("status", "way"),
    [
        (OrderStatus.PROCESSING, "show the order"),
        (OrderStatus.SHIPPED, "wait for the delivery and exchange the items"),
        (OrderStatus.DELIVERED, "exchange the items instead"),
        (OrderStatus.CANCELLED, "show the order"),
        (OrderStatus.RETURNED, "show the order"),
    ],
)
def test_what_is_on_its_way_stays_and_there_is_a_way_out(status: OrderStatus, way: str) -> None:
    assert told(admit_items(POLICY, order(status))) == ("order_items.status", (way,))
    assert told(admit_method(POLICY, order(status))) == ("payment_method.status", (way,))
    refused = admit_items(POLICY, order(status))
    assert refused is not None
    assert "while it is pending or confirmed." in refused.reason


def test_items_are_changed_as_often_as_the_policy_says() -> None:
    assert admit_items(POLICY, order()) is None
    assert told(admit_items(POLICY, order(item_changes=1))) == ("order_items.once", ("open a ticket",))
    twice = OrderChangePolicy(item_changes=2)
    assert [admit_items(twice, order(item_changes=count)) is None for count in (1, 2, 3)] == [True, False, False]
    nowhere = admit_items(OrderChangePolicy(statuses=()), order())
    assert nowhere is not None
    assert nowhere.reason.endswith("while it is open.")


@given(of_model(POLICY), statuses, st.integers(0, 3))
def test_a_change_is_admitted_where_the_policy_lets_it(policy: OrderChangePolicy, status: OrderStatus, count: int) -> None:
    found = order(status, count)
    fits = status in policy.statuses
    assert (admit_items(policy, found) is None) is (fits and count < policy.item_changes)
    assert (admit_method(policy, found) is None) is (fits and not (count and Step.PAYMENT not in policy.after_item_change))
    for step in Step:
        assert locked(policy, count, step) is (count > 0 and step not in policy.after_item_change)


def test_a_change_of_items_ends_what_the_policy_says() -> None:
    strict = OrderChangePolicy(after_item_change=(Step.ADDRESS,))
    assert [locked(strict, 1, step) for step in (Step.ADDRESS, Step.PAYMENT, Step.CANCEL)] == [False, True, True]
    assert not locked(strict, 0, Step.CANCEL)
    assert told(admit_method(strict, order(item_changes=1))) == ("payment_method.items_changed", ("open a ticket",))
    assert [step.value for step in Step] == ["address", "payment", "cancel"]
    assert (POLICY.item_changes, POLICY.same_variant, POLICY.after_item_change) == (1, False, tuple(Step))


def test_whoever_confirms_new_items_sees_what_comes_and_what_it_costs() -> None:
    assert shown(decide_items(items(250), CUSTOMER)) == (
        ("Order", "1042"),
        ("Instead of", "Tee S"),
        ("You get", "Tee M"),
        ("Instead of", "Cap"),
        ("You get", "Hat"),
        ("To pay", "€2.50, Gift card"),
        ("New total", "€90.00"),
    )
    assert ("To be refunded", "€2.50, Gift card") in shown(decide_items(items(-250), CUSTOMER))
    assert ("To pay", "€0.01, Gift card") in shown(decide_items(items(1), CUSTOMER))
    assert [label for label, _ in shown(decide_items(items(0), CUSTOMER))] == [*["Order"], *["Instead of", "You get"] * 2, "New total"]


def test_whoever_confirms_another_method_sees_both() -> None:
    assert shown(decide_method(method(), STAFF)) == (
        ("Order", "1042"),
        ("To pay", "€5.00, Gift card"),
        ("To be refunded", "€5.00, a card"),
    )


def test_no_method_pays_more_than_it_holds() -> None:
    ways = ("choose another payment method",)
    assert told(decide_items(items(251, 250), CUSTOMER)) == ("order_items.balance", ways)
    assert told(decide_method(method(499), CUSTOMER)) == ("payment_method.balance", ways)
    for fits in (decide_items(items(250, 250), CUSTOMER), decide_items(items(251), CUSTOMER), decide_method(method(500), CUSTOMER)):
        assert fits.verdict is Verdict.NEEDS_CONFIRMATION


def test_one_payment_is_moved_to_another_method() -> None:
    for movements in (0, 2):
        assert told(decide_method(method(movements=movements), STAFF)) == (
            "payment_method.one_payment",
            ("show the payments of the order",),
        )
    assert told(decide_method(method(old="Paid on eBay", on_channel=True), STAFF)) == (
        "payment_method.channel",
        ("let the buyer order anew", "cancel the order"),
    )
    assert told(decide_method(method(same=True), STAFF)) == ("payment_method.same", ("choose another payment method",))


@given(st.integers(-900, 900), st.none() | st.integers(0, 900), st.booleans(), people)
def test_a_held_order_of_a_customer_is_decided_by_the_shop(difference: int, balance: int | None, on_hold: bool, who: Principal) -> None:
    decisions = {
        "order_items": decide_items(items(difference, balance, on_hold=on_hold), who),
        "payment_method": decide_method(method(balance, on_hold=on_hold), who),
    }
    for area, decision in decisions.items():
        assert sound(decision)
        if decision.verdict is Verdict.DENY:
            assert balance is not None
            continue
        held = on_hold and who.is_customer
        assert decision.rule == f"{area}.{'held_order' if held else 'confirm'}"
        assert decision.role is (Role.MANAGER if held else None)
