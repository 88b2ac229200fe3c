"""Bulk changes: many rows changed in one transaction, in chunks, with what is needed to take them back.

How a module uses it. A bulk tool is one call, so it has one ledger row and one transaction: a kill leaves nothing of it, a repeated call
replays its answer. It keeps no more than a chunk in memory:

1. In `facts`, walk over the chosen rows in chunks of `CHUNK`, locked in a fixed order, and count what a pure function of
   `tools.policy` makes of each: that is the preview. The locks last until the commit, so the effect meets the same rows.
2. In the body, `begin` the change (it takes a number: after every other lock), walk again, apply the same function, write the chunk,
   and `record` a `BulkRow` for each row that changed, with what was there before.
3. What leaves for providers goes out chunk by chunk with `send`, so that messages do not pile up either.
4. To take it back: `locked` the change, walk over `applied`, restore what nothing else changed since, and `settle` each row.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from core import faults
from core.errors import NotFound
from core.ids import new_id
from core.selling import BULK_TRANSITIONS, BulkKind, BulkRowState, BulkStatus
from core.statuses import change as moved
from store import outbox
from store.queries import counters
from store.tables.bulk import BulkChange
from store.unit import ReadTx, Tx

CHUNK = 500
"""Rows that are in memory at a time."""
_RECORD = text(
    "INSERT INTO bulk_change_rows (tenant_id, id, bulk_change_id, subject_id, label, before, after, state) "
    "SELECT :tenant, r.id, :change, r.subject_id, r.label, r.before, r.after, 'applied' "
    "FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS r (id uuid, subject_id uuid, label text, before jsonb, after jsonb)"
)
_APPLIED = text(
    "SELECT id, subject_id, label, before, after FROM bulk_change_rows "
    "WHERE tenant_id = :tenant AND bulk_change_id = :change AND subject_id > :after AND state = 'applied' ORDER BY subject_id LIMIT :limit"
)
_SETTLE = text("UPDATE bulk_change_rows SET state = :state WHERE tenant_id = :tenant AND id = ANY(:rows)")
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One thing that was changed, with what was there before and what is there now."""

    subject_id: UUID
    label: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    id: UUID = _FIRST


async def begin(tx: Tx, kind: BulkKind, title: str, request: Mapping[str, Any], *, selected: int, changed: int) -> BulkChange:
    """Open a bulk change and give it a number, such as B-1003."""
    row = BulkChange(
        tenant_id=tx.tenant_id,
        number=f"B-{await counters.take(tx, 'bulk_change')}",
        kind=kind,
        title=title[:200],
        request=dict(request),
        selected=selected,
        changed=changed,
        created_by=(tx.principal.name or tx.principal.role.value)[:120],
        created_at=tx.now,
    )
    tx.add(row)
    await tx.session.flush()
    return row


async def record(tx: Tx, change: BulkChange, rows: Sequence[BulkRow]) -> None:
    """Keep what a chunk changed."""
    if not rows:
        return
    kept = [{"id": str(new_id()), "subject_id": str(row.subject_id), "label": row.label[:120], **_sides(row)} for row in rows]
    await tx.connection.execute(_RECORD, {"tenant": tx.tenant_id, "change": change.id, "rows": json.dumps(kept)})
    faults.point("bulk.after_chunk")


async def send(tx: Tx, change: BulkChange, chunk: int) -> None:
    """Store the messages that were emitted since the last chunk; their keys name the change, whose number is used once."""
    await outbox.flush(tx, f"bulk:{change.id}:{chunk}")


async def locked(tx: Tx, number: str) -> BulkChange:
    """Return a bulk change, locked.

    Raises:
        NotFound: unknown, or of another shop.
    """
    query = select(BulkChange).where(col(BulkChange.tenant_id) == tx.tenant_id, col(BulkChange.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()
    if row is None:
        raise NotFound("bulk change", number)
    return row


async def applied(tx: Tx, change: BulkChange) -> AsyncIterator[list[BulkRow]]:
    """Yield the rows that still stand, in chunks, in the order of their subjects."""
    after = _FIRST
    while True:
        values = {"tenant": tx.tenant_id, "change": change.id, "after": after, "limit": CHUNK}
        chunk = [BulkRow(row.subject_id, row.label, row.before, row.after, row.id) for row in await tx.connection.execute(_APPLIED, values)]
        if not chunk:
            return
        yield chunk
        after = chunk[-1].subject_id


async def settle(tx: Tx, rows: Sequence[UUID], state: BulkRowState) -> None:
    """Say what became of some rows."""
    if rows:
        await tx.connection.execute(_SETTLE, {"tenant": tx.tenant_id, "rows": list(rows), "state": state.value})


def revoke(tx: Tx, change: BulkChange) -> None:
    """Mark a change as taken back.

    Raises:
        TransitionError: it was taken back before.
    """
    change.status = moved(f"bulk change {change.number}", BulkStatus(change.status), BulkStatus.REVOKED, BULK_TRANSITIONS)
    change.revoked_at, change.revoked_by = tx.now, (tx.principal.name or tx.principal.role.value)[:120]
    tx.session.add(change)


async def find(tx: ReadTx, limit: int) -> tuple[int, Sequence[BulkChange]]:
    """Return how many bulk changes there were, and the newest."""
    own = col(BulkChange.tenant_id) == tx.tenant_id
    total = (await tx.session.exec(select(func.count()).select_from(BulkChange).where(own))).one()
    query = select(BulkChange).where(own).order_by(col(BulkChange.created_at).desc(), col(BulkChange.number).desc()).limit(limit)
    return int(total), (await tx.session.exec(query)).all()


def _sides(row: BulkRow) -> dict[str, Any]:
    return {"before": dict(row.before), "after": dict(row.after)}
