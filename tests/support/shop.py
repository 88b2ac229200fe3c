"""A small hand-made shop: two tenants, and an order in each state. Every date is relative to `NOW`."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId, new_id
from core.statuses import OrderStatus, PaymentStatus, ShipmentStatus
from store.tables.catalog import Category, Product, Supplier, Variant
from store.tables.customers import Customer
from store.tables.inventory import StockLevel, Warehouse
from store.tables.shipping import Carrier
from store.tables.tenancy import Tenant, User
from store.unit import Tx, Units
from tests.support.placing import Placed, Placing, Sold

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
_OPENED = NOW - timedelta(days=400)
ON_HAND = 50
"""Units of each variant in the one warehouse, before orders reserve theirs."""
_BLACK, _WHITE, _GREY = {"colour": "Black"}, {"colour": "White"}, {"colour": "Grey"}
_GOODS: tuple[tuple[str, str, str, int, dict[str, dict[str, str]]], ...] = (
    ("headset", "Aurora Headset", "electronics", 10_000, {"HEADSET-BLK": _BLACK, "HEADSET-WHT": _WHITE}),
    (
        "tee",
        "Merino Tee",
        "clothing",
        3_000,
        {"TEE-BLK-M": _BLACK | {"size": "M"}, "TEE-BLK-L": _BLACK | {"size": "L"}, "TEE-GRY-M": _GREY | {"size": "M"}},
    ),
    ("chair", "Oak Armchair", "furniture", 60_000, {"CHAIR": {}}),
    ("lamp", "Desk Lamp", "home", 2_000, {"LAMP": {}}),
)
"""Slug, name, category, price, and options by SKU."""


@dataclass(slots=True)
class Shop:
    """What the tests know of the shop. `ana` and `ben` are customers of the first tenant, `eve` is of the other."""

    units: Units
    owner: Principal
    manager: Principal
    staff: Principal
    ana: Principal
    ben: Principal
    other_owner: Principal
    eve: Principal
    variants: dict[str, UUID] = field(default_factory=dict[str, UUID])
    orders: dict[str, Placed] = field(default_factory=dict[str, Placed])


async def small_shop(units: Units) -> Shop:
    """Insert the shop into an empty database.

    Orders of the first tenant: 1001 confirmed and authorized, 1002 processing and paid with a discount, 1003 on its way, 1004
    delivered (headset, three tees), all Ana's; 1005 delivered chair, 1006 on hold, 1007 unpaid, 1008 cancelled, 1009 paid and unshipped,
    1010 late and silent, all Ben's. The second tenant has its own 1001, Eve's, and 2001.
    """
    first, second = TenantId(new_id()), TenantId(new_id())
    shop = Shop(
        units=units,
        owner=_person(first, Role.OWNER, "Olga Owner"),
        manager=_person(first, Role.MANAGER, "Max Manager"),
        staff=_person(first, Role.STAFF, "Stella Staff"),
        ana=_person(first, Role.CUSTOMER, "Ana Silva"),
        ben=_person(first, Role.CUSTOMER, "Ben Okafor"),
        other_owner=_person(second, Role.OWNER, "Otto Other"),
        eve=_person(second, Role.CUSTOMER, "Eve Stone"),
    )
    async with units.write(shop.owner) as tx:
        placing = await _open(tx, "first", (shop.owner, shop.manager, shop.staff, shop.ana, shop.ben))
        shop.variants = placing.variants
        for placed in _first_orders(shop.ana, shop.ben):
            shop.orders[placed.number] = await placing.place(placed)
    async with units.write(shop.other_owner) as tx:
        placing = await _open(tx, "second", (shop.other_owner, shop.eve))
        for number in ("1001", "2001"):
            await placing.place(Placed(number, shop.eve, (Sold("LAMP", 1),)))
    return shop


def _first_orders(ana: Principal, ben: Principal) -> list[Placed]:
    day = timedelta(days=1)
    processing, shipped, delivered = OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED
    authorized, failed, unpaid = PaymentStatus.AUTHORIZED, PaymentStatus.FAILED, PaymentStatus.PENDING
    moving, arrived = ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERED
    headset_and_tees = (Sold("HEADSET-BLK", 1), Sold("TEE-BLK-M", 3))
    return [
        Placed("1001", ana, (Sold("TEE-BLK-M", 2),), payment=authorized),
        Placed("1002", ana, (Sold("HEADSET-BLK", 1), Sold("TEE-GRY-M", 3)), processing, discount=1_000, shipping=500),
        Placed("1003", ana, (Sold("LAMP", 1),), shipped, parcel=moving, age=6 * day, promised=-2 * day, heard=day),
        Placed("1004", ana, headset_and_tees, delivered, parcel=arrived, age=14 * day, arrived=10 * day),
        Placed("1005", ben, (Sold("CHAIR", 1),), delivered, parcel=arrived, age=25 * day, arrived=20 * day),
        Placed("1006", ben, (Sold("HEADSET-WHT", 2),), payment=authorized, age=2 * day, hold="Fraud review: score 60"),
        Placed("1007", ben, (Sold("LAMP", 1),), OrderStatus.PENDING, payment=failed, age=2 * day),
        Placed("1008", ben, (Sold("LAMP", 2),), OrderStatus.CANCELLED, payment=unpaid, age=9 * day),
        Placed("1009", ben, (Sold("LAMP", 4),), processing, age=5 * day),
        Placed("1010", ben, (Sold("CHAIR", 1),), shipped, parcel=moving, age=12 * day, promised=3 * day, heard=7 * day),
    ]


def _person(tenant: TenantId, role: Role, name: str) -> Principal:
    customer = CustomerId(new_id()) if role is Role.CUSTOMER else None
    return Principal(tenant, UserId(new_id()), role, customer, name)


async def _open(tx: Tx, slug: str, people: tuple[Principal, ...]) -> Placing:
    """Insert a tenant with its people, warehouse, carrier and goods."""
    mail = f"{slug}.example"
    tx.session.add(Tenant(id=tx.tenant_id, slug=slug, name=slug.title(), currency="EUR", support_email=f"help@{mail}", created_at=_OPENED))
    await tx.session.flush()
    for person in people:
        await _join(tx, person, f"{person.name.split()[0].lower()}@{mail}")
    supplier = tx.add(Supplier(tenant_id=tx.tenant_id, name="Maker", email=f"maker@{mail}"))
    depot = tx.add(Warehouse(tenant_id=tx.tenant_id, code="LYO", name="Lyon", city="Lyon", country="FR", capacity_units=1_000))
    courier = tx.add(Carrier(tenant_id=tx.tenant_id, code="dpd", name="DPD", on_time_bp=9_300, price_minor=590, transit_days=3))
    await tx.session.flush()
    placing = Placing(tx, NOW, depot.id, courier.id)
    for goods in _GOODS:
        await _stock(placing, supplier.id, *goods)
    return placing


async def _join(tx: Tx, person: Principal, email: str) -> None:
    if person.customer_id:
        tx.add(Customer(tenant_id=tx.tenant_id, id=person.customer_id, email=email, name=person.name, created_at=_OPENED))
        await tx.session.flush()
    user = User(
        tenant_id=tx.tenant_id,
        id=person.user_id,
        email=email,
        name=person.name,
        password_hash="-",
        role=person.role,
        customer_id=person.customer_id,
        created_at=_OPENED,
    )
    tx.add(user)


async def _stock(
    placing: Placing, supplier: UUID, code: str, name: str, category: str, price: int, variants: dict[str, dict[str, str]]
) -> None:
    tx, tenant = placing.tx, placing.tx.tenant_id
    kind = tx.add(Category(tenant_id=tenant, slug=category, name=category.title()))
    await tx.session.flush()
    product = Product(tenant_id=tenant, slug=code, name=name, brand="Acme", category_id=kind.id, supplier_id=supplier, created_at=_OPENED)
    tx.add(product)
    await tx.session.flush()
    for sku, options in variants.items():
        variant = Variant(
            tenant_id=tenant, product_id=product.id, sku=sku, options=options, price_minor=price, cost_minor=price // 2, currency="EUR"
        )
        tx.add(variant)
        await tx.session.flush()
        tx.add(StockLevel(tenant_id=tenant, variant_id=variant.id, warehouse_id=placing.warehouse_id, on_hand=ON_HAND))
        placing.know(sku, variant, ", ".join([name, *options.values()]), category)
    await tx.session.flush()
