"""Warranty claims, with whose they are and what they are about."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from core.aftersales import WarrantyRemedy, WarrantyStatus
from core.errors import NotFound
from store.tables.aftersales import WarrantyClaim
from store.unit import ReadTx

_ROWS = """
    SELECT w.number, w.status, w.remedy, o.number AS order, c.name AS customer, l.sku, l.title, w.quantity, w.problem, w.note,
           w.covered_until, w.opened_at, w.decided_at, w.refunded_minor, o.currency, again.number AS replacement,
           count(*) OVER ()::int AS total, (count(*) FILTER (WHERE w.status = 'open' AND w.opened_at < :late) OVER ())::int AS overdue
    FROM warranty_claims w JOIN orders o ON o.tenant_id = w.tenant_id AND o.id = w.order_id
    JOIN order_lines l ON l.tenant_id = w.tenant_id AND l.id = w.order_line_id
    JOIN customers c ON c.tenant_id = w.tenant_id AND c.id = w.customer_id
    LEFT JOIN orders again ON again.tenant_id = w.tenant_id AND again.id = w.replacement_order_id
    WHERE w.tenant_id = :tenant
"""
_FIND = text(
    f"""
    {_ROWS} AND (cast(:status AS text) IS NULL OR w.status = :status) AND (cast(:order AS uuid) IS NULL OR w.order_id = :order)
      AND (NOT :overdue OR (w.status = 'open' AND w.opened_at < :late))
    ORDER BY (w.status = 'open') DESC, CASE WHEN w.status = 'open' THEN w.opened_at END, w.opened_at DESC, w.number LIMIT :limit
    """
)
_ONE = text(f"{_ROWS} AND w.number = :number")


class ClaimRow(NamedTuple):
    """A claim with its item; `total` and `overdue` count all that match."""

    number: str
    status: str
    remedy: str | None
    order: str
    customer: str
    sku: str
    title: str
    quantity: int
    problem: str
    note: str
    covered_until: datetime
    opened_at: datetime
    decided_at: datetime | None
    refunded_minor: int
    currency: str
    replacement: str | None
    total: int
    overdue: int


class OfLine(NamedTuple):
    """What was claimed for an order line."""

    open_claim: str | None
    refunded_units: int
    """Units that were paid back."""


async def by_number(tx: ReadTx, number: str, *, lock: bool = False) -> WarrantyClaim:
    """Return a claim that the caller may see, locked when `lock`: after its order and the order's payments.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    query = select(WarrantyClaim).where(col(WarrantyClaim.tenant_id) == tx.tenant_id, col(WarrantyClaim.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("warranty claim", number)
    return row


async def shown(tx: ReadTx, number: str, late: datetime) -> ClaimRow:
    """Return a claim with its item; one opened before `late` and still open is overdue.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    row = (await tx.connection.execute(_ONE, {"tenant": tx.tenant_id, "number": number, "late": late})).first()
    if row is None:
        raise NotFound("warranty claim", number)
    return ClaimRow(*row)


async def find(
    tx: ReadTx, *, status: WarrantyStatus | None, order_id: UUID | None, overdue_only: bool, late: datetime, limit: int
) -> list[ClaimRow]:
    """Return the claims that match: open ones first, the oldest of them at the top, then the newest decided ones."""
    values = {"tenant": tx.tenant_id, "status": status, "order": order_id, "overdue": overdue_only, "late": late, "limit": limit}
    return [ClaimRow(*row) for row in await tx.connection.execute(_FIND, values)]


async def of_line(tx: ReadTx, line_id: UUID) -> OfLine:
    """Return what was claimed for an order line so far."""
    mine = (col(WarrantyClaim.tenant_id) == tx.tenant_id, col(WarrantyClaim.order_line_id) == line_id)
    waiting = select(WarrantyClaim.number).where(*mine, col(WarrantyClaim.status) == WarrantyStatus.OPEN)
    paid = select(func.coalesce(func.sum(WarrantyClaim.quantity), 0)).where(*mine, col(WarrantyClaim.remedy) == WarrantyRemedy.REFUND)
    return OfLine((await tx.session.exec(waiting)).first(), int((await tx.session.exec(paid)).one()))
