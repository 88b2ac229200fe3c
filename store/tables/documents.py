"""Documents: what was printed for an order, a return, a parcel or a period, and the bytes of it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from store.tables.base import TenantRow, belongs, instant, word, words_check


class DocumentKind(StrEnum):
    """What a document is for."""

    INVOICE = "invoice"
    PACKING_SLIP = "packing_slip"
    SHIPPING_LABEL = "shipping_label"
    RETURN_LABEL = "return_label"
    SALES_REPORT = "sales_report"


class DocumentContent(TenantRow, table=True):
    """Bytes, known by their hash and stored once; Postgres checks that the hash is theirs."""

    __tablename__ = "document_contents"
    __table_args__ = (
        belongs("customer_id", "customers"),
        UniqueConstraint("tenant_id", "sha256"),
        CheckConstraint("sha256 = encode(sha256(content), 'hex')", name="document_contents_hash_check"),
        CheckConstraint("octet_length(content) BETWEEN 1 AND 10485760", name="document_contents_size_check"),
    )
    customer_id: UUID | None = None
    """Whom they concern; nobody else's customer can read them."""
    sha256: str = Field(max_length=64)
    content: bytes = Field(sa_type=LargeBinary)


class Document(TenantRow, table=True):
    """A document. Customers see those that carry their `customer_id`; the others are the shop's own."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("tenant_id", "subject"),
        UniqueConstraint("tenant_id", "number"),
        belongs("content_id", "document_contents"),
        belongs("customer_id", "customers"),
        belongs("order_id", "orders"),
        belongs("return_id", "returns"),
        belongs("shipment_id", "shipments"),
        words_check("kind", DocumentKind, "documents_kind_check"),
        CheckConstraint(
            "CASE kind WHEN 'sales_report' THEN order_id IS NULL AND customer_id IS NULL WHEN 'return_label' THEN return_id IS NOT NULL "
            "WHEN 'shipping_label' THEN shipment_id IS NOT NULL ELSE order_id IS NOT NULL END",
            name="documents_about_check",
        ),
        Index("documents_order_idx", "tenant_id", "order_id", "created_at"),
        Index("documents_customer_idx", "tenant_id", "customer_id", "created_at"),
        Index("documents_created_idx", "tenant_id", "created_at"),
    )
    kind: DocumentKind = word(DocumentKind)
    number: str = Field(max_length=40)
    """What people call it, such as INV-1001."""
    subject: str = Field(max_length=160)
    """What it was made from: making it again gives the same document."""
    title: str = Field(max_length=160)
    file_name: str = Field(max_length=120)
    content_id: UUID
    size: int
    customer_id: UUID | None = None
    order_id: UUID | None = None
    return_id: UUID | None = None
    shipment_id: UUID | None = None
    dated: date
    created_at: datetime = instant()
