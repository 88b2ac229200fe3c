"""Addresses of customers, in the order in which they were added."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from store.tables.customers import Address
from store.unit import ReadTx, Tx


async def of_customer(tx: ReadTx, customer_id: UUID, *, lock: bool = False) -> Sequence[Address]:
    """Return a customer's addresses, locked when `lock`: after the customer."""
    query = select(Address).where(col(Address.tenant_id) == tx.tenant_id, col(Address.customer_id) == customer_id).order_by(col(Address.id))
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).all()


async def remove(tx: Tx, address: Address) -> None:
    """Remove an address; orders keep their own copy."""
    await tx.session.delete(address)
