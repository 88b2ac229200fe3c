"""Approvals and confirmations: one mechanism. A request is bound by its digest to exactly what the person was shown.

The graph only waits; authority lies in the row that `decide` writes and that the effect's transaction consumes, once.
"""

import hashlib
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, JsonValue, ValidationError

from core.errors import Conflict, Forbidden, InvalidInput
from core.events import ApprovalRequested
from core.identity import Permission, Principal, Role, RunContext
from core.ids import CustomerId, UserId, new_id
from store import audit
from store.queries import approvals as rows
from store.tables.runtime import Approval, ApprovalStatus
from store.unit import ReadTx, Tx
from tools.policy.decision import Decision, Verdict
from tools.result import Outcome, ToolResult
from tools.spec import Args, Tool

_RANK = {Role.CUSTOMER: 0, Role.STAFF: 1, Role.DEVELOPER: 1, Role.MANAGER: 2, Role.OWNER: 3}


class Choice(StrEnum):
    """What a person may answer."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"


class Answer(BaseModel):
    """A person's answer to a request."""

    decision: Choice
    args: dict[str, JsonValue] | None = None
    """The changed arguments, for edit."""
    message: str = ""


def digest(tx: ReadTx, requester: UUID, tool: Tool[Any, Any], args: Args, decision: Decision) -> str:
    """Return the fingerprint of a request: tenant, actor, tool, arguments, rule and the amounts that were shown."""
    shown = decision.preview.rows if decision.preview else ()
    body = [str(tx.tenant_id), str(requester), tool.name, args.model_dump(mode="json"), decision.rule, shown]
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def request(
    tx: Tx, ctx: RunContext, tool: Tool[Any, Any], args: Args, decision: Decision, key: str, *, valid_days: int
) -> tuple[ApprovalRequested, ToolResult]:
    """Store a request for a decision, and return it for the log and as the call's pending result."""
    assert decision.preview is not None, f"{decision.rule}: a decision for a person needs a preview"
    who = ctx.principal
    kind = "confirmation" if decision.verdict is Verdict.NEEDS_CONFIRMATION else "approval"
    row = tx.add(
        Approval(
            id=new_id(),
            tenant_id=tx.tenant_id,
            kind=kind,
            tool=tool.name,
            args=args.model_dump(mode="json", exclude_none=True),
            digest=digest(tx, who.user_id, tool, args, decision),
            title=decision.preview.title,
            preview=[list(pair) for pair in decision.preview.rows],
            rule=decision.rule,
            reason=decision.reason,
            role=(decision.role or who.role).value,
            four_eyes=decision.four_eyes,
            requester_id=who.user_id,
            requester=who.name,
            requester_role=who.role.value,
            customer_id=who.customer_id,
            thread_id=ctx.thread_id,
            run_id=ctx.run_id,
            call_key=key,
            created_at=tx.now,
            expires_at=tx.now + timedelta(days=valid_days),
        )
    )
    shown = announce(row)
    waits = "you to confirm" if kind == "confirmation" else f"a {row.role} to approve"
    result = ToolResult(
        tool=tool.name,
        status=Outcome.PENDING,
        code=f"needs_{kind}",
        rule=decision.rule,
        text=f"{decision.preview.title}: waits for {waits}. {decision.reason}",
        approval_id=row.id,
        data={"approval": shown.model_dump(mode="json")},
    )
    return shown, result


def announce(row: Approval) -> ApprovalRequested:
    """Return a request as every surface shows it."""
    return ApprovalRequested(
        approval_id=row.id,
        kind="confirmation" if row.kind == "confirmation" else "approval",
        tool=row.tool,
        args=row.args,
        title=row.title,
        preview=[(str(label), str(value)) for label, value in row.preview],
        reason=row.reason,
        rule=row.rule,
        expires_at=row.expires_at.isoformat(),
        may_decide=[row.requester_role] if row.kind == "confirmation" else [role.value for role in _RANK if _may_approve(role, row)],
    )


def may_decide(principal: Principal, row: Approval) -> bool:
    """Return whether a caller may answer a request: a confirmation is its requester's, an approval a role's."""
    if row.kind == "confirmation":
        return principal.user_id == row.requester_id
    if row.four_eyes and principal.user_id == row.requester_id:
        return False
    return principal.may(Permission.APPROVAL_DECIDE) and _may_approve(principal.role, row)


