"""Sending goods once more: which units are free for it, and the order that sends them without a price."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.errors import InvalidInput
from core.ids import new_id
from core.statuses import FulfilmentStatus, OrderStatus, PaymentStatus, ReservationStatus
from store.queries import counters, exchanges, orders, stock
from store.queries.exchanges import Sibling
from store.queries.stock import Level
from store.tables.inventory import Reservation
from store.tables.orders import Order, OrderLine
from store.unit import Tx


@dataclass(frozen=True, slots=True)
class Again:
    """Units of a variant that go out for a line that was sold; without a level there are not enough of them."""

    sold: OrderLine
    new: Sibling
    units: int
    level: Level | None

    @property
    def shown(self) -> str:
        """The units as people name them."""
        return f"{self.units} x {self.new.title}"


async def find_again(tx: Tx, lines: Sequence[tuple[OrderLine, UUID, int]]) -> list[Again]:
    """Find a warehouse for each line's variant and units. Locks the stock.

    Raises:
        InvalidInput: a variant is not in the catalogue any more.
    """
    levels = await stock.levels(tx, [variant for _, variant, _ in lines], lock=True)
    taken: dict[tuple[UUID, UUID], int] = {}
    found: list[Again] = []
    for sold, variant, units in lines:
        family = await exchanges.siblings(tx, sold.variant_id, with_own=True)
        new = next((each for each in family if each.id == variant), None)
        if new is None:
            raise InvalidInput(f"{sold.title} is not in the catalogue any more", field="return_number", code="variant_gone")
        free = [level for level in levels if level.variant_id == variant]
        fits = (each for each in free if each.available - taken.get((variant, each.warehouse_id), 0) >= units)
        best = max(fits, key=lambda level: level.available, default=None)
        if best is not None:
            taken[variant, best.warehouse_id] = taken.get((variant, best.warehouse_id), 0) + units
        found.append(Again(sold, new, units, best))
    return found


async def send_again(tx: Tx, order: Order, wanted: Sequence[Again], why: str) -> Order:
    """Open and reserve the order that sends `wanted` to the customer of `order`; takes an order's number."""
    number = str(await counters.take(tx, "order"))
    again = tx.add(_order(tx, order, number))
    await tx.session.flush()
    for each in wanted:
        assert each.level is not None, "the rule refused what is out of stock"
        line = tx.add(_line(tx, again, each))
        await tx.session.flush()
        tx.add(
            Reservation(
                tenant_id=tx.tenant_id,
                order_line_id=line.id,
                variant_id=each.new.id,
                warehouse_id=each.level.warehouse_id,
                quantity=each.units,
                status=ReservationStatus.ACTIVE,
                created_at=tx.now,
            )
        )
        await stock.change(tx, each.new.id, each.level.warehouse_id, reserved=each.units)
    orders.note(tx, again, "order.placed", f"Opened for {why} of order {order.number}")
    return again


def _order(tx: Tx, order: Order, number: str) -> Order:
    return Order(
        tenant_id=tx.tenant_id,
        id=new_id(),
        number=number,
        customer_id=order.customer_id,
        external_id=number,
        status=OrderStatus.CONFIRMED,
        payment_status=PaymentStatus.PAID,
        fulfilment_status=FulfilmentStatus.UNFULFILLED,
        currency=order.currency,
        subtotal_minor=0,
        total_minor=0,
        ship_to=order.ship_to,
        bill_to=order.bill_to,
        tags=["replacement"],
        placed_at=tx.now,
    )


def _line(tx: Tx, again: Order, each: Again) -> OrderLine:
    return OrderLine(
        tenant_id=tx.tenant_id,
        order_id=again.id,
        variant_id=each.new.id,
        sku=each.new.sku,
        title=each.new.title[:200],
        category=each.sold.category,
        quantity=each.units,
        unit_price_minor=0,
        unit_cost_minor=each.new.cost_minor,
    )
