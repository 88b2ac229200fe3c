"""Forgetting a person to the end: what others wrote about them, found by what the person is known by.

Words are looked for as they stand, whatever their case. An erasure stays open while somebody works on a conversation that names the
person, and what it writes is swept again.
"""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.ids import new_id
from store.tables.customers import Customer
from store.tables.relations import Erasure
from store.unit import ReadTx, Tx

_LEAST = 5
"""Shorter words, such as a first name alone, stand in too much that is about somebody else."""
_KNOWN_BY = text(
    """
    SELECT DISTINCT word FROM (
      SELECT unnest(ARRAY[name, email, phone]) AS word FROM customers WHERE tenant_id = :tenant AND id = :customer
      UNION ALL SELECT line1 FROM addresses WHERE tenant_id = :tenant AND customer_id = :customer
      UNION ALL SELECT unnest(ARRAY[ship_to ->> 'line1', bill_to ->> 'line1', ship_to ->> 'name', bill_to ->> 'name']) FROM orders
        WHERE tenant_id = :tenant AND customer_id = :customer
    ) known WHERE length(word) >= :least
    """
)
_OWN = text(
    "SELECT t.id, array_remove(array_agg(r.id), NULL) AS runs FROM threads t "
    "LEFT JOIN runs r ON r.tenant_id = t.tenant_id AND r.thread_id = t.id "
    "WHERE t.tenant_id = :tenant AND t.customer_id = :customer GROUP BY t.id"
)
_HERE = "tenant_id = :tenant AND"
_MENTIONS: tuple[str, ...] = (
    f"""UPDATE ledger SET result = jsonb_build_object('tool', tool, 'status', status, 'text', '[erased]')
        WHERE {_HERE} result::text ILIKE ANY (:words)""",
    f"""UPDATE approvals SET args = '{{}}', preview = '[]', title = '[erased]', message = ''
        WHERE {_HERE} args::text || preview::text || title || message ILIKE ANY (:words)""",
    f"DELETE FROM kept_answers WHERE {_HERE} convert_from(body, 'UTF8') ILIKE ANY (:words)",
    f"DELETE FROM store_items WHERE {_HERE} value::text ILIKE ANY (:words)",
    f"DELETE FROM crons WHERE {_HERE} payload::text || meta::text ILIKE ANY (:words)",
    f"UPDATE channel_messages SET body = '[erased]', subject = '' WHERE {_HERE} body || ' ' || subject ILIKE ANY (:words)",
    f"UPDATE ticket_messages SET text = '[erased]' WHERE {_HERE} text ILIKE ANY (:words)",
    f"UPDATE tickets SET subject = '[erased]', body = '[erased]' WHERE {_HERE} subject || ' ' || body ILIKE ANY (:words)",
    f"UPDATE alerts SET title = '[erased]', detail = '', data = '{{}}' WHERE {_HERE} title || detail || data::text ILIKE ANY (:words)",
    f"UPDATE order_events SET text = '[erased]' WHERE {_HERE} text ILIKE ANY (:words)",
    f"UPDATE reviews SET title = '[erased]', body = '[erased]' WHERE {_HERE} title || ' ' || body ILIKE ANY (:words)",
    f"""UPDATE outbox SET body = body - ARRAY['ship_to', 'data', 'text', 'name', 'email', 'to', 'contact']
        WHERE {_HERE} body::text ILIKE ANY (:words)""",
    f"""UPDATE deliveries SET body = body - ARRAY['ship_to', 'data', 'text', 'name', 'email', 'to', 'contact']
        WHERE {_HERE} body::text ILIKE ANY (:words)""",
    f"""UPDATE articles SET title = regexp_replace(title, :any, '[erased]', 'gi'), body = regexp_replace(body, :any, '[erased]', 'gi'),
          updated_at = :now WHERE {_HERE} title || ' ' || body ILIKE ANY (:words)""",
    f"""UPDATE knowledge_sources SET title = regexp_replace(title, :any, '[erased]', 'gi'),
          body = regexp_replace(body, :any, '[erased]', 'gi'), status = 'waiting', reason = ''
        WHERE {_HERE} kind IN ('file', 'url') AND title || ' ' || body ILIKE ANY (:words)""",
    f"UPDATE knowledge_gaps SET question = '[erased]' WHERE {_HERE} question ILIKE ANY (:words)",
)
_CONVERSATIONS = "SELECT thread_id, run_ids, busy FROM redact_conversations(%(words)s)"
_MEMORY = tuple(
    text(f"DELETE FROM checkpoints.{table} WHERE thread_id = ANY (:keys)")
    for table in ("checkpoint_writes", "checkpoint_blobs", "checkpoints")
)
_PAPERS = text("SELECT erase_papers(:customer)")


