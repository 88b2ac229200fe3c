"""What the carriers offer for the next parcel of an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput
from core.fulfilment import PickStatus
from core.money import Money
from store.queries import allocation, carriers, inventory, picking
from store.queries.allocation import DepotRow
from store.queries.picking import LineToPick
from store.tables.fulfilment import PickList
from store.tables.orders import Order
from store.unit import ReadTx, Tx
from tools.policy import Policy
from tools.policy.carriers import CarrierPolicy, Offer, Ranked, rank

CarrierRef = Annotated[
    str,
    Field(
        min_length=2,
        max_length=60,
        description="Carrier by name or code, such as DPD or colis_prive",
        json_schema_extra={"format": "carrier"},
    ),
]
ShipmentRef = Annotated[
    str,
    Field(
        min_length=3,
        max_length=40,
        description="Shipment number such as S-1001, or its tracking number",
        json_schema_extra={"format": "shipment"},
    ),
]


@dataclass(frozen=True, slots=True)
class NextParcel:
    """Where the next parcel of an order starts, and what it weighs."""

    depot: DepotRow
    weight_grams: int
    """Of all parcels together."""
    parcels: int
    picks: PickList | None = None
    lines: Sequence[LineToPick] = ()


async def packed_parcel(tx: Tx, order: Order, ref: str | None) -> NextParcel | None:
    """Return what is packed of an order and has not left, if anything is; packed in several places, the place must be named."""
    only = (await inventory.warehouse(tx, ref)).id if ref else None
    packed = [each for each in await picking.live(tx, order.id) if each.status == PickStatus.PACKED and only in {None, each.warehouse_id}]
    depots = {depot.id: depot for depot in await allocation.depots(tx)}
    if len(packed) > 1:
        where = ", ".join(sorted(depots[each.warehouse_id].code for each in packed))
        reason = f"order {order.number} is packed in several warehouses; which one goes first: {where}?"
        raise InvalidInput(reason, field="warehouse", code="which_warehouse")
    if not packed:
        return None
    picks = packed[0]
    lines = await picking.lines(tx, picks.id)
    return NextParcel(depots[picks.warehouse_id], picks.weight_grams, picks.parcels, picks, lines)


async def expected_parcel(tx: ReadTx, policy: Policy, order: Order) -> NextParcel | None:
    """Return what is still to be sent of an order as one parcel, from where most of it is held."""
    lines = await allocation.lines(tx, order.id)
    open_lines = [(line.quantity - line.shipped, line.weight_grams) for line in lines if line.quantity > line.shipped]
    if not open_lines:
        return None
    units: dict[object, int] = {}
    for place in await allocation.held(tx, order.id):
        units[place.warehouse_id] = units.get(place.warehouse_id, 0) + place.held
    depot = min(await allocation.depots(tx), key=lambda each: (-units.get(each.id, 0), each.code), default=None)
    if depot is None:
        return None
    goods = sum(quantity * grams for quantity, grams in open_lines)
    parcels = policy.fulfilment.parcels(goods)
    return NextParcel(depot, goods + parcels * policy.fulfilment.packaging_grams, parcels)


async def ranked_offers(tx: ReadTx, policy: CarrierPolicy, order: Order, parcel: NextParcel) -> list[Ranked]:
    """Return all offers for a parcel, the best first, with each carrier's measured punctuality where there is enough of it."""
    country = str(order.ship_to.get("country") or parcel.depot.country).upper()
    zone = policy.zone(parcel.depot.country, country)
    grams = -(-parcel.weight_grams // parcel.parcels)
    found = await carriers.offers(tx, zone, grams, order.currency)
    since = tx.now - timedelta(days=policy.measured_days)
    measured = {each.carrier_id: each for each in await carriers.records(tx, since) if each.parcels >= policy.measured_parcels}
    offers = [
        Offer(
            carrier=each.code,
            name=each.name,
            service=each.service,
            price=Money(minor=each.price_minor * parcel.parcels, currency=order.currency),
            transit_days=each.transit_days,
            on_time_bp=measured[each.carrier_id].on_time_bp if each.carrier_id in measured else each.on_time_bp,
            measured=each.carrier_id in measured,
            rating_tenths=round(each.rating * 10),
        )
        for each in found
    ]
    return rank(policy, offers)
