"""Send what is packed, and take it back while the carrier does not have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput
from core.fulfilment import PICK_TRANSITIONS, SHIPMENT_TRANSITIONS, PickStatus
from core.identity import Permission, Principal, RunContext
from core.statuses import ORDER_TRANSITIONS, FulfilmentStatus, OrderStatus, ReservationStatus, ShipmentStatus, change
from store.queries import allocation, carriers, counters, orders, picking, shipments
from store.tables.carriers import CarrierChoice
from store.tables.orders import Order
from store.tables.shipping import Carrier, Shipment, ShipmentLine
from store.unit import Tx
from tools.arguments import OrderNumber
from tools.policy import Policy
from tools.policy.carriers import Ranked, ShipPlan, decide_cancel_shipment, decide_shipment, why
from tools.policy.decision import Decision, deny
from tools.policy.fulfilment import gate
from tools.spec import Args, Audience, Effect
from tools.transport.module import module
from tools.transport.offers import CarrierRef, NextParcel, ShipmentRef, packed_parcel, ranked_offers
from tools.transport.progress import derive
from tools.transport.sent import ShipmentCancelled, ShipmentCreated
from tools.warehouse.facts import WarehouseRef, gate_of

_STORED = 20
"""Offers that are kept with the choice."""


class CreateShipment(Args):
    """Which packed order is sent, and how."""

    order: OrderNumber
    carrier: CarrierRef | None = None
    """With this carrier; the best offer is taken when left out."""
    service: Annotated[str, Field(min_length=2, max_length=20, description="The carrier's service, such as standard or express")] | None = (
        None
    )
    warehouse: WarehouseRef | None = None
    """From where; needed when it is packed in several warehouses."""


class CancelShipment(Args):
    """Which shipment is taken back."""

    order: OrderNumber
    shipment: ShipmentRef | None = None
    """Which one; the newest when left out."""


@dataclass(frozen=True, slots=True)
class _Sending:
    """A packed parcel with the offers for it."""

    order: Order
    parcel: NextParcel | None
    ranked: list[Ranked]
    chosen: Ranked | None
    wanted: Carrier | None
    policy: Policy


@dataclass(frozen=True, slots=True)
class _TakingBack:
    """An order with its shipments, and the one that is taken back."""

    order: Order
    shipments: Sequence[Shipment]
    shipment: Shipment | None


async def _sending(tx: Tx, args: CreateShipment, _ctx: RunContext, policy: Policy) -> _Sending:
    order = await orders.by_number(tx, args.order, lock=True)
    wanted = await carriers.by_ref(tx, args.carrier) if args.carrier else None
    parcel = await packed_parcel(tx, order, args.warehouse)
    if parcel is None:
        return _Sending(order, None, [], None, wanted, policy)
    await allocation.lock_stock(tx, [line.variant_id for line in parcel.lines])
    ranked = await ranked_offers(tx, policy.carriers, order, parcel)
    service = args.service.lower() if args.service else None
    fitting = [each for each in ranked if (wanted is None or each.offer.carrier == wanted.code) and service in {None, each.offer.service}]
    return _Sending(order, parcel, ranked, fitting[0] if fitting else None, wanted, policy)


def _may_send(policy: Policy, facts: _Sending, args: CreateShipment, _principal: Principal) -> Decision:
    if (refusal := gate(policy.fulfilment, gate_of(facts.order))) is not None:
        return refusal
    carrier = " ".join(part for part in (facts.wanted.name if facts.wanted else "", args.service or "") if part)
    plan = ShipPlan(
        order=facts.order.number,
        packed=facts.parcel is not None,
        offers=len(facts.ranked),
        carrier=carrier,
        carrier_offers=facts.chosen is not None,
    )
    return decide_shipment(plan)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.SHIPMENT_WRITE,
    audience=Audience.STAFF,
    facts=_sending,
    policy=_may_send,
    examples=(
        "ship order 1042",
        "send 1042 with DPD",
        "create the shipment for order 1042",
        "order a label for 1042",
        "hand order 1017 to the best carrier",
        "dispatch #1042 by express",
        "book Chronopost for order 1042",
    ),
)
async def create_shipment(tx: Tx, args: CreateShipment, _ctx: RunContext, facts: _Sending) -> ShipmentCreated:
    """Send a packed order with the best carrier (or a given one): take it off the stock and order the label."""
    order, parcel, chosen = facts.order, facts.parcel, facts.chosen
    assert parcel is not None
    assert parcel.picks is not None
    assert chosen is not None
    picks, reason = parcel.picks, why(facts.ranked, chosen)
    carrier = await carriers.by_ref(tx, chosen.offer.carrier)
    number = f"S-{await counters.take(tx, 'shipment')}"
    shipment = Shipment(
        tenant_id=tx.tenant_id,
        number=number,
        order_id=order.id,
        carrier_id=carrier.id,
        warehouse_id=picks.warehouse_id,
        pick_list_id=picks.id,
        tracking_number=number,
        weight_grams=picks.weight_grams,
        parcels=picks.parcels,
        status=ShipmentStatus.PENDING,
        shipped_at=tx.now,
        promised_at=_promised(tx.now, chosen.offer.transit_days, facts.policy.carriers.delivery_hour),
    )
    tx.add(shipment)
    await tx.session.flush()
    await _take_off(tx, facts, shipment)
    picks.status = change(f"pick list {picks.number}", PickStatus(picks.status), PickStatus.SHIPPED, PICK_TRANSITIONS)
    tx.session.add(picks)
    _sent(order, shipment, tx.now)
    status = await derive(tx, order)
    tx.add(_choice(tx, facts, chosen, shipment, reason))
    orders.note(tx, order, "order.shipped", f"Handed to {carrier.name}")
    tx.emit(
        "shipment.label.requested",
        order=order.number,
        shipment=number,
        carrier=carrier.code,
        service=chosen.offer.service,
        weight_grams=shipment.weight_grams,
        parcels=shipment.parcels,
        ship_from={"warehouse": parcel.depot.code, "city": parcel.depot.city, "country": parcel.depot.country},
        ship_to=order.ship_to,
    )
    tx.emit("order.shipped", order=order.number, shipment=number, carrier=carrier.code, fulfilment_status=status.value)
    return ShipmentCreated(
        order=order.number,
        shipment=number,
        status=order.status,
        fulfilment_status=status,
        carrier=carrier.name,
        service=chosen.offer.service,
        price=chosen.offer.price,
        warehouse=parcel.depot.code,
        parcels=shipment.parcels,
        weight_grams=shipment.weight_grams,
        promised_at=shipment.promised_at,
        score_bp=chosen.score_bp,
        reason=reason,
    )


async def _cancelling(tx: Tx, args: CancelShipment, _ctx: RunContext, _policy: Policy) -> _TakingBack:
    order = await orders.by_number(tx, args.order, lock=True)
    found = await shipments.lock(tx, order.id)
    if args.shipment is not None:
        wanted = next((each for each in found if args.shipment in {each.number, each.tracking_number}), None)
        if wanted is None:
            known = ", ".join(each.number for each in found) or "none"
            raise InvalidInput(f"order {order.number} has no shipment {args.shipment}; it has: {known}", field="shipment", code="unknown")
        return _TakingBack(order, found, wanted)
    takeable = [each for each in found if ShipmentStatus.CANCELLED in SHIPMENT_TRANSITIONS[ShipmentStatus(each.status)]]
    return _TakingBack(order, found, next(iter([*takeable, *found]), None))


def _may_cancel(_policy: Policy, facts: _TakingBack, _args: CancelShipment, _principal: Principal) -> Decision:
    if facts.shipment is None:
        return deny("shipment.none", f"Order {facts.order.number} has no shipment.", "show the order")
    return decide_cancel_shipment(facts.shipment.number, ShipmentStatus(facts.shipment.status))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.SHIPMENT_WRITE,
    audience=Audience.STAFF,
    facts=_cancelling,
    policy=_may_cancel,
    examples=(
        "cancel the shipment of order 1042",
        "take 1042 back from the carrier, it is not picked up yet",
        "void the label of order 1042",
        "wrong carrier for 1042, undo the shipment",
        "do not hand 1017 over, the box is wrong",
        "call the parcel of 1042 back before pick-up",
    ),
)
async def cancel_shipment(tx: Tx, args: CancelShipment, _ctx: RunContext, facts: _TakingBack) -> ShipmentCancelled:
    """Cancel a shipment before the carrier picks it up: its units are back on the shelf, held for the order."""
    order, shipment = facts.order, facts.shipment
    assert shipment is not None
    what = f"shipment {shipment.number}"
    shipment.status = change(what, ShipmentStatus(shipment.status), ShipmentStatus.CANCELLED, SHIPMENT_TRANSITIONS)
    tx.session.add(shipment)
    lines = {line.id: line for line in await allocation.lines(tx, order.id)}
    contents = await shipments.contents(tx, shipment.id)
    await allocation.lock_stock(tx, [lines[line_id].variant_id for line_id in contents])
    for line_id in sorted(contents, key=lambda each: (lines[each].variant_id, each)):
        units, variant = contents[line_id], lines[line_id].variant_id
        await allocation.shift(tx, variant, shipment.warehouse_id, on_hand=units)
        await allocation.hold(tx, line_id, variant, shipment.warehouse_id, units)
        allocation.moved(tx, variant, shipment.warehouse_id, units, "shipment_cancelled", order.number)
    if shipment.pick_list_id is not None:
        picks = await picking.by_id(tx, shipment.pick_list_id)
        picks.status = change(f"pick list {picks.number}", PickStatus(picks.status), PickStatus.PACKED, PICK_TRANSITIONS)
        tx.session.add(picks)
    status = await derive(tx, order)
    if status is FulfilmentStatus.UNFULFILLED and OrderStatus(order.status) is OrderStatus.SHIPPED:
        order.status = change(f"order {order.number}", OrderStatus.SHIPPED, OrderStatus.PROCESSING, ORDER_TRANSITIONS)
        order.shipped_at = None
        tx.session.add(order)
    orders.note(tx, order, "shipment.cancelled", f"Shipment {shipment.number} cancelled before pick-up")
    tx.emit("shipment.cancelled", order=order.number, shipment=shipment.number, tracking_number=shipment.tracking_number)
    return ShipmentCancelled(
        order=order.number,
        shipment=shipment.number,
        status=order.status,
        fulfilment_status=status,
        units=sum(contents.values()),
    )


async def _take_off(tx: Tx, facts: _Sending, shipment: Shipment) -> None:
    """Put the picked units into the parcel: their reservation is fulfilled and the shelf is lighter, once."""
    assert facts.parcel is not None
    for line in facts.parcel.lines:
        if not line.picked:
            continue
        tx.add(ShipmentLine(tenant_id=tx.tenant_id, shipment_id=shipment.id, order_line_id=line.line_id, quantity=line.picked))
        await allocation.settle(tx, line.line_id, shipment.warehouse_id, line.picked, ReservationStatus.FULFILLED)
        await allocation.shift(tx, line.variant_id, shipment.warehouse_id, on_hand=-line.picked, reserved=-line.picked)
        allocation.moved(tx, line.variant_id, shipment.warehouse_id, -line.picked, "shipped", facts.order.number)


def _sent(order: Order, shipment: Shipment, now: datetime) -> None:
    """Call an order shipped with its first parcel: from then on it can no longer be cancelled."""
    if OrderStatus(order.status) is not OrderStatus.SHIPPED:
        order.status = change(f"order {order.number}", OrderStatus(order.status), OrderStatus.SHIPPED, ORDER_TRANSITIONS)
        order.shipped_at = now
    order.promised_at = order.promised_at or shipment.promised_at


def _choice(tx: Tx, facts: _Sending, chosen: Ranked, shipment: Shipment, reason: str) -> CarrierChoice:
    return CarrierChoice(
        tenant_id=tx.tenant_id,
        shipment_id=shipment.id,
        service=chosen.offer.service,
        price_minor=chosen.offer.price.minor,
        currency=chosen.offer.price.currency,
        score_bp=chosen.score_bp,
        reason=reason[:300],
        alternatives=[each.model_dump(mode="json") for each in facts.ranked[:_STORED]],
        policy_version=facts.policy.version,
        created_at=tx.now,
    )


def _promised(now: datetime, days: int, hour: int) -> datetime:
    return (now + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
