"""What a rule can say."""

from core.identity import Role
from tools.policy.decision import Preview, Verdict, allow, approve, confirm, deny

SHOWN = Preview(title="Change", rows=(("Order", "1"),))


def test_each_verdict_carries_what_its_reader_needs() -> None:
    assert (allow("a.b").verdict, allow("a.b").rule, allow("a.b").preview) == (Verdict.ALLOW, "a.b", None)
    refused = deny("a.b", "No.", "one", "two")
    assert (refused.verdict, refused.rule, refused.reason, refused.allowed) == (Verdict.DENY, "a.b", "No.", ("one", "two"))
    asked = confirm("a.b", "Sure?", SHOWN)
    assert (asked.verdict, asked.rule, asked.reason, asked.preview, asked.role) == (Verdict.NEEDS_CONFIRMATION, "a.b", "Sure?", SHOWN, None)
    waits = approve("a.b", "Why.", SHOWN)
    assert (waits.verdict, waits.rule, waits.reason, waits.preview) == (Verdict.NEEDS_APPROVAL, "a.b", "Why.", SHOWN)
    assert (waits.role, waits.four_eyes) == (Role.MANAGER, False)
    assert (approve("a.b", "", SHOWN, role=Role.OWNER, four_eyes=True).role, approve("a.b", "", SHOWN, four_eyes=True).four_eyes) == (
        Role.OWNER,
        True,
    )


def test_no_refusal_is_without_a_way_out() -> None:
    assert deny("a.b", "No.").allowed == ("open a ticket",)


def test_words_are_what_is_stored() -> None:
    assert [each.value for each in Verdict] == ["allow", "deny", "needs_confirmation", "needs_approval"]
    assert (allow("a").reason, allow("a").four_eyes, allow("a").allowed) == ("", False, ())
