"""Which units of an order are where: sent, held on a shelf, on a pick list, waited for, or missing; and how they move."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.errors import Conflict
from core.statuses import ReservationStatus
from store.tables.fulfilment import Allocation
from store.tables.inventory import Reservation, StockMovement
from store.unit import ReadTx, Tx

_ON_LIST = (
    "SELECT i.order_line_id, p.warehouse_id, sum(CASE WHEN p.status = 'open' THEN i.quantity ELSE i.picked END)::int AS units "
    "FROM pick_lists p JOIN pick_lines i ON i.tenant_id = p.tenant_id AND i.pick_list_id = p.id "
    "WHERE p.tenant_id = :tenant AND p.order_id = :order AND p.status IN ('open', 'picked', 'packed') "
    "GROUP BY i.order_line_id, p.warehouse_id"
)
_LINES = text(
    f"""
    SELECT l.id, l.variant_id, l.sku, l.title, l.category, l.quantity, l.shipped, l.unit_price_minor, v.weight_grams,
           coalesce((SELECT sum(r.quantity) FROM reservations r
             WHERE r.tenant_id = l.tenant_id AND r.order_line_id = l.id AND r.status = 'active'), 0)::int AS held,
           coalesce((SELECT sum(listed.units) FROM ({_ON_LIST}) listed WHERE listed.order_line_id = l.id), 0)::int AS picking,
           coalesce((SELECT sum(b.quantity) FROM backorders b
             WHERE b.tenant_id = l.tenant_id AND b.order_line_id = l.id AND b.status = 'waiting'), 0)::int AS waiting
    FROM order_lines l JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
    WHERE l.tenant_id = :tenant AND l.order_id = :order ORDER BY l.title, l.id
    """
)
_HELD = text(
    f"""
    SELECT r.order_line_id AS line_id, r.variant_id, r.warehouse_id, sum(r.quantity)::int AS held, coalesce(max(listed.units), 0) AS picking
    FROM reservations r JOIN order_lines l ON l.tenant_id = r.tenant_id AND l.id = r.order_line_id
    LEFT JOIN ({_ON_LIST}) listed ON listed.order_line_id = r.order_line_id AND listed.warehouse_id = r.warehouse_id
    WHERE r.tenant_id = :tenant AND l.order_id = :order AND r.status = 'active'
    GROUP BY r.order_line_id, r.variant_id, r.warehouse_id ORDER BY r.variant_id, r.warehouse_id, r.order_line_id
    """
)
_LOCK = text(
    "SELECT 1 FROM stock_levels WHERE tenant_id = :tenant AND variant_id = ANY(:variants) ORDER BY variant_id, warehouse_id FOR UPDATE"
)
"""A statement of its own: what is read in the statement that waits for a lock is older than the lock."""
_DEPOTS = text(
    """
    SELECT w.id, w.code, w.name, w.city, w.country, w.capacity_units,
           coalesce(sum(s.on_hand), 0)::int AS on_hand, coalesce(sum(s.reserved), 0)::int AS reserved,
           (SELECT count(*) FROM pick_lists p WHERE p.tenant_id = w.tenant_id AND p.warehouse_id = w.id
              AND p.status IN ('open', 'picked', 'packed'))::int AS waiting
    FROM warehouses w LEFT JOIN stock_levels s ON s.tenant_id = w.tenant_id AND s.warehouse_id = w.id
    WHERE w.tenant_id = :tenant GROUP BY w.tenant_id, w.id ORDER BY w.code
    """
)
_FREE = text(
    "SELECT warehouse_id, variant_id, on_hand - reserved AS units FROM stock_levels "
    "WHERE tenant_id = :tenant AND variant_id = ANY(:variants) AND on_hand > reserved"
)
_SHIFT = text(
    "UPDATE stock_levels SET on_hand = on_hand + :on_hand, reserved = reserved + :reserved "
    "WHERE tenant_id = :tenant AND variant_id = :variant AND warehouse_id = :warehouse"
)


@dataclass(frozen=True, slots=True)
class OpenLine:
    """An order line and where its units are."""

    id: UUID
    variant_id: UUID
    sku: str
    title: str
    category: str
    quantity: int
    shipped: int
    unit_price_minor: int
    weight_grams: int
    """Of one unit."""
    held: int
    """Units reserved in a warehouse, those on pick lists included."""
    picking: int
    """Units on pick lists that have not left."""
    waiting: int
    """Units that the customer agreed to wait for."""

    @property
    def to_place(self) -> int:
        """Units whose warehouse can be chosen: neither sent nor on a pick list."""
        return max(self.quantity - self.shipped - self.picking, 0)

    @property
    def missing(self) -> int:
        """Units that are nowhere: neither sent, held nor waited for."""
        return max(self.quantity - self.shipped - self.held - self.waiting, 0)


class Held(NamedTuple):
    """Units of a line that a warehouse holds, and how many of them are on a pick list."""

    line_id: UUID
    variant_id: UUID
    warehouse_id: UUID
    held: int
    picking: int

    @property
    def movable(self) -> int:
        """Units that may be held elsewhere instead."""
        return self.held - self.picking


class DepotRow(NamedTuple):
    """A warehouse and how much it holds."""

    id: UUID
    code: str
    name: str
    city: str
    country: str
    capacity_units: int
    on_hand: int
    reserved: int
    waiting: int
    """Pick lists that have not left."""


async def lines(tx: ReadTx, order_id: UUID) -> list[OpenLine]:
    """Return the lines of an order with where their units are, by title."""
    rows = await tx.connection.execute(_LINES, {"tenant": tx.tenant_id, "order": order_id})
    return [OpenLine(*row) for row in rows]


async def held(tx: ReadTx, order_id: UUID) -> list[Held]:
    """Return what the warehouses hold for an order."""
    rows = await tx.connection.execute(_HELD, {"tenant": tx.tenant_id, "order": order_id})
    return [Held(*row) for row in rows]


async def lock_stock(tx: Tx, variants: Sequence[UUID]) -> None:
    """Lock what all warehouses hold of some variants: after the order and its payments."""
    await tx.connection.execute(_LOCK, {"tenant": tx.tenant_id, "variants": list(variants)})


async def depots(tx: ReadTx) -> list[DepotRow]:
    """Return all warehouses with the units that they hold, by code."""
    return [DepotRow(*row) for row in await tx.connection.execute(_DEPOTS, {"tenant": tx.tenant_id})]


async def free(tx: ReadTx, variants: Sequence[UUID]) -> dict[UUID, dict[UUID, int]]:
    """Return the available units of some variants by warehouse."""
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in await tx.connection.execute(_FREE, {"tenant": tx.tenant_id, "variants": list(variants)}):
        found[row.warehouse_id][row.variant_id] = row.units
    return found


async def hold(tx: Tx, line_id: UUID, variant_id: UUID, warehouse_id: UUID, units: int) -> None:
    """Reserve available units for an order line; their stock is locked.

    Raises:
        IntegrityError: fewer are available.
    """
    await shift(tx, variant_id, warehouse_id, reserved=units)
    tx.add(
        Reservation(
            tenant_id=tx.tenant_id,
            order_line_id=line_id,
            variant_id=variant_id,
            warehouse_id=warehouse_id,
            quantity=units,
            created_at=tx.now,
        )
    )


async def settle(tx: Tx, line_id: UUID, warehouse_id: UUID, units: int, into: ReservationStatus) -> None:
    """End the reservation of so many units of a line in a warehouse, as fulfilled or released. What is on the shelf stays as it is.

    Raises:
        Conflict: fewer are reserved there.
    """
    query = (
        select(Reservation)
        .where(col(Reservation.tenant_id) == tx.tenant_id, col(Reservation.order_line_id) == line_id)
        .where(col(Reservation.warehouse_id) == warehouse_id, col(Reservation.status) == ReservationStatus.ACTIVE)
        .order_by(col(Reservation.created_at), col(Reservation.id))
    )
    left = units
    for row in (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).all():
        taken = min(row.quantity, left)
        left -= taken
        if taken == row.quantity:
            row.status = into
        elif taken:
            row.quantity -= taken
            part = row.model_dump(exclude={"id", "quantity", "status"})
            tx.add(Reservation(**part, quantity=taken, status=into))
        tx.session.add(row)
        if not left:
            break
    if left:
        raise Conflict(f"{left} of {units} units are no longer reserved there; allocate the order again", code="not_reserved")
    await tx.session.flush()


async def shift(tx: Tx, variant_id: UUID, warehouse_id: UUID, *, on_hand: int = 0, reserved: int = 0) -> None:
    """Change what a warehouse holds and has reserved of a variant; a constraint keeps both sound."""
    values = {"tenant": tx.tenant_id, "variant": variant_id, "warehouse": warehouse_id, "on_hand": on_hand, "reserved": reserved}
    if (await tx.connection.execute(_SHIFT, values)).rowcount != 1:
        raise Conflict("this warehouse never held the item; choose another one", code="not_held")


def moved(tx: Tx, variant_id: UUID, warehouse_id: UUID, delta: int, reason: str, reference: str) -> None:
    """Record a change of on_hand with its reason."""
    tx.add(
        StockMovement(
            tenant_id=tx.tenant_id,
            variant_id=variant_id,
            warehouse_id=warehouse_id,
            delta=delta,
            reason=reason,
            reference=reference[:80],
            created_at=tx.now,
        )
    )


async def newest(tx: ReadTx, order_id: UUID) -> Allocation | None:
    """Return the choice of warehouses that counts for an order."""
    query = (
        select(Allocation)
        .where(col(Allocation.tenant_id) == tx.tenant_id, col(Allocation.order_id) == order_id)
        .order_by(col(Allocation.created_at).desc(), col(Allocation.id).desc())
        .limit(1)
    )
    return (await tx.session.exec(query)).first()


def movable(places: Sequence[Held]) -> Mapping[UUID, Mapping[UUID, int]]:
    """Return the units of a variant by warehouse that an order holds and could let go of."""
    found: dict[UUID, dict[UUID, int]] = defaultdict(lambda: defaultdict(int))
    for place in places:
        found[place.warehouse_id][place.variant_id] += place.movable
    return found
