"""The run log in Postgres: facts with gapless numbers, written only by the run's current attempt."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from core.errors import Fenced
from core.events import FACTS, RunFact
from core.identity import RunContext
from store.unit import ReadTx, Tx

_APPEND = """
WITH held AS (
  UPDATE runs SET seq = seq + %(count)s, updated_at = %(now)s
  WHERE tenant_id = %(tenant)s AND id = %(run)s AND attempt = %(attempt)s AND status = 'running' RETURNING seq
)
INSERT INTO run_events (tenant_id, run_id, seq, type, body, at)
SELECT %(tenant)s, %(run)s, held.seq - %(count)s + fact.position, fact.body ->> 'type', fact.body, %(now)s
FROM held, jsonb_array_elements(%(facts)s::text::jsonb) WITH ORDINALITY AS fact (body, position)
RETURNING seq
"""
_INSERT = "INSERT INTO run_events (tenant_id, run_id, seq, type, body, at) VALUES (%s, %s, %s, %s, %s::text::jsonb, %s)"
_READ = text("SELECT seq, body FROM run_events WHERE tenant_id = :tenant AND run_id = :run AND seq > :after ORDER BY seq LIMIT :limit")


class Numbered(BaseModel):
    """A fact with its number in the run."""

    seq: int
    fact: RunFact


async def append(tx: Tx, ctx: RunContext, facts: Sequence[RunFact]) -> int:
    """Write facts under the run's next numbers and return the last: one statement is fence, numbering and insert.

    Raises:
        Fenced: the lease was lost to another worker, or the run was cancelled.
    """
    values = {
        "tenant": tx.tenant_id,
        "run": ctx.run_id,
        "attempt": ctx.attempt,
        "count": len(facts),
        "facts": dumped(facts),
        "now": tx.now,
    }
    rows = await tx.run(_APPEND, values)
    if not rows:
        raise fenced(ctx)
    return int(rows[-1][0])


def dumped(facts: Sequence[RunFact]) -> str:
    """Return facts as a JSON array."""
    return f"[{','.join(fact.model_dump_json() for fact in facts)}]"


def fenced(ctx: RunContext) -> Fenced:
    """Return the error of an attempt that no longer holds its run."""
    return Fenced(f"run {ctx.run_id}: attempt {ctx.attempt} no longer holds the lease")


async def insert(tx: Tx, run_id: UUID, seq: int, fact: RunFact) -> None:
    """Write one fact under a number that the caller has reserved on the run's row."""
    await tx.run(_INSERT, (tx.tenant_id, run_id, seq, fact.type, fact.model_dump_json(), tx.now))


async def read(tx: ReadTx, run_id: UUID, *, after: int = 0, limit: int = 1000) -> list[Numbered]:
    """Return facts of a run numbered above `after`, in order."""
    rows = await tx.session.execute(_READ, {"tenant": tx.tenant_id, "run": run_id, "after": after, "limit": limit})
    return [Numbered(seq=row.seq, fact=FACTS.validate_python(row.body)) for row in rows]
