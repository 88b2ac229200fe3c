"""Orders that do not move."""

from datetime import timedelta

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import stuck
from store.queries.stuck import Deadlines, StuckRow
from store.unit import ReadTx
from tools.orders.module import module
from tools.orders.results import StuckKind, StuckOrder, StuckOrders
from tools.phrases import plural, words
from tools.policy import Policy
from tools.policy.service import ServicePolicy
from tools.spec import Args, Audience, Effect

_SHOWN = 20
_TO_DO = {
    StuckKind.HELD: "Review it, then release or cancel it",
    StuckKind.UNSHIPPED: "Ask the warehouse, or tell the customer about the delay",
    StuckKind.SILENT: "Ask the carrier where it is and tell the customer",
    StuckKind.UNPAID: "Remind the customer to pay, or cancel it",
}


class StuckArgs(Args):
    """Nothing: the policy says what counts as stuck."""


async def _service(_tx: ReadTx, _args: StuckArgs, _ctx: RunContext, policy: Policy) -> ServicePolicy:
    return policy.service


@module.tool(
    effect=Effect.READ,
    permission=Permission.SHIPMENT_WATCH,
    audience=Audience.STAFF,
    facts=_service,
    examples=(
        "which orders are stuck",
        "any stuck orders?",
        "what needs my attention today",
        "orders that haven't shipped yet",
        "paid but not shipped",
        "which orders are blocked or not moving",
        "show me problem orders",
        "unpaid orders older than a day",
        "parcels that went silent",
    ),
)
async def stuck_orders(tx: ReadTx, args: StuckArgs, _ctx: RunContext, service: ServicePolicy) -> StuckOrders:
    """List orders that do not move: on hold, unpaid, paid but unshipped, or shipped and silent for too long."""
    deadlines = Deadlines(
        held_before=tx.now - timedelta(hours=service.hold_hours),
        paid_before=tx.now - timedelta(days=service.unshipped_days),
        silent_before=tx.now - timedelta(days=service.silent_days),
        unpaid_before=tx.now - timedelta(hours=service.unpaid_hours),
    )
    totals, rows = await stuck.find(tx, deadlines, _SHOWN)
    return StuckOrders(
        total=sum(totals.values()),
        totals={kind: totals[kind] for kind in StuckKind if kind in totals},
        orders=[
            StuckOrder(
                order=row.order,
                kind=StuckKind(row.kind),
                why=_why(tx, row),
                since=row.since,
                what_to_do=_TO_DO[StuckKind(row.kind)],
                total=Money(minor=row.total_minor, currency=row.currency),
                customer=row.customer,
            )
            for row in rows
        ],
    )


def _why(tx: ReadTx, row: StuckRow) -> str:
    age = _age(tx.now - row.since)
    kind = StuckKind(row.kind)
    if kind is StuckKind.HELD:
        return f"on hold for {age}" + (f" ({row.hold_reason})" if row.hold_reason else "")
    if kind is StuckKind.SILENT:
        return f"no word from the carrier for {age}"
    if kind is StuckKind.UNPAID:
        return f"payment {words(row.payment_status)} for {age}"
    return f"{words(row.payment_status)} and not shipped for {age}"


def _age(age: timedelta) -> str:
    return plural(age.days, "day") if age.days >= 2 else plural(int(age.total_seconds() // 3600), "hour")
