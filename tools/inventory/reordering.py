"""When to reorder, and how much: proposed from sales, and set."""

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import figures, inventory
from store.queries.figures import Demand
from store.queries.inventory import SupplyRow
from store.queries.products import Item
from store.unit import ReadTx, Tx
from tools.arguments import ItemRef, Limit
from tools.inventory.module import module
from tools.inventory.outcomes import ReorderPointSet
from tools.inventory.reads import stock_policy
from tools.inventory.shown import Proposal, ReorderProposed
from tools.policy import Policy
from tools.policy.holding import ReorderPointPlan, decide_reorder_point
from tools.policy.stock import StockPolicy
from tools.products import match
from tools.spec import Args, Audience, Effect

_VARIANTS = 50


class ReorderProposal(Args):
    """Arguments of `reorder_proposal`."""

    item: ItemRef | None = None
    """Only this item; without it, everything that should be ordered now, the most urgent first."""
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    facts=stock_policy,
    examples=(
        "safety stock and order quantity of AUR-HS1-BLK",
        "what is the economic order quantity of the trail shoes",
        "work out the safety stock of the oak desk",
        "how many days does our stock of speakers last",
        "calculate the best order quantity for MST-FLT from its sales",
        "compute reorder points from the sales of the last months",
        "forecast the demand for power banks",
    ),
)
async def reorder_proposal(tx: ReadTx, args: ReorderProposal, _ctx: RunContext, policy: StockPolicy) -> ReorderProposed:
    """Propose reorder point, safety stock and order quantity of items from their real sales and lead times."""
    chosen = [item.id for item in await match.items(tx, args.item, _VARIANTS)] if args.item else None
    rows = await inventory.supply(tx, chosen)
    sold = await figures.demand(tx, [row.id for row in rows], policy.sales_days)
    found = [_proposal(row, sold[row.id], policy) for row in rows]
    if chosen is None:
        found = sorted((each for each in found if each.order_now), key=_urgency)
    return ReorderProposed(sales_days=policy.sales_days, total=len(found), items=found[: args.limit])


class SetReorderPoint(Args):
    """Arguments of `set_reorder_point`."""

    item: ItemRef
    reorder_point: Annotated[int, Field(ge=0, le=1_000_000, json_schema_extra={"format": "quantity"})] | None = None
    """Reorder at this many units; computed from sales and lead times when left out."""


@dataclass(frozen=True, slots=True)
class _Point:
    plan: ReorderPointPlan
    item: Item
    available: int
    demand: Demand | None
    policy: Policy


async def _point(tx: Tx, args: SetReorderPoint, _ctx: RunContext, policy: Policy) -> _Point:
    item = await match.one(tx, args.item)
    await inventory.lock_variant(tx, item.id)
    row = (await inventory.supply(tx, [item.id]))[0]
    demand = None
    new = args.reorder_point
    if new is None:
        demand = (await figures.demand(tx, [item.id], policy.stock.sales_days))[item.id]
        new = policy.stock.reorder_point(demand.mean, demand.peak, row.lead_days, row.max_lead_days)
    return _Point(ReorderPointPlan(sku=item.sku, old=row.reorder_point, new=new), item, row.available, demand, policy)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.STOCK_WRITE,
    audience=Audience.STAFF,
    facts=_point,
    policy=lambda _policy, facts, _args, _principal: decide_reorder_point(facts.plan),
    examples=(
        "change the reorder point of MST-FLT to 15",
        "the headset's reorder point should be 20",
        "make 8 the reorder point of oak desks",
        "raise the minimum stock of AUR-SP2 to 12",
        "use the computed reorder point for the trail shoes",
        "lower the reorder level of the lamp to 4",
    ),
)
async def set_reorder_point(tx: Tx, args: SetReorderPoint, _ctx: RunContext, facts: _Point) -> ReorderPointSet:
    """Change the reorder point of an item, by hand or as computed from its sales."""
    plan, sold = facts.plan, facts.demand
    await inventory.set_reorder_point(tx, facts.item.id, plan.new, sold.mean if sold else None, sold.peak if sold else None)
    tx.emit("stock.reorder_point_set", sku=plan.sku, reorder_point=plan.new, before=plan.old)
    if plan.old < facts.available <= plan.new:
        tx.emit("stock.low", sku=plan.sku, available=facts.available, reorder_point=plan.new)
    return ReorderPointSet(
        sku=plan.sku,
        title=facts.item.title,
        old_reorder_point=plan.old,
        reorder_point=plan.new,
        available=facts.available,
        level=facts.policy.stock.level(facts.available, plan.new),
    )


def _proposal(row: SupplyRow, sold: Demand, policy: StockPolicy) -> Proposal:
    quantity, cost = policy.order_quantity(sold.mean), Money(minor=row.cost_minor, currency=row.currency)
    point = policy.reorder_point(sold.mean, sold.peak, row.lead_days, row.max_lead_days)
    return Proposal(
        sku=row.sku,
        title=row.title,
        supplier=row.supplier,
        mean_daily_sales=round(sold.mean, 2),
        max_daily_sales=sold.peak,
        lead_days=row.lead_days,
        max_lead_days=row.max_lead_days,
        safety_stock=policy.safety_stock(sold.mean, sold.peak, row.lead_days, row.max_lead_days),
        reorder_point=point,
        current_reorder_point=row.reorder_point,
        order_quantity=quantity,
        available=row.available,
        on_order=row.on_order,
        days_left=math.floor(max(row.available, 0) / sold.mean) if sold.mean else None,
        order_now=row.available + row.on_order <= max(row.reorder_point, point if sold.mean else 0)
        and (sold.mean > 0 or row.available <= 0),
        unit_cost=cost,
        cost=cost * quantity,
    )


def _urgency(item: Proposal) -> tuple[float, float, str]:
    lasts = math.inf if item.days_left is None else item.days_left
    return (lasts, -item.mean_daily_sales, item.sku)
