"""Moving stock between warehouses, and correcting many items at once."""

from dataclasses import dataclass
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.identity import Permission, RunContext
from core.selling import BulkKind
from store.queries import bulk, counters, inventory, stock
from store.queries.bulk import BulkRow
from store.queries.products import Item
from store.queries.stock import Level
from store.tables.inventory import Warehouse
from store.unit import Tx
from tools.arguments import ItemRef, Quantity
from tools.inventory.arguments import WarehouseRef
from tools.inventory.module import module
from tools.inventory.outcomes import SHOWN, Corrected, StockAdjustedInBulk, StockTransferred
from tools.inventory.writes import AdjustmentReason
from tools.phrases import words
from tools.policy import Policy
from tools.policy.holding import BulkPlan, Correction, TransferPlan, decide_bulk, decide_transfer
from tools.products import match
from tools.spec import Args, Audience, Effect

_MOST = 1_000
"""Corrections of one call: what a hall counts in a day."""


class TransferStock(Args):
    """Arguments of `transfer_stock`."""

    item: ItemRef
    quantity: Quantity
    """How many units."""
    source: WarehouseRef
    """The warehouse that gives them."""
    target: WarehouseRef
    """The warehouse that gets them."""


@dataclass(frozen=True, slots=True)
class _Transfer:
    plan: TransferPlan
    item: Item
    source: Warehouse
    target: Warehouse


async def _transfer(tx: Tx, args: TransferStock, _ctx: RunContext, _policy: Policy) -> _Transfer:
    item = await match.one(tx, args.item)
    source, target = await inventory.warehouse(tx, args.source), await inventory.warehouse(tx, args.target)
    levels = await stock.levels(tx, [item.id], lock=True)
    plan = TransferPlan(
        sku=item.sku,
        title=item.title,
        source=f"{source.name} ({source.code})",
        target=f"{target.name} ({target.code})",
        quantity=args.quantity,
        free=next((level.available for level in levels if level.warehouse_id == source.id), 0),
    )
    return _Transfer(plan, item, source, target)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.STOCK_WRITE,
    audience=Audience.STAFF,
    facts=_transfer,
    policy=lambda policy, facts, _args, principal: decide_transfer(policy.stock, facts.plan, principal),
    examples=(
        "move 10 headsets from Lyon to Rotterdam",
        "transfer 5 units of AUR-HS1-BLK from LYO to LEJ",
        "send 20 mugs over to the Leipzig warehouse from Valencia",
        "shift 3 oak desks from Rotterdam to Lyon",
        "rebalance: 8 speakers from LEJ to LYO",
        "bring 2 lamps from Valencia to Lyon",
    ),
)
async def transfer_stock(tx: Tx, args: TransferStock, _ctx: RunContext, facts: _Transfer) -> StockTransferred:
    """Move units of an item from one warehouse to another."""
    number = f"TR-{await counters.take(tx, 'transfer')}"
    left, reserved = await stock.move(tx, facts.item.id, facts.source.id, -args.quantity, "transfer", number)
    there, taken = await stock.move(tx, facts.item.id, facts.target.id, args.quantity, "transfer", number)
    source, target = facts.source.code, facts.target.code
    tx.emit("stock.transferred", transfer=number, sku=facts.item.sku, source=source, target=target, quantity=args.quantity)
    return StockTransferred(
        transfer=number,
        sku=facts.item.sku,
        title=facts.item.title,
        quantity=args.quantity,
        source=source,
        target=target,
        left_at_source=left - reserved,
        available_at_target=there - taken,
    )


class CountedItem(BaseModel):
    """One item of a correction of many."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    item: ItemRef
    delta: Annotated[int, Field(ge=-10_000, le=10_000)]
    """Units to add, or to take away when negative."""


class BulkAdjustStock(Args):
    """Arguments of `bulk_adjust_stock`."""

    warehouse: WarehouseRef
    items: Annotated[list[CountedItem], Field(min_length=1, max_length=_MOST)]
    """Each item with the units to add or take away."""
    reason: AdjustmentReason = AdjustmentReason.COUNTED
    """Why the counts change."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if any(each.delta == 0 for each in self.items):
            raise ValueError("items: a correction of 0 units changes nothing; leave it out")
        return self


