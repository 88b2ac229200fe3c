"""Customers and their history in figures."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from core.errors import NotFound
from store.queries.customer_words import query_of
from store.tables.customers import Customer
from store.tables.orders import Order
from store.unit import ReadTx

_FIGURES = text(
    """
    SELECT
      (SELECT count(*) FROM orders o WHERE o.tenant_id = :tenant AND o.customer_id = :customer) AS orders,
      (SELECT count(*) FROM orders o WHERE o.tenant_id = :tenant AND o.customer_id = :customer AND o.status = 'cancelled') AS cancelled,
      (SELECT count(DISTINCT r.order_id) FROM returns r WHERE r.tenant_id = :tenant AND r.customer_id = :customer
         AND r.status NOT IN ('rejected', 'cancelled')) AS orders_with_return,
      (SELECT count(*) FROM tickets t WHERE t.tenant_id = :tenant AND t.customer_id = :customer
         AND t.status NOT IN ('resolved', 'closed')) AS open_tickets
    """
)
_VALUES = text(
    "SELECT p.currency, sum(p.captured_minor - p.refunded_minor) AS minor FROM orders o "
    "JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id "
    "WHERE o.tenant_id = :tenant AND o.customer_id = :customer GROUP BY p.currency ORDER BY minor DESC"
)


class Contact(NamedTuple):
    """Where a customer gets mail."""

    name: str
    email: str


_SPENT = text(
    "SELECT coalesce(sum(p.captured_minor - p.refunded_minor), 0) FROM orders o "
    "JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.currency = :currency "
    "WHERE o.tenant_id = :tenant AND o.customer_id = :customer AND o.placed_at >= :since AND o.status <> 'cancelled'"
)
_FOUND = text("SELECT id, total FROM customers_with_words(:words, :limit)")


class CustomerFound(NamedTuple):
    """A customer in a list, with the number of orders."""

    customer: Customer
    orders: int


class Figures(NamedTuple):
    """A customer's history in figures."""

    orders: int
    cancelled: int
    orders_with_return: int
    open_tickets: int


async def match(tx: ReadTx, wanted: str, limit: int = 6) -> Sequence[Customer]:
    """Return who is meant: the owner of an e-mail address, else everybody with that name, else with that part of a name."""
    meant = func.customers_meant(wanted, query_of(wanted), limit).table_valued("id")
    query = select(Customer).where(col(Customer.tenant_id) == tx.tenant_id, col(Customer.id).in_(select(meant.c.id)))
    return (await tx.session.exec(query.order_by(col(Customer.name), col(Customer.email)))).all()


async def locked(tx: ReadTx, customer_id: UUID) -> Customer:
    """Return a customer as the row is now, locked: before the customer's methods and balances."""
    query = select(Customer).where(col(Customer.tenant_id) == tx.tenant_id, col(Customer.id) == customer_id)
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).one()


async def find(tx: ReadTx, wanted: str, limit: int) -> tuple[int, list[CustomerFound]]:
    """Return how many customers match every word, in name, e-mail or phone, and the first of them with their orders."""
    found = (await tx.session.execute(_FOUND, {"words": query_of(wanted), "limit": limit})).all()
    placed = (
        select(func.count())
        .select_from(Order)
        .where(col(Order.tenant_id) == col(Customer.tenant_id), col(Order.customer_id) == col(Customer.id))
        .scalar_subquery()
    )
    query = select(Customer, placed).where(col(Customer.tenant_id) == tx.tenant_id, col(Customer.id).in_([row.id for row in found]))
    rows = await tx.session.exec(query.order_by(col(Customer.name), col(Customer.email)))
    return (int(found[0].total) if found else 0), [CustomerFound(*row) for row in rows.all()]


async def by_id(tx: ReadTx, customer_id: UUID, *, lock: bool = False) -> Customer:
    """Return a customer that the caller may see, locked when `lock`: before the customer's addresses.

    Raises:
        NotFound: unknown, or somebody else.
    """
    query = select(Customer).where(col(Customer.tenant_id) == tx.tenant_id, col(Customer.id) == customer_id)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("customer")
    return row


async def has_email(tx: ReadTx, email: str, *, besides: UUID) -> bool:
    """Return whether somebody else has an e-mail address."""
    query = select(col(Customer.id)).where(
        col(Customer.tenant_id) == tx.tenant_id, func.lower(Customer.email) == email.lower(), col(Customer.id) != besides
    )
    return (await tx.session.exec(query)).first() is not None


async def spent_since(tx: ReadTx, customer_id: UUID, currency: str, since: datetime) -> int:
    """Return what a customer paid and did not get back for orders placed since an instant, in one currency."""
    values = {"tenant": tx.tenant_id, "customer": customer_id, "currency": currency, "since": since}
    return int((await tx.session.execute(_SPENT, values)).scalar_one())


async def figures(tx: ReadTx, customer_id: UUID) -> Figures:
    """Return a customer's history in figures."""
    return Figures(*(await tx.connection.execute(_FIGURES, {"tenant": tx.tenant_id, "customer": customer_id})).one())


async def lifetime_values(tx: ReadTx, customer_id: UUID) -> list[tuple[str, int]]:
    """Return what a customer paid and did not get back, as currency and minor units, the largest first."""
    rows = await tx.connection.execute(_VALUES, {"tenant": tx.tenant_id, "customer": customer_id})
    return [(row.currency, int(row.minor)) for row in rows]


async def contact(tx: ReadTx, customer_id: str) -> Contact | None:
    """Return where a customer gets mail, None when there is no such customer (any more)."""
    own = (col(Customer.tenant_id) == tx.tenant_id, col(Customer.id) == UUID(customer_id), col(Customer.erased_at).is_(None))
    query = select(Customer.name, Customer.email).where(*own)
    found = (await tx.session.exec(query)).first()
    return Contact(*found) if found else None
