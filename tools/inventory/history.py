"""How an item's stock changed, and why."""

from datetime import timedelta

from core.identity import Permission, RunContext
from store.queries import inventory, stock
from store.unit import ReadTx
from tools.arguments import Days, ItemRef, Limit
from tools.inventory.arguments import WarehouseRef
from tools.inventory.module import module
from tools.inventory.shown import MovementSeen, MovementsShown, ReasonTotal
from tools.products import match
from tools.result import Quote
from tools.spec import Args, Audience, Effect


class StockMovements(Args):
    """Arguments of `stock_movements`."""

    item: ItemRef
    warehouse: WarehouseRef | None = None
    """Only in this warehouse."""
    days: Days = 30
    """How far back."""
    limit: Limit = 20


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    examples=(
        "stock movements of AUR-HS1-BLK",
        "why did our stock of power banks change",
        "what happened to the oak desks in Lyon this month",
        "stock history of MST-FLT",
        "when were speakers received last",
        "who corrected the stock of the lamp",
        "show goods in and out of the trail shoes",
    ),
)
async def stock_movements(tx: ReadTx, args: StockMovements, _ctx: RunContext) -> MovementsShown:
    """Show how an item's stock changed: shipped, received, corrected, transferred."""
    item = await match.one(tx, args.item)
    warehouse = await inventory.warehouse(tx, args.warehouse) if args.warehouse else None
    since = tx.now - timedelta(days=args.days)
    reasons, newest = await stock.movements(tx, item.id, warehouse.id if warehouse else None, since, args.limit)
    return MovementsShown(
        sku=item.sku,
        title=item.title,
        days=args.days,
        total=sum(each.movements for each in reasons),
        net=sum(each.delta for each in reasons),
        by_reason=[ReasonTotal(reason=each.reason, movements=each.movements, delta=each.delta) for each in reasons],
        movements=[
            MovementSeen(
                at=each.at,
                warehouse=each.warehouse,
                delta=each.delta,
                reason=each.reason,
                reference=Quote.external(each.reference) if each.reference else None,
            )
            for each in newest
        ],
    )