async def decide(tx: Tx, tool: Tool[Any, Any], approval_id: UUID, answer: Answer, policy: Any) -> Approval:
    """Record a person's answer. An edit is validated and shown figures are computed again before it counts.

    A request past its time is closed as expired instead: commit that, then `refuse_expired`.

    Raises:
        NotFound, Forbidden, Conflict, InvalidInput: with nothing recorded.
    """
    row = await rows.get(tx, approval_id, lock=True)
    if not may_decide(tx.principal, row):
        raise Forbidden(_why_not(tx.principal, row))
    if row.status != ApprovalStatus.OPEN.value:
        raise Conflict(f"this request is already {row.status}", code="approval_closed")
    if row.expires_at <= tx.now:
        row.status = ApprovalStatus.EXPIRED
        tx.session.add(row)
        return row
    if answer.decision is Choice.EDIT:
        await _edit(tx, tool, row, answer, policy)
    row.status = ApprovalStatus.REJECTED if answer.decision is Choice.REJECT else ApprovalStatus.APPROVED
    row.decided_by, row.decided_by_name, row.decided_at, row.message = tx.principal.user_id, tx.principal.name, tx.now, answer.message[:500]
    tx.session.add(row)
    await audit.append(tx, "approval.decided", approval=str(row.id), decision=answer.decision.value, digest=row.digest)
    return row


def refuse_expired(row: Approval) -> None:
    """Say that an answer came too late, after its request was stored as expired.

    Raises:
        Conflict: the request has expired.
    """
    if row.status == ApprovalStatus.EXPIRED.value:
        raise Conflict("this request has expired; ask again", code="approval_expired")


async def load_for_effect(tx: Tx, ctx: RunContext, tool: Tool[Any, Any]) -> Approval:
    """Return the approved, unexpired, unused request that this call is to be covered by, locked.

    Raises:
        Conflict: it is not approved, expired, used, or for something else.
    """
    assert ctx.approval_id is not None
    row = await rows.get(tx, ctx.approval_id, lock=True)
    if row.tool != tool.name or row.requester_id != ctx.principal.user_id:
        raise Conflict("this approval is for something else", code="approval_mismatch")
    if row.status != ApprovalStatus.APPROVED.value:
        raise Conflict(f"this request is {row.status}, not approved", code="approval_not_usable")
    if row.expires_at <= tx.now:
        raise Conflict("this approval has expired; ask again", code="approval_expired")
    return row


def covers(approval: Approval | None, tx: Tx, tool: Tool[Any, Any], args: Args, decision: Decision) -> bool:
    """Return whether an approval stands for exactly this decision on today's facts."""
    return approval is not None and approval.digest == digest(tx, approval.requester_id, tool, args, decision)


def consume(tx: Tx, approval: Approval) -> None:
    """Use up an approval in the effect's own transaction."""
    approval.status = ApprovalStatus.CONSUMED
    tx.session.add(approval)


async def _edit(tx: Tx, tool: Tool[Any, Any], row: Approval, answer: Answer, policy: Any) -> None:
    try:
        args = tool.args.model_validate(answer.args or {})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(first["msg"], field=".".join(map(str, first["loc"])) or "args") from error
    ctx = RunContext(principal=tx.principal)
    facts = await tool.facts(tx, args, ctx, policy) if tool.facts else None
    decision = tool.decide(policy, facts, args, _requester(tx, row))
    if decision.verdict is Verdict.DENY:
        raise Conflict(decision.reason, code=decision.rule)
    row.args = args.model_dump(mode="json", exclude_none=True)
    row.digest = digest(tx, row.requester_id, tool, args, decision)
    if decision.preview is not None:
        row.title, row.preview = decision.preview.title, [list(pair) for pair in decision.preview.rows]


def _requester(tx: Tx, row: Approval) -> Principal:
    customer = CustomerId(row.customer_id) if row.customer_id else None
    return Principal(tx.principal.tenant_id, UserId(row.requester_id), Role(row.requester_role), customer, row.requester)


def _may_approve(role: Role, row: Approval) -> bool:
    return _RANK[role] >= _RANK[Role(row.role)] and role is not Role.CUSTOMER


def _why_not(principal: Principal, row: Approval) -> str:
    if row.kind == "confirmation":
        return "only the person who asked can confirm this"
    if row.four_eyes and principal.user_id == row.requester_id:
        return "somebody other than the one who asked must approve this (four eyes)"
    return f"this needs a {row.role} or above"
