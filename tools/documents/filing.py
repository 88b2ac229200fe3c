"""How a document is kept: its bytes once, and a row that says what it is about."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from store.queries import documents, tenants
from store.tables.documents import Document, DocumentKind
from store.unit import ReadTx, Tx
from tools.documents.prints import Seller
from tools.documents.results import DocumentMade, shown
from tools.policy import Policy


@dataclass(frozen=True, slots=True)
class About:
    """What a document is, and what it is about."""

    kind: DocumentKind
    number: str
    title: str
    dated: date
    customer_id: UUID | None = None
    order_id: UUID | None = None
    return_id: UUID | None = None
    shipment_id: UUID | None = None


async def file(tx: Tx, about: About, subject: str, pdf: bytes) -> DocumentMade:
    """Keep a document that was printed. The one that was made of the same subject before is returned instead."""
    known = await documents.by_subject(tx, subject)
    if known is not None:
        return shown(known)
    row = tx.add(
        Document(
            tenant_id=tx.tenant_id,
            kind=about.kind,
            number=about.number,
            subject=subject,
            title=about.title,
            file_name=f"{about.number.lower()}.pdf",
            content_id=await documents.keep(tx, pdf, about.customer_id),
            size=len(pdf),
            customer_id=about.customer_id,
            order_id=about.order_id,
            return_id=about.return_id,
            shipment_id=about.shipment_id,
            dated=about.dated,
            created_at=tx.now,
        )
    )
    await tx.session.flush()
    tx.emit("document.created", document=str(row.id), kind=about.kind.value, number=row.number)
    return shown(row, fresh=True)


async def printed(make: Callable[[], bytes]) -> bytes:
    """Print in a thread: it takes tens of milliseconds of work."""
    return await asyncio.to_thread(make)


def version(pdf: bytes) -> str:
    """Return a short name of exactly these bytes."""
    return hashlib.sha256(pdf).hexdigest()[:12]


async def seller(tx: ReadTx, policy: Policy) -> Seller:
    """Return who sells, as it stands on paper."""
    store = await tenants.current(tx)
    return Seller(store.name, store.support_email, policy.documents.seller_lines)
