"""Stock that is kept aside for a while without an order, and its end."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.errors import NotFound
from core.statuses import ReservationStatus, change
from core.stock_statuses import RESERVATION_TRANSITIONS
from store.queries import stock
from store.tables.inventory import StockHold
from store.unit import ReadTx, Tx

_DUE = text(
    "SELECT id, variant_id FROM stock_holds WHERE tenant_id = :tenant AND status = 'active' AND expires_at <= :now "
    "ORDER BY expires_at LIMIT :limit"
)
_ACTIVE = text(
    """
    SELECT h.number, v.sku, w.code AS warehouse, h.quantity, h.kind, h.purpose, h.held_by, h.expires_at, count(*) OVER ()::int AS total
    FROM stock_holds h JOIN variants v ON v.tenant_id = h.tenant_id AND v.id = h.variant_id
    JOIN warehouses w ON w.tenant_id = h.tenant_id AND w.id = h.warehouse_id
    WHERE h.tenant_id = :tenant AND h.status = 'active' AND h.expires_at > :now
      AND (cast(:variant AS uuid) IS NULL OR h.variant_id = :variant)
    ORDER BY h.expires_at, h.number LIMIT :limit
    """
)


class HoldRow(NamedTuple):
    """Units that are kept aside."""

    number: str
    sku: str
    warehouse: str
    quantity: int
    kind: str
    purpose: str
    held_by: str
    expires_at: datetime


async def by_number(tx: Tx, number: str) -> StockHold:
    """Return a hold, locked after its variant's stock, so that nobody waits the other way round.

    Raises:
        NotFound: there is none.
    """
    query = select(StockHold).where(col(StockHold.tenant_id) == tx.tenant_id, col(StockHold.number) == number)
    seen = (await tx.session.exec(query)).first()
    if seen is None:
        raise NotFound("stock reservation", number)
    await stock.levels(tx, [seen.variant_id], lock=True)
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).one()


async def active(tx: ReadTx, variant: UUID | None, limit: int) -> tuple[int, list[HoldRow]]:
    """Return how many holds are active, of a variant or of all, and the `limit` that end first."""
    values = {"tenant": tx.tenant_id, "variant": variant, "now": tx.now, "limit": limit}
    rows = (await tx.connection.execute(_ACTIVE, values)).all()
    return (rows[0].total if rows else 0), [HoldRow(*row[:-1]) for row in rows]


async def end(tx: Tx, hold: StockHold, status: ReservationStatus) -> None:
    """End a locked hold; its units are free again. What it was kept for reserves them anew.

    Raises:
        TransitionError: it has ended already.
    """
    current = ReservationStatus(hold.status)
    hold.status = change(f"stock reservation {hold.number}", current, status, RESERVATION_TRANSITIONS)
    hold.ended_at = tx.now
    tx.session.add(hold)
    await tx.session.flush()
    await stock.change(tx, hold.variant_id, hold.warehouse_id, reserved=-hold.quantity)


async def expire(tx: Tx, limit: int = 200) -> Sequence[StockHold]:
    """End what is past its time, and return it. Safe beside other workers: who comes second finds it ended."""
    due = (await tx.connection.execute(_DUE, {"tenant": tx.tenant_id, "now": tx.now, "limit": limit})).all()
    if not due:
        return []
    await stock.levels(tx, {row.variant_id for row in due}, lock=True)
    query = (
        select(StockHold)
        .where(
            col(StockHold.tenant_id) == tx.tenant_id,
            col(StockHold.id).in_([row.id for row in due]),
            col(StockHold.status) == ReservationStatus.ACTIVE,
        )
        .order_by(col(StockHold.id))
        .with_for_update()
    )
    ended = (await tx.session.exec(query)).all()
    for hold in ended:
        await end(tx, hold, ReservationStatus.EXPIRED)
    return ended
