"""What a rule says of a call."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from core.identity import Role

_A_PERSON = "open a ticket"


class Verdict(StrEnum):
    """The four answers of a rule."""

    ALLOW = "allow"
    DENY = "deny"
    NEEDS_CONFIRMATION = "needs_confirmation"
    NEEDS_APPROVAL = "needs_approval"


class Preview(BaseModel):
    """What will change, rendered from facts for the person who decides; never a model's words."""

    model_config = ConfigDict(frozen=True)

    title: str
    rows: tuple[tuple[str, str], ...] = ()


class Decision(BaseModel):
    """A rule's answer with its name, so that every refusal and every approval can be traced to the policy."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    rule: str
    reason: str = ""
    allowed: tuple[str, ...] = ()
    """What the caller can do instead."""
    preview: Preview | None = None
    role: Role | None = None
    """The least role that may approve."""
    four_eyes: bool = False


def allow(rule: str) -> Decision:
    """Let the call run."""
    return Decision(verdict=Verdict.ALLOW, rule=rule)


def deny(rule: str, reason: str, *allowed: str) -> Decision:
    """Refuse the call, and say what to do instead; where a rule knows no way, there is still a person to ask."""
    return Decision(verdict=Verdict.DENY, rule=rule, reason=reason, allowed=allowed or (_A_PERSON,))


def confirm(rule: str, reason: str, preview: Preview) -> Decision:
    """Ask the caller to confirm what they asked for."""
    return Decision(verdict=Verdict.NEEDS_CONFIRMATION, rule=rule, reason=reason, preview=preview)


def approve(rule: str, reason: str, preview: Preview, *, role: Role = Role.MANAGER, four_eyes: bool = False) -> Decision:
    """Ask a person with `role` or more; with `four_eyes`, not the one who asked."""
    return Decision(verdict=Verdict.NEEDS_APPROVAL, rule=rule, reason=reason, preview=preview, role=role, four_eyes=four_eyes)
