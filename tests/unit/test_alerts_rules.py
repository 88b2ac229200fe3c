"""An alert moves as its table says, and one that is over is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from core.statuses import ALERT_TRANSITIONS, AlertStatus
from tests.support.rules import sound, told
from tools.policy.alerts import AlertPlan, AlertPolicy, decide_alert
from tools.policy.decision import Verdict


def plan(status: AlertStatus, wanted: AlertStatus, *, expired: bool = False) -> AlertPlan:
    return AlertPlan(number="A-1", status=status, wanted=wanted, expired=expired)


def test_each_refusal_says_why_and_where_to_look() -> None:
    ways = ("list the alerts that are active",)
    assert told(decide_alert(plan(AlertStatus.ACTIVE, AlertStatus.RESOLVED, expired=True))) == ("alert.expired", ways)
    refused = decide_alert(plan(AlertStatus.ACKNOWLEDGED, AlertStatus.ACKNOWLEDGED))
    assert told(refused) == ("alert.transition", ways)
    assert "from here it can become: active, resolved, suppressed." in refused.reason
    assert "it can become: nothing: it is final." in decide_alert(plan(AlertStatus.RESOLVED, AlertStatus.ACTIVE)).reason
    assert AlertPolicy().expires_days == 7


@given(st.sampled_from(AlertStatus), st.sampled_from(AlertStatus), st.booleans())
def test_only_what_the_table_lists_happens_to_an_alert_that_stands(status: AlertStatus, wanted: AlertStatus, expired: bool) -> None:
    decision = decide_alert(plan(status, wanted, expired=expired))
    assert sound(decision)
    assert (decision.verdict is Verdict.ALLOW) is (wanted in ALERT_TRANSITIONS[status] and not expired)
    assert decision.rule == ("alert.expired" if expired else "alert.handle" if decision.verdict is Verdict.ALLOW else "alert.transition")
