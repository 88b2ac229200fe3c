"""Changing stock: orders to suppliers, and corrections of what is on the shelf."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from core.errors import Conflict
from core.identity import Permission, Principal, RunContext
from core.money import Money
from core.statuses import PurchaseOrderStatus
from store.queries import counters, inventory, stock
from store.queries.inventory import PurchaseRow
from store.queries.products import Item
from store.queries.stock import Level
from store.tables.inventory import PurchaseOrder, Warehouse
from store.unit import Tx
from tools.arguments import ItemRef, Quantity
from tools.inventory.module import module
from tools.inventory.results import PurchaseOrdered, StockAdjusted
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.policy.stock import AdjustmentPlan, PurchasePlan, decide_adjustment, decide_purchase
from tools.products import match
from tools.spec import Args, Audience, Effect


class CreatePurchaseOrder(Args):
    """Arguments of `create_purchase_order`."""

    item: ItemRef
    quantity: Quantity | None = None
    """How many units; without it, the quantity that `low_stock` proposes."""


@dataclass(frozen=True, slots=True)
class _Purchase:
    item: Item
    row: PurchaseRow
    plan: PurchasePlan


async def _purchase(tx: Tx, args: CreatePurchaseOrder, _ctx: RunContext, policy: Policy) -> _Purchase:
    item = await match.one(tx, args.item)
    row = await inventory.for_purchase(tx, item.id)
    quantity, cost = args.quantity or policy.stock.order_quantity(row.mean_daily_sales), Money(minor=row.cost_minor, currency=row.currency)
    plan = PurchasePlan(
        sku=item.sku,
        title=item.title,
        supplier=row.supplier,
        quantity=quantity,
        unit_cost=cost,
        total=cost * quantity,
        available=row.available,
        reorder_point=row.reorder_point,
        open_quantity=row.on_order,
        expected=f"{row.lead_days} days after the order",
        proposed_for=None if args.quantity else row.mean_daily_sales,
    )
    return _Purchase(item, row, plan)


def _may_purchase(policy: Policy, purchase: _Purchase, _args: CreatePurchaseOrder, principal: Principal) -> Decision:
    return decide_purchase(policy.stock, purchase.plan, principal)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PURCHASE_WRITE,
    audience=Audience.STAFF,
    facts=_purchase,
    policy=_may_purchase,
    examples=(
        "order 40 more of AUR-HS1-BLK",
        "create a purchase order for the power bank",
        "reorder MST-FLT",
        "reorder the desk lamp",
        "please reorder the speakers",
        "buy 100 units of the trail shoes from the supplier",
        "restock the speaker in black",
        "place a PO for 25 oak desks",
        "replenish the one that's lowest",
    ),
)
async def create_purchase_order(tx: Tx, args: CreatePurchaseOrder, _ctx: RunContext, purchase: _Purchase) -> PurchaseOrdered:
    """Order more of an item from its supplier."""
    row, plan = purchase.row, purchase.plan
    if row.warehouse_id is None:
        raise Conflict("there is no warehouse to deliver to; create one first", code="no_warehouse")
    expected = tx.now + timedelta(days=row.lead_days)
    number = f"PO-{await counters.take(tx, 'purchase_order')}"
    tx.add(
        PurchaseOrder(
            tenant_id=tx.tenant_id,
            number=number,
            supplier_id=row.supplier_id,
            variant_id=row.id,
            warehouse_id=row.warehouse_id,
            quantity=plan.quantity,
            unit_cost_minor=row.cost_minor,
            currency=row.currency,
            status=PurchaseOrderStatus.ORDERED,
            created_at=tx.now,
            expected_at=expected,
        )
    )
    tx.emit("purchase.ordered", purchase_order=number, sku=plan.sku, quantity=plan.quantity, supplier=plan.supplier)
    return PurchaseOrdered(
        purchase_order=number,
        sku=plan.sku,
        title=plan.title,
        supplier=plan.supplier,
        quantity=plan.quantity,
        unit_cost=plan.unit_cost,
        total=plan.total,
        expected_at=expected,
    )


class AdjustmentReason(StrEnum):
    """Why what is on the shelf is not what the books say."""

    COUNTED = "counted"
    DAMAGED = "damaged"
    LOST = "lost"
    FOUND = "found"
    RECEIVED = "received"
    RETURNED_TO_SUPPLIER = "returned_to_supplier"
    OTHER = "other"


class AdjustStock(Args):
    """Arguments of `adjust_stock`."""

    item: ItemRef
    warehouse: Annotated[str, Field(min_length=2, max_length=80, json_schema_extra={"format": "warehouse"})]
    """Code or city of the warehouse, such as LYO or Lyon."""
    delta: Annotated[int, Field(ge=-10_000, le=10_000, json_schema_extra={"format": "delta"})]
    """Units to add, or to take away when negative."""
    reason: AdjustmentReason = AdjustmentReason.COUNTED
    """Why the count changes."""


@dataclass(frozen=True, slots=True)
class _Adjustment:
    item: Item
    warehouse: Warehouse
    levels: list[Level]
    plan: AdjustmentPlan


async def _adjustment(tx: Tx, args: AdjustStock, _ctx: RunContext, _policy: Policy) -> _Adjustment:
    item = await match.one(tx, args.item)
    warehouse = await inventory.warehouse(tx, args.warehouse)
    levels = await stock.levels(tx, [item.id], lock=True)
    level = next((each for each in levels if each.warehouse_id == warehouse.id), None)
    plan = AdjustmentPlan(
        sku=item.sku,
        title=item.title,
        warehouse=f"{warehouse.name} ({warehouse.code})",
        delta=args.delta,
        reason=args.reason.replace("_", " "),
        on_hand=level.on_hand if level else 0,
        reserved=level.reserved if level else 0,
    )
    return _Adjustment(item, warehouse, levels, plan)


def _may_adjust(policy: Policy, adjustment: _Adjustment, _args: AdjustStock, principal: Principal) -> Decision:
    return decide_adjustment(policy.stock, adjustment.plan, principal)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.STOCK_WRITE,
    audience=Audience.STAFF,
    facts=_adjustment,
    policy=_may_adjust,
    examples=(
        "we found 3 more headsets in Lyon",
        "write off 2 damaged speakers in Rotterdam",
        "adjust stock of AUR-HS1-BLK in LYO by -4",
        "add 20 power banks to Leipzig, they just arrived",
        "correct the count: 5 fewer mugs in VAL",
        "remove one broken lamp from the Lyon warehouse",
    ),
)
async def adjust_stock(tx: Tx, args: AdjustStock, _ctx: RunContext, adjustment: _Adjustment) -> StockAdjusted:
    """Correct how many units of an item a warehouse holds."""
    item, warehouse, plan = adjustment.item, adjustment.warehouse, adjustment.plan
    before, reference = stock.available(adjustment.levels), tx.principal.name or tx.principal.role.value
    on_hand, reserved = await stock.move(tx, item.id, warehouse.id, plan.delta, args.reason.value, reference)
    tx.emit("stock.adjusted", sku=item.sku, warehouse=warehouse.code, delta=plan.delta, reason=args.reason.value)
    await stock.warn_low(tx, before)
    return StockAdjusted(
        sku=item.sku,
        title=item.title,
        warehouse=warehouse.code,
        delta=plan.delta,
        reason=args.reason.value,
        on_hand=on_hand,
        reserved=reserved,
        available=on_hand - reserved,
    )
