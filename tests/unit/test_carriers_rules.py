"""Parcels are sent, taken back, made good and claimed for when that fits what happened to them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fulfilment import SHIPMENT_TRANSITIONS, ClaimStatus, IncidentKind, RateZone
from core.statuses import ShipmentStatus
from tests.support.policies import of_model
from tests.support.rules import euros, sound, told
from tools.policy.carriers import (
    AnswerPlan,
    CarrierPolicy,
    ClaimPlan,
    LabelPlan,
    LatePlan,
    Offer,
    ParcelReport,
    Ranked,
    ShipPlan,
    decide_answer,
    decide_cancel_shipment,
    decide_claim,
    decide_label,
    decide_late,
    decide_report,
    decide_shipment,
    rank,
    status_after,
    why,
)
from tools.policy.decision import Decision, Verdict

POLICY = CarrierPolicy()
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
statuses = st.sampled_from(ShipmentStatus)


def offer(code: str, price: int = 500, days: int = 2, on_time: int = 9_000, rating: int = 40, service: str = "standard") -> Offer:
    return Offer(
        carrier=code.lower(),
        name=code,
        service=service,
        price=euros(price),
        transit_days=days,
        on_time_bp=on_time,
        measured=True,
        rating_tenths=rating,
    )


@pytest.mark.parametrize(
    ("better", "weight", "criterion"),
    [
        ({"price": 400}, "price_weight", "price"),
        ({"days": 1}, "transit_weight", "transit time"),
        ({"on_time": 9_500}, "on_time_weight", "punctuality"),
        ({"rating": 45}, "rating_weight", "rating"),
    ],
)
def test_each_criterion_weighs_what_the_policy_says(better: dict[str, int], weight: str, criterion: str) -> None:
    first, second = rank(POLICY, [offer("DPD"), offer("UPS", **better)])
    assert (first.offer.carrier, second.offer.carrier) == ("ups", "dpd")
    assert (first.score_bp, 10_000 - second.score_bp) == (10_000, getattr(POLICY, weight) * 100)
    assert set(first.best_at) - set(second.best_at) == {criterion}
    heavier = CarrierPolicy.model_validate({weight: 100})
    assert rank(heavier, [offer("DPD"), offer("UPS", **better)])[1].score_bp < second.score_bp


def test_scores_are_normalised_over_the_offers_at_hand() -> None:
    found = rank(POLICY, [offer("DPD", 400), offer("UPS", 500), offer("FDX", 800)])
    assert [(each.offer.name, each.score_bp) for each in found] == [("DPD", 10_000), ("UPS", 6_000 + 3_000), ("FDX", 6_000)]
    assert rank(POLICY, []) == []


def test_equal_scores_go_to_the_cheaper_then_to_the_first_code_and_service() -> None:
    same = [offer("UPS"), offer("DPD", service="standard"), offer("DPD", service="express")]
    assert [(each.offer.carrier, each.offer.service) for each in rank(POLICY, same)] == [
        ("dpd", "express"),
        ("dpd", "standard"),
        ("ups", "standard"),
    ]
    level = CarrierPolicy(price_weight=10, transit_weight=10, on_time_weight=1, rating_weight=1)
    cheap, fast = offer("UPS", price=400, days=3), offer("DPD", price=500, days=2)
    assert [each.offer.carrier for each in rank(level, [fast, cheap])] == ["ups", "dpd"]


@given(of_model(POLICY), st.lists(st.tuples(st.integers(1, 900), st.integers(1, 9)), min_size=1, max_size=4), st.integers(0, 3))
def test_a_cheaper_offer_never_scores_less(policy: CarrierPolicy, figures: list[tuple[int, int]], which: int) -> None:
    offers = [offer(f"C{number}", price, days) for number, (price, days) in enumerate(figures)]
    chosen = offers[which % len(offers)]
    cheaper = chosen.model_copy(update={"price": euros(0)})
    before = next(each for each in rank(policy, offers) if each.offer == chosen)
    after = next(
        each for each in rank(policy, [cheaper if each is chosen else each for each in offers]) if each.offer.carrier == chosen.carrier
    )
    assert 0 <= before.score_bp <= after.score_bp <= 10_000


def test_a_choice_is_told_with_what_it_was_chosen_over() -> None:
    cheap, fast = (
        Ranked(offer=offer(code), score_bp=score, best_at=best) for code, score, best in (("DPD", 6_000, ["price"]), ("UPS", 4_050, []))
    )
    assert why([cheap, fast], cheap) == "DPD standard: score 60.0 %, best on price; next UPS standard with 40.5 %"
    assert why([cheap, fast], fast) == (
        "UPS standard: score 40.5 %, the best mix of price, time and punctuality; chosen by hand over DPD with 60.0 %"
    )
    assert why([cheap], cheap) == "DPD is the only offer"


def test_a_zone_needs_both_ends() -> None:
    few = CarrierPolicy(europe=("FR", "DE"))
    ways = [("FR", "DE"), ("DE", "FR"), ("FR", "JP"), ("JP", "FR"), ("JP", "US"), ("JP", "JP")]
    assert [few.zone(*way) for way in ways] == [RateZone.EUROPE] * 2 + [RateZone.WORLD] * 3 + [RateZone.DOMESTIC]
    assert len(POLICY.europe) == 30


@given(statuses, st.lists(statuses, max_size=5))
def test_a_parcel_moves_only_along_its_table(start: ShipmentStatus, reported: list[ShipmentStatus]) -> None:
    reports = [ParcelReport(at=NOON, status=status) for status in reported]
    end = status_after(start, reports)
    assert end in {start, *reported}
    assert status_after(start, [*reports, *reports]) is status_after(start, reports)
    if reported:
        assert status_after(start, reports[:1]) is (reported[0] if reported[0] in SHIPMENT_TRANSITIONS[start] else start)


def shipping(**more: Any) -> Decision:
    return decide_shipment(ShipPlan(order="1042", **{"packed": True, "offers": 2, "carrier": "UPS", "carrier_offers": True, **more}))


def test_a_packed_parcel_is_sent_with_a_carrier_that_takes_it() -> None:
    assert (shipping().verdict, shipping(offers=1).rule) == (Verdict.ALLOW, "shipment.create")
    assert decide_shipment(ShipPlan(order="1042", packed=True, offers=1)).rule == "shipment.create"
    assert told(shipping(packed=False)) == ("shipment.not_packed", ("pick and pack it first", "show its pick lists"))
    assert told(shipping(offers=0)) == ("shipment.no_offer", ("pack it into more parcels",))
    unfit = shipping(carrier_offers=False)
    assert told(unfit) == ("shipment.carrier_unfit", ("show the carrier quotes",))
    assert unfit.reason.startswith("UPS ")


@pytest.mark.parametrize("status", ShipmentStatus)
def test_a_shipment_is_taken_back_until_the_carrier_has_it(status: ShipmentStatus) -> None:
    decision = decide_cancel_shipment("S-1", status)
    assert sound(decision)
    if status in {"pending", "label_created"}:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "shipment.cancel_before_pickup")
    else:
        assert told(decision) == ("shipment.picked_up", ("ask the carrier to return it", "wait for its delivery and open a return"))
        assert status.replace("_", " ") in decision.reason


@pytest.mark.parametrize(("known", "given_", "fits"), [("", "1Z", 1), ("1Z", "1Z", 1), ("1Z", "", 1), ("", "", 1), ("1Z", "2Z", 0)])
def test_a_shipment_has_one_tracking_number(known: str, given_: str, fits: int) -> None:
    decision = decide_label(LabelPlan(shipment="S-1", known=known, given=given_))
    if fits:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "shipment.reported")
    else:
        assert told(decision) == ("shipment.other_label", ("cancel the shipment and create it again",))


@pytest.mark.parametrize("status", [None, *ShipmentStatus])
def test_a_carrier_reports_what_only_a_carrier_knows(status: ShipmentStatus | None) -> None:
    decision = decide_report("S-1", status)
    if status in {"pending", "cancelled"}:
        assert told(decision) == ("shipment.no_report", ("cancel the shipment",))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "shipment.reported")


@given(st.integers(0, 3), st.integers(0, 3))
def test_a_late_parcel_is_made_good_once(late: int, handled: int) -> None:
    decision = decide_late(LatePlan(order="1042", late=late, handled=min(handled, late), credit=euros(500)))
    assert sound(decision)
    if late == 0:
        assert told(decision) == ("late.not_late", ("track the order",))
    elif handled >= late:
        assert told(decision) == ("late.handled", ("open a claim against the carrier",))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "late.once_a_parcel")


def claim(**more: Any) -> ClaimPlan:
    values = {"kind": IncidentKind.DAMAGED, "status": ShipmentStatus.DELIVERED, "late": True, "photos": 1, "claimed": False, **more}
    return ClaimPlan(shipment="S-1", **{"days_since_promise": 0, "amount": euros(100), **values})


@pytest.mark.parametrize(
    ("changes", "rule", "way"),
    [
        ({"claimed": True}, "once", "list the carrier claims"),
        ({"status": ShipmentStatus.PENDING}, "not_sent", "cancel the shipment"),
        ({"status": ShipmentStatus.LABEL_CREATED}, "not_sent", "cancel the shipment"),
        ({"status": ShipmentStatus.CANCELLED}, "not_sent", "cancel the shipment"),
        ({"photos": 0}, "needs_photos", "ask the customer for photos"),
        ({"kind": IncidentKind.LATE, "late": False}, "not_late", "track the order"),
        ({"kind": IncidentKind.LOST}, "delivered", "ask the carrier for its proof"),
        ({"days_since_promise": 31}, "too_late", "ask the carrier for goodwill"),
        ({"amount": euros(0)}, "nothing", "note it on the order"),
    ],
)
def test_a_claim_that_cannot_be_made_says_why(changes: dict[str, Any], rule: str, way: str) -> None:
    assert told(decide_claim(POLICY, claim(**changes))) == (f"claim.{rule}", (way,))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"days_since_promise": 30},
        {"amount": euros(1)},
        {"kind": IncidentKind.LATE, "photos": 0},
        {"kind": IncidentKind.LOST, "status": ShipmentStatus.EXCEPTION, "photos": 0, "late": False},
        {"late": False},
    ],
)
def test_a_claim_that_can_be_made_is_opened(changes: dict[str, Any]) -> None:
    decision = decide_claim(POLICY, claim(**changes))
    assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "claim.open")


@given(of_model(POLICY), st.sampled_from(IncidentKind), statuses, st.integers(-5, 400), st.integers(0, 1), st.booleans())
def test_the_time_for_a_claim_is_the_policys(
    policy: CarrierPolicy, kind: IncidentKind, status: ShipmentStatus, days: int, photos: int, late: bool
) -> None:
    plan = claim(kind=kind, status=status, days_since_promise=days, photos=photos, late=late)
    decision = decide_claim(policy, plan)
    assert sound(decision)
    if decision.verdict is Verdict.ALLOW:
        assert days <= policy.claim_days
        assert photos or kind is not IncidentKind.DAMAGED
    last, over = (decide_claim(policy, plan.model_copy(update={"days_since_promise": policy.claim_days + more})) for more in (0, 1))
    assert last.rule != "claim.too_late"
    assert over.verdict is Verdict.DENY


@pytest.mark.parametrize("status", ClaimStatus)
@pytest.mark.parametrize("awarded", [0, 99, 100, 101])
def test_an_answer_is_recorded_once_and_for_no_more_than_was_claimed(status: ClaimStatus, awarded: int) -> None:
    decision = decide_answer(AnswerPlan(claim="C-1", status=status, amount=euros(100), awarded=euros(awarded)))
    assert sound(decision)
    if status is not ClaimStatus.OPEN:
        assert told(decision) == ("claim.decided", ("list the carrier claims",))
    elif awarded > 100:
        assert told(decision) == ("claim.cap", ("record at most €1.00",))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "claim.answer")


def test_the_other_figures_of_carriers() -> None:
    assert (POLICY.measured_days, POLICY.measured_parcels, POLICY.delivery_hour, POLICY.survey_hours) == (90, 20, 18, 24)
    assert (POLICY.price_weight, POLICY.transit_weight, POLICY.on_time_weight, POLICY.rating_weight) == (40, 30, 20, 10)
