"""The audit chain: each entry carries the hash of the one before, so that a change or a gap shows."""

import json
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import text

from store.unit import ReadTx, Tx

_APPEND = "SELECT audit_append(%s, %s, %s::text::jsonb)"
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


async def append(tx: Tx, action: str, **body: JsonValue) -> None:
    """Add one entry in the name of the transaction's principal. Takes the tenant's chain lock: call it last."""
    principal = tx.principal
    actor = f"{principal.role}:{principal.user_id}"
    if tx.dirty:
        await tx.session.flush()
    await tx.run(_APPEND, (actor, action, json.dumps(body, default=str)))


async def verify(tx: ReadTx) -> Verdict:
    """Recompute every hash of the tenant's chain."""
    broken = (await tx.connection.execute(_VERIFY, {"tenant": tx.tenant_id})).scalar()
    entries, head = (await tx.connection.execute(_COUNT, {"tenant": tx.tenant_id})).one()
    if broken is None and entries != head:
        broken = entries + 1
    return Verdict(entries, broken)
