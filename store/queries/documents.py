"""Documents and what is printed on them."""

import hashlib
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from core.errors import NotFound
from core.ids import new_id
from store.queries.own import own
from store.tables.documents import Document, DocumentContent, DocumentKind
from store.tables.inventory import Warehouse
from store.unit import ReadTx, Tx

_DAILY = text(
    """
    SELECT day::date AS day, coalesce(sum(o.total_minor), 0)::bigint AS revenue_minor
    FROM generate_series(cast(:begin AS timestamptz), cast(:until AS timestamptz) - interval '1 day', interval '1 day') AS day
    LEFT JOIN orders o ON o.tenant_id = :tenant AND o.placed_at >= day AND o.placed_at < day + interval '1 day'
      AND o.status <> 'cancelled' AND o.currency = :currency
    GROUP BY day ORDER BY day
    """
)
_UNITS = text(
    "SELECT l.sku, l.title, sum(i.quantity)::int AS units FROM shipment_lines i "
    "JOIN order_lines l ON l.tenant_id = i.tenant_id AND l.id = i.order_line_id "
    "WHERE i.tenant_id = :tenant AND i.shipment_id = :shipment GROUP BY l.sku, l.title ORDER BY l.title, l.sku"
)
_STORE = text(
    "INSERT INTO document_contents (tenant_id, id, customer_id, sha256, content) VALUES (:tenant, :id, :customer, :sha256, :content) "
    "ON CONFLICT (tenant_id, sha256) DO NOTHING"
)
_SIGN_IN = "SELECT customer_id FROM users WHERE tenant_id = :tenant AND customer_id IS NOT NULL"
_PRINTABLE = text(
    f"""
    SELECT
      ARRAY(SELECT o.number FROM orders o WHERE o.tenant_id = :tenant AND o.status <> 'cancelled'
        AND (o.customer_id IN ({_SIGN_IN}) OR o.number = '1017') AND EXISTS (SELECT 1 FROM payments p
          WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.captured_minor > 0)
        ORDER BY (o.number = '1017') DESC, o.placed_at DESC LIMIT 8)::text[] AS orders,
      ARRAY(SELECT s.number FROM shipments s JOIN orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id
        WHERE s.tenant_id = :tenant AND s.tracking_number <> s.number AND o.customer_id IN ({_SIGN_IN})
        ORDER BY s.shipped_at DESC NULLS LAST, s.number LIMIT 3)::text[] AS shipments,
      ARRAY(SELECT r.number FROM returns r WHERE r.tenant_id = :tenant AND r.status IN ('approved', 'label_sent')
        ORDER BY (r.customer_id IN ({_SIGN_IN})) DESC, r.requested_at DESC LIMIT 2)::text[] AS returns
    """
)


class Printable(NamedTuple):
    """Numbers of paid orders, of parcels with a tracking number, and of returns that may be sent."""

    orders: list[str]
    shipments: list[str]
    returns: list[str]


class Units(NamedTuple):
    """Units of an item."""

    sku: str
    title: str
    units: int


class Day(NamedTuple):
    """What a day brought in."""

    day: date
    revenue_minor: int


async def by_subject(tx: ReadTx, subject: str) -> Document | None:
    """Return the document that was made of something."""
    query = select(Document).where(col(Document.tenant_id) == tx.tenant_id, col(Document.subject) == subject)
    return (await tx.session.exec(query)).first()


async def get(tx: ReadTx, ref: str) -> Document:
    """Return a document that the caller may see, by its id or number.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    query = select(Document).where(col(Document.tenant_id) == tx.tenant_id)
    try:
        query = query.where(col(Document.id) == UUID(ref))
    except ValueError:
        query = query.where(col(Document.number) == ref.upper())
    row = (await tx.session.exec(query)).first()
    if row is None:
        raise NotFound("document", ref)
    return row


async def content(tx: ReadTx, document: Document) -> bytes:
    """Return the bytes of a document."""
    query = select(DocumentContent.content).where(
        col(DocumentContent.tenant_id) == tx.tenant_id, col(DocumentContent.id) == document.content_id
    )
    return (await tx.session.exec(query)).one()


async def find(tx: ReadTx, *, order_id: UUID | None = None, kind: DocumentKind | None = None, limit: int) -> tuple[int, list[Document]]:
    """Return how many documents the caller can see and the newest `limit` of them."""
    conditions = [col(Document.tenant_id) == tx.tenant_id, *own(tx, col(Document.customer_id))]
    if order_id is not None:
        conditions.append(col(Document.order_id) == order_id)
    if kind is not None:
        conditions.append(col(Document.kind) == kind)
    total = (await tx.session.exec(select(func.count()).select_from(Document).where(*conditions))).one()
    query = select(Document).where(*conditions).order_by(col(Document.created_at).desc(), col(Document.id).desc()).limit(limit)
    return total, list((await tx.session.exec(query)).all())


async def keep(tx: Tx, pdf: bytes, customer_id: UUID | None) -> UUID:
    """Store bytes unless they are stored already, and return where."""
    sha256 = hashlib.sha256(pdf).hexdigest()
    values = {"tenant": tx.tenant_id, "id": new_id(), "customer": customer_id, "sha256": sha256, "content": pdf}
    await tx.connection.execute(_STORE, values)
    query = select(DocumentContent.id).where(col(DocumentContent.tenant_id) == tx.tenant_id, col(DocumentContent.sha256) == sha256)
    return (await tx.session.exec(query)).one()


async def units_of(tx: ReadTx, shipment_id: UUID) -> list[Units]:
    """Return what a parcel holds."""
    rows = await tx.connection.execute(_UNITS, {"tenant": tx.tenant_id, "shipment": shipment_id})
    return [Units(row.sku, row.title, row.units) for row in rows]


async def daily(tx: ReadTx, currency: str, begin: datetime, until: datetime) -> list[Day]:
    """Return the revenue of each day of a period of whole days, in one currency."""
    rows = await tx.connection.execute(_DAILY, {"tenant": tx.tenant_id, "currency": currency, "begin": begin, "until": until})
    return [Day(row.day, row.revenue_minor) for row in rows]


async def first_warehouse(tx: ReadTx) -> Warehouse | None:
    """Return where returns go: the first warehouse by its code."""
    query = select(Warehouse).where(col(Warehouse.tenant_id) == tx.tenant_id).order_by(col(Warehouse.code)).limit(1)
    return (await tx.session.exec(query)).first()


async def worth_printing(tx: ReadTx) -> Printable:
    """Return what the demo prints: orders, parcels and returns of people who sign in, and the orders of the first days."""
    row = (await tx.connection.execute(_PRINTABLE, {"tenant": tx.tenant_id})).one()
    return Printable(list(row.orders), list(row.shipments), list(row.returns))
