"""The run log in Postgres: facts with gapless numbers, written only by the run's current attempt."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from core.errors import Fenced
from core.events import FACTS, RunFact
from core.identity import RunContext
from store.unit import ReadTx, Tx

_FENCE = text(
    "UPDATE runs SET seq = seq + :count WHERE tenant_id = :tenant AND id = :run AND attempt = :attempt AND status = 'running' RETURNING seq"
)
_INSERT = text(
    "INSERT INTO run_events (tenant_id, run_id, seq, type, body, at) VALUES (:tenant, :run, :seq, :type, cast(:body AS jsonb), :now)"
)
_READ = text("SELECT seq, body FROM run_events WHERE tenant_id = :tenant AND run_id = :run AND seq > :after ORDER BY seq LIMIT :limit")


class Numbered(BaseModel):
    """A fact with its number in the run."""

    seq: int
    fact: RunFact


async def fence(tx: Tx, ctx: RunContext, count: int) -> int:
    """Lock the run against a newer attempt and reserve `count` numbers; return the last number before them.

    Raises:
        Fenced: the lease was lost to another worker, or the run was cancelled.
    """
    values = {"tenant": tx.tenant_id, "run": ctx.run_id, "attempt": ctx.attempt, "count": count}
    last = (await tx.session.execute(_FENCE, values)).scalar()
    if last is None:
        raise Fenced(f"run {ctx.run_id}: attempt {ctx.attempt} no longer holds the lease")
    return int(last) - count


async def append(tx: Tx, run_id: UUID, first: int, facts: Sequence[RunFact]) -> None:
    """Write facts under the numbers that `fence` reserved, the first of them at `first`."""
    if not facts:
        return
    rows = [
        {"tenant": tx.tenant_id, "run": run_id, "seq": first + offset, "type": fact.type, "body": fact.model_dump_json(), "now": tx.now}
        for offset, fact in enumerate(facts)
    ]
    await tx.session.execute(_INSERT, rows)


async def read(tx: ReadTx, run_id: UUID, *, after: int = 0, limit: int = 1000) -> list[Numbered]:
    """Return facts of a run numbered above `after`, in order."""
    rows = await tx.session.execute(_READ, {"tenant": tx.tenant_id, "run": run_id, "after": after, "limit": limit})
    return [Numbered(seq=row.seq, fact=FACTS.validate_python(row.body)) for row in rows]
