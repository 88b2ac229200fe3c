"""Alerts: how long one lasts, and who may put it aside."""

from pydantic import BaseModel, ConfigDict, Field

from core.statuses import ALERT_TRANSITIONS, AlertStatus
from tools.policy.decision import Decision, allow, deny


class AlertPolicy(BaseModel):
    """How long alerts last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expires_days: int = Field(default=7, ge=1, le=90)
    """An alert that is not raised again for this long is over."""


class AlertPlan(BaseModel):
    """An alert that somebody wants to put aside."""

    number: str
    status: AlertStatus
    wanted: AlertStatus
    expired: bool


def decide_alert(plan: AlertPlan) -> Decision:
    """Decide on a change of an alert's status."""
    if plan.expired:
        return deny(
            "alert.expired", f"Alert {plan.number} has expired; nothing has to be done about it.", "list the alerts that are active"
        )
    if plan.wanted not in ALERT_TRANSITIONS[plan.status]:
        ways = ", ".join(sorted(ALERT_TRANSITIONS[plan.status])) or "nothing: it is final"
        reason = f"Alert {plan.number} is {plan.status} and cannot become {plan.wanted}; from here it can become: {ways}."
        return deny("alert.transition", reason, "list the alerts that are active")
    return allow("alert.handle")
