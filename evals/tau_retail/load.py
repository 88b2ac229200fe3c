"""Write the domain's state into one tenant, as rows of the store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncEngine

from core.ids import new_id
from core.money import Money
from core.statuses import FulfilmentStatus, OrderStatus, PaymentStatus, ShipmentStatus, TransactionState, TransactionType
from evals.tau_retail.canonical import Record, cents
from evals.tau_retail.rules import Version, policy
from evals.tau_retail.world import CURRENCY, KINDS_OF_METHOD, STATUSES, World, order_number, to_address
from store.seed import load
from store.seed.model import Batch
from store.tables.base import TenantRow
from store.tables.catalog import Category, Product, Supplier, Variant
from store.tables.customers import Address, Customer
from store.tables.inventory import StockLevel, Warehouse
from store.tables.orders import Order, OrderLine
from store.tables.payments import BalanceMovement, Payment, PaymentMethod, PaymentTransaction
from store.tables.shipping import Carrier, Shipment, ShipmentLine
from store.tables.tenancy import PolicyVersion, Tenant

_IN_STOCK = 10_000
"""The domain knows no counts, only available or not: an available variant is never short, and pending orders hold nothing."""
_BEGAN = datetime(2024, 5, 1, tzinfo=UTC)
_DELIVERED = datetime(2024, 5, 14, tzinfo=UTC)
_TYPES = {"payment": TransactionType.CHARGE, "refund": TransactionType.REFUND}
_CATEGORY = "retail"


async def load_world(engine: AsyncEngine, world: World, version: Version) -> int:
    """Load the domain under the rules of a version, and return the number of rows."""
    async with engine.begin() as connection:
        return await load(connection, Rows(world, version).batches(), _quiet)


class Rows:
    """The rows of the domain, in the order that foreign keys need."""

    def __init__(self, world: World, version: Version) -> None:
        self._world, self._version = world, version
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self._variants: dict[str, UUID] = {}

    def batches(self) -> Iterator[Batch]:
        """Yield the rows by table."""
        tenant = Tenant(
            id=self._world.tenant_id,
            slug="tau-retail",
            name="Retail",
            currency=CURRENCY,
            support_email="help@example.com",
            created_at=_BEGAN,
        )
        yield Batch(self._world.tenant_id, "tenants", [tenant.model_dump()])
        self._shop()
        for key, product in self._world.data["products"].items():
            self._product(key, product)
        for user_id, user in self._world.data["users"].items():
            self._user(user_id, user)
        for user in self._world.data["users"].values():
            for position, order_id in enumerate(user["orders"]):
                self._order(self._world.data["orders"][order_id], _BEGAN + timedelta(minutes=position))
        for table, rows in self._tables.items():
            yield Batch(self._world.tenant_id, table, rows)

    def _add(self, table: type[TenantRow], **values: Any) -> UUID:
        row = table(tenant_id=self._world.tenant_id, **values)
        dumped = row.model_dump()
        self._tables.setdefault(str(cast("object", table.__tablename__)), []).append(dumped)
        return dumped["id"]

    def _id(self, what: str, key: str) -> UUID:
        return uuid5(self._world.tenant_id, f"{what}:{key}")

    def _shop(self) -> None:
        body = policy(self._version).model_dump(mode="json", exclude={"version"})
        self._add(PolicyVersion, version=1, body=body, author="domain", created_at=_BEGAN, effective_at=_BEGAN)
        self._category = self._add(Category, slug=_CATEGORY, name="Retail")
        self._supplier = self._add(Supplier, name="Maker", email="maker@example.com")
        self._warehouse = self._add(Warehouse, code="MAIN", name="Main", city="Denver", country="US", capacity_units=10_000_000)
        self._carrier = self._add(Carrier, code="post", name="Post", on_time_bp=10_000, price_minor=0, transit_days=3)

    def _product(self, key: str, product: Record) -> None:
        made = self._add(
            Product,
            id=self._id("product", key),
            slug=key,
            name=product["name"],
            brand="",
            category_id=self._category,
            supplier_id=self._supplier,
            created_at=_BEGAN,
        )
        for sku, variant in product["variants"].items():
            price = _minor(variant["price"])
            self._variants[sku] = self._add(
                Variant, product_id=made, sku=sku, options=variant["options"], price_minor=price, cost_minor=0, currency=CURRENCY
            )
            on_hand = _IN_STOCK if variant["available"] else 0
            self._add(StockLevel, variant_id=self._variants[sku], warehouse_id=self._warehouse, on_hand=on_hand)

    def _user(self, user_id: str, user: Record) -> None:
        name = f"{user['name']['first_name']} {user['name']['last_name']}"
        customer = self._world.customer_id(user_id)
        self._add(Customer, id=customer, email=user["email"], name=name, external_id=user_id, created_at=_BEGAN)
        self._add(Address, customer_id=customer, **to_address(name, user["address"]))
        for reference, method in user["payment_methods"].items():
            made = self._add(
                PaymentMethod,
                id=self._id("method", reference),
                customer_id=customer,
                kind=KINDS_OF_METHOD[method["source"]],
                reference=reference,
                brand=method.get("brand"),
                last_four=method.get("last_four"),
                currency=CURRENCY,
                created_at=_BEGAN,
            )
            if minor := _minor(method.get("balance", 0)):
                self._add(
                    BalanceMovement, payment_method_id=made, delta_minor=minor, reason="opening", reference="opening", created_at=_BEGAN
                )

    def _order(self, order: Record, placed_at: datetime) -> None:
        status = STATUSES[order["status"]]
        total = sum(_minor(item["price"]) for item in order["items"])
        owner = self._world.data["users"][order["user_id"]]
        address = to_address(f"{owner['name']['first_name']} {owner['name']['last_name']}", order["address"])
        cancelled = status is OrderStatus.CANCELLED
        sent = bool(order["fulfillments"]) and not cancelled
        made = self._add(
            Order,
            id=self._id("order", order["order_id"]),
            number=order_number(order["order_id"]),
            external_id=order["order_id"],
            customer_id=self._world.customer_id(order["user_id"]),
            status=status,
            payment_status=PaymentStatus.REFUNDED if cancelled else PaymentStatus.PAID,
            fulfilment_status=FulfilmentStatus.FULFILLED if sent else FulfilmentStatus.UNFULFILLED,
            currency=CURRENCY,
            subtotal_minor=total,
            total_minor=total,
            ship_to=address,
            bill_to=address,
            placed_at=placed_at,
            shipped_at=placed_at if sent else None,
            delivered_at=_DELIVERED if status is OrderStatus.DELIVERED else None,
            cancelled_at=placed_at if cancelled else None,
        )
        lines = [self._line(made, item) for item in order["items"]]
        for parcel in order["fulfillments"]:
            self._parcel(made, parcel, lines, status)
        self._payments(made, order)

    def _line(self, order: UUID, item: Record) -> tuple[str, UUID]:
        line = self._add(
            OrderLine,
            id=new_id(),
            order_id=order,
            variant_id=self._variants[item["item_id"]],
            sku=item["item_id"],
            title=", ".join([item["name"], *(str(item["options"][name]) for name in sorted(item["options"]))]),
            category=_CATEGORY,
            quantity=1,
            unit_price_minor=_minor(item["price"]),
            unit_cost_minor=0,
        )
        return item["item_id"], line

    def _parcel(self, order: UUID, parcel: Record, lines: list[tuple[str, UUID]], status: OrderStatus) -> None:
        state = {OrderStatus.DELIVERED: ShipmentStatus.DELIVERED, OrderStatus.CANCELLED: ShipmentStatus.RETURNED}
        shipment = self._add(
            Shipment,
            order_id=order,
            carrier_id=self._carrier,
            warehouse_id=self._warehouse,
            number=f"S-{parcel['tracking_id'][0]}",
            tracking_number=parcel["tracking_id"][0],
            status=state.get(status, ShipmentStatus.IN_TRANSIT),
            shipped_at=_BEGAN,
            delivered_at=_DELIVERED if status is OrderStatus.DELIVERED else None,
        )
        left = list(lines)
        for sku in parcel["item_ids"]:
            held = next(line for line in left if line[0] == sku)
            left.remove(held)
            self._add(ShipmentLine, id=new_id(), shipment_id=shipment, order_line_id=held[1], quantity=1)

    def _payments(self, order: UUID, record: Record) -> None:
        made: dict[str, UUID] = {}
        for position, moved in enumerate(record["payment_history"]):
            reference = moved["payment_method_id"]
            method = self._world.data["users"][record["user_id"]]["payment_methods"][reference]
            if reference not in made:
                made[reference] = self._add(
                    Payment,
                    id=new_id(),
                    order_id=order,
                    method=KINDS_OF_METHOD[method["source"]],
                    label=reference,
                    payment_method_id=self._id("method", reference),
                    currency=CURRENCY,
                    created_at=_BEGAN,
                )
            self._add(
                PaymentTransaction,
                id=new_id(),
                payment_id=made[reference],
                type=_TYPES[moved["transaction_type"]],
                state=TransactionState.SUCCEEDED,
                amount_minor=_minor(moved["amount"]),
                currency=CURRENCY,
                idempotency_key=f"loaded:{record['order_id']}:{position}",
                created_at=_BEGAN,
                settled_at=_BEGAN,
            )


def _minor(value: float) -> int:
    return Money.parse(cents(value), CURRENCY).minor


def _quiet(_table: str, _rows: int, _total: int) -> None:
    """Loading takes seconds."""