@dataclass(frozen=True, slots=True)
class _Bulk:
    plan: BulkPlan
    found: list[Item]
    warehouse: Warehouse
    levels: list[Level]


async def _bulk(tx: Tx, args: BulkAdjustStock, _ctx: RunContext, _policy: Policy) -> _Bulk:
    warehouse = await inventory.warehouse(tx, args.warehouse)
    deltas: dict[UUID, int] = {}
    known: dict[UUID, Item] = {}
    for each in args.items:
        item = await match.one(tx, each.item)
        known[item.id] = item
        deltas[item.id] = deltas.get(item.id, 0) + each.delta
    levels = await stock.levels(tx, known, lock=True)
    here = {level.variant_id: level for level in levels if level.warehouse_id == warehouse.id}
    plan = BulkPlan(
        warehouse=f"{warehouse.name} ({warehouse.code})",
        reason=words(args.reason),
        items=[
            Correction(
                sku=item.sku,
                delta=deltas[variant],
                on_hand=here[variant].on_hand if variant in here else 0,
                reserved=here[variant].reserved if variant in here else 0,
            )
            for variant, item in known.items()
        ],
    )
    return _Bulk(plan, list(known.values()), warehouse, levels)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.STOCK_WRITE,
    audience=Audience.STAFF,
    facts=_bulk,
    policy=lambda policy, facts, _args, principal: decide_bulk(policy.stock, facts.plan, principal),
    examples=(
        "stock take in Lyon: AUR-HS1-BLK -2, MST-FLT +1, AUR-SP2 -4",
        "book the results of the inventory count of Rotterdam",
        "correct these counts in LEJ: three SKUs",
        "apply the stocktake list to the Valencia warehouse",
        "several counts are off in Lyon, fix them together",
        "bulk correction of stock after the flood in Leipzig",
    ),
    timeout=300.0,
)
async def bulk_adjust_stock(tx: Tx, args: BulkAdjustStock, _ctx: RunContext, facts: _Bulk) -> StockAdjustedInBulk:
    """Correct the counts of many items of one warehouse, all of them or none; it can be taken back."""
    before, done = stock.available(facts.levels), list[Corrected]()
    pairs = sorted(zip(facts.found, facts.plan.items, strict=True), key=lambda pair: pair[0].id)
    wanted = [(item, correction) for item, correction in pairs if correction.delta]
    title = f"Correct stock of {len(wanted)} items in {facts.warehouse.code} ({words(args.reason)})"
    request = args.model_dump(mode="json")
    change = await bulk.begin(tx, BulkKind.STOCK, title, request, selected=len(args.items), changed=len(wanted))
    for begin in range(0, len(wanted), bulk.CHUNK):
        rows: list[BulkRow] = []
        for item, correction in wanted[begin : begin + bulk.CHUNK]:
            place = facts.warehouse.id
            on_hand, reserved = await stock.move(tx, item.id, place, correction.delta, args.reason.value, change.number)
            tx.emit("stock.adjusted", sku=item.sku, warehouse=facts.warehouse.code, delta=correction.delta, reason=args.reason.value)
            done.append(Corrected(sku=item.sku, delta=correction.delta, on_hand=on_hand, available=on_hand - reserved))
            sides = {"on_hand": on_hand - correction.delta}, {"on_hand": on_hand, "delta": correction.delta, "warehouse": str(place)}
            rows.append(BulkRow(item.id, item.sku, *sides))
        await bulk.record(tx, change, rows)
        await bulk.send(tx, change, begin // bulk.CHUNK)
    await stock.warn_low(tx, before)
    return StockAdjustedInBulk(
        bulk_change=change.number, warehouse=facts.warehouse.code, reason=args.reason.value, total=len(done), items=done[:SHOWN]
    )
