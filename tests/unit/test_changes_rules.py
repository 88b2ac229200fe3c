"""A change of the rules is made on the newest rules, in order of time, and never looser by one person alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core.identity import Principal, Role
from core.ids import TenantId, UserId
from tools.policy.changes import ChangePlan, decide_change
from tools.policy.decision import Verdict
from tools.policy.figures import Difference

WHO = Principal(TenantId(UUID(int=1)), UserId(UUID(int=1)), Role.OWNER)
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def difference(loosens: bool) -> Difference:
    return Difference(path="a.b", label="A, b", before="1", after="" if loosens else "2", loosens=loosens)


def plan(loosens: bool = False, **more: Any) -> ChangePlan:
    values = {"based_on": 3, "in_force": 3, "newest": 3, "now": NOW, "differences": [difference(loosens)], **more}
    return ChangePlan(**values)


def rule(**more: Any) -> str:
    return decide_change(plan(**more), WHO).rule


def test_each_case_has_its_rule() -> None:
    assert rule() == "policy.confirm"
    assert rule(loosens=True) == "policy.loosens"
    assert rule(based_on=2) == "policy.stale"
    assert rule(differences=[]) == "policy.nothing_to_change"
    assert rule(effective_at=NOW - timedelta(microseconds=1)) == "policy.past"
    assert rule(effective_at=NOW) == "policy.confirm"


def test_a_planned_version_is_followed_or_dropped_but_not_overtaken() -> None:
    planned = {"newest": 4, "newest_effective_at": NOW + DAY}
    early = decide_change(plan(based_on=4, **planned), WHO)
    assert (early.rule, early.allowed) == (
        "policy.out_of_order",
        ("let it take effect on 2026-11-19 or later", "base it on version 3, which drops the planned version 4"),
    )
    assert rule(based_on=4, effective_at=NOW + DAY, **planned) == "policy.confirm"
    assert rule(based_on=4, effective_at=NOW + DAY - timedelta(seconds=1), **planned) == "policy.out_of_order"
    assert rule(based_on=3, **planned) == "policy.confirm"
    assert rule(based_on=4, in_force=4, **planned) == "policy.confirm", "what is in force is no plan any more"


def test_whoever_decides_sees_the_figures_and_what_is_dropped() -> None:
    preview = decide_change(plan(loosens=True, newest=5, newest_effective_at=NOW + DAY, effective_at=NOW + DAY), WHO).preview
    assert preview is not None
    assert preview.rows == (
        ("Version", "6, based on 3"),
        ("Takes effect", "19 November 2026, 12:00 UTC"),
        ("Never takes effect", "version 4, version 5"),
        ("A, b", "1 -> none"),
    )
    simple = decide_change(plan(), WHO).preview
    assert simple is not None
    assert simple.rows == (("Version", "4, based on 3"), ("Takes effect", "at once"), ("A, b", "1 -> 2"))
    added = decide_change(plan(differences=[Difference(path="a", label="A", before="", after="2", loosens=False)]), WHO).preview
    assert added is not None
    assert added.rows[-1] == ("A", "none -> 2")


def test_one_figure_that_gives_more_away_is_enough() -> None:
    assert rule(differences=[difference(False), difference(True)]) == "policy.loosens"


def test_the_new_version_says_when_it_begins() -> None:
    assert (plan().begins, plan(effective_at=NOW + DAY).begins) == (NOW, NOW + DAY)
    assert (plan().version, list(plan().dropped), list(plan(newest=5).dropped)) == (4, [], [4, 5])


@given(
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 6),
    st.lists(st.booleans(), max_size=4),
    st.none() | st.integers(-3, 3),
    st.none() | st.integers(-3, 3),
)
def test_loosening_always_has_a_second_person(
    based_on: int, in_force: int, ahead: int, loosens: list[bool], begins: int | None, planned: int | None
) -> None:
    decision = decide_change(
        plan(
            based_on=based_on,
            in_force=in_force,
            newest=in_force + ahead,
            differences=[difference(each) for each in loosens],
            effective_at=None if begins is None else NOW + begins * DAY,
            newest_effective_at=None if planned is None else NOW + planned * DAY,
        ),
        WHO,
    )
    assert decision.verdict is not Verdict.ALLOW
    if decision.verdict is Verdict.DENY:
        assert decision.allowed
    else:
        assert based_on in {in_force, in_force + ahead}
        assert (decision.verdict is Verdict.NEEDS_APPROVAL) is any(loosens)
        assert decision.four_eyes is any(loosens)
