"""Who approves is a figure of the policy; what a rule itself asks for is never lost."""

from hypothesis import given
from hypothesis import strategies as st

from core.identity import Role
from tests.support.policies import of_model
from tools.policy.approvals import ApprovalPolicy, Approver
from tools.policy.decision import Decision, Preview, allow, approve, confirm, deny

SHOWN = Preview(title="Refund")
POLICY = ApprovalPolicy()


def test_an_approval_gets_the_approver_of_its_rule() -> None:
    strict = ApprovalPolicy(approvers={"refund.over_limit": Approver(role="owner", four_eyes=True)})
    found = strict.applied(approve("refund.over_limit", "", SHOWN))
    assert (found.role, found.four_eyes, found.preview) == (Role.OWNER, True, SHOWN)
    assert isinstance(found.role, Role)
    assert strict.applied(approve("other.rule", "", SHOWN)) == approve("other.rule", "", SHOWN)


def test_four_eyes_of_the_rule_stay_where_the_policy_asks_for_none() -> None:
    assert POLICY.applied(approve("refund.over_limit", "", SHOWN, four_eyes=True)).four_eyes
    assert not POLICY.applied(approve("refund.over_limit", "", SHOWN)).four_eyes


def test_a_new_shop_has_these_approvers() -> None:
    assert {
        rule: (each.role, each.four_eyes) for rule, each in POLICY.approvers.items() if (each.role, each.four_eyes) != ("manager", False)
    } == {
        "purchase.over_limit": ("owner", False),
        "policy.loosens": ("manager", True),
    }
    assert POLICY.valid_days == 7


@given(of_model(POLICY), st.sampled_from([*POLICY.approvers, "x"]))
def test_nothing_but_an_approval_is_touched(policy: ApprovalPolicy, rule: str) -> None:
    decisions: list[Decision] = [allow(rule), deny(rule, "No."), confirm(rule, "Sure?", SHOWN)]
    assert [policy.applied(each) for each in decisions] == decisions
    applied = policy.applied(approve(rule, "", SHOWN, four_eyes=True))
    assert applied.four_eyes
    assert applied.role in {Role.MANAGER, Role.OWNER}
