"""The audit chain: each entry carries the hash of the one before, so that a change or a gap shows."""

import json
from dataclasses import asdict, dataclass

import orjson
from pydantic import JsonValue
from sqlalchemy import text

from core.identity import RunContext
from core.ids import new_id
from store.unit import ReadTx, Tx

_APPEND = "SELECT audit_append(%s, %s, %s::text::jsonb)"
_DECIDE = "SELECT decision_append(%s, %s, %s::text::jsonb, %s::text::jsonb)"
_VERIFY = text(
    "SELECT seq FROM (SELECT seq, hash, previous, lag(hash, 1, '\\x00'::bytea) OVER (ORDER BY seq) AS before, "
    "row_number() OVER (ORDER BY seq) AS position, audit_hash(previous, tenant_id, seq, at, actor, action, body) AS fresh "
    "FROM audit WHERE tenant_id = :tenant) chain WHERE previous <> before OR hash <> fresh OR seq <> position ORDER BY seq LIMIT 1"
)
_COUNT = text(
    "SELECT (SELECT count(*) FROM audit WHERE tenant_id = :tenant), coalesce((SELECT seq FROM audit_heads WHERE tenant_id = :tenant), 0)"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a tenant's chain is whole; `broken_at` is the first entry that is not."""

    entries: int
    broken_at: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A rule's decision with what it was asked, as table `decisions` keeps it."""

    tool: str
    rule: str
    verdict: str
    outcome: str
    policy_version: int
    approved: bool
    inputs: dict[str, JsonValue]
    """The rule's facts and arguments, personal text replaced."""


async def append(tx: Tx, action: str, **body: JsonValue) -> None:
    """Add one entry in the name of the transaction's principal. Takes the tenant's chain lock: call it last."""
    principal = tx.principal
    actor = f"{principal.role}:{principal.user_id}"
    if tx.dirty:
        await tx.session.flush()
    await tx.run(_APPEND, (actor, action, json.dumps(body, default=str)))


async def append_decision(tx: Tx, decided: Decided, ctx: RunContext, *, key: str, args: str) -> None:
    """Add one entry for a tool's call, and store what its rule decided and was asked, in one statement. Call it last, as `append`.

    Args:
        key: the ledger's.
        args: the fingerprint of the arguments.
    """
    principal, decision = tx.principal, new_id()
    if tx.dirty:
        await tx.session.flush()
    entry = {
        "key": key,
        "args": args,
        "rule": decided.rule,
        "policy_version": decided.policy_version,
        "verdict": decided.verdict,
        "outcome": decided.outcome,
        "agent": ctx.agent,
        "run": str(ctx.run_id) if ctx.run_id else None,
        "decision": str(decision),
    }
    row = {**asdict(decided), "id": str(decision), "at": tx.now.isoformat(), "actor": str(principal.user_id), "role": principal.role.value}
    values = (f"{principal.role}:{principal.user_id}", f"tool.{decided.tool}", orjson.dumps(entry).decode(), orjson.dumps(row).decode())
    await tx.connection.exec_driver_sql(_DECIDE, values)


async def verify(tx: ReadTx) -> Verdict:
    """Recompute every hash of the tenant's chain."""
    broken = (await tx.connection.execute(_VERIFY, {"tenant": tx.tenant_id})).scalar()
    entries, head = (await tx.connection.execute(_COUNT, {"tenant": tx.tenant_id})).one()
    if broken is None and entries != head:
        broken = entries + 1
    return Verdict(entries, broken)
