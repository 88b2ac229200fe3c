"""An order is prepared when it is confirmed, paid and not held; what has run out is waited for or replaced."""

from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.statuses import FulfilmentStatus, OrderStatus, PaymentStatus
from tests.support.policies import of_model
from tests.support.rules import euros, shown, sound, told
from tools.policy.decision import Decision, Verdict
from tools.policy.fulfilment import (
    BackorderPlan,
    Depot,
    FulfilmentPolicy,
    Gate,
    Need,
    Plan,
    can_miss,
    decide_allocation,
    decide_backorder,
    decide_picking,
    fulfilment_of,
    gate,
    place,
    used_bp,
)

POLICY = FulfilmentPolicy()
PAID = {"authorized", "paid", "partially_refunded"}
TEE, CAP = UUID(int=1), UUID(int=2)


def order(
    status: OrderStatus = OrderStatus.PROCESSING, payment: PaymentStatus = PaymentStatus.PAID, *, on_hold: bool = False, why: str = ""
) -> Gate:
    return Gate(order="1042", status=status, payment_status=payment, on_hold=on_hold, hold_reason=why)


def test_each_refusal_at_the_gate() -> None:
    assert gate(POLICY, order()) is None
    held = gate(POLICY, order(on_hold=True, why="address unclear"))
    assert told(held) == ("fulfilment.on_hold", ("release the order first",))
    assert held is not None
    assert held.reason == "Order 1042 is on hold: address unclear."
    bare = gate(POLICY, order(on_hold=True))
    assert bare is not None
    assert bare.reason == "Order 1042 is on hold."
    assert told(gate(POLICY, order(OrderStatus.CANCELLED))) == ("fulfilment.status", ("show the order",))
    unpaid = gate(POLICY, order(payment=PaymentStatus.PENDING))
    assert told(unpaid) == ("fulfilment.unpaid", ("wait for the payment, or cancel the order",))
    assert gate(FulfilmentPolicy(ship_unpaid=True), order(payment=PaymentStatus.FAILED)) is None


@pytest.mark.parametrize(("status", "payment"), list(product(OrderStatus, PaymentStatus)))
def test_only_what_is_confirmed_and_paid_is_prepared(status: OrderStatus, payment: PaymentStatus) -> None:
    open_order = status in {"confirmed", "processing", "shipped"}
    assert (gate(POLICY, order(status, payment)) is None) is (open_order and payment in PAID)
    assert (gate(FulfilmentPolicy(ship_unpaid=True), order(status, payment)) is None) is open_order
    assert can_miss(status) is (open_order or status is OrderStatus.PENDING)


def test_what_is_open_is_allocated_and_what_is_held_is_picked() -> None:
    assert decide_allocation(POLICY, order(), 1).rule == "fulfilment.allocate"
    assert told(decide_allocation(POLICY, order(), 0)) == ("fulfilment.nothing_open", ("show its pick lists",))
    assert decide_allocation(POLICY, order(OrderStatus.CONFIRMED), 1).rule == "fulfilment.allocate"
    assert decide_picking(POLICY, order(), 1).rule == "fulfilment.pick"
    assert told(decide_picking(POLICY, order(), 0)) == ("pick.nothing_held", ("show its pick lists", "allocate it"))
    early = decide_picking(POLICY, order(OrderStatus.CONFIRMED), 1)
    assert told(early) == ("fulfilment.not_allocated", ("allocate the order first",))


@given(st.sampled_from(OrderStatus), st.sampled_from(PaymentStatus), st.booleans(), st.integers(0, 2))
def test_nothing_passes_that_the_gate_stops(status: OrderStatus, payment: PaymentStatus, on_hold: bool, units: int) -> None:
    found = order(status, payment, on_hold=on_hold)
    stopped = gate(POLICY, found)
    for decision in (decide_allocation(POLICY, found, units), decide_picking(POLICY, found, units)):
        assert sound(decision)
        if stopped is not None:
            assert decision == stopped
        elif units == 0:
            assert decision.verdict is Verdict.DENY


def backorder(**more: Any) -> Decision:
    values = {"status": OrderStatus.PROCESSING, "quantity": 2, "pay_back": euros(0), "charge_later": euros(0), **more}
    return decide_backorder(BackorderPlan(order="1042", title="Tee", **values))


