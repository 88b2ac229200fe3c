"""Make a late delivery good: the customer hears it from us first."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.fulfilment import NOT_SENT, IncidentKind
from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import ShipmentStatus
from store.queries import claims, orders, shipments
from store.queries.shipments import Parcel
from store.tables.orders import Order
from store.unit import Tx
from tools.arguments import OrderNumber
from tools.policy import Policy
from tools.policy.carriers import LatePlan, decide_late
from tools.spec import Args, Audience, Effect
from tools.transport.making_good import Incident, make_good
from tools.transport.module import module
from tools.transport.owed import LateHandled


class HandleLateShipment(Args):
    """Whose delivery is late."""

    order: OrderNumber


@dataclass(frozen=True, slots=True)
class _Late:
    """The late parcels of a locked order that nobody made good yet."""

    order: Order
    parcels: Sequence[Parcel]
    plan: LatePlan
    policy_version: int


async def _late(tx: Tx, args: HandleLateShipment, _ctx: RunContext, policy: Policy) -> _Late:
    order = await orders.by_number(tx, args.order, lock=True)
    found = (await shipments.of_orders(tx, [order.id])).get(order.id, [])
    late = [
        each
        for each in found
        if ShipmentStatus(each.shipment.status) not in NOT_SENT
        and each.shipment.promised_at is not None
        and each.shipment.promised_at < (each.shipment.delivered_at or tx.now)
    ]
    handled = await claims.incidents(tx, [each.shipment.id for each in late], IncidentKind.LATE)
    plan = LatePlan(
        order=order.number,
        late=len(late),
        handled=len(handled),
        credit=Money(minor=policy.service.late_credit_minor, currency=order.currency),
    )
    return _Late(order, [each for each in late if each.shipment.id not in handled], plan, policy.version)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CLAIM_OPEN,
    audience=Audience.STAFF,
    facts=_late,
    policy=lambda _policy, facts, _args, _principal: decide_late(facts.plan),
    examples=(
        "handle the late delivery of order 1042",
        "tell the customer of 1042 that the parcel is late and credit them",
        "apologise for the delay of order 1017",
        "order 1042 is overdue, make it good",
        "give the late-delivery credit for order 1042",
        "inform the customer about the late parcel, order 1042",
    ),
)
async def handle_late_shipment(tx: Tx, args: HandleLateShipment, _ctx: RunContext, facts: _Late) -> LateHandled:
    """Make a late delivery good: tell the customer, credit them by the policy, and note it against the carrier."""
    credit = facts.plan.credit
    for shipment, carrier in facts.parcels:
        await make_good(tx, Incident(facts.order, shipment, carrier, IncidentKind.LATE, credit, facts.policy_version))
    return LateHandled(
        order=facts.order.number,
        shipments=[shipment.number for shipment, _ in facts.parcels],
        carriers=sorted({carrier for _, carrier in facts.parcels}),
        credit=credit * len(facts.parcels),
    )
