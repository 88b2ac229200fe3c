"""An address and a hold change only what has not left."""

from uuid import UUID

import pytest

from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from core.statuses import OrderStatus
from tools.policy.decision import Verdict
from tools.policy.orders import AddressPlan, HoldPlan, before_shipping, decide_address, decide_hold

ONE = UUID(int=1)
STAFF = Principal(TenantId(ONE), UserId(ONE), Role.STAFF)
CUSTOMER = Principal(TenantId(ONE), UserId(ONE), Role.CUSTOMER, CustomerId(ONE))
EARLY = {OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING}


def address(status: OrderStatus = OrderStatus.CONFIRMED, *, held: bool = False, new: str = "Rome", changed: bool = False) -> AddressPlan:
    return AddressPlan(order="1", status=status, on_hold=held, old="Oslo", new=new, items_changed=changed)


@pytest.mark.parametrize("status", OrderStatus)
def test_only_before_shipping(status: OrderStatus) -> None:
    assert before_shipping(status) is (status in EARLY)
    moved, held = decide_address(address(status), CUSTOMER), decide_hold(HoldPlan(order="1", status=status, on_hold=False))
    assert moved.rule == ("address.confirm" if status in EARLY else "address.before_shipping")
    assert held.rule == ("hold.staff" if status in EARLY else "hold.before_shipping")
    for decision in (moved, held):
        assert bool(decision.allowed) is (status not in EARLY)


def test_a_held_order_keeps_its_address_until_the_shop_agrees() -> None:
    asked = decide_address(address(held=True), CUSTOMER)
    assert (asked.rule, asked.verdict, asked.role) == ("address.held_order", Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert decide_address(address(held=True), STAFF).rule == "address.confirm"


def test_what_changes_is_shown_and_nothing_is_no_change() -> None:
    preview = decide_address(address(), CUSTOMER).preview
    assert preview is not None
    assert preview.rows == (("Order", "1"), ("Old address", "Oslo"), ("New address", "Rome"))
    same = decide_address(address(new="Oslo"), CUSTOMER)
    assert (same.rule, same.allowed) == ("address.same", ("show the order",))
    assert decide_address(address(changed=True), CUSTOMER).rule == "address.items_changed"


def test_an_order_is_held_once() -> None:
    again = decide_hold(HoldPlan(order="1", status=OrderStatus.CONFIRMED, on_hold=True, hold_reason="stock count"))
    assert (again.rule, again.allowed) == ("hold.already", ("release it after a review",))
    assert "stock count" in again.reason
