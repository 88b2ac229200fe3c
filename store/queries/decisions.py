"""What rules decided, with what they were asked."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from store.unit import ReadTx

_RECENT = text(
    "SELECT at, tool, rule, verdict, policy_version, actor, role, inputs FROM decisions "
    "WHERE tenant_id = :tenant AND at >= :since AND NOT approved ORDER BY at DESC, id DESC LIMIT :limit"
)
_COUNT = text("SELECT count(*) FROM decisions WHERE tenant_id = :tenant AND at >= :since AND NOT approved")


class Stored(NamedTuple):
    """A decision that a rule took."""

    at: datetime
    tool: str
    rule: str
    verdict: str
    policy_version: int
    actor: UUID
    role: str
    inputs: dict[str, Any]


async def recent(tx: ReadTx, since: datetime, limit: int) -> tuple[int, list[Stored]]:
    """Return how many first decisions were taken since an instant, and the newest of them; those under an approval repeat one."""
    total = (await tx.connection.execute(_COUNT, {"tenant": tx.tenant_id, "since": since})).scalar_one()
    rows = await tx.connection.execute(_RECENT, {"tenant": tx.tenant_id, "since": since, "limit": limit})
    return int(total), [Stored(*row) for row in rows]
