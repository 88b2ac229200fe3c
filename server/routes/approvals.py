"""Requests that wait for a person, and the person's answer."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from core.identity import Principal
from core.redact import visible
from server.auth import Caller, Wired
from server.errors import json_response
from server.runs import decide_approval
from store.queries import approvals
from store.tables.runtime import Approval, ApprovalStatus
from tools.approvals import Answer, Choice, may_decide

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])


class DecideBody(BaseModel):
    """A person's answer; `args` are the changed arguments of an edit."""

    model_config = ConfigDict(extra="ignore")

    decision: Choice
    args: dict[str, JsonValue] | None = None
    message: str = Field(default="", max_length=500)


@router.get("")
async def listing(runtime: Wired, principal: Caller, status: ApprovalStatus | None = None) -> Response:
    """List requests, newest first: the caller's own, and for staff those that wait for the shop."""
    async with runtime.units.read(principal) as tx:
        rows = await approvals.find(tx, status=status)
        now = tx.now
    kept = [row for row in rows if row.kind == "approval" or row.requester_id == principal.user_id]
    if status is ApprovalStatus.OPEN:
        kept = [row for row in kept if row.expires_at > now]
    return json_response({"items": [_shown(row, principal) for row in kept]})


@router.get("/{approval_id}")
async def get(runtime: Wired, principal: Caller, approval_id: UUID) -> Response:
    """Return a request."""
    async with runtime.units.read(principal) as tx:
        return json_response(_shown(await approvals.get(tx, approval_id), principal))


@router.post("/{approval_id}")
async def decide(request: Request, runtime: Wired, principal: Caller, approval_id: UUID, body: DecideBody) -> Response:
    """Decide a request. The conversation that it belongs to goes on by itself: follow `run_id`."""
    answer = Answer(decision=body.decision, args=body.args, message=visible(body.message))
    row, run = await decide_approval(runtime, principal, approval_id, answer)
    request.app.state.metrics.decisions.labels(body.decision.value).inc()
    thread_id = str(row.thread_id) if row.thread_id else None
    return json_response({"approval": _shown(row, principal), "thread_id": thread_id, "run_id": str(run.id) if run else None})


def _shown(row: Approval, principal: Principal) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "thread_id": str(row.thread_id) if row.thread_id else None,
        "kind": row.kind,
        "tool": row.tool,
        "title": row.title,
        "args": row.args,
        "preview": row.preview,
        "reason": row.reason,
        "rule": row.rule,
        "requester": row.requester,
        "requester_role": row.requester_role,
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
        "status": row.status,
        "decided_by": row.decided_by_name,
        "can_decide": row.status == ApprovalStatus.OPEN.value and may_decide(principal, row),
    }
