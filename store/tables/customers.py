"""Customers and their addresses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from store.tables.base import TenantRow, belongs, instant, instant_or_none


class Customer(TenantRow, table=True):
    """Somebody who buys from the store."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "email"),
        Index("customers_email_idx", "tenant_id", text("lower(email)")),
        Index("customers_name_idx", "tenant_id", text("lower(name)")),
        Index(
            "customers_words_idx",
            text("to_tsvector('simple', name || ' ' || translate(email, '@._-+', '     '))"),
            postgresql_using="gin",
        ),
        Index("customers_external_key", "tenant_id", "external_id", unique=True, postgresql_where=text("external_id <> ''")),
    )
    email: str = Field(max_length=200)
    name: str = Field(max_length=120)
    phone: str | None = Field(default=None, max_length=40)
    loyalty_tier: str = Field(default="bronze", max_length=10)
    store_credit_minor: int = Field(default=0, ge=0)
    """Repeats the balance of the customer's store credit (a payment method); its trigger keeps it."""
    created_at: datetime = instant()
    erased_at: datetime | None = instant_or_none()
    """When everything personal was taken out; the row stays for the books."""
    external_id: str = Field(default="", max_length=60)
    """The id in the system that the customer was imported from; empty when there is none."""


class Address(TenantRow, table=True):
    """A postal address of a customer."""

    __tablename__ = "addresses"
    __table_args__ = (belongs("customer_id", "customers", on_delete="CASCADE"),)
    customer_id: UUID = Field(index=True)
    name: str = Field(max_length=120)
    line1: str = Field(max_length=160)
    line2: str | None = Field(default=None, max_length=160)
    city: str = Field(max_length=80)
    region: str | None = Field(default=None, max_length=80)
    """State or province, where addresses have one."""
    postal_code: str = Field(max_length=16)
    country: str = Field(max_length=2)
