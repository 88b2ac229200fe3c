"""Follow parcels."""

from datetime import datetime

from core.identity import Permission, RunContext
from core.statuses import OrderStatus, ShipmentStatus
from store.queries import orders, shipments
from store.queries.shipments import Report
from store.tables.shipping import Shipment
from store.unit import ReadTx
from tools.arguments import Limit, OrderNumber
from tools.result import Quote
from tools.spec import Args, Audience, Effect
from tools.transport.module import module
from tools.transport.results import CarrierReport, LateShipment, LateShipments, OrderTracked, Parcel

_EVENTS = 5


class TrackOrder(Args):
    """Which order to follow."""

    order: OrderNumber


class FindLate(Args):
    """How many late parcels to show."""

    limit: Limit = 20


@module.tool(
    effect=Effect.READ,
    permission=Permission.SHIPMENT_READ,
    examples=(
        "where is my order 1042",
        "where's my stuff, order 1017",
        "just tell me where order 1042 is",
        "track order 1042",
        "when will 1042 arrive",
        "has order 1042 shipped yet?",
        "tracking number for #1042",
        "is my parcel late? order 1042",
        "why is my package taking so long",
        "it still has not shown up, what is going on",
        "what does the carrier say about 1042",
        "delivery status 1042",
    ),
)
async def track_order(tx: ReadTx, args: TrackOrder, _ctx: RunContext) -> OrderTracked:
    """Show where an order's parcels are: carrier, tracking number, last reports, promised date, late or not."""
    order = await orders.by_number(tx, args.order)
    parcels = (await shipments.of_orders(tx, [order.id])).get(order.id, [])
    reports = await shipments.last_reports(tx, [shipment.id for shipment, _ in parcels], _EVENTS) if parcels else {}
    shown = [_parcel(tx, shipment, carrier, reports.get(shipment.id, [])) for shipment, carrier in parcels]
    waiting = OrderStatus(order.status) in {OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING}
    return OrderTracked(
        order=order.number,
        status=order.status,
        promised_at=order.promised_at,
        late=any(parcel.late for parcel in shown) or (waiting and _past(order.promised_at, tx.now)),
        shipments=shown,
    )


@module.tool(
    effect=Effect.READ,
    permission=Permission.SHIPMENT_WATCH,
    audience=Audience.STAFF,
    examples=(
        "which shipments are late",
        "late deliveries",
        "any parcels overdue?",
        "show delayed shipments",
        "what should have arrived by now but didn't",
        "who is still waiting for a late parcel",
        "which carrier is running late",
        "top 5 latest parcels",
    ),
)
async def late_shipments(tx: ReadTx, args: FindLate, _ctx: RunContext) -> LateShipments:
    """List parcels that are past their promised date and not delivered, the latest first."""
    total, rows = await shipments.late(tx, args.limit)
    return LateShipments(
        total=total,
        shipments=[
            LateShipment(
                order=row.order,
                customer=row.customer,
                carrier=row.carrier,
                tracking_number=row.tracking_number,
                status=ShipmentStatus(row.status),
                promised_at=row.promised_at,
                days_late=max((tx.now - row.promised_at).days, 1),
                told=row.told,
                last_event=Quote.external(row.last_report) if row.last_report else None,
                last_event_at=row.last_report_at,
            )
            for row in rows
        ],
    )


def _parcel(tx: ReadTx, shipment: Shipment, carrier: str, reports: list[Report]) -> Parcel:
    over = ShipmentStatus(shipment.status) in {ShipmentStatus.RETURNED, ShipmentStatus.FAILED, ShipmentStatus.CANCELLED}
    return Parcel(
        carrier=carrier,
        tracking_number=shipment.tracking_number,
        status=shipment.status,
        shipped_at=shipment.shipped_at,
        promised_at=shipment.promised_at,
        delivered_at=shipment.delivered_at,
        late=not over and _past(shipment.promised_at, shipment.delivered_at or tx.now),
        events=[
            CarrierReport(at=report.at, status=ShipmentStatus(report.status), what=Quote.external(f"{report.text} ({report.place})"))
            for report in reports
        ],
    )


def _past(promised: datetime | None, at: datetime) -> bool:
    return promised is not None and at > promised
