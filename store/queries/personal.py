"""Everything that is held about a person: read as one document, or taken out while the books stay.

Erasing is rare and approved by an owner; the tables of messages and requests have no index by person and are read whole.
"""

import json
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.errors import NotFound
from core.ids import new_id
from store.queries import erasure
from store.tables.customers import Customer
from store.tables.relations import PersonalExport
from store.unit import ReadTx, Tx

ERASED = "Erased customer"
_MINE = "tenant_id = :tenant AND customer_id = :customer"
_ORDERS = f"SELECT id FROM orders WHERE {_MINE}"
_OF_ORDERS = f"tenant_id = :tenant AND order_id IN ({_ORDERS})"
_OF_THREADS = f"tenant_id = :tenant AND thread_id IN (SELECT id FROM threads WHERE {_MINE})"

_SECTIONS: dict[str, str] = {
    "profile": "customers WHERE tenant_id = :tenant AND id = :customer",
    "addresses": f"addresses WHERE {_MINE}",
    "payment_methods": f"payment_methods WHERE {_MINE}",
    "consents": f"consents WHERE {_MINE}",
    "segments": f"segment_members WHERE {_MINE}",
    "contacts": f"interactions WHERE {_MINE}",
    "orders": f"orders WHERE {_MINE}",
    "order_lines": f"order_lines WHERE {_OF_ORDERS}",
    "order_history": f"order_events WHERE {_OF_ORDERS}",
    "order_origins": f"order_origins WHERE {_OF_ORDERS}",
    "payments": f"payments WHERE {_OF_ORDERS}",
    "shipments": f"shipments WHERE {_OF_ORDERS}",
    "returns": f"returns WHERE {_MINE}",
    "tickets": f"tickets WHERE {_MINE}",
    "ticket_messages": f"ticket_messages WHERE tenant_id = :tenant AND ticket_id IN (SELECT id FROM tickets WHERE {_MINE})",
    "warranty_claims": f"warranty_claims WHERE {_MINE}",
    "surveys": f"surveys WHERE {_MINE}",
    "reviews": "reviews WHERE tenant_id = :tenant AND author = :name",
    "channel_messages": "channel_messages WHERE tenant_id = :tenant AND author = :name",
    "fraud_checks": f"fraud_checks WHERE {_OF_ORDERS}",
    "documents": f"documents WHERE {_MINE}",
    "conversations": f"threads WHERE {_MINE}",
    "kept_by_clients": f"store_items WHERE {_MINE}",
    "messages": f"run_events WHERE tenant_id = :tenant AND type = 'message' AND run_id IN (SELECT id FROM runs WHERE {_OF_THREADS})",
}
"""What an export holds: rows as they are stored, without the tenant."""

_OPEN = text(
    f"""
    SELECT
      ARRAY(SELECT number FROM orders WHERE {_MINE} AND status IN ('pending', 'confirmed', 'processing', 'shipped')
        ORDER BY placed_at)::text[] AS orders,
      ARRAY(SELECT number FROM returns WHERE {_MINE} AND status NOT IN ('rejected', 'cancelled', 'refunded', 'completed')
        ORDER BY requested_at)::text[] AS returns,
      (SELECT count(*) FROM payments p JOIN payment_transactions x ON x.tenant_id = p.tenant_id AND x.payment_id = p.id
         AND x.type = 'refund' AND x.state = 'pending'
       WHERE p.tenant_id = :tenant AND p.order_id IN ({_ORDERS}))::int AS refunds
    """
)
_COUNTS = text(
    f"""
    SELECT (SELECT count(*) FROM addresses WHERE {_MINE})::int AS addresses,
      (SELECT count(*) FROM interactions WHERE {_MINE})::int AS contacts,
      (SELECT count(*) FROM threads WHERE {_MINE})::int AS conversations,
      (SELECT count(*) FROM personal_exports WHERE {_MINE})::int AS exports,
      (SELECT count(*) FROM orders WHERE {_MINE})::int AS orders,
      (SELECT count(*) FROM returns WHERE {_MINE})::int AS returns,
      (SELECT count(*) FROM tickets WHERE {_MINE})::int AS tickets,
      (SELECT count(*) FROM documents WHERE {_MINE} AND kind = 'invoice')::int AS invoices,
      (SELECT count(*) FROM documents WHERE kind IN ('packing_slip', 'shipping_label', 'return_label')
        AND ({_MINE} OR {_OF_ORDERS}))::int AS papers
    """
)

