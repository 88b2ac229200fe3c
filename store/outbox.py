"""The outbox: what leaves the process, stored with its cause and delivered after the commit, at least once.

Every message goes to the tenant's event stream. One that asks a provider for something also becomes a delivery, with a state of its own.
"""

import json
from collections.abc import Mapping

from sqlalchemy import text

from core.ids import new_id
from store.unit import Message, Tx

_INSERT = text(
    "INSERT INTO outbox (tenant_id, id, topic, key, body, created_at, tries) "
    "VALUES (:tenant, :id, :topic, :key, cast(:body AS jsonb), :now, 0) ON CONFLICT DO NOTHING"
)
_DELIVER = text(
    "INSERT INTO deliveries (tenant_id, id, topic, key, lane, body, status, tries, attempt, next_try_at, reference, reason, created_at) "
    "VALUES (:tenant, :id, :topic, :key, :lane, cast(:body AS jsonb), 'waiting', 0, 0, :now, '', '', :now) ON CONFLICT DO NOTHING"
)
LANES: Mapping[str, str | None] = {
    "payment.authorization.requested": "payment",
    "payment.capture.requested": "payment",
    "payment.void.requested": "payment",
    "payment.refund.requested": "payment",
    "shipment.label.requested": "shipment",
    "channel.listing.push": "listing",
    "channel.message.reply": "conversation",
    "channel.orders.pull": "channel",
    "channel.order.fulfilled": "order",
    "channel.refund.requested": "payment",
    "email.requested": None,
}
"""The topics that ask a provider for something, with the field of their body by which messages leave in order; None: in any order."""


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
    asking = [{**row, "lane": _lane(message, row["id"])} for message, row in zip(tx.outbox, rows, strict=True) if message.topic in LANES]
    if asking:
        await tx.connection.execute(_DELIVER, asking)
    tx.outbox.clear()


def _lane(message: Message, own: object) -> str:
    field = LANES[message.topic]
    named = message.body.get(field) if field else None
    return f"{field}:{named}" if named else f"message:{own}"