def test_whoever_waits_or_takes_something_else_confirms_it() -> None:
    wait = backorder(wait_until="1 December 2026", charge_later=euros(1))
    assert (wait.verdict, wait.rule) == (Verdict.NEEDS_CONFIRMATION, "backorder.confirm")
    assert shown(wait) == (
        ("Order", "1042"),
        ("Out of stock", "2 x Tee"),
        ("Wait until", "1 December 2026"),
        ("Charged on arrival", "€0.01"),
    )
    instead = backorder(instead="2 x Cap", pay_back=euros(1))
    assert shown(instead) == (("Order", "1042"), ("Out of stock", "2 x Tee"), ("Instead", "2 x Cap"), ("Paid back", "€0.01"))
    assert instead.preview is not None
    assert instead.preview.title == "Replace what has run out on order 1042"
    assert wait.preview is not None
    assert wait.preview.title == "Wait for Tee"


def test_nothing_is_waited_for_that_is_not_missing() -> None:
    assert told(backorder(quantity=0)) == ("backorder.nothing_missing", ("track the order",))
    assert told(backorder(status=OrderStatus.DELIVERED)) == ("backorder.status", ("show the order",))


def test_a_warehouse_is_used_by_what_it_holds() -> None:
    assert [used_bp(units, 200) for units in (0, 1, 100, 200, 300)] == [0, 50, 5_000, 10_000, 15_000]
    assert [used_bp(5, capacity) for capacity in (0, -1)] == [10_000, 10_000]
    assert used_bp(5, 1) == 50_000


@given(of_model(POLICY), st.integers(0, 10_000), st.integers(0, 10_000), st.booleans())
def test_a_score_weighs_both_and_a_warehouse_with_all_lines_never_scores_less(
    policy: FulfilmentPolicy, one: int, other: int, whole: bool
) -> None:
    less, more = (policy.score(fulfils_all=whole, free_bp=each) for each in sorted((one, other)))
    assert 0 <= less <= more <= 10_000
    assert policy.score(fulfils_all=True, free_bp=one) >= policy.score(fulfils_all=False, free_bp=one)
    loads = ["below", "within", "above"]
    assert loads.index(policy.load(min(one, other))) <= loads.index(policy.load(max(one, other)))


def test_a_score_is_the_weighed_mean() -> None:
    assert POLICY.score(fulfils_all=True, free_bp=10_000) == 10_000
    assert POLICY.score(fulfils_all=True, free_bp=0) == 7_000
    assert POLICY.score(fulfils_all=False, free_bp=5_000) == 1_500
    assert FulfilmentPolicy(fulfils_all_weight=1, free_capacity_weight=2).score(fulfils_all=True, free_bp=0) == 3_333


def test_goods_fill_as_many_parcels_as_their_weight_needs() -> None:
    assert [POLICY.parcels(grams) for grams in (0, 1, 29_800, 29_801, 59_600, 59_601)] == [1, 1, 1, 2, 2, 3]
    tight = FulfilmentPolicy(parcel_grams=100, packaging_grams=100)
    assert tight.parcels(3) == 3


@given(of_model(POLICY), st.integers(0, 500_000))
def test_no_parcel_is_heavier_than_the_most(policy: FulfilmentPolicy, grams: int) -> None:
    room = max(policy.parcel_grams - policy.packaging_grams, 1)
    assert policy.parcels(grams) * room >= grams
    assert policy.parcels(grams) == 1 or (policy.parcels(grams) - 1) * room < grams


def test_a_target_has_its_ends_in_order() -> None:
    assert FulfilmentPolicy(utilisation_from_percent=85).utilisation_from_percent == 85
    with pytest.raises(ValidationError, match="must not be above"):
        FulfilmentPolicy(utilisation_from_percent=86)


def need(variant: UUID, quantity: int, line: int = 50) -> Need:
    return Need(line_id=UUID(int=line), variant_id=variant, sku="TEE" if variant == TEE else "CAP", title="Item", quantity=quantity)


def depot(code: str, capacity: int = 100, units: int = 0, **free: int) -> Depot:
    stock = {TEE: free.get("tee", 0), CAP: free.get("cap", 0)}
    return Depot(id=UUID(int=sum(map(ord, code))), code=code, name=code.title(), capacity_units=capacity, units=units, free=stock)


