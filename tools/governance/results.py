"""What the governance tools give back."""

from datetime import datetime
from enum import StrEnum
from itertools import groupby

from pydantic import BaseModel

from tools.phrases import bullets, day, listing, plural
from tools.policy.figures import Difference
from tools.result import Result

_SHOWN = 12


class RuleShown(BaseModel):
    """One figure; `path` is what `change_policy` takes."""

    path: str
    label: str
    value: str


class RulesShown(Result):
    """The rules in force, of one area or of all."""

    version: int
    since: datetime | None
    """None while the defaults hold."""
    planned: list[int]
    """Versions that take effect later."""
    rules: list[RuleShown]

    def text(self) -> str:
        """List one line an area."""
        since = f", in force since {day(self.since)}" if self.since else ""
        lines: list[str] = []
        for area, group in groupby(self.rules, lambda rule: rule.label.split(",")[0]):
            lines.append(f"**{area}**: " + "; ".join(f"{rule.label.partition(', ')[2]} {rule.value}" for rule in group))
        planned = [f"Planned: {', '.join(f'version {each}' for each in self.planned)}."] if self.planned else []
        return "\n".join([f"Version {self.version} of the rules{since}:", *bullets(lines), *planned])


class VersionState(StrEnum):
    """Whether a version holds."""

    IN_FORCE = "in_force"
    PLANNED = "planned"
    PAST = "past"
    NEVER = "never"
    """Replaced before its time came."""


class VersionShown(BaseModel):
    """One version without its rules."""

    version: int
    based_on: int
    author: str
    note: str
    created_at: datetime
    effective_at: datetime
    state: VersionState

    @property
    def shown(self) -> str:
        """The version on one line."""
        note = f": {self.note}" if self.note else ""
        return f"Version {self.version} ({self.state.replace('_', ' ')}, from {day(self.effective_at)}), by {self.author}{note}"


class PolicyHistory(Result):
    """Versions of the rules, the newest first."""

    total: int
    versions: list[VersionShown]

    def text(self) -> str:
        """Return one line a version."""
        if not self.versions:
            return "The rules were never changed: the defaults hold."
        return listing(f"{plural(self.total, 'version')} of the rules:", [each.shown for each in self.versions[:_SHOWN]], self.total)


class PolicyDiff(Result):
    """What two versions do not share."""

    before: int
    after: int
    differences: list[Difference]

    def text(self) -> str:
        """Return one line a figure."""
        if not self.differences:
            return f"Versions {self.before} and {self.after} say the same."
        head = f"Version {self.after} differs from version {self.before} in {plural(len(self.differences), 'figure')}:"
        return listing(head, [each.words for each in self.differences[:30]], len(self.differences))


class PolicyChanged(Result):
    """A new version of the rules."""

    version: int
    based_on: int
    effective_at: datetime
    at_once: bool
    dropped: list[int]
    differences: list[Difference]

    def text(self) -> str:
        """Return when it takes effect and what it changes."""
        begins = "in force now" if self.at_once else f"in force from {self.effective_at:%d %B %Y, %H:%M} UTC"
        lines = [f"**Version {self.version}** of the rules is {begins}.", *bullets(each.words for each in self.differences[:_SHOWN])]
        if self.dropped:
            lines.append(f"It replaces what was planned: {', '.join(f'version {each}' for each in self.dropped)}.")
        return "\n".join(lines)


class Shift(BaseModel):
    """How many calls of a tool would have been decided otherwise, and how."""

    tool: str
    before: str
    after: str
    count: int

    @property
    def shown(self) -> str:
        """The shift on one line."""
        return f"{self.count} x {self.tool.replace('_', ' ')}: {self.before} -> {self.after}"


class Example(BaseModel):
    """A call that would have been decided otherwise; `about` is its order, return or item."""

    at: datetime
    tool: str
    about: str
    before: str
    after: str

    @property
    def shown(self) -> str:
        """The example on one line."""
        return f"{day(self.at)}, {self.tool.replace('_', ' ')}{f' {self.about}' if self.about else ''}: {self.before} -> {self.after}"


class DryRun(Result):
    """What would have been decided under other rules."""

    under: str
    """Which rules were tried out."""
    days: int
    decisions: int
    """Decisions of the period."""
    retaken: int
    """The newest of them, decided again."""
    different: int
    shifts: list[Shift]
    examples: list[Example]
    unreadable: int
    """Decisions that lack what today's rules need."""
    drifted: int
    """Decisions that today's release would take otherwise even under their own rules."""

    def text(self) -> str:
        """Return how many decisions would differ, how, and examples."""
        if not self.decisions:
            return f"Nothing was decided in the last {plural(self.days, 'day')}, so there is nothing to compare with {self.under}."
        head = (
            f"Under {self.under}, **{self.different}** of {plural(self.retaken, 'decision')} "
            f"of the last {plural(self.days, 'day')} would differ."
        )
        lines = [head, *bullets(shift.shown for shift in self.shifts[:_SHOWN])]
        if self.examples:
            lines += ["", "For example:", *bullets(example.shown for example in self.examples)]
        if self.decisions > self.retaken + self.unreadable:
            lines.append(f"Only the newest {self.retaken + self.unreadable} of {self.decisions} decisions were looked at.")
        if self.unreadable:
            lines.append(f"{plural(self.unreadable, 'decision')} could not be taken again.")
        return "\n".join(lines)
