"""What is kept aside, moved, received or called off: up to a limit at once, never more than there is."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Role
from core.statuses import PurchaseOrderStatus, ReservationStatus
from core.stock_statuses import HoldKind
from tests.support.rules import MANAGER, STAFF, euros, shown, sound, told
from tools.policy.decision import Decision, Verdict
from tools.policy.holding import (
    BulkPlan,
    CallOffPlan,
    Correction,
    HoldPlan,
    ReceiptPlan,
    ReleasePlan,
    ReorderPointPlan,
    TransferPlan,
    decide_bulk,
    decide_call_off,
    decide_hold,
    decide_receipt,
    decide_release,
    decide_reorder_point,
    decide_stock_revocation,
    decide_transfer,
    valid_for,
)
from tools.policy.stock import StockPolicy

POLICY = StockPolicy()
units = st.integers(1, 400)


def hold(quantity: int = 1, free: int = 500, kind: HoldKind = HoldKind.HARD) -> HoldPlan:
    return HoldPlan(sku="TEE", title="Tee", warehouse="Lyon", quantity=quantity, free=free, kind=kind)


def transfer(quantity: int = 1, free: int = 500, target: str = "Rotterdam") -> TransferPlan:
    return TransferPlan(sku="TEE", title="Tee", source="Lyon", target=target, quantity=quantity, free=free)


def bulk(*items: tuple[int, int, int]) -> BulkPlan:
    found = [Correction(sku=f"S-{n}", delta=delta, on_hand=on_hand, reserved=held) for n, (delta, on_hand, held) in enumerate(items)]
    return BulkPlan(warehouse="Lyon", reason="counted", items=found)


def test_a_hold_lasts_as_the_policy_says() -> None:
    policy = StockPolicy(soft_hold_minutes=5, hard_hold_hours=7)
    assert [valid_for(policy, kind) for kind in (HoldKind.SOFT, HoldKind.HARD)] == [timedelta(minutes=5), timedelta(hours=7)]


def test_a_hold_at_each_border() -> None:
    assert decide_hold(POLICY, hold(50), STAFF).rule == "stock.hold_within_limit"
    assert decide_hold(POLICY, hold(51, kind=HoldKind.SOFT), STAFF).rule == "stock.hold_within_limit"
    over = decide_hold(POLICY, hold(51), STAFF)
    assert (over.rule, over.verdict, over.role) == ("stock.hold_over_limit", Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(over) == (("Item", "Tee (TEE)"), ("Warehouse", "Lyon"), ("Quantity", "51 of 500 free"), ("Kept for", "24 hours"))
    assert decide_hold(POLICY, hold(3, free=3), STAFF).verdict is Verdict.ALLOW
    assert told(decide_hold(POLICY, hold(4, free=3), STAFF)) == ("stock.not_available", ("reserve at most 3",))
    assert told(decide_hold(POLICY, hold(1, free=0), STAFF)) == ("stock.not_available", ("look at other warehouses: check stock",))


def test_a_transfer_at_each_border() -> None:
    assert decide_transfer(POLICY, transfer(200), STAFF).rule == "stock.transfer_within_limit"
    over = decide_transfer(POLICY, transfer(201), STAFF)
    assert (over.rule, over.verdict, over.role) == ("stock.transfer_over_limit", Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(over) == (("Item", "Tee (TEE)"), ("From", "Lyon"), ("To", "Rotterdam"), ("Quantity", "201"))
    assert decide_transfer(POLICY, transfer(3, free=3), STAFF).verdict is Verdict.ALLOW
    assert told(decide_transfer(POLICY, transfer(4, free=3), STAFF)) == ("stock.not_available", ("move at most 3",))
    assert told(decide_transfer(POLICY, transfer(1, free=0), STAFF)) == ("stock.not_available", ("look at other warehouses: check stock",))
    assert told(decide_transfer(POLICY, transfer(target="Lyon"), STAFF))[0] == "stock.same_warehouse"


@given(units, units, st.integers(0, 300), st.sampled_from(["hold", "transfer"]))
def test_nobody_takes_more_than_is_free_nor_many_alone(quantity: int, free: int, limit: int, what: str) -> None:
    policy = StockPolicy(hard_hold_limit_units=limit, transfer_limit_units=limit)

    def decide(asked: int) -> Decision:
        if what == "hold":
            return decide_hold(policy, hold(asked, free), STAFF)
        return decide_transfer(policy, transfer(asked, free), STAFF)

    decision = decide(quantity)
    assert sound(decision)
    assert (decision.verdict is Verdict.DENY) is (quantity > free)
    assert (decision.verdict is Verdict.ALLOW) is (quantity <= min(free, limit))
    if decision.verdict is Verdict.ALLOW and quantity > 1:
        assert decide(quantity - 1).verdict is Verdict.ALLOW


def test_corrections_of_many_at_each_border() -> None:
    assert decide_bulk(POLICY, bulk((-25, 100, 0), (25, 0, 0)), STAFF).rule == "stock.bulk_within_limit"
    over = decide_bulk(POLICY, bulk((-26, 100, 0), (25, 0, 0)), STAFF)
    assert (over.rule, over.verdict, over.role) == ("stock.bulk_over_limit", Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(over) == (
        ("Warehouse", "Lyon"),
        ("Reason", "counted"),
        ("Items", "2"),
        ("Units", "51"),
        ("S-0", "-26 (100 -> 74)"),
        ("S-1", "+25 (0 -> 25)"),
    )
    assert decide_bulk(POLICY, bulk((-2, 10, 8)), STAFF).verdict is Verdict.ALLOW
    short = decide_bulk(POLICY, bulk(*[(-3, 10, 8)] * 6), STAFF)
    assert told(short) == ("stock.below_zero", ("take those out or lower them, then ask again",))
    assert short.reason.count("(at most 2)") == 5


@given(st.lists(st.tuples(st.integers(-60, 60), st.integers(0, 80), st.integers(0, 40)), min_size=1, max_size=4), st.randoms())
def test_all_corrections_hold_or_none_whatever_their_order(items: list[tuple[int, int, int]], chance: Any) -> None:
    decision = decide_bulk(POLICY, bulk(*items), STAFF)
    assert sound(decision)
    assert (decision.verdict is Verdict.DENY) is any(on_hand + delta < reserved for delta, on_hand, reserved in items)
    if decision.verdict is Verdict.ALLOW:
        assert sum(abs(delta) for delta, _, _ in items) <= POLICY.adjustment_limit_units
    chance.shuffle(items)
    again = decide_bulk(POLICY, bulk(*items), STAFF)
    assert (again.verdict, again.rule) == (decision.verdict, decision.rule)


def test_a_correction_is_taken_back_at_each_border_by_who_may_correct() -> None:
    assert decide_stock_revocation(POLICY, "B-1", 50, MANAGER).rule == "stock.revoke_within_limit"
    over = decide_stock_revocation(POLICY, "B-1", 51, MANAGER)
    assert sound(over)
    assert (over.rule, over.verdict, over.role) == ("stock.revoke_over_limit", Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(over) == (("Bulk change", "B-1"), ("Units", "51"))
    assert over.reason == "Corrections over 50 units need approval."
    assert over.preview is not None
    assert over.preview.title == "Take back bulk change B-1"
    refused = decide_stock_revocation(POLICY, "B-1", 1, STAFF)
    assert told(refused) == ("stock.revoke_not_allowed", ("ask somebody of the warehouse",))


@pytest.mark.parametrize("status", ReservationStatus)
def test_only_an_active_hold_is_ended(status: ReservationStatus) -> None:
    decision = decide_release(ReleasePlan(number="H-1", status=status))
    if status is ReservationStatus.ACTIVE:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "stock.release")
    else:
        assert told(decision) == ("stock.hold_ended", ("check the stock of the item",))


def test_a_reorder_point_is_another_one() -> None:
    assert decide_reorder_point(ReorderPointPlan(sku="TEE", old=5, new=6)).rule == "stock.reorder_point"
    assert told(decide_reorder_point(ReorderPointPlan(sku="TEE", old=5, new=5))) == ("stock.same_reorder_point", ("name another figure",))


@given(st.sampled_from(PurchaseOrderStatus), units, units)
def test_no_more_is_received_than_was_ordered_and_sent(status: PurchaseOrderStatus, quantity: int, outstanding: int) -> None:
    decision = decide_receipt(ReceiptPlan(number="P-1", status=status, quantity=quantity, outstanding=outstanding))
    assert sound(decision)
    if status is not PurchaseOrderStatus.ORDERED:
        assert told(decision) == ("purchase.not_open", ("list the open purchase orders",))
    elif quantity > outstanding:
        assert told(decision) == ("purchase.too_many", (f"receive at most {outstanding}", "book what came on top as a stock correction"))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "purchase.receive")


def test_all_that_was_ordered_can_be_received() -> None:
    plan = ReceiptPlan(number="P-1", status=PurchaseOrderStatus.ORDERED, quantity=5, outstanding=5)
    assert decide_receipt(plan).rule == "purchase.receive"


@pytest.mark.parametrize("status", PurchaseOrderStatus)
def test_what_has_not_come_is_called_off_and_confirmed(status: PurchaseOrderStatus) -> None:
    plan = CallOffPlan(number="P-1", status=status, title="Tee", supplier="Mill", received=2, outstanding=3, value=euros(900))
    decision = decide_call_off(plan)
    assert sound(decision)
    if status in {"proposed", "ordered"}:
        assert (decision.verdict, decision.rule) == (Verdict.NEEDS_CONFIRMATION, "purchase.cancel")
        assert shown(decision) == (
            ("Purchase order", "P-1"),
            ("Item", "Tee"),
            ("Supplier", "Mill"),
            ("Received", "2"),
            ("Called off", "3 units, €9.00"),
        )
    else:
        assert told(decision) == ("purchase.not_open", ("list the open purchase orders",))
