"""Takes stored decisions again: what the same rule says of the same facts under other figures."""

from dataclasses import dataclass
from uuid import UUID

from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from store.queries.decisions import Stored
from tools.inputs import Unreadable, recalled
from tools.phrases import joined
from tools.policy import Policy
from tools.policy.decision import Decision, Verdict
from tools.registry import Toolbox

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Retaken:
    """A decision under its own rules and under others."""

    stored: Stored
    before: Decision
    after: Decision

    @property
    def different(self) -> bool:
        """Whether somebody would notice: another verdict, another approver, or other figures in what is shown."""
        return _noticed(self.before) != _noticed(self.after)

    @property
    def drifted(self) -> bool:
        """Whether today's release decides otherwise than was decided, under the very same rules."""
        return self.before.verdict.value != self.stored.verdict

    @property
    def words(self) -> tuple[str, str]:
        """Both decisions in words that show how they differ."""
        before, after = outcome(self.before), outcome(self.after)
        if before != after:
            return before, after
        old, new = _rows(self.before), _rows(self.after)
        rows = [(label, old.get(label, "none"), new.get(label, "none")) for label in dict.fromkeys([*old, *new])]
        changed = [row for row in rows if row[1] != row[2]][:3]
        sides = [joined([f"{label.lower()} {row[side]}" for row in changed for label in (row[0],)]) for side in (1, 2)]
        return f"{before}, {sides[0]}" if sides[0] else before, f"{after}, {sides[1]}" if sides[1] else after


def retake(toolbox: Toolbox, stored: Stored, before: Policy, after: Policy, tenant_id: TenantId) -> Retaken:
    """Ask a stored decision's rule again, once under each policy.

    Raises:
        Unreadable: the tool or the role is gone, or its rule needs what was not kept.
    """
    tool = toolbox.get(stored.tool)
    if tool is None or stored.role not in set(Role):
        raise Unreadable(f"{stored.tool} by {stored.role} is not known any more")
    role = Role(stored.role)
    customer = CustomerId(_NOBODY) if role is Role.CUSTOMER else None
    principal = Principal(tenant_id, UserId(stored.actor), role, customer)
    try:
        decisions = [tool.decide(policy, *recalled(tool, stored.inputs, policy), principal) for policy in (before, after)]
    except AttributeError as error:  # a rule that reads more than is kept: rows of the store, or a field that is new
        raise Unreadable(f"{stored.tool}: {error}") from error
    return Retaken(stored, *decisions)


def outcome(decision: Decision) -> str:
    """Return a decision in words."""
    match decision.verdict:
        case Verdict.ALLOW:
            return "done at once"
        case Verdict.DENY:
            return "refused"
        case Verdict.NEEDS_CONFIRMATION:
            return "confirmed by whoever asks"
        case Verdict.NEEDS_APPROVAL:
            return f"approved by {decision.role or Role.MANAGER}{', four eyes' if decision.four_eyes else ''}"


def _rows(decision: Decision) -> dict[str, str]:
    return dict(decision.preview.rows) if decision.preview else {}


def _noticed(decision: Decision) -> tuple[object, ...]:
    return (decision.verdict, decision.role, decision.four_eyes, decision.preview)
