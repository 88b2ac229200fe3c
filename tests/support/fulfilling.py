"""What the small shop lacks for fulfilment: more warehouses and carriers, and an order brought to where a test begins."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from core.fulfilment import RateZone
from core.statuses import PurchaseOrderStatus
from store.tables.carriers import CarrierRate, CarrierService
from store.tables.inventory import PurchaseOrder, StockLevel, Warehouse
from store.tables.shipping import Carrier
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop

STAGES = ("allocate_order", "create_pick_list", "confirm_pick", "pack_order", "create_shipment")


async def add_warehouse(shop: Shop, code: str, stock: dict[str, int], capacity: int = 1_000) -> UUID:
    """Add a warehouse that holds some units."""
    async with shop.units.write(shop.owner) as tx:
        depot = Warehouse(tenant_id=tx.tenant_id, code=code, name=code.title(), city=code.title(), country="NL", capacity_units=capacity)
        tx.add(depot)
        await tx.session.flush()
        for sku, units in stock.items():
            tx.add(StockLevel(tenant_id=tx.tenant_id, variant_id=shop.variants[sku], warehouse_id=depot.id, on_hand=units))
    return depot.id


async def add_carrier(shop: Shop, code: str, price: int, days: int, on_time_bp: int, rating: float, up_to_grams: int = 30_000) -> None:
    """Add a carrier with one service, domestic and European."""
    async with shop.units.write(shop.owner) as tx:
        carrier = Carrier(
            tenant_id=tx.tenant_id,
            code=code,
            name=code.title(),
            on_time_bp=on_time_bp,
            rating=rating,
            price_minor=price,
            transit_days=days,
        )
        tx.add(carrier)
        await tx.session.flush()
        service = tx.add(CarrierService(tenant_id=tx.tenant_id, carrier_id=carrier.id, code="express", name="Express"))
        await tx.session.flush()
        for zone in (RateZone.DOMESTIC, RateZone.EUROPE):
            about = {"zone": zone, "up_to_grams": up_to_grams, "price_minor": price, "currency": "EUR", "transit_days": days}
            tx.add(CarrierRate(tenant_id=tx.tenant_id, service_id=service.id, **about))


async def empty_shelf(shop: Shop, sku: str, units: int) -> None:
    """Take away the reservations of a SKU by other orders, and leave so many units in the first warehouse."""
    about = {"tenant": shop.owner.tenant_id, "variant": shop.variants[sku]}
    async with shop.units.write(shop.owner) as tx:
        freed = "UPDATE reservations SET status = 'expired' WHERE tenant_id = :tenant AND variant_id = :variant AND status = 'active'"
        level = "UPDATE stock_levels SET on_hand = :units, reserved = 0 WHERE tenant_id = :tenant AND variant_id = :variant"
        await tx.connection.execute(text(freed), about)
        await tx.connection.execute(text(level), {**about, "units": units})


async def order_from_supplier(shop: Shop, sku: str, quantity: int, days: int) -> None:
    """Add a purchase order that is under way."""
    ids = text("SELECT (SELECT id FROM suppliers LIMIT 1) AS supplier, (SELECT id FROM warehouses WHERE code = 'LYO') AS warehouse")
    async with shop.units.write(shop.owner) as tx:
        row = (await tx.connection.execute(ids)).one()
        tx.add(
            PurchaseOrder(
                tenant_id=tx.tenant_id,
                number=f"PO-{sku}",
                supplier_id=row.supplier,
                variant_id=shop.variants[sku],
                warehouse_id=row.warehouse,
                quantity=quantity,
                unit_cost_minor=100,
                currency="EUR",
                status=PurchaseOrderStatus.ORDERED,
                created_at=NOW,
                expected_at=NOW + timedelta(days=days),
            )
        )


async def bring(shop: Shop, desk: Desk, order: str, *, to: str) -> None:
    """Run an order through the steps of fulfilment up to `to`."""
    for stage in STAGES[: STAGES.index(to) + 1]:
        await desk.ok(shop.staff, stage, {"order": order})


async def stock_of(shop: Shop, sku: str, code: str = "LYO") -> tuple[int, int]:
    """Return on_hand and reserved of a SKU in a warehouse."""
    query = text(
        "SELECT s.on_hand, s.reserved FROM stock_levels s JOIN warehouses w ON w.tenant_id = s.tenant_id AND w.id = s.warehouse_id "
        "WHERE s.variant_id = :variant AND w.code = :code"
    )
    async with shop.units.read(shop.owner) as tx:
        row = (await tx.connection.execute(query, {"variant": shop.variants[sku], "code": code})).one()
    return row.on_hand, row.reserved


async def topics(shop: Shop) -> list[str]:
    """Return the topics of what left, in the order in which it was said."""
    async with shop.units.read(shop.owner) as tx:
        return list((await tx.connection.execute(text("SELECT topic FROM outbox ORDER BY created_at, id"))).scalars())


async def scalar(shop: Shop, query: str, **values: object) -> object:
    """Ask one figure in the owner's name."""
    async with shop.units.read(shop.owner) as tx:
        return (await tx.connection.execute(text(query), values)).scalar()
