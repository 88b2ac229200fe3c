"""Outbound messages: who has them in hand, and how they ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from store.tables.providers import DeliveryStatus
from store.unit import ReadTx, Tx, Units

_SETTLE = text(
    """
    UPDATE deliveries SET status = cast(:status AS text), tries = tries + :counted, reason = :reason, lease_until = NULL,
      reference = coalesce(nullif(cast(:reference AS text), ''), reference),
      next_try_at = now() + make_interval(secs => :wait),
      delivered_at = CASE WHEN cast(:status AS text) = 'delivered' THEN cast(:now AS timestamptz) END
    WHERE tenant_id = :tenant AND id = :id AND attempt = :attempt AND status IN ('waiting', 'asked')
    """
)
_COUNTS = text("SELECT status, count(*)::int AS messages FROM deliveries WHERE tenant_id = :tenant GROUP BY status")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message in hand until its lease ends. `attempt` is the fencing token."""

    tenant_id: UUID
    id: UUID
    topic: str
    key: str
    lane: str
    body: dict[str, Any]
    status: str
    tries: int
    attempt: int
    reference: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a try ended; `wait` is the seconds until the next one."""

    status: DeliveryStatus
    reason: str = ""
    reference: str = ""
    wait: float = 0.0
    counted: bool = True
    """Whether it was a try: waiting for a rate limit is none."""


async def claim(units: Units, batch: int, lease_seconds: float) -> list[Claimed]:
    """Take messages of all stores that are due at providers, the earliest of each lane, and hold them for `lease_seconds`."""
    rows = await units.call("claim_deliveries", batch=batch, lease_seconds=lease_seconds)
    return [Claimed(**row) for row in rows]


async def claim_webhooks(units: Units, batch: int, lease_seconds: float) -> list[Claimed]:
    """Take messages of all stores that are due at addresses of clients, and hold them for `lease_seconds`."""
    rows = await units.call("claim_webhooks", batch=batch, lease_seconds=lease_seconds)
    return [Claimed(**row) for row in rows]


async def settle(tx: Tx, claimed: Claimed, ended: Settlement) -> bool:
    """Record how a try ended; return False when somebody else has claimed the message since."""
    values = {
        "tenant": claimed.tenant_id,
        "id": claimed.id,
        "attempt": claimed.attempt,
        "status": ended.status.value,
        "reason": ended.reason[:300],
        "reference": ended.reference[:120],
        "wait": ended.wait,
        "counted": int(ended.counted),
        "now": tx.now,
    }
    return (await tx.connection.execute(_SETTLE, values)).rowcount == 1


async def counts(tx: ReadTx) -> dict[str, int]:
    """Return how many messages stand where."""
    return {row.status: row.messages for row in await tx.connection.execute(_COUNTS, {"tenant": tx.tenant_id})}
