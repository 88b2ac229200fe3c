"""The role that reports for providers belongs to the process: no person, token or user row can have it, and it can do nothing else."""

import jwt
import pytest
from psycopg import errors as refused
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.errors import NotAuthenticated
from core.identity import PEOPLE, Permission, Principal, Role, RunContext, system
from core.ids import TenantId, new_id
from server.auth import issue, read_token
from server.wiring import Runtime
from tools.result import Outcome


def test_it_sees_a_tenant_and_no_more_than_reports() -> None:
    somebody = system(TenantId(new_id()), "carrier")
    assert (somebody.is_customer, somebody.is_person, somebody.customer_id) == (False, False, None)
    assert [right for right in Permission if somebody.may(right)] == [Permission.PROVIDER_REPORT]


async def test_no_token_stands_for_it(runtime: Runtime, merchant: Principal) -> None:
    somebody = system(merchant.tenant_id, "carrier")
    with pytest.raises(ValueError, match="nobody signs in as system"):
        issue(runtime, somebody, 60)
    claims = jwt.decode(issue(runtime, merchant, 60), options={"verify_signature": False})
    forged = jwt.encode({**claims, "user": {**claims["user"], "role": "system"}}, runtime.secret, "HS256")
    with pytest.raises(NotAuthenticated, match="not valid"):
        read_token(runtime, forged)


async def test_no_user_row_can_have_it(runtime: Runtime, merchant: Principal) -> None:
    with pytest.raises(IntegrityError, match="users_role_check") as caught:
        async with runtime.units.write(merchant) as tx:
            await tx.connection.execute(text("UPDATE users SET role = 'system' WHERE id = :id"), {"id": merchant.user_id})
    assert isinstance(caught.value.orig, refused.CheckViolation)


async def test_it_may_use_no_tool_of_people_and_they_none_of_its(runtime: Runtime, merchant: Principal) -> None:
    somebody = system(merchant.tenant_id, "carrier")
    reports = {name for name, tool in runtime.toolbox.items() if tool.permission is Permission.PROVIDER_REPORT}
    assert {tool.name for tool in runtime.toolbox.open_to(somebody)} == reports
    denied = await runtime.executor.execute(RunContext(somebody, idempotency_key="x"), "issue_refund", {"order": "1042"})
    assert (denied.status, denied.rule) == (Outcome.DENIED, "permission.refund:issue")
    for role in PEOPLE:
        if role is not Role.CUSTOMER:
            person = Principal(merchant.tenant_id, merchant.user_id, role)
            assert reports & {tool.name for tool in runtime.toolbox.open_to(person)} == set()
