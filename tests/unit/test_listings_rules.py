"""What channels require, how suggestions earn trust within their bounds, and that people decide what leaves for a channel."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Role
from core.selling import RULE_TRANSITIONS, RuleStatus
from core.statuses import IssueType
from tests.support.policies import of_model
from tests.support.rules import STAFF, euros, shown, sound, told
from tools.policy.decision import Verdict
from tools.policy.listings import (
    FixPlan,
    ListingsPolicy,
    PushTally,
    ReplyPlan,
    decide_bulk_listings,
    decide_connected,
    decide_fix,
    decide_reply,
    decide_revoke_rule,
    problems,
    suspicious_price,
)

POLICY = ListingsPolicy()
REQUIRED = {
    "amazon": "title description price brand category images",
    "ebay": "title description price category return_policy",
    "cdiscount": "title description price brand category images",
    "backmarket": "title price quantity description brand",
    "refurbed": "title price quantity description brand",
    "mirakl": "product_id title price quantity lead_time",
    "shopify": "title price inventory_quantity",
    "woocommerce": "title price description",
    "magento": "title price description sku",
    "bigcommerce": "title price category",
    "prestashop": "title price quantity",
    "opencart": "title price quantity description",
    "elsewhere": "title price",
}
confidences = st.integers(0, 100)


@pytest.mark.parametrize(("channel", "fields"), REQUIRED.items())
def test_a_channel_requires_these_fields(channel: str, fields: str) -> None:
    assert POLICY.required(channel) == fields.split()


def test_a_listing_that_lacks_nothing_has_no_problem_and_each_lack_is_one() -> None:
    whole = dict.fromkeys(REQUIRED["mirakl"].split(), "1")
    assert problems(POLICY, "mirakl", whole, euros(10), euros(10), 0) == []
    for name in whole:
        for empty in ({}, {name: ""}, {name: None}, {name: []}):
            found = problems(POLICY, "mirakl", {**{k: v for k, v in whole.items() if k != name}, **empty}, euros(10), euros(10), 0)
            assert [(each.type, each.field) for each in found] == [(IssueType.MISSING_REQUIRED_FIELD, name)]
            assert found[0].message == f"mirakl requires {name.replace('_', ' ')}."


def kinds(channel: str = "elsewhere", price: int = 100, oversold: int = 0, **fields: Any) -> list[tuple[str, str]]:
    found = problems(POLICY, channel, {"title": "Tee", "price": "1.00", **fields}, euros(price), euros(100), oversold)
    return [(each.type.value, each.field) for each in found]


def test_each_problem_begins_exactly_at_its_border() -> None:
    assert kinds(title="x" * 200) == []
    assert kinds(title="x" * 201) == [("invalid_format", "title")]
    assert (POLICY.title_most("ebay"), POLICY.title_most("amazon")) == (80, 200)
    assert kinds(price=99) == [("business_rule_violation", "price")]
    assert kinds(oversold=1) == [("business_rule_violation", "quantity")]
    assert [kinds(price=each) for each in (100, 101)] == [[], []]


@pytest.mark.parametrize(
    ("price", "fits"), [("12.50", True), ("12,5", True), (12, True), ("12.3456", False), ("€12", False), ("1e2", False)]
)
def test_a_price_is_a_number(price: object, fits: bool) -> None:
    assert (problems(POLICY, "elsewhere", {"title": "Tee", "price": price}, euros(1), euros(1), 0) == []) is fits


def test_trust_grows_and_falls_by_its_steps() -> None:
    assert [POLICY.approved(each) for each in (65, 84, 85, 99, 5)] == [80, 99, 99, 99, 20]
    assert [POLICY.rejected(each) for each in (65, 30, 29, 10)] == [45, 10, 10, 10]
    assert [POLICY.within(each) for each in (9, 10, 99, 100)] == [10, 10, 99, 99]
    assert POLICY.first_confidence == 65


@given(of_model(POLICY), confidences)
def test_trust_stays_in_its_bounds_and_goes_the_right_way(policy: ListingsPolicy, confidence: int) -> None:
    before = policy.within(confidence)
    assert policy.least <= policy.rejected(confidence) <= before <= policy.approved(confidence) <= policy.surest
    assert policy.within(before) == before
    if before == confidence:
        assert policy.approved(confidence) - confidence <= policy.approved_step
        assert confidence - policy.rejected(confidence) <= policy.rejected_step


@given(of_model(POLICY), st.sampled_from(RuleStatus), st.integers(0, 99))
def test_a_correction_applies_by_itself_from_its_confidence_on_and_never_when_revoked(
    policy: ListingsPolicy, status: RuleStatus, confidence: int
) -> None:
    found = policy.status_of(confidence, status)
    if status is RuleStatus.REVOKED:
        assert found is RuleStatus.REVOKED
    else:
        assert found is (RuleStatus.ACTIVE if confidence >= policy.learned_from else RuleStatus.SUGGESTED)


def test_a_correction_is_learned_at_eighty() -> None:
    assert [POLICY.status_of(each, RuleStatus.SUGGESTED) for each in (79, 80)] == [RuleStatus.SUGGESTED, RuleStatus.ACTIVE]


def fix(confidence: int = 65, before: str = "", *, approves: bool = True) -> FixPlan:
    return FixPlan(
        sku="TEE",
        title="Tee",
        channel="ebay",
        field="return_policy",
        before=before,
        after="30 days",
        approves=approves,
        confidence=confidence,
    )


def test_a_suggestion_is_published_by_a_manager_and_refused_by_anybody() -> None:
    assert decide_fix(POLICY, fix(approves=False), STAFF).rule == "listing.fix_rejected"
    decision = decide_fix(POLICY, fix(), STAFF)
    assert (decision.verdict, decision.rule, decision.role) == (Verdict.NEEDS_APPROVAL, "listing.publish", Role.MANAGER)
    assert shown(decision) == (
        ("Listing", "Tee (TEE)"),
        ("Channel", "ebay"),
        ("return policy", "empty -> 30 days"),
        ("Confidence", "65 % -> 80 %, applies by itself from then on"),
    )
    assert shown(decide_fix(POLICY, fix(64, "14 days"), STAFF))[2:] == (
        ("return policy", "14 days -> 30 days"),
        ("Confidence", "64 % -> 79 %"),
    )


@pytest.mark.parametrize("status", RuleStatus)
def test_what_applies_by_itself_can_be_taken_back(status: RuleStatus) -> None:
    decision = decide_revoke_rule("C-1", status)
    if RuleStatus.REVOKED in RULE_TRANSITIONS[status]:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "listing.revoke_rule")
    else:
        assert told(decision) == ("listing.rule_not_active", ("show the correction rules",))


def test_an_answer_to_a_buyer_is_looked_at_where_the_shop_wants_it() -> None:
    plan = ReplyPlan(channel="ebay", conversation="C-1", text="Hello")
    decision = decide_reply(POLICY, plan, STAFF)
    assert (decision.verdict, decision.rule, decision.role) == (Verdict.NEEDS_APPROVAL, "channel.reply", Role.STAFF)
    assert shown(decision) == (("Channel", "ebay"), ("Conversation", "C-1"), ("Answer", "Hello"))
    assert decide_reply(ListingsPolicy(replies_approved=False), plan, STAFF).rule == "channel.reply_at_once"


def test_nothing_leaves_for_a_channel_that_is_not_connected() -> None:
    assert (decide_connected("ebay", True, "channel.push").verdict, decide_connected("ebay", True, "channel.push").rule) == (
        Verdict.ALLOW,
        "channel.push",
    )
    assert told(decide_connected("ebay", False, "channel.push")) == ("channel.not_connected", ("connect the channel first",))


def test_a_tally_counts_what_changes_and_shows_five() -> None:
    tally = PushTally()
    for number in range(7):
        tally.add("ebay" if number % 2 else "amazon", f"S-{number}", "price")
    tally.add("ebay", "S-7", "")
    tally.add("ebay", "S-8", "price", below_floor=True)
    assert (tally.selected, tally.changed, tally.below_floor) == (9, 7, 1)
    assert tally.by_channel == {"amazon": 4, "ebay": 3}
    assert tally.examples == [f"S-{number} on {'ebay' if number % 2 else 'amazon'}: price" for number in range(5)]


def tallied(selected: int, changed: int, below_floor: int = 0) -> PushTally:
    examples = [f"E-{number}" for number in range(4)]
    return PushTally(selected=selected, changed=changed, below_floor=below_floor, by_channel={"ebay": 1, "amazon": 2}, examples=examples)


def test_a_bulk_change_of_listings_at_each_border() -> None:
    def rule(*counts: int) -> str:
        return decide_bulk_listings(5, 10, "Push", tallied(*counts)).rule

    assert [rule(10, 5), rule(10, 6), rule(11, 5)] == ["listing.bulk_within_limit", "listing.bulk", "listing.bulk_too_many"]
    assert told(decide_bulk_listings(5, 10, "Push", tallied(0, 0))) == (
        "listing.nothing_selected",
        ("name a channel, category, brand or SKU",),
    )
    assert told(decide_bulk_listings(5, 10, "Push", tallied(11, 5)))[1] == ("narrow the selection",)
    nothing = decide_bulk_listings(5, 10, "Push", tallied(3, 0))
    assert told(nothing) == ("listing.nothing_to_change", ("ask for another change",))
    assert nothing.reason.endswith("would change.")
    assert decide_bulk_listings(5, 10, "Push", tallied(3, 0, 2)).reason.endswith("would change. 2 would fall below their floor.")


def test_whoever_approves_many_sees_how_many_where_and_some_of_them() -> None:
    decision = decide_bulk_listings(0, 10, "Push", tallied(9, 3, 2))
    assert (decision.verdict, decision.role) == (Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(decision) == (
        ("Change", "Push"),
        ("Listings", "9 selected, 3 change, 2 left alone below their floor"),
        ("Channels", "amazon 2, ebay 1"),
        ("Such as", "E-0"),
        ("Such as", "E-1"),
        ("Such as", "E-2"),
    )


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(0, 20))
def test_more_listings_are_never_decided_more_easily(at_once: int, most: int, selected: int, changed: int) -> None:
    decision = decide_bulk_listings(at_once, most, "Push", tallied(selected, min(changed, selected)))
    assert sound(decision)
    if decision.verdict is Verdict.ALLOW:
        assert 0 < min(changed, selected) <= at_once
        assert selected <= most


@given(of_model(POLICY), st.integers(0, 5_000), st.integers(0, 5_000))
def test_a_channels_price_is_looked_at_below_its_tolerance(policy: ListingsPolicy, sold: int, listed: int) -> None:
    assert suspicious_price(policy, euros(sold), euros(listed)) is (sold * 100 < listed * (100 - policy.price_tolerance))
    assert not suspicious_price(policy, euros(listed), euros(listed))


def test_ten_per_cent_cheaper_is_taken() -> None:
    assert [suspicious_price(POLICY, euros(sold), euros(1_000)) for sold in (899, 900, 1_000)] == [True, False, False]
