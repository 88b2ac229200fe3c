"""Rows of an order's parcel: the shipment, what is in it, and the carrier's scans."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from core.statuses import ShipmentStatus
from store.seed.data.names import HUBS
from store.seed.draft import Draft
from store.seed.model import Row
from store.seed.orders import ship_to

_UNIT_GRAMS = 500
_PACKAGING_GRAMS = 200
_Scan = tuple[ShipmentStatus, str, str, datetime]


def shipment(draft: Draft) -> Row:
    """Return the shipment; its status is that of the last scan."""
    plan, times = draft.plan, draft.plan.times
    return draft.shop.row(
        "shipments",
        draft.number,
        number=f"S-{draft.number}",
        order_id=draft.order_id,
        carrier_id=draft.shop.id_of("carriers", plan.courier.code),
        warehouse_id=draft.warehouse_id,
        pick_list_id=None,
        label_reference=f"labels/S-{draft.number}.pdf",
        weight_grams=_UNIT_GRAMS * sum(quantity for _, quantity in plan.lines) + _PACKAGING_GRAMS,
        parcels=1,
        tracking_number=f"{plan.courier.code[:3].upper()}{draft.number * 7919 % 1_000_003:06d}{draft.number:06d}",
        status=_scans(draft)[-1][0].value,
        shipped_at=times.shipped,
        promised_at=times.promised,
        delivered_at=times.arrives if draft.delivered else None,
    )


def contents(draft: Draft) -> Iterator[Row]:
    """Yield the units in the parcel."""
    for position, (_, quantity) in enumerate(draft.plan.lines):
        yield draft.shop.row(
            "shipment_lines", f"{draft.number}-{position}", shipment_id=_id(draft), order_line_id=draft.line_id(position), quantity=quantity
        )


def tracking(draft: Draft) -> Iterator[Row]:
    """Yield the carrier's scans so far."""
    for position, (status, place, text, at) in enumerate(_scans(draft)):
        scan = {"external_id": f"{draft.number}-{position}", "status": status.value, "place": place, "text": text, "at": at}
        yield draft.shop.row("tracking_events", f"{draft.number}-{position}", shipment_id=_id(draft), **scan)


def _id(draft: Draft) -> UUID:
    return draft.shop.id_of("shipments", draft.number)


def _scans(draft: Draft) -> list[_Scan]:
    """Return the scans that the carrier made, spread over the parcel's way."""
    plan, times = draft.plan, draft.plan.times
    if times.shipped is None or times.promised is None:
        return []
    way = (times.arrives or times.promised) - times.shipped
    hub = draft.number % len(HUBS)
    home = str(ship_to(draft)["city"])
    scans: list[_Scan] = [
        (ShipmentStatus.LABEL_CREATED, plan.depot.city, "Label created, waiting for collection", times.shipped - timedelta(hours=1)),
        (ShipmentStatus.PICKED_UP, plan.depot.city, f"Collected by {plan.courier.name}", times.shipped),
        (ShipmentStatus.IN_TRANSIT, plan.depot.city, "Left the depot of departure", times.shipped + way * 0.1),
        (ShipmentStatus.IN_TRANSIT, HUBS[hub], "Sorted at the hub", times.shipped + way * 0.4),
        (ShipmentStatus.IN_TRANSIT, f"{home} depot", "Arrived at the depot of delivery", times.shipped + way * 0.7),
    ]
    if times.trouble:
        scans.append((ShipmentStatus.EXCEPTION, f"{home} depot", "Address could not be found, held for clarification", times.trouble))
    elif times.silent is None:
        scans.append((ShipmentStatus.OUT_FOR_DELIVERY, home, "On the van for delivery", times.shipped + way * 0.92))
        scans.append((ShipmentStatus.DELIVERED, home, "Delivered and signed for", times.shipped + way))
    end = min(times.silent or draft.shop.now, draft.shop.now)
    return [scan for scan in scans if scan[3] <= end]