_NUMBERS = f"SELECT number FROM orders WHERE {_MINE}"
_ABOUT = f"(body ->> 'customer' = cast(:customer AS text) OR body ->> 'order' IN ({_NUMBERS}))"
_THREAD_KEYS = f"SELECT :tenant || ':' || id FROM threads WHERE {_MINE}"
_NAMED = (
    "tenant_id = :tenant AND (customer_id = :customer OR strpos(lower({0}), lower(:email)) > 0 OR strpos(lower({0}), lower(:name)) > 0)"
)
_STEPS: tuple[str, ...] = (
    # Conversations, with what the graph remembers of them and what their calls answered.
    *(
        f"DELETE FROM checkpoints.{table} WHERE thread_id IN ({_THREAD_KEYS})"
        for table in ("checkpoint_writes", "checkpoint_blobs", "checkpoints")
    ),
    f"""UPDATE ledger SET result = jsonb_build_object('tool', tool, 'status', status, 'text', '[erased]')
        WHERE {_NAMED.format("result::text")}""",
    f"""UPDATE approvals SET args = '{{}}', preview = '[]', title = '[erased]', message = '',
          requester = CASE WHEN customer_id IS NULL THEN requester ELSE '{ERASED}' END
        WHERE {_NAMED.format("args::text || preview::text || title || message")}""",
    f"DELETE FROM threads WHERE {_MINE}",
    # Who the person is to the shop.
    f"DELETE FROM addresses WHERE {_MINE}",
    f"DELETE FROM interactions WHERE {_MINE}",
    f"DELETE FROM segment_members WHERE {_MINE}",
    f"DELETE FROM consents WHERE {_MINE}",
    f"DELETE FROM personal_exports WHERE {_MINE}",
    f"""UPDATE payment_methods SET active = false, brand = NULL, last_four = NULL, reference = 'erased-' || id WHERE {_MINE}""",
    f"UPDATE reviews SET author = '{ERASED}' WHERE tenant_id = :tenant AND author = :name",
    f"""UPDATE channel_messages SET author = '{ERASED}', subject = '', body = '[erased]' WHERE tenant_id = :tenant AND author = :name""",
    # Orders and what hangs on them: amounts, dates and the country of the tax stay.
    f"""UPDATE order_events SET actor = '{ERASED}' WHERE {_OF_ORDERS} AND actor = :name""",
    f"""UPDATE order_events SET text = '[erased]' WHERE {_OF_ORDERS} AND (kind IN ('order.address_changed', 'order.noted', 'order.note')
          OR strpos(lower(text), lower(:name)) > 0 OR strpos(lower(text), lower(:email)) > 0)""",
    f"""UPDATE orders SET ship_to = jsonb_build_object('country', ship_to -> 'country'),
          bill_to = jsonb_build_object('country', bill_to -> 'country'), tags = '[]' WHERE {_MINE}""",
    f"DELETE FROM order_origins WHERE {_OF_ORDERS}",
    f"UPDATE payments SET label = method WHERE {_OF_ORDERS}",
    f"UPDATE returns SET note = '' WHERE {_MINE}",
    f"""UPDATE tickets SET subject = '[erased]', body = '[erased]', resolution = '', escalation_reason = '' WHERE {_MINE}""",
    f"""UPDATE ticket_messages SET text = '[erased]', author = CASE WHEN from_customer THEN '{ERASED}' ELSE author END
        WHERE tenant_id = :tenant AND ticket_id IN (SELECT id FROM tickets WHERE {_MINE})""",
    f"UPDATE warranty_claims SET problem = '[erased]', note = '' WHERE {_MINE}",
    f"UPDATE surveys SET comment = '' WHERE {_MINE}",
    f"DELETE FROM store_items WHERE {_MINE}",
    f"DELETE FROM kept_answers WHERE {_MINE}",
    f"""UPDATE fraud_checks SET signals = coalesce((SELECT jsonb_agg(jsonb_set(each, '{{detail}}', each -> 'signal'))
          FROM jsonb_array_elements(signals) AS each), '[]') WHERE {_OF_ORDERS}""",
    f"UPDATE fraud_rulings SET reason = '[erased]' WHERE {_OF_ORDERS}",
    f"UPDATE alerts SET detail = '', data = '{{}}' WHERE tenant_id = :tenant AND kind = 'fraud.blocked' AND subject IN ({_NUMBERS})",
    # Messages that left or are about to: what they are about stays, whose they were does not.
    *(
        f"UPDATE {table} SET body = body - ARRAY['ship_to', 'data', 'text', 'name', 'email'] WHERE tenant_id = :tenant AND {_ABOUT}"
        for table in ("outbox", "deliveries")
    ),
    f"""UPDATE users SET email = :nobody, name = '{ERASED}', password_hash = '!' WHERE {_MINE}""",
)
"""In order: what finds others comes before it goes."""


