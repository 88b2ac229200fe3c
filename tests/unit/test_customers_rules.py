"""Customers change their own data, staff what needs a look, and a person is forgotten when nothing is open."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Principal, Role
from tests.support.policies import of_model
from tests.support.rules import CUSTOMER, OWNER, STAFF, shown, sound, told
from tools.policy.customers import (
    AddressChange,
    ConsentPlan,
    CustomerPolicy,
    ErasurePlan,
    ProfilePlan,
    SegmentPlan,
    decide_address,
    decide_consent,
    decide_erasure,
    decide_note,
    decide_profile,
    decide_segment,
)
from tools.policy.decision import Decision, Verdict

POLICY = CustomerPolicy()
people = st.sampled_from([CUSTOMER, STAFF])


def profile(who: Principal = CUSTOMER, **more: Any) -> Decision:
    values = {"changes": [("Name", "Ana", "Anna")], "changes_email": False, "email_taken": False, "erased": False, **more}
    return decide_profile(ProfilePlan(customer="Ana", **values), who)


def test_a_customer_confirms_a_change_and_staff_make_it() -> None:
    decision = profile(changes=[("Name", "Ana", "Anna"), ("Phone", "", "+33 1")])
    assert (decision.verdict, decision.rule) == (Verdict.NEEDS_CONFIRMATION, "profile.confirm")
    assert shown(decision) == (("Name", "Ana -> Anna"), ("Phone", "none -> +33 1"))
    assert (profile(STAFF).verdict, profile(STAFF).rule) == (Verdict.ALLOW, "profile.staff")


def test_each_refusal_of_a_profile_has_its_way_out() -> None:
    assert told(profile(erased=True)) == ("profile.erased", ("find another customer",))
    assert told(profile(changes=[])) == ("profile.nothing_to_change", ("show the profile",))
    assert told(profile(changes_email=True)) == ("profile.email_by_staff", ("open a ticket and we change it with you",))
    assert told(profile(STAFF, email_taken=True)) == ("profile.email_taken", ("show the customer with this address",))
    assert profile(STAFF, changes_email=True).rule == "profile.staff"


@given(people, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_only_staff_change_how_somebody_signs_in(who: Principal, changes: bool, email: bool, taken: bool, erased: bool) -> None:
    decision = profile(who, changes=[("Name", "a", "b")] * changes, changes_email=email, email_taken=taken, erased=erased)
    assert sound(decision)
    refused = erased or not changes or (email and who.is_customer) or taken
    assert (decision.verdict is Verdict.DENY) is refused


def address(who: Principal, old: str, new: str, count: int = 1, *, known: bool = False) -> Decision:
    return decide_address(POLICY, AddressChange(old=old, new=new, count=count, known=known), who)


def test_an_address_is_added_freely_and_a_customer_confirms_what_goes() -> None:
    assert address(CUSTOMER, "", "Rome").rule == "address.book"
    assert address(STAFF, "Oslo", "Rome").rule == "address.book"
    changed, removed = address(CUSTOMER, "Oslo", "Rome"), address(CUSTOMER, "Oslo", "")
    assert (changed.verdict, changed.rule) == (Verdict.NEEDS_CONFIRMATION, "address.book_confirm")
    assert shown(changed) == (("Address", "Oslo"), ("New address", "Rome"))
    assert shown(removed) == (("Address", "Oslo"),)
    assert [each.preview and each.preview.title for each in (changed, removed)] == ["Change an address", "Remove an address"]


def test_an_address_book_has_each_address_once_and_ends() -> None:
    assert told(address(CUSTOMER, "", "Rome", known=True)) == ("address.known", ("show the profile",))
    assert told(address(CUSTOMER, "Oslo", "Rome", known=True))[0] == "address.known"
    assert address(CUSTOMER, "Oslo", "", known=True).rule == "address.book_confirm"
    assert [address(STAFF, "", "Rome", count).rule for count in (19, 20)] == ["address.book", "address.too_many"]
    assert told(address(STAFF, "", "Rome", 20))[1] == ("remove an address first",)
    assert address(STAFF, "Oslo", "Rome", 20).rule == "address.book"


@given(of_model(POLICY), people, st.integers(0, 250), st.booleans(), st.booleans(), st.booleans())
def test_no_book_grows_beyond_its_limit(policy: CustomerPolicy, who: Principal, count: int, known: bool, old: bool, new: bool) -> None:
    decision = decide_address(policy, AddressChange(old="Oslo" * old, new="Rome" * new, count=count, known=known), who)
    assert sound(decision)
    if not old and decision.verdict is not Verdict.DENY:
        assert count < policy.addresses_at_most


@pytest.mark.parametrize(("granted", "current"), [(True, True), (False, False), (True, False), (False, True), (True, None), (False, None)])
def test_an_answer_to_a_purpose_is_taken_when_it_is_new(granted: bool, current: bool | None) -> None:
    decision = decide_consent(ConsentPlan(purpose="email_marketing", granted=granted, current=current), CUSTOMER)
    if granted is current:
        assert told(decision) == ("consent.nothing_to_change", ("show the profile",))
        assert decision.reason == f"Consent to email marketing is already {'given' if granted else 'withheld'}."
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "consent.customer_decides")


def segment(**more: Any) -> Decision:
    values = {"by_rule": False, "exists": True, "create": False, "member": False, "remove": False, "others": ["vip"], **more}
    return decide_segment(SegmentPlan(segment="press", **values))


def test_members_of_a_segment_are_put_in_and_taken_out_by_hand() -> None:
    assert [segment().rule, segment(member=True, remove=True).rule, segment(exists=False, create=True).rule] == ["segment.by_hand"] * 3
    assert told(segment(by_rule=True)) == ("segment.by_rule", ("use vip", "make a segment by hand"))
    assert told(segment(exists=False)) == ("segment.unknown", ("use vip", "create it"))
    assert told(segment(exists=False, create=True, remove=True))[0] == "segment.unknown"
    inside, outside = segment(member=True), segment(remove=True)
    assert told(inside) == told(outside) == ("segment.nothing_to_change", ("list the segments",))
    assert ("already in" in inside.reason, "is not in" in outside.reason) == (True, True)


@given(*[st.booleans()] * 5)
def test_a_change_of_a_segment_changes_something(by_rule: bool, exists: bool, create: bool, member: bool, remove: bool) -> None:
    decision = segment(by_rule=by_rule, exists=exists, create=create, member=member, remove=remove)
    assert sound(decision)
    there = exists or (create and not remove)
    assert (decision.verdict is Verdict.ALLOW) is (not by_rule and there and member is remove)


def erasure(**more: Any) -> Decision:
    values = {"erased": False, "open_orders": [], "open_returns": [], "pending_refunds": 0, "rows": {}, "kept": {}, **more}
    return decide_erasure(ErasurePlan(customer="Ana", email="ana@mail.example", **values), OWNER)


def test_the_owner_sees_what_goes_and_what_stays() -> None:
    decision = erasure(rows={"addresses": 2, "notes": 0}, kept={"orders": 1, "returns": 0})
    assert (decision.verdict, decision.rule, decision.role) == (Verdict.NEEDS_APPROVAL, "erasure.approval", Role.OWNER)
    assert shown(decision) == (
        ("Customer", "Ana (ana@mail.example)"),
        ("Removed: addresses", "2"),
        ("Kept without personal data: orders", "1"),
        ("Afterwards", "It cannot be undone."),
    )


def test_nobody_is_forgotten_while_something_is_open() -> None:
    assert told(erasure(erased=True)) == ("erasure.done", ("nothing has to be done",))
    refused = erasure(open_orders=["1", "2"], open_returns=["R-1"], pending_refunds=1)
    assert told(refused) == ("erasure.open_business", ("settle or cancel what is open, then ask again",))
    assert refused.reason == "Something is still open: order 1, order 2, return R-1, 1 pending refunds."
    assert erasure(open_orders=list("123456789")).reason.count("order") == 8


@given(st.booleans(), st.lists(st.just("1"), max_size=2), st.lists(st.just("R-1"), max_size=2), st.integers(0, 2))
def test_a_person_is_forgotten_only_by_the_owner_and_once(erased: bool, orders: list[str], returns: list[str], refunds: int) -> None:
    decision = erasure(erased=erased, open_orders=orders, open_returns=returns, pending_refunds=refunds)
    assert sound(decision)
    assert (decision.verdict is Verdict.NEEDS_APPROVAL) is (not erased and not orders and not returns and not refunds)


def test_a_contact_is_written_down() -> None:
    assert (decide_note(None, STAFF).verdict, decide_note(None, STAFF).rule) == (Verdict.ALLOW, "customer.record")
    assert (POLICY.addresses_at_most, POLICY.export_days) == (20, 30)
