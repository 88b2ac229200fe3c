"""What the rules on fulfilment promise for any input: scores in range, and a choice that the order of the offers does not sway."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fulfilment import SHIPMENT_TRANSITIONS, RateZone
from core.money import Money
from core.statuses import FulfilmentStatus, ShipmentStatus
from tools.policy.carriers import CarrierPolicy, Offer, ParcelReport, rank, status_after, why
from tools.policy.fulfilment import Depot, FulfilmentPolicy, Need, fulfilment_of, place

POLICY, CARRIERS = FulfilmentPolicy(), CarrierPolicy()
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
VARIANTS = [UUID(int=number) for number in range(1, 4)]
CODES = ("DPD", "UPS", "FDX", "CHR", "COL", "PRV")


def offers() -> st.SearchStrategy[list[Offer]]:
    figures = st.tuples(st.integers(0, 5_000), st.integers(0, 10), st.integers(0, 10_000), st.integers(0, 50))
    drawn = st.lists(st.tuples(st.sampled_from(CODES), figures), min_size=1, max_size=6, unique_by=lambda each: each[0])
    return drawn.map(lambda found: [offer(code, *values) for code, values in found])


def offer(code: str, price: int, days: int, on_time: int, rating: int) -> Offer:
    return Offer(
        carrier=code.lower(),
        name=code,
        service="standard",
        price=Money(minor=price, currency="EUR"),
        transit_days=days,
        on_time_bp=on_time,
        measured=False,
        rating_tenths=rating,
    )


def depot(code: str, capacity: int, units: int, free: tuple[int, ...]) -> Depot:
    stock = {variant: count for variant, count in zip(VARIANTS, free, strict=True) if count}
    return Depot(id=UUID(int=sum(map(ord, code))), code=code, name=code, capacity_units=capacity, units=units, free=stock)


def depots() -> st.SearchStrategy[list[Depot]]:
    free = st.tuples(*(st.integers(0, 4) for _ in VARIANTS))
    drawn = st.tuples(st.sampled_from(("LYO", "ROT", "LEI", "VAL")), st.integers(0, 100), st.integers(0, 120), free)
    return st.lists(drawn.map(lambda each: depot(*each)), max_size=4, unique_by=lambda each: each.code)


def needs() -> st.SearchStrategy[list[Need]]:
    quantities = st.lists(st.integers(0, 5), min_size=len(VARIANTS), max_size=len(VARIANTS)).filter(any)
    return quantities.map(
        lambda found: [
            Need(line_id=UUID(int=50 + position), variant_id=VARIANTS[position], sku=f"SKU-{position}", title="Item", quantity=quantity)
            for position, quantity in enumerate(found)
            if quantity
        ]
    )


@given(offers())
def test_scores_of_carriers_lie_between_nothing_and_all(found: list[Offer]) -> None:
    ranked = rank(CARRIERS, found)
    assert all(0 <= each.score_bp <= 10_000 for each in ranked)
    assert [each.score_bp for each in ranked] == sorted((each.score_bp for each in ranked), reverse=True)
    assert why(ranked, ranked[0])
    if len(found) == 1:
        assert ranked[0].score_bp == 10_000


@given(offers(), st.randoms(use_true_random=False))
def test_the_order_of_the_offers_does_not_sway_the_choice(found: list[Offer], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(CARRIERS, shuffled) == rank(CARRIERS, found)


@given(offers())
def test_an_offer_that_is_best_in_everything_wins(found: list[Offer]) -> None:
    assert rank(CARRIERS, [*found, offer("BEST", 0, 0, 10_000, 50)])[0].score_bp == 10_000


def test_the_choice_follows_the_weights_of_the_policy() -> None:
    cheap, fast = offer("DPD", 500, 5, 9_000, 40), offer("UPS", 1_500, 1, 9_500, 45)
    assert [each.offer.carrier for each in rank(CARRIERS, [cheap, fast])] == ["ups", "dpd"]
    assert [each.score_bp for each in rank(CARRIERS, [cheap, fast])] == [6_000, 4_000]
    thrifty = CarrierPolicy(price_weight=80, transit_weight=10, on_time_weight=5, rating_weight=5)
    assert rank(thrifty, [cheap, fast])[0].offer.carrier == "dpd"


@given(needs(), depots())
def test_nothing_is_sent_that_is_not_there_or_not_wanted(wanted: list[Need], found: list[Depot]) -> None:
    plan = place(POLICY, wanted, found)
    stock = {(each.code, variant): units for each in found for variant, units in each.free.items()}
    for each in plan.placements:
        stock[each.warehouse, each.variant_id] -= each.quantity
    assert min(stock.values(), default=0) >= 0
    sent = {need.line_id: sum(each.quantity for each in plan.placements if each.line_id == need.line_id) for need in wanted}
    short = {need.line_id: need.quantity for need in plan.short}
    assert all(sent[need.line_id] + short.get(need.line_id, 0) == need.quantity for need in wanted)
    assert all(0 <= option.score_bp <= 10_000 for option in plan.options)


@given(needs(), depots())
def test_an_order_is_split_only_when_no_warehouse_has_all_of_it(wanted: list[Need], found: list[Depot]) -> None:
    plan = place(POLICY, wanted, found)
    whole = [each.code for each in found if all(each.free.get(need.variant_id, 0) >= need.quantity for need in wanted)]
    assert plan.split <= (not whole)
    if whole:
        assert {each.warehouse for each in plan.placements} <= set(whole)
        assert plan.short == []


@given(needs(), depots(), st.randoms(use_true_random=False))
def test_the_order_of_warehouses_and_lines_does_not_sway_the_plan(wanted: list[Need], found: list[Depot], chance: object) -> None:
    lines, places = list(wanted), list(found)
    chance.shuffle(lines)  # type: ignore[attr-defined]
    chance.shuffle(places)  # type: ignore[attr-defined]
    assert place(POLICY, lines, places) == place(POLICY, wanted, found)


def test_the_emptier_of_two_that_have_all_sends() -> None:
    wanted = [Need(line_id=UUID(int=50), variant_id=VARIANTS[0], sku="A", title="Item", quantity=2)]
    plan = place(POLICY, wanted, [depot("LYO", 100, 80, (5, 0, 0)), depot("ROT", 100, 30, (2, 0, 0)), depot("LEI", 100, 0, (1, 0, 0))])
    assert ([each.warehouse for each in plan.placements], plan.score_bp) == (["ROT"], 7_000 + 30 * 70)
    assert [option.warehouse for option in plan.options] == ["ROT", "LYO", "LEI"]
    assert "next LYO" in plan.reason


@pytest.mark.parametrize(("used", "load"), [(6_999, "below"), (7_000, "within"), (8_500, "within"), (8_501, "above")])
def test_the_load_is_told_against_the_target(used: int, load: str) -> None:
    assert POLICY.load(used) == load


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=4))
def test_the_fulfilment_status_follows_from_what_was_sent(units: list[tuple[int, int]]) -> None:
    status = fulfilment_of(units)
    assert (status is FulfilmentStatus.FULFILLED) == all(sent >= ordered for ordered, sent in units)
    assert (status is FulfilmentStatus.UNFULFILLED) == (sum(sent for _, sent in units) == 0)


_WAY = [
    ParcelReport(at=NOON + timedelta(hours=step), status=status)
    for step, status in enumerate(
        (
            ShipmentStatus.PICKED_UP,
            ShipmentStatus.IN_TRANSIT,
            ShipmentStatus.EXCEPTION,
            ShipmentStatus.OUT_FOR_DELIVERY,
            ShipmentStatus.DELIVERED,
        )
    )
]


def test_reports_lead_to_the_same_end_in_whatever_order_they_come() -> None:
    for arrived in permutations(_WAY):
        assert status_after(ShipmentStatus.PENDING, [*arrived, arrived[0]]) is ShipmentStatus.DELIVERED


@given(st.lists(st.tuples(st.sampled_from(list(SHIPMENT_TRANSITIONS)), st.integers(0, 9)), max_size=8), st.randoms(use_true_random=False))
def test_no_report_leads_where_the_table_does_not(found: list[tuple[ShipmentStatus, int]], chance: object) -> None:
    reports = [ParcelReport(at=NOON + timedelta(hours=hours), status=status) for status, hours in found]
    end = status_after(ShipmentStatus.LABEL_CREATED, reports)
    assert end in {ShipmentStatus.LABEL_CREATED, *(status for status, _ in found)} - {ShipmentStatus.PENDING}
    shuffled = list(reports)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert status_after(ShipmentStatus.LABEL_CREATED, shuffled) is end


def test_a_scan_after_the_delivery_is_history() -> None:
    late = ParcelReport(at=NOON + timedelta(days=2), status=ShipmentStatus.IN_TRANSIT)
    assert status_after(ShipmentStatus.PENDING, [*_WAY, late]) is ShipmentStatus.DELIVERED


@pytest.mark.parametrize(
    ("origin", "destination", "zone"),
    [("FR", "FR", RateZone.DOMESTIC), ("US", "US", RateZone.DOMESTIC), ("FR", "DE", RateZone.EUROPE), ("FR", "JP", RateZone.WORLD)],
)
def test_the_zone_follows_from_the_countries(origin: str, destination: str, zone: RateZone) -> None:
    assert CARRIERS.zone(origin, destination) is zone
