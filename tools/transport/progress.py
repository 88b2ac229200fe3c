"""What a parcel's way means for its order: what is sent, what has arrived, and who is told."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue

from core.fulfilment import NOT_SENT
from core.statuses import ORDER_TRANSITIONS, FulfilmentStatus, OrderStatus, ShipmentStatus, change
from store.queries import allocation, channels, orders, shipments
from store.tables.orders import Order
from store.tables.shipping import Shipment
from store.unit import Tx
from tools.policy.carriers import CarrierPolicy
from tools.policy.fulfilment import fulfilment_of

ON_ITS_WAY = frozenset(
    {ShipmentStatus.PICKED_UP, ShipmentStatus.IN_TRANSIT, ShipmentStatus.OUT_FOR_DELIVERY, ShipmentStatus.DELIVERED},
)
"""Reports that say that the carrier has the parcel."""
_EVENTS = {
    ShipmentStatus.DELIVERED: "shipment.delivered",
    ShipmentStatus.RETURNED: "shipment.returned",
    ShipmentStatus.EXCEPTION: "shipment.exception",
    ShipmentStatus.FAILED: "shipment.failed",
}


async def derive(tx: Tx, order: Order) -> FulfilmentStatus:
    """Set an order's fulfilment status from the units that were sent."""
    await tx.session.flush()
    lines = await allocation.lines(tx, order.id)
    status = fulfilment_of([(line.quantity, line.shipped) for line in lines])
    if order.fulfilment_status != FulfilmentStatus.RETURNED:
        order.fulfilment_status = status
        tx.session.add(order)
    return status


async def moved(
    tx: Tx, policy: CarrierPolicy, order: Order, parcels: Sequence[Shipment], shipment: Shipment, carrier: str, at: datetime
) -> None:
    """Tell of a shipment's new status, and let its order follow. Order and shipments are locked."""
    status = ShipmentStatus(shipment.status)
    fulfilment = await derive(tx, order)
    if status is ShipmentStatus.DELIVERED:
        orders.note(tx, order, "shipment.delivered", f"Delivered by {carrier}")
        _arrive(tx, order, parcels, fulfilment)
        _ask_for_opinion(tx, policy, order)
    elif status in _EVENTS:
        orders.note(tx, order, _EVENTS[status], f"{carrier} reports: {status.replace('_', ' ')}")
    tx.emit(
        _EVENTS.get(status, "shipment.moved"),
        order=order.number,
        shipment=shipment.number,
        carrier=carrier,
        tracking_number=shipment.tracking_number,
        status=status.value,
        at=at.isoformat(),
        on_time=shipment.promised_at is None or at <= shipment.promised_at,
    )


async def tell_channel(tx: Tx, order: Order, shipment: Shipment, carrier: str) -> None:
    """Tell the channel that an order was placed on what a parcel of it holds, once the carrier has it."""
    channel = await channels.sold_on(tx, order)
    if channel is None or not channel.connected:
        return
    units = await shipments.contents(tx, shipment.id)
    skus: Counter[str] = Counter()
    for line in (await orders.lines_of(tx, [order.id]))[order.id]:
        skus[line.sku] += units.get(line.id, 0)
    sent: list[JsonValue] = [{"sku": sku, "quantity": quantity} for sku, quantity in sorted(skus.items()) if quantity]
    about = {"channel": channel.code, "order": order.number, "external_id": order.external_id, "shipment": shipment.number}
    tx.emit("channel.order.fulfilled", **about, carrier=carrier, tracking_number=shipment.tracking_number, lines=sent)


def _arrive(tx: Tx, order: Order, parcels: Sequence[Shipment], fulfilment: FulfilmentStatus) -> None:
    """Call an order delivered when all of it was sent and every parcel of it has arrived."""
    sent = [each for each in parcels if ShipmentStatus(each.status) not in NOT_SENT]
    arrived = [each.delivered_at for each in sent if each.status == ShipmentStatus.DELIVERED and each.delivered_at]
    if fulfilment is FulfilmentStatus.FULFILLED and len(arrived) == len(sent) and OrderStatus(order.status) is OrderStatus.SHIPPED:
        order.status = change(f"order {order.number}", OrderStatus.SHIPPED, OrderStatus.DELIVERED, ORDER_TRANSITIONS)
        order.delivered_at = max(arrived)
        tx.session.add(order)


def _ask_for_opinion(tx: Tx, policy: CarrierPolicy, order: Order) -> None:
    """Schedule the survey, once an order is delivered as a whole."""
    if order.status != OrderStatus.DELIVERED or order.delivered_at is None:
        return
    due = order.delivered_at + timedelta(hours=policy.survey_hours)
    tx.emit("survey.scheduled", order=order.number, customer=str(order.customer_id), due_at=due.isoformat())
