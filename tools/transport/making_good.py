"""What a customer gets for a parcel that went wrong, and the note against its carrier: once a parcel and kind."""

from dataclasses import dataclass

from core.fulfilment import IncidentKind
from core.money import Money
from store.queries import methods, orders
from store.tables.carriers import CarrierIncident
from store.tables.orders import Order
from store.tables.shipping import Shipment
from store.unit import Tx
from tools.phrases import day


@dataclass(frozen=True, slots=True)
class Incident:
    """What went wrong with a parcel, and the credit for it."""

    order: Order
    shipment: Shipment
    carrier: str
    kind: IncidentKind
    credit: Money
    policy_version: int


async def make_good(tx: Tx, incident: Incident) -> None:
    """Tell the customer, note the incident against the carrier, and credit the customer, in this order. The order is locked."""
    order, shipment, credit = incident.order, incident.shipment, incident.credit
    promised = day(shipment.promised_at) if shipment.promised_at else None
    tx.emit(
        "email.requested",
        customer=str(order.customer_id),
        template=f"shipment_{incident.kind}",
        order=order.number,
        data={
            "carrier": incident.carrier,
            "tracking_number": shipment.tracking_number,
            "promised": promised,
            "credit": str(credit) if credit.minor else None,
        },
    )
    tx.add(
        CarrierIncident(
            tenant_id=tx.tenant_id,
            shipment_id=shipment.id,
            carrier_id=shipment.carrier_id,
            kind=incident.kind,
            credit_minor=credit.minor,
            currency=credit.currency,
            policy_version=incident.policy_version,
            created_at=tx.now,
        )
    )
    await tx.session.flush()
    if credit.minor:
        account = await methods.credit_of(tx, order.customer_id, credit.currency)
        await methods.move(tx, account, credit.minor, f"shipment_{incident.kind}", f"{incident.kind}:{shipment.id}")
        tx.emit("store_credit.issued", order=order.number, amount=credit.model_dump(), reason=f"shipment_{incident.kind}")
    given = f", credit of {credit}" if credit.minor else ""
    orders.note(tx, order, f"shipment.{incident.kind}", f"Parcel {incident.kind} with {incident.carrier}, customer told{given}")
    tx.emit("carrier.incident", order=order.number, shipment=shipment.number, carrier=incident.carrier, kind=incident.kind.value)
