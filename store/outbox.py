"""The outbox: what leaves the process, stored with its cause and delivered after the commit, at least once."""

import json

from sqlalchemy import text

from core.ids import new_id
from store.unit import Tx

_INSERT = text(
    "INSERT INTO outbox (tenant_id, id, topic, key, body, created_at, tries) "
    "VALUES (:tenant, :id, :topic, :key, cast(:body AS jsonb), :now, 0) ON CONFLICT DO NOTHING"
)


async def flush(tx: Tx, key: str) -> None:
    """Store the messages that this transaction emitted; `key` (the ledger's) becomes part of their Idempotency-Key."""
    if not tx.outbox:
        return
    rows = [
        {
            "tenant": tx.tenant_id,
            "id": new_id(),
            "topic": message.topic,
            "key": f"{key}#{number}",
            "body": json.dumps(message.body, default=str),
            "now": tx.now,
        }
        for number, message in enumerate(tx.outbox)
    ]
    await tx.connection.execute(_INSERT, rows)
    tx.outbox.clear()
