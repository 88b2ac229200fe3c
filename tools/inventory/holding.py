"""Keeping units aside for a while, and letting them go."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.statuses import ReservationStatus
from core.stock_statuses import HoldKind
from store.queries import counters, inventory, products, stock, stock_holds
from store.queries.products import Item
from store.queries.stock import Level
from store.tables.inventory import StockHold
from store.unit import Tx
from tools.arguments import ItemRef, Quantity
from tools.inventory.arguments import HoldNumber, WarehouseRef
from tools.inventory.module import module
from tools.inventory.outcomes import ReservationReleased, StockReserved
from tools.policy import Policy
from tools.policy.holding import HoldPlan, ReleasePlan, decide_hold, decide_release, valid_for
from tools.products import match
from tools.spec import Args, Audience, Effect


class ReserveStock(Args):
    """Arguments of `reserve_stock`."""

    item: ItemRef
    quantity: Quantity
    """How many units."""
    warehouse: WarehouseRef | None = None
    """Where; the warehouse with the most free units when left out."""
    kind: HoldKind = HoldKind.SOFT
    """soft: for minutes, while somebody decides; hard: for a day."""
    purpose: Annotated[str, Field(min_length=1, max_length=120, description="For whom or what they are kept, for colleagues")] = (
        "kept aside"
    )


@dataclass(frozen=True, slots=True)
class _Hold:
    plan: HoldPlan
    item: Item
    level: Level
    levels: list[Level]
    policy: Policy


async def _hold(tx: Tx, args: ReserveStock, _ctx: RunContext, policy: Policy) -> _Hold:
    item = await match.one(tx, args.item)
    wanted = await inventory.warehouse(tx, args.warehouse) if args.warehouse else None
    levels = await stock.levels(tx, [item.id], lock=True)
    here = [level for level in levels if wanted is None or level.warehouse_id == wanted.id]
    if not here:
        where = wanted.name if wanted else "Any warehouse"
        raise InvalidInput(f"{where} never held {item.sku}; name another warehouse", field="warehouse", code="not_stocked")
    level = max(here, key=lambda each: (each.available, each.warehouse))
    plan = HoldPlan(
        sku=item.sku,
        title=item.title,
        warehouse=f"{level.name} ({level.warehouse})",
        quantity=args.quantity,
        free=level.available,
        kind=args.kind,
    )
    return _Hold(plan, item, level, levels, policy)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.STOCK_RESERVE,
    audience=Audience.STAFF,
    facts=_hold,
    policy=lambda policy, facts, _args, principal: decide_hold(policy.stock, facts.plan, principal),
    examples=(
        "reserve 3 headsets for the customer on the phone",
        "keep 2 oak desks aside until tomorrow",
        "hold back 5 units of AUR-HS1-BLK for the trade fair",
        "put 4 speakers aside in Rotterdam for Clara",
        "set aside one lamp for half an hour",
        "block 10 mugs in Lyon for a company order",
    ),
)
async def reserve_stock(tx: Tx, args: ReserveStock, _ctx: RunContext, facts: _Hold) -> StockReserved:
    """Keep units of an item aside without an order, for minutes (soft) or a day (hard)."""
    before, level = stock.available(facts.levels), facts.level
    await stock.change(tx, facts.item.id, level.warehouse_id, reserved=args.quantity)
    number = f"H-{await counters.take(tx, 'stock_hold')}"
    hold = tx.add(
        StockHold(
            tenant_id=tx.tenant_id,
            number=number,
            variant_id=facts.item.id,
            warehouse_id=level.warehouse_id,
            quantity=args.quantity,
            kind=args.kind,
            purpose=args.purpose,
            held_by=(tx.principal.name or tx.principal.role.value)[:120],
            created_at=tx.now,
            expires_at=tx.now + valid_for(facts.policy.stock, args.kind),
        )
    )
    tx.emit("stock.reserved", reservation=number, sku=facts.item.sku, warehouse=level.warehouse, quantity=args.quantity)
    await stock.warn_low(tx, before)
    return StockReserved(
        reservation=number,
        sku=facts.item.sku,
        title=facts.item.title,
        warehouse=level.warehouse,
        quantity=args.quantity,
        kind=args.kind,
        purpose=args.purpose,
        expires_at=hold.expires_at,
        available=before[facts.item.id] - args.quantity,
    )


class ReleaseReservation(Args):
    """Arguments of `release_reservation`."""

    reservation: HoldNumber


@dataclass(frozen=True, slots=True)
class _Release:
    plan: ReleasePlan
    hold: StockHold


async def _release(tx: Tx, args: ReleaseReservation, _ctx: RunContext, _policy: Policy) -> _Release:
    hold = await stock_holds.by_number(tx, args.reservation)
    return _Release(ReleasePlan(number=hold.number, status=ReservationStatus(hold.status)), hold)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.STOCK_RESERVE,
    audience=Audience.STAFF,
    facts=_release,
    policy=lambda _policy, facts, _args, _principal: decide_release(facts.plan),
    examples=(
        "release reservation H-1001",
        "free H-1002, the customer does not want it",
        "let go of the units of H-1003",
        "H-1001 is no longer needed",
        "end the reservation H-1004",
        "give back what H-1002 holds",
    ),
)
async def release_reservation(tx: Tx, args: ReleaseReservation, _ctx: RunContext, facts: _Release) -> ReservationReleased:
    """Free the units that a reservation keeps aside."""
    hold = facts.hold
    await stock_holds.end(tx, hold, ReservationStatus.RELEASED)
    levels = await stock.levels(tx, [hold.variant_id])
    warehouse = next(level.warehouse for level in levels if level.warehouse_id == hold.warehouse_id)
    sku = await products.sku_of(tx, hold.variant_id)
    tx.emit("stock.released", reservation=hold.number, sku=sku, warehouse=warehouse, quantity=hold.quantity)
    return ReservationReleased(
        reservation=hold.number,
        status=hold.status,
        sku=sku,
        warehouse=warehouse,
        quantity=hold.quantity,
        available=stock.available(levels)[hold.variant_id],
    )
