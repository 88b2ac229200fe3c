"""Knowledge: how many files a store may add, and when what customers read needs a second look."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.knowing import Visibility
from tools.policy.decision import Decision, Preview, allow, confirm, deny


class KnowledgePolicy(BaseModel):
    """What a store may add to its knowledge."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_files: int = Field(default=1000, ge=1, le=100_000)
    """So many files of its own a store may have."""


class SourcePlan(BaseModel):
    """A file that is to be added or changed."""

    source: str
    title: str
    characters: int
    files: int
    """Files that the store has, without this one when it is new."""
    fresh: bool
    before: Visibility | None
    after: Visibility
    rewritten: bool
    """Whether its text will be another."""
    valid_from: datetime | None
    valid_until: datetime | None
    now: datetime


def decide_source(policy: KnowledgePolicy, plan: SourcePlan) -> Decision:
    """Decide on a file: what customers will read, and did not yet, is confirmed first."""
    if plan.fresh and plan.files >= policy.most_files:
        reason = f"The shop has {plan.files} files, and at most {policy.most_files} are kept."
        return deny("knowledge.most_files", reason, "remove a file that is no longer needed", "add a new version of a file")
    if plan.valid_until is not None and plan.valid_until <= max(plan.now, plan.valid_from or plan.now):
        return deny("knowledge.time", "It would be over before it began to hold.", "give a later last day", "remove the file")
    wider = plan.before is None or _READERS[plan.after] > _READERS[plan.before]
    if plan.after is not Visibility.STAFF and (wider or plan.rewritten):
        return confirm("knowledge.publish", f"Customers will read what {plan.source} says.", _preview(plan))
    return allow("knowledge.write")


def decide_removal(source: str, title: str, passages: int) -> Decision:
    """Decide on taking a file away: nothing of it stays, so it is confirmed."""
    rows = (("File", source), ("Title", title), ("Passages", str(passages)))
    return confirm("knowledge.remove", f"Nothing of {source} will be left.", Preview(title="Remove a file", rows=rows))


def _preview(plan: SourcePlan) -> Preview:
    readers = plan.after.value if plan.before in {None, plan.after} else f"{plan.before} → {plan.after}"
    rows = [("File", plan.source), ("Title", plan.title), ("Characters", f"{plan.characters:,}"), ("For", readers)]
    if plan.valid_from is not None:
        rows.append(("From", f"{plan.valid_from:%Y-%m-%d}"))
    if plan.valid_until is not None:
        rows.append(("Until", f"{plan.valid_until:%Y-%m-%d}"))
    return Preview(title="Let customers read it", rows=tuple(rows))


_READERS = {Visibility.STAFF: 0, Visibility.CUSTOMER: 1, Visibility.PUBLIC: 2}
