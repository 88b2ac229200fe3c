"""See how full the warehouses are, who could send an order, and what waits to be picked."""

from typing import Any

from core.fulfilment import LIVE_PICKS, PickStatus
from core.identity import Permission, RunContext
from store.queries import allocation, inventory, orders, picking
from store.queries.picking import ListedPick
from store.unit import ReadTx
from tools.arguments import Limit, OrderNumber
from tools.policy import Policy
from tools.policy.fulfilment import FulfilmentPolicy, used_bp
from tools.spec import Args, Audience, Effect
from tools.warehouse.facts import WarehouseRef, placing, sending, shortage
from tools.warehouse.module import module
from tools.warehouse.results import FulfilmentOptions, PickLists, PickShown, WarehouseShown, WarehouseStock


class WarehouseStockArgs(Args):
    """Which warehouses to show."""

    warehouse: WarehouseRef | None = None
    """Only this warehouse."""


class FulfilmentOptionsArgs(Args):
    """Which order is to be sent."""

    order: OrderNumber


class PickListsArgs(Args):
    """Which pick lists to show."""

    status: PickStatus | None = None
    """Only lists in this state; all that have not left when left out."""
    order: OrderNumber | None = None
    """Only lists of this order."""
    warehouse: WarehouseRef | None = None
    """Only lists of this warehouse."""
    limit: Limit = 20


async def fulfilment_policy(_tx: ReadTx, _args: Any, _ctx: RunContext, policy: Policy) -> FulfilmentPolicy:
    """Hand the rules on fulfilment to a tool that reads."""
    return policy.fulfilment


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    facts=fulfilment_policy,
    examples=(
        "how full are the warehouses",
        "utilisation of the Lyon warehouse",
        "warehouse capacity please",
        "which warehouse still has space",
        "is Rotterdam over its target load",
        "units by warehouse",
        "compare the fill of our depots",
    ),
)
async def warehouse_stock(tx: ReadTx, args: WarehouseStockArgs, _ctx: RunContext, policy: FulfilmentPolicy) -> WarehouseStock:
    """Show how full each warehouse is against the target, with reserved and available units and waiting pick lists."""
    rows = await allocation.depots(tx)
    if args.warehouse is not None:
        wanted = (await inventory.warehouse(tx, args.warehouse)).id
        rows = [row for row in rows if row.id == wanted]
    return WarehouseStock(
        target=f"{policy.utilisation_from_percent}-{policy.utilisation_to_percent} %",
        warehouses=[
            WarehouseShown(
                warehouse=row.code,
                name=row.name,
                city=row.city,
                capacity_units=row.capacity_units,
                on_hand=row.on_hand,
                reserved=row.reserved,
                available=row.on_hand - row.reserved,
                utilisation_percent=used_bp(row.on_hand, row.capacity_units) // 100,
                load=policy.load(used_bp(row.on_hand, row.capacity_units)),
                waiting_picks=row.waiting,
            )
            for row in rows
        ],
    )


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    facts=fulfilment_policy,
    examples=(
        "from where can we ship order 1042",
        "which warehouse should send order 1042",
        "fulfilment options for 1042",
        "can one depot fulfil all of 1042 or do we have to split it",
        "who has everything for order 1042",
        "best warehouse for #1017",
    ),
)
async def fulfilment_options(tx: ReadTx, args: FulfilmentOptionsArgs, _ctx: RunContext, policy: FulfilmentPolicy) -> FulfilmentOptions:
    """Score the warehouses that could send an order, with the proposal, its reason and the alternatives."""
    order = await orders.by_number(tx, args.order)
    plan = (await placing(tx, policy, order, None)).plan
    return FulfilmentOptions(
        order=order.number,
        status=order.status,
        score_bp=plan.score_bp,
        split=plan.split,
        proposal=sending(plan),
        short=shortage(plan.short),
        reason=plan.reason,
        options=plan.options,
    )


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    examples=(
        "what has to be picked today",
        "show the open pick lists",
        "pick lists in Lyon",
        "which orders are packed and wait for a carrier",
        "what are the pickers working on",
        "pick list of order 1042",
        "lists picked but not packed yet",
    ),
)
async def pick_lists(tx: ReadTx, args: PickListsArgs, _ctx: RunContext) -> PickLists:
    """List pick lists, the oldest first: those that have not left, or those in one state."""
    place = (await inventory.warehouse(tx, args.warehouse)).id if args.warehouse else None
    wanted = [args.status] if args.status else sorted(LIVE_PICKS)
    total, rows = await picking.find(tx, wanted, order=args.order, warehouse_id=place, limit=args.limit)
    return PickLists(total=total, pick_lists=[_shown(row) for row in rows])


def _shown(row: ListedPick) -> PickShown:
    return PickShown(
        pick_list=row.number,
        order=row.order,
        warehouse=row.warehouse,
        status=PickStatus(row.status),
        created_at=row.created_at,
        items=row.items[:20],
        wanted=row.wanted,
        picked=row.picked,
        parcels=row.parcels,
        weight_grams=row.weight_grams,
        on_hold=row.on_hold,
    )
