"""Changes of an order's items: how many there were, and units of a line that become another variant with their stock."""

from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from core.errors import Conflict
from core.ids import new_id
from core.statuses import ReservationStatus
from store.queries.exchanges import Sibling
from store.tables.inventory import Reservation
from store.tables.orders import OrderChange, OrderLine
from store.unit import ReadTx, Tx

_LOCK_LEVELS = text(
    "SELECT variant_id, warehouse_id, on_hand - reserved AS available FROM stock_levels "
    "WHERE tenant_id = :tenant AND variant_id = ANY (:variants) ORDER BY variant_id, warehouse_id FOR UPDATE"
)
_RESERVE = text(
    "UPDATE stock_levels SET reserved = reserved + :units WHERE tenant_id = :tenant AND variant_id = :variant AND warehouse_id = :warehouse"
)


async def count(tx: ReadTx, order_id: UUID) -> int:
    """Return how often the items of an order were changed."""
    query = (
        select(func.count())
        .select_from(OrderChange)
        .where(col(OrderChange.tenant_id) == tx.tenant_id, col(OrderChange.order_id) == order_id)
    )
    return (await tx.session.exec(query)).one()


async def line(tx: Tx, line_id: UUID) -> OrderLine:
    """Return a line of an order that the transaction has locked."""
    query = select(OrderLine).where(col(OrderLine.tenant_id) == tx.tenant_id, col(OrderLine.id) == line_id)
    return (await tx.session.exec(query.execution_options(populate_existing=True))).one()


async def become(tx: Tx, old: OrderLine, wanted: Sibling, quantity: int) -> OrderLine:
    """Turn `quantity` units of a line into another variant of their product and move their stock; return the line that holds them.

    Lock order and payments first. All units change the line itself; fewer become a line of their own.

    Raises:
        Conflict: no warehouse holds so many units of the wanted variant any more.
    """
    before = old.variant_id
    target = old
    if quantity < old.quantity:
        old.quantity -= quantity
        tx.session.add(old)
        target = OrderLine.model_validate(old.model_dump() | {"id": new_id(), "quantity": quantity})
    target.variant_id, target.sku, target.title = wanted.id, wanted.sku, wanted.title
    target.unit_price_minor, target.unit_cost_minor = wanted.price_minor, wanted.cost_minor
    tx.add(target)
    await tx.session.flush()
    await _restock(tx, old.id, before, target, quantity)
    return target


async def _restock(tx: Tx, old_line: UUID, before: UUID, target: OrderLine, quantity: int) -> None:
    levels = (await tx.connection.execute(_LOCK_LEVELS, {"tenant": tx.tenant_id, "variants": [before, target.variant_id]})).all()
    freed_at = await _free(tx, old_line, before, quantity)
    fitting = [row for row in levels if row.variant_id == target.variant_id and row.available >= quantity]
    if before == target.variant_id and freed_at is not None:
        warehouse = freed_at
    elif fitting:
        warehouse = max(fitting, key=lambda row: (row.warehouse_id == freed_at, row.available)).warehouse_id
    else:
        raise Conflict(f"{target.title} is out of stock now; choose another variant", code="out_of_stock")
    values = {"tenant": tx.tenant_id, "units": quantity, "variant": target.variant_id, "warehouse": warehouse}
    await tx.connection.execute(_RESERVE, values)
    tx.add(
        Reservation(
            tenant_id=tx.tenant_id,
            order_line_id=target.id,
            variant_id=target.variant_id,
            warehouse_id=warehouse,
            quantity=quantity,
            created_at=tx.now,
        )
    )
    await tx.session.flush()


async def _free(tx: Tx, line_id: UUID, variant_id: UUID, quantity: int) -> UUID | None:
    """Release up to `quantity` held units of a line, and return the warehouse that they were held in."""
    query = (
        select(Reservation)
        .where(col(Reservation.tenant_id) == tx.tenant_id, col(Reservation.order_line_id) == line_id)
        .where(col(Reservation.variant_id) == variant_id, col(Reservation.status) == ReservationStatus.ACTIVE)
        .order_by(col(Reservation.id))
        .with_for_update()
    )
    left, warehouse = quantity, None
    for held in (await tx.session.exec(query)).all():
        part = min(left, held.quantity)
        if part == 0:
            break
        left -= part
        warehouse = held.warehouse_id
        if part == held.quantity:
            held.status = ReservationStatus.RELEASED
        else:
            held.quantity -= part
        tx.session.add(held)
        values = {"tenant": tx.tenant_id, "units": -part, "variant": variant_id, "warehouse": held.warehouse_id}
        await tx.connection.execute(_RESERVE, values)
    await tx.session.flush()
    return warehouse
