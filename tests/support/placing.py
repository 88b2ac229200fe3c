"""Insert an order with its lines, payment, stock and parcel, in any state."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from core.identity import Principal
from core.ids import new_id
from core.statuses import (
    FulfilmentStatus,
    OrderStatus,
    PaymentStatus,
    ReservationStatus,
    ShipmentStatus,
    TransactionState,
    TransactionType,
)
from store.tables.catalog import Variant
from store.tables.inventory import Reservation
from store.tables.orders import Order, OrderEvent, OrderLine
from store.tables.payments import Payment, PaymentTransaction
from store.tables.shipping import Shipment, ShipmentLine, TrackingEvent
from store.unit import Tx

ADDRESS = {"name": "Somebody", "line1": "1 Rue Haute", "line2": None, "city": "Lyon", "postal_code": "69001", "country": "FR"}


@dataclass(frozen=True, slots=True)
class Sold:
    """Units of a SKU."""

    sku: str
    quantity: int


@dataclass(slots=True)
class Placed:
    """An order to insert. Ages are before now; a negative `promised` lies ahead. Ids are filled when it is inserted."""

    number: str
    buyer: Principal
    sold: tuple[Sold, ...]
    status: OrderStatus = OrderStatus.CONFIRMED
    payment: PaymentStatus = PaymentStatus.PAID
    parcel: ShipmentStatus | None = None
    age: timedelta = timedelta(hours=6)
    promised: timedelta = timedelta(days=-3)
    arrived: timedelta | None = None
    heard: timedelta = timedelta(hours=1)
    """When the carrier last reported."""
    hold: str | None = None
    discount: int = 0
    shipping: int = 0
    id: UUID = field(default_factory=new_id)
    payment_id: UUID = field(default_factory=new_id)
    total: int = 0
    line_ids: dict[str, UUID] = field(default_factory=dict[str, UUID])


@dataclass(slots=True)
class Placing:
    """Inserts orders into one tenant."""

    tx: Tx
    now: datetime
    warehouse_id: UUID
    carrier_id: UUID
    variants: dict[str, UUID] = field(default_factory=dict[str, UUID])
    _known: dict[str, tuple[Variant, str, str]] = field(default_factory=dict[str, tuple[Variant, str, str]])

    def know(self, sku: str, variant: Variant, title: str, category: str) -> None:
        """Remember a variant that can be sold."""
        self.variants[sku] = variant.id
        self._known[sku] = (variant, title, category)

    async def place(self, placed: Placed) -> Placed:
        """Insert an order with everything that belongs to it."""
        subtotal = sum(self._known[sold.sku][0].price_minor * sold.quantity for sold in placed.sold)
        placed.total = subtotal - placed.discount + placed.shipping
        self.tx.add(self._order(placed, subtotal))
        await self.tx.session.flush()
        for sold in placed.sold:
            placed.line_ids[sold.sku] = self._line(placed, sold).id
        self.tx.add(
            OrderEvent(
                tenant_id=self.tx.tenant_id,
                order_id=placed.id,
                kind="order.held" if placed.hold else "order.placed",
                text=placed.hold or "Order placed",
                actor="system",
                at=self.now - placed.age,
            )
        )
        await self.tx.session.flush()
        await self._pay(placed)
        await self._stock(placed)
        if placed.parcel is not None:
            await self._ship(placed, placed.parcel)
        return placed

    def _order(self, placed: Placed, subtotal: int) -> Order:
        assert placed.buyer.customer_id is not None
        shipped = self.now - placed.age * 0.9 if placed.parcel else None
        return Order(
            tenant_id=self.tx.tenant_id,
            id=placed.id,
            number=placed.number,
            customer_id=placed.buyer.customer_id,
            external_id=placed.number,
            status=placed.status,
            payment_status=placed.payment,
            fulfilment_status=FulfilmentStatus.FULFILLED if placed.parcel else FulfilmentStatus.UNFULFILLED,
            on_hold=placed.hold is not None,
            hold_reason=placed.hold,
            currency="EUR",
            subtotal_minor=subtotal,
            shipping_minor=placed.shipping,
            discount_minor=placed.discount,
            total_minor=placed.total,
            ship_to=ADDRESS,
            bill_to=ADDRESS,
            placed_at=self.now - placed.age,
            promised_at=self.now - placed.promised,
            shipped_at=shipped,
            delivered_at=self.now - placed.arrived if placed.arrived else None,
        )

    def _line(self, placed: Placed, sold: Sold) -> OrderLine:
        variant, title, category = self._known[sold.sku]
        return self.tx.add(
            OrderLine(
                tenant_id=self.tx.tenant_id,
                order_id=placed.id,
                variant_id=variant.id,
                sku=sold.sku,
                title=title,
                category=category,
                quantity=sold.quantity,
                unit_price_minor=variant.price_minor,
                unit_cost_minor=variant.cost_minor,
            )
        )

    async def _pay(self, placed: Placed) -> None:
        authorized = placed.payment is PaymentStatus.AUTHORIZED
        self.tx.add(
            Payment(
                tenant_id=self.tx.tenant_id,
                id=placed.payment_id,
                order_id=placed.id,
                method="card",
                label="Visa ending 4242",
                currency="EUR",
                authorized_minor=placed.total if authorized else 0,
                created_at=self.now - placed.age,
            )
        )
        await self.tx.session.flush()
        self.tx.add(
            PaymentTransaction(
                tenant_id=self.tx.tenant_id,
                payment_id=placed.payment_id,
                type=TransactionType.AUTHORIZATION if authorized else TransactionType.CHARGE,
                state=TransactionState.SUCCEEDED if authorized or placed.payment is PaymentStatus.PAID else TransactionState.FAILED,
                amount_minor=placed.total,
                currency="EUR",
                idempotency_key=f"placed:{placed.number}",
                created_at=self.now - placed.age,
            )
        )
        await self.tx.session.flush()

    async def _stock(self, placed: Placed) -> None:
        """Reserve the units until they ship; a parcel took them off the shelf."""
        status = ReservationStatus.FULFILLED if placed.parcel else ReservationStatus.ACTIVE
        if placed.status is OrderStatus.CANCELLED:
            status = ReservationStatus.RELEASED
        for sold in placed.sold:
            variant = self._known[sold.sku][0]
            self.tx.add(
                Reservation(
                    tenant_id=self.tx.tenant_id,
                    order_line_id=placed.line_ids[sold.sku],
                    variant_id=variant.id,
                    warehouse_id=self.warehouse_id,
                    quantity=sold.quantity,
                    status=status,
                    created_at=self.now - placed.age,
                )
            )
            if status is ReservationStatus.ACTIVE:
                reserve = text("UPDATE stock_levels SET reserved = reserved + :units WHERE tenant_id = :tenant AND variant_id = :variant")
                await self.tx.connection.execute(reserve, {"units": sold.quantity, "tenant": self.tx.tenant_id, "variant": variant.id})

    async def _ship(self, placed: Placed, status: ShipmentStatus) -> None:
        arrived = self.now - placed.arrived if placed.arrived else None
        shipment = self.tx.add(
            Shipment(
                tenant_id=self.tx.tenant_id,
                order_id=placed.id,
                carrier_id=self.carrier_id,
                warehouse_id=self.warehouse_id,
                number=f"S-{placed.number}",
                tracking_number=f"DPD{placed.number}",
                status=status,
                shipped_at=self.now - placed.age * 0.9,
                promised_at=self.now - placed.promised,
                delivered_at=arrived,
            )
        )
        await self.tx.session.flush()
        for sold in placed.sold:
            line_id = placed.line_ids[sold.sku]
            self.tx.add(ShipmentLine(tenant_id=self.tx.tenant_id, shipment_id=shipment.id, order_line_id=line_id, quantity=sold.quantity))
        for at, report in ((self.now - placed.age * 0.9, "Collected"), (arrived or self.now - placed.heard, "Sorted at the hub")):
            about = {"external_id": report, "status": status, "place": "Lyon", "text": report, "at": at}
            self.tx.add(TrackingEvent(tenant_id=self.tx.tenant_id, shipment_id=shipment.id, **about))
        await self.tx.session.flush()
