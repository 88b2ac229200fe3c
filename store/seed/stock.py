"""Warehouses and carriers before the orders; stock levels, movements and purchase orders that agree with them afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from core.statuses import PurchaseOrderStatus
from store.seed.catalogue import REPLENISH_SKU, Catalogue, Good
from store.seed.data.shops import CARRIERS, WAREHOUSES
from store.seed.model import Batch, Row, Shop
from store.seed.orders import StockBook

_SCARCE = (0, 0, 25, 40, 50, 70, 90)
"""Percentages of the reorder point that the scarce variants of the first shop have left: out, critical, high, low."""
_REPLENISH_LEFT = 5
_PURCHASES = (
    PurchaseOrderStatus.RECEIVED,
    PurchaseOrderStatus.RECEIVED,
    PurchaseOrderStatus.ORDERED,
    PurchaseOrderStatus.ORDERED,
    PurchaseOrderStatus.PROPOSED,
    PurchaseOrderStatus.CANCELLED,
)
_CLOSED = frozenset({PurchaseOrderStatus.RECEIVED, PurchaseOrderStatus.CANCELLED})


@dataclass(frozen=True)
class Shelves:
    """What is left to sell, and the rows that say so."""

    available: dict[UUID, int]
    """Units of a variant over all warehouses."""
    levels: list[Row]
    movements: list[Row]


def places(shop: Shop) -> Iterator[Batch]:
    """Yield warehouses and carriers."""
    yield Batch(shop.tenant_id, "warehouses", [shop.row("warehouses", each.code, **_without_share(each._asdict())) for each in WAREHOUSES])
    yield Batch(shop.tenant_id, "carriers", [shop.row("carriers", each.code, **_without_share(each._asdict())) for each in CARRIERS])


def shelves(shop: Shop, catalogue: Catalogue, book: StockBook) -> Shelves:
    """Return stock levels in which reserved is what the orders hold, and the opening movements that explain on_hand."""
    filled = Shelves({}, [], [])
    wanted = _wanted(shop, catalogue)
    for good in catalogue.goods:
        left = filled.available[good.id] = wanted[good.sku]
        for depot in WAREHOUSES:
            units = left * depot.share // 100
            if depot is WAREHOUSES[0]:
                units = left - sum(left * other.share // 100 for other in WAREHOUSES[1:])
            _fill(shop, filled, good, depot.code, units, book)
    return filled


def purchases(shop: Shop, catalogue: Catalogue, first_number: int) -> list[Row]:
    """Return orders to suppliers, none of them for the variant of the replenishment story."""
    rng = shop.rng("purchases")
    goods = rng.sample([good for good in catalogue.goods if good.sku != REPLENISH_SKU], len(_PURCHASES))
    rows: list[Row] = []
    for position, (good, status) in enumerate(zip(goods, _PURCHASES, strict=True)):
        created = shop.now - timedelta(days=30 - 5 * position)
        quantity, closed = rng.choice((20, 30, 40, 60)), status in _CLOSED
        rows.append(
            shop.row(
                "purchase_orders",
                position,
                number=f"PO-{first_number + position}",
                supplier_id=good.supplier_id,
                variant_id=good.id,
                warehouse_id=shop.id_of("warehouses", WAREHOUSES[0].code),
                quantity=quantity,
                received_quantity=quantity if status is PurchaseOrderStatus.RECEIVED else 0,
                unit_cost_minor=good.cost,
                currency=shop.profile.currency,
                status=status.value,
                created_at=created,
                expected_at=created + timedelta(days=12),
                closed_at=min(created + timedelta(days=11), shop.now) if closed else None,
            )
        )
    return rows


def _without_share(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "share"}


def _wanted(shop: Shop, catalogue: Catalogue) -> dict[str, int]:
    """Return how many units of each variant are available: above the reorder point, but for the scarce ones."""
    rng = shop.rng("stock")
    wanted = {good.sku: good.reorder_point + rng.randint(4, 18) + int(good.mean_daily * rng.uniform(5, 30)) for good in catalogue.goods}
    scarce = _SCARCE if shop.first else _SCARCE[::3]
    spread = [good for good in catalogue.goods if good.sku != REPLENISH_SKU and good.reorder_point >= 4]
    for position, percent in enumerate(scarce):
        good = spread[(position * 2 + 1) * len(spread) // (2 * len(scarce))]
        wanted[good.sku] = good.reorder_point * percent // 100
    if REPLENISH_SKU in wanted:
        wanted[REPLENISH_SKU] = _REPLENISH_LEFT
    return wanted


def _fill(shop: Shop, filled: Shelves, good: Good, depot: str, units: int, book: StockBook) -> None:
    reserved = book.reserved[good.id, depot]
    on_hand = units + reserved
    opening = on_hand - book.moved[good.id, depot]
    key = f"{good.sku}-{depot}"
    place = {"variant_id": good.id, "warehouse_id": shop.id_of("warehouses", depot)}
    filled.levels.append(shop.row("stock_levels", key, **place, on_hand=on_hand, reserved=reserved))
    if opening:
        at = shop.now - timedelta(days=shop.size.days + 2)
        filled.movements.append(
            shop.row("stock_movements", key, **place, delta=opening, reason="opening_stock", reference=None, created_at=at)
        )