def sent(plan: Plan) -> list[tuple[str, str, int]]:
    return [(each.warehouse, each.sku, each.quantity) for each in plan.placements]


def test_a_split_takes_from_who_has_most_until_nothing_is_left() -> None:
    plan = place(POLICY, [need(TEE, 3), need(CAP, 2, 51)], [depot("LYO", tee=1, cap=2), depot("ROT", tee=2), depot("LEI", tee=1)])
    assert sent(plan) == [("LYO", "CAP", 2), ("LYO", "TEE", 1), ("ROT", "TEE", 2)]
    assert (plan.split, plan.short, plan.short_units, plan.score_bp) == (True, [], 0, 3_000)
    assert plan.reason == "No warehouse has all lines: LYO and ROT send what there is"


def test_what_nobody_has_is_short() -> None:
    one = place(POLICY, [need(TEE, 3)], [depot("LYO", tee=2)])
    assert (sent(one), one.split, one.short_units) == ([("LYO", "TEE", 2)], False, 1)
    assert one.reason == "No warehouse has all lines: LYO sends what there is; 1 unit is out of stock"
    none = place(POLICY, [need(TEE, 3)], [depot("LYO", cap=2)])
    assert (none.placements, none.score_bp, none.short_units, none.reason) == (
        [],
        0,
        3,
        "No warehouse has any of it: 3 units are out of stock",
    )
    assert place(POLICY, [need(TEE, 1)], []).reason == "No warehouse has any of it: 1 unit is out of stock"


def test_equal_warehouses_are_taken_by_units_then_score_then_code() -> None:
    wanted = [need(TEE, 4)]
    assert sent(place(POLICY, wanted, [depot("ROT", tee=2), depot("LYO", tee=2)]))[0][0] == "LYO"
    assert sent(place(POLICY, wanted, [depot("ROT", tee=2), depot("LYO", units=50, tee=2)]))[0][0] == "ROT"
    assert sent(place(POLICY, wanted, [depot("ROT", tee=1), depot("LYO", units=50, tee=2)]))[0][0] == "LYO"
    options = place(POLICY, wanted, [depot("ROT", tee=1), depot("LYO", tee=2), depot("LEI", tee=2)]).options
    assert [(each.warehouse, each.units, each.fulfils_all) for each in options] == [("LEI", 2, False), ("LYO", 2, False), ("ROT", 1, False)]
    assert options[0].reason == "Lei has 2 of 4 units and 100 % free capacity"


def test_the_choice_is_told() -> None:
    only = place(POLICY, [need(TEE, 1)], [depot("LYO", units=25, tee=1), depot("ROT")])
    assert only.reason == "Lyo has all of 1 units and 75 % free capacity; it is the only one with all lines"
    assert (only.split, only.score_bp) == (False, 9_250)
    two = place(POLICY, [need(TEE, 1)], [depot("LYO", units=25, tee=1), depot("ROT", units=50, tee=1)])
    assert two.reason == "Lyo has all of 1 units and 75 % free capacity: score 92.5 %, next ROT with 85.0 %"


def test_lines_of_one_variant_share_what_there_is() -> None:
    plan = place(POLICY, [need(TEE, 2, 50), need(TEE, 2, 51)], [depot("LYO", tee=3)])
    assert sent(plan) == [("LYO", "TEE", 2), ("LYO", "TEE", 1)]
    assert plan.short_units == 1
    over = depot("LYO", tee=-2)
    assert place(POLICY, [need(TEE, 1)], [over]).placements == []
    assert (depot("LYO", units=150).free_bp, depot("LYO", units=100).free_bp, depot("LYO", 0).free_bp) == (0, 0, 0)


def test_what_was_sent_makes_the_status() -> None:
    assert fulfilment_of([(2, 0), (1, 0)]) is FulfilmentStatus.UNFULFILLED
    assert fulfilment_of([(2, 2), (1, 0)]) is FulfilmentStatus.PARTIALLY_FULFILLED
    assert fulfilment_of([(2, 1), (1, 1)]) is FulfilmentStatus.PARTIALLY_FULFILLED
    assert fulfilment_of([(2, 2), (1, 3)]) is FulfilmentStatus.FULFILLED
