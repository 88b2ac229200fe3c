"""An order is cancelled before it ships or not at all."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from core.money import Money
from core.statuses import ORDER_TRANSITIONS, CancelReason, OrderStatus
from tests.support.policies import of_model
from tools.policy.cancellation import CancellationPolicy, CancelPlan, decide
from tools.policy.decision import Verdict

ONE = UUID(int=1)
STAFF = Principal(TenantId(ONE), UserId(ONE), Role.STAFF)
CUSTOMER = Principal(TenantId(ONE), UserId(ONE), Role.CUSTOMER, CustomerId(ONE))
POLICY = CancellationPolicy()


def plan(status: OrderStatus = OrderStatus.CONFIRMED, **more: Any) -> CancelPlan:
    values = {"reason": CancelReason.OTHER, "items": ["1 x Tee"], "released_units": 3, **more}
    return CancelPlan(order="1042", status=status, refund=Money(minor=500, currency="EUR"), **values)


def test_each_refusal_and_its_way_out() -> None:
    shipped = decide(POLICY, plan(OrderStatus.SHIPPED, others=["1043"]), CUSTOMER)
    assert (shipped.rule, shipped.allowed) == (
        "cancellation.before_shipping",
        ("wait for the delivery and return it", "cancel order 1043, which has not shipped"),
    )
    delivered = decide(POLICY, plan(OrderStatus.DELIVERED), CUSTOMER)
    assert delivered.allowed == ("return it instead: check what is eligible",)
    assert decide(POLICY, plan(items_changed=True), STAFF).rule == "cancellation.items_changed"
    own = CancellationPolicy(customers_may_cancel=False)
    assert decide(own, plan(), CUSTOMER).rule == "cancellation.by_shop_only"
    assert decide(own, plan(), STAFF).rule == "cancellation.confirm"
    few = CancellationPolicy(customer_reasons=(CancelReason.NO_LONGER_NEEDED,))
    refused = decide(few, plan(), CUSTOMER)
    assert (refused.rule, refused.allowed) == ("cancellation.reason", ("cancel because: no longer needed",))
    assert decide(few, plan(reason=CancelReason.NO_LONGER_NEEDED), CUSTOMER).rule == "cancellation.confirm"
    assert decide(few, plan(), STAFF).rule == "cancellation.confirm"


def test_whoever_confirms_sees_what_goes_back_and_staff_what_is_free_again() -> None:
    mine, ours = (decide(POLICY, plan(), who).preview for who in (CUSTOMER, STAFF))
    assert mine is not None
    assert ours is not None
    assert mine.rows == (("Order", "1042"), ("Item", "1 x Tee"), ("Refund", "€5.00"))
    assert ours.rows == (*mine.rows, ("Stock released", "3 units"))
    assert mine.title == "Cancel order 1042"


@given(of_model(POLICY), st.sampled_from(OrderStatus), st.sampled_from(CancelReason), st.booleans(), st.sampled_from([STAFF, CUSTOMER]))
def test_only_what_has_not_shipped_is_cancelled_and_only_confirmed(
    policy: CancellationPolicy, status: OrderStatus, reason: CancelReason, changed: bool, who: Principal
) -> None:
    decision = decide(policy, plan(status, reason=reason, items_changed=changed), who)
    assert decision.verdict in {Verdict.DENY, Verdict.NEEDS_CONFIRMATION}
    if decision.verdict is Verdict.DENY:
        assert decision.allowed
    else:
        assert OrderStatus.CANCELLED in ORDER_TRANSITIONS[status]
        assert not changed
        assert policy.customers_may_cancel or not who.is_customer
