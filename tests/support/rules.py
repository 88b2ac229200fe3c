"""People, amounts and readings that tests of rules share."""

from uuid import UUID

from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from core.money import Money
from tools.policy.decision import Decision, Verdict

ONE = UUID(int=1)
CUSTOMER = Principal(TenantId(ONE), UserId(ONE), Role.CUSTOMER, CustomerId(ONE))
STAFF, MANAGER, OWNER = (Principal(TenantId(ONE), UserId(ONE), role) for role in (Role.STAFF, Role.MANAGER, Role.OWNER))


def euros(minor: int) -> Money:
    """Return cents as money."""
    return Money(minor=minor, currency="EUR")


def told(decision: Decision | None) -> tuple[str, tuple[str, ...]]:
    """Return the rule of a refusal and the ways out that it names."""
    assert decision is not None
    assert decision.verdict is Verdict.DENY
    assert decision.reason
    return decision.rule, decision.allowed


def shown(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Return what whoever decides is shown."""
    assert decision.preview is not None
    assert decision.preview.title
    return decision.preview.rows


def sound(decision: Decision) -> bool:
    """Return whether a decision is whole: a rule always, a way out of a refusal, a preview and its reader where somebody decides."""
    asks = decision.verdict in {Verdict.NEEDS_CONFIRMATION, Verdict.NEEDS_APPROVAL}
    return (
        "." in decision.rule
        and bool(decision.allowed) is (decision.verdict is Verdict.DENY)
        and bool(decision.reason) is (decision.verdict is not Verdict.ALLOW)
        and (decision.preview is not None) is asks
        and (decision.role is not None) is (decision.verdict is Verdict.NEEDS_APPROVAL)
    )