class _Found(NamedTuple):
    thread_id: UUID
    run_ids: list[UUID]
    busy: bool


class Swept(NamedTuple):
    """What a sweep looked at: runs whose live entries are to go, and whether somebody still works on a conversation."""

    words: list[str]
    runs: list[UUID]
    busy: bool


async def begin(tx: Tx, customer: Customer) -> Erasure:
    """Note what a person is known by, and their own conversations, before either is gone."""
    about = {"tenant": tx.tenant_id, "customer": customer.id}
    words = [row.word for row in await tx.connection.execute(_KNOWN_BY, {**about, "least": _LEAST})]
    own = (await tx.connection.execute(_OWN, about)).all()
    row = tx.add(
        Erasure(
            tenant_id=tx.tenant_id,
            id=new_id(),
            customer_id=customer.id,
            words=sorted(words),
            threads=[str(each.id) for each in own],
            runs=[str(run) for each in own for run in each.runs],
            requested_at=tx.now,
        )
    )
    await tx.session.flush()
    return row


async def papers(tx: Tx, customer_id: UUID) -> int:
    """Delete a person's slips and labels and return how many; invoices stay, as the law requires."""
    return int((await tx.connection.execute(_PAPERS, {"customer": customer_id})).scalar_one())


async def sweep(tx: Tx, row: Erasure) -> Swept:
    """Take out what names the person, wherever it stands, with the memory of the conversations in which it stood."""
    words = [str(word) for word in row.words]
    values: dict[str, Any] = {"tenant": tx.tenant_id, "now": tx.now, "words": [_like(word) for word in words], "any": _pattern(words)}
    rows = await tx.run(_CONVERSATIONS, {"words": values["words"]}) if words else []
    found = [_Found(*row) for row in rows]
    for step in _MENTIONS if words else ():
        await tx.connection.execute(text(step), {name: value for name, value in values.items() if f":{name}" in step})
    threads = sorted({*row.threads, *(str(each.thread_id) for each in found if not each.busy)})
    for statement in _MEMORY:
        await tx.connection.execute(statement, {"keys": [f"{tx.tenant_id}:{thread}" for thread in threads]})
    runs = sorted({*row.runs, *(str(run) for each in found for run in each.run_ids)})
    row.threads, row.runs = threads, runs
    tx.session.add(row)
    await tx.session.flush()
    return Swept(words, [UUID(run) for run in runs], any(each.busy for each in found))


async def by_id(tx: ReadTx, erasure_id: UUID) -> Erasure:
    """Return an erasure, locked when it is open in a transaction that writes."""
    query = select(Erasure).where(col(Erasure.tenant_id) == tx.tenant_id, col(Erasure.id) == erasure_id)
    return (await tx.session.exec(query.with_for_update() if isinstance(tx, Tx) else query)).one()


async def end(tx: Tx, erasure_id: UUID) -> None:
    """Note that nothing is left, and forget what was looked for."""
    row = await by_id(tx, erasure_id)
    row.words, row.threads, row.runs, row.done_at = [], [], [], tx.now
    tx.session.add(row)


def _like(word: str) -> str:
    return "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _pattern(words: list[str]) -> str:
    """Return a regular expression of PostgreSQL that fits any of some words."""
    return "|".join("".join(letter if letter.isalnum() else f"\\{letter}" for letter in word) for word in words)
