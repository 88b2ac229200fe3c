"""Anybody may ask for a person."""

from uuid import UUID

import pytest

from core.identity import Principal, Role
from core.ids import TenantId, UserId
from tools.policy.decision import Verdict
from tools.policy.service import ServicePolicy, decide_ticket


@pytest.mark.parametrize("role", [Role.STAFF, Role.OWNER])
def test_a_ticket_is_never_refused(role: Role) -> None:
    decision = decide_ticket(ServicePolicy(), None, Principal(TenantId(UUID(int=1)), UserId(UUID(int=1)), role))
    assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "ticket.always")
