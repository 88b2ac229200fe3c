"""Stock levels, read and changed under lock. Whoever changes a variant's stock locks all of its levels first, in one order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from core.ids import new_id
from store.queries.products import titled
from store.unit import ReadTx, Tx

_LEVELS = """
    SELECT l.variant_id, l.warehouse_id, w.code, w.name, l.on_hand, l.reserved
    FROM stock_levels l JOIN warehouses w ON w.tenant_id = l.tenant_id AND w.id = l.warehouse_id
    WHERE l.tenant_id = :tenant AND l.variant_id = ANY(:variants) ORDER BY l.variant_id, l.warehouse_id
"""
_READ, _LOCK = text(_LEVELS), text(f"{_LEVELS} FOR UPDATE OF l")
_CHANGE = text(
    "UPDATE stock_levels SET on_hand = on_hand + :on_hand, reserved = reserved + :reserved "
    "WHERE tenant_id = :tenant AND variant_id = :variant AND warehouse_id = :warehouse RETURNING on_hand, reserved"
)
_OPEN = text(
    "INSERT INTO stock_levels (tenant_id, id, variant_id, warehouse_id, on_hand, reserved) "
    "VALUES (:tenant, :id, :variant, :warehouse, :on_hand, :reserved) "
    "ON CONFLICT (tenant_id, variant_id, warehouse_id) DO UPDATE "
    "SET on_hand = stock_levels.on_hand + excluded.on_hand, reserved = stock_levels.reserved + excluded.reserved "
    "RETURNING on_hand, reserved"
)
_LOW = text("SELECT id, sku, reorder_point FROM variants WHERE tenant_id = :tenant AND id = ANY(:variants) ORDER BY sku")
_MOVE = text(
    "INSERT INTO stock_movements (tenant_id, id, variant_id, warehouse_id, delta, reason, reference, created_at) "
    "VALUES (:tenant, :id, :variant, :warehouse, :delta, :reason, :reference, :now)"
)
_MOVEMENTS = text(
    """
    SELECT m.created_at, v.sku, p.name, v.options, w.code AS warehouse, m.delta, m.reason, m.reference
    FROM stock_movements m JOIN variants v ON v.tenant_id = m.tenant_id AND v.id = m.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN warehouses w ON w.tenant_id = m.tenant_id AND w.id = m.warehouse_id
    WHERE m.tenant_id = :tenant AND m.variant_id = :variant AND m.created_at >= :since
      AND (cast(:warehouse AS uuid) IS NULL OR m.warehouse_id = :warehouse)
    ORDER BY m.created_at DESC, m.id DESC LIMIT :limit
    """
)
_COUNTED = text(
    "SELECT EXISTS (SELECT 1 FROM stock_movements WHERE tenant_id = :tenant AND variant_id = :variant AND warehouse_id = :warehouse "
    "AND created_at > :since AND reason = 'counted')"
)
_MOVED = text(
    """
    SELECT m.reason, count(*)::int AS movements, sum(m.delta)::int AS delta FROM stock_movements m
    WHERE m.tenant_id = :tenant AND m.variant_id = :variant AND m.created_at >= :since
      AND (cast(:warehouse AS uuid) IS NULL OR m.warehouse_id = :warehouse)
    GROUP BY m.reason ORDER BY abs(sum(m.delta)) DESC, m.reason
    """
)


@dataclass(slots=True)
class Level:
    """What a warehouse holds of a variant."""

    variant_id: UUID
    warehouse_id: UUID
    warehouse: str
    name: str
    on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        """Units that nobody has reserved."""
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of what is on a shelf."""

    at: datetime
    sku: str
    title: str
    warehouse: str
    delta: int
    reason: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What one reason did to a variant's stock."""

    reason: str
    movements: int
    delta: int


async def levels(tx: ReadTx, variants: Iterable[UUID], *, lock: bool = False) -> list[Level]:
    """Return what every warehouse holds of some variants; locked when `lock`: after order and payments, by variant and warehouse."""
    values = {"tenant": tx.tenant_id, "variants": list(variants)}
    return [Level(*row) for row in await tx.connection.execute(_LOCK if lock else _READ, values)]


def available(found: Sequence[Level]) -> Counter[UUID]:
    """Return the free units of each variant over all warehouses."""
    free: Counter[UUID] = Counter()
    for level in found:
        free[level.variant_id] += level.available
    return free


async def change(tx: Tx, variant: UUID, warehouse: UUID, *, on_hand: int = 0, reserved: int = 0) -> tuple[int, int]:
    """Change what a warehouse holds and reserves of a variant, and return both. Postgres refuses less than nothing."""
    values = {"tenant": tx.tenant_id, "variant": variant, "warehouse": warehouse, "on_hand": on_hand, "reserved": reserved}
    row = (await tx.connection.execute(_CHANGE, values)).first() or (await tx.connection.execute(_OPEN, {**values, "id": new_id()})).one()
    return row.on_hand, row.reserved


async def move(tx: Tx, variant: UUID, warehouse: UUID, delta: int, reason: str, reference: str) -> tuple[int, int]:
    """Change what is on the shelf, note why, and return on_hand and reserved."""
    about = {"tenant": tx.tenant_id, "variant": variant, "warehouse": warehouse}
    note = {**about, "id": new_id(), "delta": delta, "reason": reason, "reference": reference[:80], "now": tx.now}
    await tx.connection.execute(_MOVE, note)
    return await change(tx, variant, warehouse, on_hand=delta)


async def counted_since(tx: ReadTx, variant: UUID, warehouse: UUID, since: datetime) -> bool:
    """Return whether a variant was counted in a warehouse after an instant, so that the books are right since."""
    values = {"tenant": tx.tenant_id, "variant": variant, "warehouse": warehouse, "since": since}
    return bool((await tx.connection.execute(_COUNTED, values)).scalar_one())


async def warn_low(tx: Tx, before: Counter[UUID]) -> None:
    """Emit `stock.low` for each variant that crossed its reorder point since `before`, whose levels this transaction locked."""
    now = available(await levels(tx, before))
    fallen = [variant for variant, units in before.items() if now[variant] < units]
    if not fallen:
        return
    for row in await tx.connection.execute(_LOW, {"tenant": tx.tenant_id, "variants": fallen}):
        if now[row.id] <= row.reorder_point < before[row.id]:
            tx.emit("stock.low", sku=row.sku, available=now[row.id], reorder_point=row.reorder_point)


async def movements(tx: ReadTx, variant: UUID, warehouse: UUID | None, since: datetime, limit: int) -> tuple[list[Moved], list[Movement]]:
    """Return the movements of a variant since an instant: by reason, and the newest `limit`."""
    values = {"tenant": tx.tenant_id, "variant": variant, "warehouse": warehouse, "since": since}
    reasons = [Moved(*row) for row in await tx.connection.execute(_MOVED, values)]
    rows = await tx.connection.execute(_MOVEMENTS, {**values, "limit": limit})
    newest = [
        Movement(row.created_at, row.sku, titled(row.name, row.options), row.warehouse, row.delta, row.reason, row.reference)
        for row in rows
    ]
    return reasons, newest
