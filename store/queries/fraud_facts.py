"""What the store knows of an order when it is scored, and the doors through which a check is kept.

A customer's own order is scored in the customer's transaction, which sees neither checks nor the block list: the functions
`block_hits` and `record_fraud_check` look and write for it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from store.tables.fraud import OrderOrigin
from store.tables.orders import Order
from store.unit import ReadTx, Tx

_LOCK = text("SELECT created_at, email FROM customers WHERE tenant_id = :tenant AND id = :customer FOR NO KEY UPDATE")
_FACTS = text(
    """
    SELECT
      (SELECT count(*) FROM orders o WHERE o.tenant_id = :tenant AND o.customer_id = :customer
         AND o.placed_at > :velocity_since AND o.placed_at <= :placed)::int AS recent_orders,
      (SELECT coalesce(sum(l.quantity), 0) FROM order_lines l WHERE l.tenant_id = :tenant AND l.order_id = :order)::int AS units,
      (SELECT count(*) FROM payments p JOIN payment_transactions x ON x.tenant_id = p.tenant_id AND x.payment_id = p.id
         AND x.state = 'failed' AND x.type IN ('authorization', 'capture', 'charge')
         WHERE p.tenant_id = :tenant AND p.order_id = :order)::int AS failed_payments,
      (SELECT count(*) FROM (
         SELECT coalesce(p.payment_method_id::text, p.method || p.label) AS used,
           lag(coalesce(p.payment_method_id::text, p.method || p.label)) OVER (ORDER BY p.created_at, p.id) AS before
         FROM orders o JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
         WHERE o.tenant_id = :tenant AND o.customer_id = :customer AND p.created_at > :methods_since AND p.created_at <= :now
       ) methods WHERE before IS NOT NULL AND used <> before)::int AS method_changes,
      (SELECT coalesce(max(g.ip), '') FROM order_origins g WHERE g.tenant_id = :tenant AND g.order_id = :order) AS ip,
      ARRAY(
        SELECT g.card FROM order_origins g WHERE g.tenant_id = :tenant AND g.order_id = :order AND g.card <> ''
        UNION SELECT m.reference FROM payments p
          JOIN payment_methods m ON m.tenant_id = p.tenant_id AND m.id = p.payment_method_id AND m.kind = 'card'
          WHERE p.tenant_id = :tenant AND p.order_id = :order
      )::text[] AS cards
    """
)
_HITS = text("SELECT kind, value, reason FROM block_hits(cast(:kinds AS text[]), cast(:wanted AS text[]), :now)")
_RECORD = text("SELECT record_fraud_check(:id, :order, :score, :decision, cast(:signals AS jsonb), :version, :now)")


@dataclass(frozen=True, slots=True)
class FactsRow:
    """An order as its score needs it."""

    joined_at: datetime
    email: str
    recent_orders: int
    units: int
    failed_payments: int
    method_changes: int
    ip: str
    cards: list[str]
    """What the provider calls the cards that the order was paid with."""


async def read(tx: Tx, order: Order, velocity: timedelta, methods: timedelta) -> FactsRow:
    """Return what an order's score rests on, counted over `velocity` before the order and `methods` before now.

    The customer's row is locked first, so that orders placed at the same time count each other.
    """
    if tx.dirty:
        await tx.session.flush()
    about = {"tenant": tx.tenant_id, "customer": order.customer_id}
    joined_at, email = (await tx.connection.execute(_LOCK, about)).one()
    values = {
        **about,
        "order": order.id,
        "placed": order.placed_at,
        "velocity_since": order.placed_at - velocity,
        "methods_since": tx.now - methods,
        "now": tx.now,
    }
    row = (await tx.connection.execute(_FACTS, values)).mappings().one()
    return FactsRow(joined_at=joined_at, email=email, **row)


async def block_hits(tx: ReadTx, wanted: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Return the entries of the block list in force that any of `wanted` (kind, value) matches, as kind, value and reason."""
    values = {"kinds": [kind for kind, _ in wanted], "wanted": [value for _, value in wanted], "now": tx.now}
    return [(row.kind, row.value, row.reason) for row in await tx.connection.execute(_HITS, values)]


async def record(
    tx: Tx, check_id: UUID, order_id: UUID, score: int, decision: str, signals: Iterable[Mapping[str, Any]], version: int
) -> None:
    """Keep a check with its signals and the version of the rules that it was made by."""
    values = {
        "id": check_id,
        "order": order_id,
        "score": score,
        "decision": decision,
        "signals": json.dumps([dict(signal) for signal in signals]),
        "version": version,
        "now": tx.now,
    }
    await tx.connection.execute(_RECORD, values)


def came_from(tx: Tx, order_id: UUID, *, ip: str = "", card: str = "") -> OrderOrigin:
    """Note where an order came from: its IP address, and the provider's fingerprint of the card. Once an order, before its score."""
    return tx.add(OrderOrigin(tenant_id=tx.tenant_id, order_id=order_id, ip=ip[:45], card=card[:80]))
