"""Changing the policy itself: on the newest rules, in order of time, and never looser by one person alone."""

from datetime import datetime

from pydantic import BaseModel

from core.identity import Principal, Role
from tools.policy.decision import Decision, Preview, approve, confirm, deny
from tools.policy.figures import Difference


class ChangePlan(BaseModel):
    """A new version of the policy before it is stored."""

    based_on: int
    """The version that the author looked at."""
    in_force: int
    newest: int
    """The newest version, in force or planned."""
    newest_effective_at: datetime | None = None
    effective_at: datetime | None = None
    """When it is to take effect; at once when left out."""
    now: datetime
    differences: list[Difference]
    """What it changes in the version that it is based on."""

    @property
    def version(self) -> int:
        """The number that the new version gets."""
        return self.newest + 1

    @property
    def begins(self) -> datetime:
        """When the new version takes effect."""
        return self.effective_at or self.now

    @property
    def dropped(self) -> range:
        """Planned versions that never take effect, because this one replaces them."""
        return range(self.based_on + 1, self.newest + 1)


def decide_change(plan: ChangePlan, _principal: Principal) -> Decision:
    """Decide on a change of the rules; its author confirms it, and somebody else approves what gives more away."""
    if plan.based_on not in {plan.in_force, plan.newest}:
        reason = f"Version {plan.based_on} is not the newest any more: version {plan.in_force} is in force."
        return deny("policy.stale", reason, f"look at the rules again and base the change on version {plan.newest}")
    if not plan.differences:
        return deny("policy.nothing_to_change", f"Version {plan.based_on} already says so.", "show the rules in force")
    if plan.effective_at is not None and plan.effective_at < plan.now:
        return deny("policy.past", "A rule cannot take effect in the past.", "leave the time out, and it takes effect at once")
    planned = plan.newest_effective_at
    if plan.based_on == plan.newest != plan.in_force and planned is not None and plan.begins < planned:
        return deny(
            "policy.out_of_order",
            f"Version {plan.newest}, which this is based on, takes effect only on {_at(planned)}.",
            f"let it take effect on {planned:%Y-%m-%d} or later",
            f"base it on version {plan.in_force}, which drops the planned version {plan.newest}",
        )
    rows = [("Version", f"{plan.version}, based on {plan.based_on}"), ("Takes effect", _at(plan.effective_at))]
    if plan.dropped:
        rows.append(("Never takes effect", ", ".join(f"version {version}" for version in plan.dropped)))
    rows += [(each.label, f"{each.before or 'none'} -> {each.after or 'none'}") for each in plan.differences]
    preview = Preview(title="Change the shop's rules", rows=tuple(rows))
    if any(each.loosens for each in plan.differences):
        reason = "It gives more away, or lets fewer people look, so a second person approves it."
        return approve("policy.loosens", reason, preview, role=Role.MANAGER, four_eyes=True)
    return confirm("policy.confirm", "Please check the new rules.", preview)


def _at(instant: datetime | None) -> str:
    return f"{instant:%d %B %Y, %H:%M} UTC" if instant else "at once"
