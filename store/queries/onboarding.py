"""Merchants' applications."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import col, select

from core.errors import NotFound
from core.statuses import ApplicationStatus
from store.tables.onboarding import MerchantApplication
from store.unit import ReadTx

OPEN = (ApplicationStatus.SUBMITTED, ApplicationStatus.UNDER_REVIEW, ApplicationStatus.DOCUMENTS_REQUIRED)


async def by_number(tx: ReadTx, number: str, *, lock: bool = False) -> MerchantApplication:
    """Return an application, locked when `lock`.

    Raises:
        NotFound: unknown, or of another shop.
    """
    query = select(MerchantApplication).where(col(MerchantApplication.tenant_id) == tx.tenant_id, col(MerchantApplication.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("application", number)
    return row


async def open_of(tx: ReadTx, email: str) -> str | None:
    """Return the number of an undecided application of a merchant."""
    query = select(col(MerchantApplication.number)).where(
        col(MerchantApplication.tenant_id) == tx.tenant_id,
        func.lower(MerchantApplication.email) == email.lower(),
        col(MerchantApplication.status).in_(OPEN),
    )
    return (await tx.session.exec(query)).first()


async def find(tx: ReadTx, statuses: Sequence[ApplicationStatus], limit: int) -> tuple[int, list[MerchantApplication]]:
    """Return how many applications are in any of `statuses`, and those that wait longest."""
    where = (col(MerchantApplication.tenant_id) == tx.tenant_id, col(MerchantApplication.status).in_(statuses))
    total = (await tx.session.exec(select(func.count()).select_from(MerchantApplication).where(*where))).one()
    query = (
        select(MerchantApplication)
        .where(*where)
        .order_by(col(MerchantApplication.submitted_at), col(MerchantApplication.number))
        .limit(limit)
    )
    return int(total), list((await tx.session.exec(query)).all())
