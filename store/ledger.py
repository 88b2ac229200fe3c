"""Exactly once: a call claims its row, has its effect and stores its answer in one transaction. A loser replays the answer."""

from dataclasses import dataclass
from typing import Any

from core.identity import RunContext
from store.unit import Tx

_CLAIM = (
    "INSERT INTO ledger (tenant_id, key, tool, args_hash, status, result, customer_id, run_id, created_at) "
    "VALUES (%s, %s, %s, %s, 'pending', '{}', %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"
)
_SETTLE = "UPDATE ledger SET status = %s, result = %s::text::jsonb WHERE tenant_id = %s AND key = %s"
_READ = "SELECT tool, args_hash, result FROM ledger WHERE tenant_id = %s AND key = %s"


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
    values = (tx.tenant_id, key, tool, args_hash, ctx.principal.customer_id, ctx.run_id, tx.now)
    if await tx.run(_CLAIM, values):
        return None
    return Recorded(*(await tx.run(_READ, (tx.tenant_id, key)))[0])


async def settle(tx: Tx, key: str, status: str, result_json: str) -> None:
    """Store the answer of a claimed call."""
    await tx.run(_SETTLE, (status, result_json, tx.tenant_id, key))
