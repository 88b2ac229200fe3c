"""The store itself."""

from sqlmodel import col, select

from core.errors import NotFound
from store.tables.tenancy import Tenant
from store.unit import ReadTx


async def current(tx: ReadTx) -> Tenant:
    """Return the caller's store.

    Raises:
        NotFound: the tenant of the token does not exist (any more).
    """
    row = (await tx.session.exec(select(Tenant).where(col(Tenant.id) == tx.tenant_id))).first()
    if row is None:
        raise NotFound("store")
    return row
