"""Reading stock: what runs low, and what there is of an item."""

from collections import defaultdict
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import inventory
from store.queries.inventory import LevelRow, LowRow
from store.queries.products import Item
from store.unit import ReadTx
from tools.arguments import ItemRef, Limit
from tools.inventory.module import module
from tools.inventory.results import ItemStock, LowItem, LowStock, Place, StockChecked
from tools.policy import Policy
from tools.policy.stock import StockPolicy
from tools.products import match
from tools.spec import Args, Audience, Effect

_VARIANTS_SHOWN = 12


class Level(StrEnum):
    """How urgent it is to reorder; each includes the more urgent ones."""

    LOW = "low"
    HIGH = "high"
    CRITICAL = "critical"
    OUT = "out"


class LowStockArgs(Args):
    """Arguments of `low_stock`."""

    level: Level = Level.LOW
    """low: at or below the reorder point; high, critical: well below it; out: nothing left."""
    limit: Limit = 15


async def stock_policy(_tx: ReadTx, _args: Any, _ctx: RunContext, policy: Policy) -> StockPolicy:
    """Hand the stock rules to a tool that reads."""
    return policy.stock


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    facts=stock_policy,
    examples=(
        "what's running low?",
        "what should we reorder",
        "show items that are out of stock",
        "anything critical in the warehouse?",
        "low stock report",
        "which products do we need to buy more of",
        "what's sold out",
        "replenishment suggestions please",
        "are we running out of anything",
    ),
)
async def low_stock(tx: ReadTx, args: LowStockArgs, _ctx: RunContext, policy: StockPolicy) -> LowStock:
    """List items at or below their reorder point, with what to order, from whom and at what cost."""
    percent = {Level.LOW: 100, Level.HIGH: policy.high_percent, Level.CRITICAL: policy.critical_percent, Level.OUT: 0}[args.level]
    total, rows = await inventory.low(tx, percent, args.limit)
    return LowStock(level=args.level, total=total, items=[_low(row, policy) for row in rows])


class CheckStock(Args):
    """Arguments of `check_stock`."""

    item: ItemRef


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    facts=stock_policy,
    examples=(
        "how many headsets do we have left",
        "stock of AUR-HS1-BLK",
        "check stock for the power bank by warehouse",
        "do we still have the oak desk?",
        "inventory of trail shoes size 42",
        "how much MST-FLT is in Lyon",
        "availability of the tablet",
        "where is the speaker stored",
    ),
)
async def check_stock(tx: ReadTx, args: CheckStock, _ctx: RunContext, policy: StockPolicy) -> StockChecked:
    """Show how many units of an item each warehouse holds, reserved and available, and what is on order."""
    found = await match.items(tx, args.item, 50)
    shown = found[:_VARIANTS_SHOWN]
    ids = [item.id for item in shown]
    held: defaultdict[UUID, list[LevelRow]] = defaultdict(list)
    for row in await inventory.levels(tx, ids):
        held[row.variant_id].append(row)
    reorder = await inventory.reorder_points(tx, ids)
    return StockChecked(total=len(found), items=[_stock(item, held[item.id], *reorder[item.id], policy) for item in shown])


def _low(row: LowRow, policy: StockPolicy) -> LowItem:
    quantity, cost = policy.order_quantity(row.mean_daily_sales), Money(minor=row.cost_minor, currency=row.currency)
    return LowItem(
        sku=row.sku,
        title=row.title,
        level=policy.level(row.available, row.reorder_point),
        available=row.available,
        reorder_point=row.reorder_point,
        on_order=row.on_order,
        proposed_quantity=quantity,
        supplier=row.supplier,
        lead_days=row.lead_days,
        unit_cost=cost,
        estimated_cost=cost * quantity,
    )


def _stock(item: Item, held: list[LevelRow], reorder_point: int, on_order: int, policy: StockPolicy) -> ItemStock:
    on_hand, reserved = sum(row.on_hand for row in held), sum(row.reserved for row in held)
    return ItemStock(
        sku=item.sku,
        title=item.title,
        level=policy.level(on_hand - reserved, reorder_point),
        on_hand=on_hand,
        reserved=reserved,
        available=on_hand - reserved,
        reorder_point=reorder_point,
        on_order=on_order,
        warehouses=[
            Place(warehouse=row.code, name=row.name, on_hand=row.on_hand, reserved=row.reserved, available=row.on_hand - row.reserved)
            for row in held
        ],
    )