class OpenBusiness(NamedTuple):
    """What is not settled between a person and the shop."""

    orders: list[str]
    returns: list[str]
    refunds: int


class Held(NamedTuple):
    """How much is held of a person, as far as it is told before it goes."""

    addresses: int
    contacts: int
    conversations: int
    exports: int
    orders: int
    returns: int
    tickets: int
    invoices: int
    papers: int


async def open_business(tx: ReadTx, customer_id: UUID) -> OpenBusiness:
    """Return what stands against forgetting a person."""
    return OpenBusiness(*(await tx.session.execute(_OPEN, _who(tx, customer_id))).one())


async def held(tx: ReadTx, customer_id: UUID) -> Held:
    """Return how much there is of a person."""
    return Held(*(await tx.session.execute(_COUNTS, _who(tx, customer_id))).one())


async def document(tx: ReadTx, customer: Customer) -> dict[str, Any]:
    """Return everything that is held about a person, by section."""
    values = {**_who(tx, customer.id), "name": customer.name}
    found: dict[str, Any] = {}
    for section, source in _SECTIONS.items():
        query = text(f"SELECT coalesce(jsonb_agg(to_jsonb(held) - 'tenant_id'), '[]') FROM (SELECT * FROM {source}) held")
        used = {name: value for name, value in values.items() if f":{name}" in source}
        found[section] = (await tx.session.execute(query, used)).scalar_one()
    return found


async def stored(tx: ReadTx, export_id: UUID) -> dict[str, Any]:
    """Return the document of an export that has not expired.

    Raises:
        NotFound: unknown, expired, or of another shop.
    """
    query = select(PersonalExport).where(
        col(PersonalExport.tenant_id) == tx.tenant_id, col(PersonalExport.id) == export_id, col(PersonalExport.expires_at) > tx.now
    )
    row = (await tx.session.exec(query)).first()
    if row is None:
        raise NotFound("export", export_id)
    return row.body


def size_of(body: dict[str, Any]) -> int:
    """Return the bytes of a document as JSON."""
    return len(json.dumps(body, default=str).encode())


async def erase(tx: Tx, customer: Customer) -> None:
    """Take everything personal out of the store; the customer's row stays, without a name, for the books.

    Orders, payments, returns and invoices keep their amounts and dates. The audit chain and the decisions hold nothing personal. What
    others are just writing about the person, and what lives outside PostgreSQL, is swept afterwards (`store/queries/erasure.py`).
    """
    if tx.dirty:
        await tx.session.flush()
    began = await erasure.begin(tx, customer)
    await erasure.papers(tx, customer.id)
    nobody = f"erased-{new_id().hex}@erased.invalid"
    values = {**_who(tx, customer.id), "name": customer.name, "email": customer.email, "nobody": nobody}
    for step in _STEPS:
        await tx.connection.execute(text(step), {name: value for name, value in values.items() if f":{name}" in step})
    customer.name, customer.email, customer.phone, customer.erased_at = ERASED, nobody, None, tx.now
    tx.session.add(customer)
    await tx.session.flush()
    await erasure.sweep(tx, began)


def _who(tx: ReadTx, customer_id: UUID) -> dict[str, Any]:
    return {"tenant": tx.tenant_id, "customer": customer_id}
