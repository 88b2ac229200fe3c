"""What placing an order needs to know: prices, the customer's address, a code's worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.errors import InvalidInput
from store.queries.products import titled
from store.tables.coupons import Coupon
from store.tables.customers import Address, Customer
from store.tables.payments import PaymentMethod
from store.unit import ReadTx

_PRICED = text(
    """
    SELECT v.id, v.sku, p.name, v.options, c.slug AS category, v.price_minor, v.cost_minor, v.currency, p.active
    FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
    WHERE v.tenant_id = :tenant AND v.id = ANY(:variants) ORDER BY v.sku
    """
)


@dataclass(frozen=True, slots=True)
class Priced:
    """A variant at today's price."""

    id: UUID
    sku: str
    title: str
    category: str
    price_minor: int
    cost_minor: int
    currency: str
    active: bool


async def priced(tx: ReadTx, variants: Sequence[UUID]) -> dict[UUID, Priced]:
    """Return what some variants cost today."""
    rows = await tx.connection.execute(_PRICED, {"tenant": tx.tenant_id, "variants": list(variants)})
    return {
        row.id: Priced(
            row.id, row.sku, titled(row.name, row.options), row.category, row.price_minor, row.cost_minor, row.currency, row.active
        )
        for row in rows
    }


async def customer(tx: ReadTx, customer_id: UUID, *, lock: bool = False) -> Customer:
    """Return a customer whom the caller may see; locked when `lock`, before payment methods and stock, so that orders count each other."""
    query = select(Customer).where(col(Customer.tenant_id) == tx.tenant_id, col(Customer.id) == customer_id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await tx.session.exec(locked if lock else query)).one()


async def address(tx: ReadTx, customer_id: UUID) -> Address | None:
    """Return the address that a customer has on file, the oldest of several."""
    query = select(Address).where(col(Address.tenant_id) == tx.tenant_id, col(Address.customer_id) == customer_id)
    return (await tx.session.exec(query.order_by(col(Address.id)).limit(1))).first()


async def coupon(tx: ReadTx, code: str, *, lock: bool = False) -> Coupon:
    """Return a code's worth; locked when `lock`: the last lock but for numbers.

    Raises:
        InvalidInput: there is no such code.
    """
    query = select(Coupon).where(col(Coupon.tenant_id) == tx.tenant_id, col(Coupon.code) == code.strip().upper())
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise InvalidInput(f"there is no code “{code}”; leave it out, or check its spelling", field="coupon", code="coupon_unknown")
    return row


async def coupon_exists(tx: ReadTx, code: str) -> bool:
    """Return whether a code is taken, even when it has ended."""
    query = select(Coupon.id).where(col(Coupon.tenant_id) == tx.tenant_id, col(Coupon.code) == code)
    return (await tx.session.exec(query)).first() is not None


async def method_of(tx: ReadTx, method_id: UUID) -> PaymentMethod | None:
    """Return the method on file that a payment was made with."""
    query = select(PaymentMethod).where(col(PaymentMethod.tenant_id) == tx.tenant_id, col(PaymentMethod.id) == method_id)
    return (await tx.session.exec(query)).first()
