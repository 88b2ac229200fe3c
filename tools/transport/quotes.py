"""Compare carriers: what they ask for a parcel, and how they have done."""

from datetime import timedelta
from typing import Any

from core.identity import Permission, RunContext
from store.queries import carriers, orders
from store.unit import ReadTx
from tools.arguments import Days, OrderNumber
from tools.policy import Policy
from tools.policy.carriers import CarrierPolicy, why
from tools.spec import Args, Audience, Effect
from tools.transport.compared import CarrierPerformance, CarrierQuotes, CarrierRecord, CarrierScore
from tools.transport.module import module
from tools.transport.offers import CarrierRef, expected_parcel, ranked_offers

_SHOWN = 12


class CarrierQuotesArgs(Args):
    """Which order is to be sent."""

    order: OrderNumber


class CarrierPerformanceArgs(Args):
    """Whose punctuality to show."""

    carrier: CarrierRef | None = None
    """Only this carrier."""
    days: Days | None = None
    """Over so many days; as the policy measures it when left out."""


async def _policy(_tx: ReadTx, _args: Any, _ctx: RunContext, policy: Policy) -> Policy:
    return policy


async def _carrier_policy(_tx: ReadTx, _args: Any, _ctx: RunContext, policy: Policy) -> CarrierPolicy:
    return policy.carriers


@module.tool(
    effect=Effect.READ,
    permission=Permission.SHIPMENT_WATCH,
    audience=Audience.STAFF,
    facts=_policy,
    examples=(
        "carrier quotes for order 1042",
        "what does it cost to ship order 1042",
        "which carrier is best for 1042",
        "compare DPD and UPS for order 1017",
        "cheapest way to send 1042",
        "how much is express delivery for order 1042",
        "rank the carriers for #1042",
    ),
)
async def carrier_quotes(tx: ReadTx, args: CarrierQuotesArgs, _ctx: RunContext, policy: Policy) -> CarrierQuotes:
    """Rank the carriers' offers for an order's next parcel by price, transit time, punctuality and rating, with the reason."""
    order = await orders.by_number(tx, args.order)
    parcel = await expected_parcel(tx, policy, order)
    ranked = await ranked_offers(tx, policy.carriers, order, parcel) if parcel else []
    return CarrierQuotes(
        order=order.number,
        warehouse=parcel.depot.code if parcel else None,
        weight_grams=parcel.weight_grams if parcel else 0,
        parcels=parcel.parcels if parcel else 0,
        reason=why(ranked, ranked[0]) if ranked else "",
        total=len(ranked),
        offers=[CarrierScore.of(each) for each in ranked[:_SHOWN]],
    )


@module.tool(
    effect=Effect.READ,
    permission=Permission.SHIPMENT_WATCH,
    audience=Audience.STAFF,
    facts=_carrier_policy,
    examples=(
        "how punctual are our carriers",
        "on-time rate of DPD",
        "carrier performance last 30 days",
        "which carrier is the worst",
        "does Chronopost keep its promises",
        "compare the punctuality of the carriers",
        "is Colis Prive as good as it says",
    ),
)
async def carrier_performance(tx: ReadTx, args: CarrierPerformanceArgs, _ctx: RunContext, policy: CarrierPolicy) -> CarrierPerformance:
    """Show each carrier's measured on-time rate against what it states, with overdue parcels, notes and open claims."""
    days = args.days or policy.measured_days
    wanted = (await carriers.by_ref(tx, args.carrier)).id if args.carrier else None
    found = await carriers.records(tx, tx.now - timedelta(days=days), wanted)
    records = [
        CarrierRecord(
            carrier=each.name,
            parcels=each.parcels,
            on_time=each.on_time,
            on_time_bp=each.on_time_bp if each.parcels else None,
            stated_bp=each.stated_bp,
            overdue=each.overdue,
            mean_days_late=round(each.late_days / late, 1) if (late := each.parcels - each.on_time) else 0.0,
            incidents=each.incidents,
            open_claims=each.open_claims,
        )
        for each in found
    ]
    return CarrierPerformance(days=days, carriers=sorted(records, key=lambda each: (-(each.on_time_bp or 0), each.carrier)))
