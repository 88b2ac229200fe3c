"""Parcels and what their carriers report."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from core.errors import NotFound
from core.statuses import ShipmentStatus
from store.tables.shipping import Carrier, Shipment, ShipmentLine, TrackingEvent
from store.unit import ReadTx, Tx

_LAST_EVENTS = text(
    "SELECT s.id AS shipment_id, e.status, e.place, e.text, e.at FROM unnest(cast(:shipments AS uuid[])) AS s(id) CROSS JOIN LATERAL ("
    "SELECT t.status, t.place, t.text, t.at FROM tracking_events t WHERE t.tenant_id = :tenant AND t.shipment_id = s.id "
    "ORDER BY t.at DESC, t.id DESC LIMIT :each) e ORDER BY e.at DESC"
)
_ON_ITS_WAY = "('pending', 'label_created', 'picked_up', 'in_transit', 'out_for_delivery', 'exception')"
_LATE = f"""
    FROM shipments s JOIN orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id
    WHERE s.tenant_id = :tenant AND s.status IN {_ON_ITS_WAY} AND s.promised_at < :now AND o.status <> 'cancelled'
"""
_FIND_LATE = text(
    f"""
    SELECT late.*, EXISTS (SELECT 1 FROM carrier_incidents i WHERE i.tenant_id = late.tenant_id AND i.shipment_id = late.id
                           AND i.kind = 'late') AS told,
           c.name AS carrier, p.name AS customer, e.text AS last_text, e.place AS last_place, e.at AS last_at
    FROM (SELECT o.number, s.id, s.tenant_id, s.carrier_id, o.customer_id, s.tracking_number, s.status, s.promised_at,
                 count(*) OVER () AS total {_LATE}
          ORDER BY s.promised_at LIMIT :limit) late
    JOIN carriers c ON c.tenant_id = late.tenant_id AND c.id = late.carrier_id
    JOIN customers p ON p.tenant_id = late.tenant_id AND p.id = late.customer_id
    LEFT JOIN LATERAL (SELECT t.text, t.place, t.at FROM tracking_events t WHERE t.tenant_id = late.tenant_id AND t.shipment_id = late.id
                       ORDER BY t.at DESC, t.id DESC LIMIT 1) e ON true
    ORDER BY late.promised_at
    """
)


class Parcel(NamedTuple):
    """A shipment with its carrier's name."""

    shipment: Shipment
    carrier: str


class Report(NamedTuple):
    """What a carrier reported of a parcel."""

    shipment_id: UUID
    status: str
    place: str
    text: str
    at: datetime


class LateParcel(NamedTuple):
    """A parcel that is past its promised date and not delivered."""

    order: str
    carrier: str
    customer: str
    tracking_number: str
    status: str
    promised_at: datetime
    last_report: str | None
    last_report_at: datetime | None
    told: bool
    """Whether the customer was told and credited."""


async def of_orders(tx: ReadTx, order_ids: Sequence[UUID]) -> dict[UUID, list[Parcel]]:
    """Return the parcels of several orders by order, newest first."""
    same_carrier = and_(col(Carrier.tenant_id) == col(Shipment.tenant_id), col(Carrier.id) == col(Shipment.carrier_id))
    query = (
        select(Shipment, col(Carrier.name))
        .join(Carrier, same_carrier)
        .where(col(Shipment.tenant_id) == tx.tenant_id, col(Shipment.order_id).in_(order_ids))
        .order_by(col(Shipment.shipped_at).desc().nulls_last(), col(Shipment.id).desc())
    )
    grouped: dict[UUID, list[Parcel]] = defaultdict(list)
    for shipment, carrier in await tx.session.exec(query):
        grouped[shipment.order_id].append(Parcel(shipment, carrier))
    return grouped


async def last_reports(tx: ReadTx, shipment_ids: Sequence[UUID], each: int) -> dict[UUID, list[Report]]:
    """Return the last `each` reports of several parcels by parcel, newest first."""
    values = {"tenant": tx.tenant_id, "shipments": list(shipment_ids), "each": each}
    grouped: dict[UUID, list[Report]] = defaultdict(list)
    for row in await tx.connection.execute(_LAST_EVENTS, values):
        grouped[row.shipment_id].append(Report(row.shipment_id, row.status, row.place, row.text, row.at))
    return grouped


async def late(tx: ReadTx, limit: int) -> tuple[int, list[LateParcel]]:
    """Return how many parcels are late and the `limit` latest of them."""
    rows = (await tx.connection.execute(_FIND_LATE, {"tenant": tx.tenant_id, "now": tx.now, "limit": limit})).all()
    return int(rows[0].total) if rows else 0, [
        LateParcel(
            row.number,
            row.carrier,
            row.customer,
            row.tracking_number,
            row.status,
            row.promised_at,
            f"{row.last_text} ({row.last_place})" if row.last_text else None,
            row.last_at,
            row.told,
        )
        for row in rows
    ]


async def by_ref(tx: ReadTx, ref: str) -> Shipment:
    """Return the shipment of a number such as S-1001, or of a tracking number, as it was before any lock.

    Raises:
        NotFound: unknown, or another shop's.
    """
    query = select(Shipment).where(
        col(Shipment.tenant_id) == tx.tenant_id, or_(col(Shipment.number) == ref.upper(), col(Shipment.tracking_number) == ref)
    )
    row = (await tx.session.exec(query.order_by(col(Shipment.number) == ref.upper()).limit(1))).first()
    if row is None:
        raise NotFound("shipment", ref)
    return row


async def lock(tx: Tx, order_id: UUID) -> Sequence[Shipment]:
    """Return the shipments of an order, newest first, locked after the order."""
    query = (
        select(Shipment)
        .where(col(Shipment.tenant_id) == tx.tenant_id, col(Shipment.order_id) == order_id)
        .order_by(col(Shipment.shipped_at).desc().nulls_last(), col(Shipment.id).desc())
    )
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).all()


async def contents(tx: ReadTx, shipment_id: UUID) -> dict[UUID, int]:
    """Return the units of each order line in a parcel."""
    query = select(ShipmentLine).where(col(ShipmentLine.tenant_id) == tx.tenant_id, col(ShipmentLine.shipment_id) == shipment_id)
    units: dict[UUID, int] = defaultdict(int)
    for row in await tx.session.exec(query):
        units[row.order_line_id] += row.quantity
    return units


async def record(tx: Tx, shipment_id: UUID, external_id: str, status: ShipmentStatus, at: datetime, place: str, told: str) -> bool:
    """Store what a carrier reported, once for each `external_id`; return whether it is new."""
    row = TrackingEvent(
        tenant_id=tx.tenant_id, shipment_id=shipment_id, external_id=external_id, status=status, at=at, place=place[:80], text=told[:200]
    )
    stored = insert(TrackingEvent).values(**row.model_dump()).on_conflict_do_nothing().returning(col(TrackingEvent.id))
    return (await tx.connection.execute(stored)).scalar() is not None


async def reports(tx: ReadTx, shipment_id: UUID) -> Sequence[TrackingEvent]:
    """Return all that was reported of a parcel."""
    query = select(TrackingEvent).where(col(TrackingEvent.tenant_id) == tx.tenant_id, col(TrackingEvent.shipment_id) == shipment_id)
    return (await tx.session.exec(query)).all()
