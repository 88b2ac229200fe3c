"""Exactly once: a call claims its row, has its effect and stores its answer in one transaction. A loser replays the answer."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from core.identity import RunContext
from store.unit import Tx

_CLAIM = text(
    "INSERT INTO ledger (tenant_id, key, tool, args_hash, status, result, customer_id, run_id, created_at) "
    "VALUES (:tenant, :key, :tool, :args_hash, 'pending', '{}', :customer, :run, :now) ON CONFLICT DO NOTHING RETURNING 1"
)
_SETTLE = text("UPDATE ledger SET status = :status, result = cast(:result AS jsonb) WHERE tenant_id = :tenant AND key = :key")
_READ = text("SELECT tool, args_hash, status, result FROM ledger WHERE tenant_id = :tenant AND key = :key")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the ledger holds of a call that was made before."""

    tool: str
    args_hash: str
    result: dict[str, Any]


async def claim(tx: Tx, ctx: RunContext, key: str, tool: str, args_hash: str) -> Recorded | None:
    """Claim `key` for this transaction; return what is recorded when somebody has it already.

    A concurrent claim waits here until the other transaction ends.
    """
    values = {
        "tenant": tx.tenant_id,
        "key": key,
        "tool": tool,
        "args_hash": args_hash,
        "customer": ctx.principal.customer_id,
        "run": ctx.run_id,
        "now": tx.now,
    }
    if (await tx.session.execute(_CLAIM, values)).scalar() is not None:
        return None
    row = (await tx.session.execute(_READ, {"tenant": tx.tenant_id, "key": key})).one()
    return Recorded(row.tool, row.args_hash, row.result)


async def settle(tx: Tx, key: str, status: str, result_json: str) -> None:
    """Store the answer of a claimed call."""
    await tx.session.execute(_SETTLE, {"tenant": tx.tenant_id, "key": key, "status": status, "result": result_json})
