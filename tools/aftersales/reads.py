"""What may come back, and what is coming back."""

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import ReturnReason, ReturnStatus
from store.queries import orders, returns
from store.unit import ReadTx
from tools.aftersales.module import module
from tools.aftersales.results import Eligibility, LineEligibility, ReturnedItem, ReturnListed, ReturnsListed
from tools.aftersales.returnable import returnable, valued
from tools.arguments import ItemRef, Limit, OrderNumber
from tools.items import resolve
from tools.policy import Policy
from tools.policy.returns import Assessment, ReturnPolicy, assess
from tools.result import Quote
from tools.spec import Args, Effect


class CheckEligibility(Args):
    """What somebody would like to return, and why."""

    order: OrderNumber
    item: ItemRef | None = None
    """Only this item of the order."""
    reason: ReturnReason = ReturnReason.CHANGED_MIND
    """Why it would come back."""


async def _return_policy(_tx: ReadTx, _args: CheckEligibility, _ctx: RunContext, policy: Policy) -> ReturnPolicy:
    return policy.returns


@module.tool(
    effect=Effect.READ,
    permission=Permission.RETURN_READ,
    facts=_return_policy,
    examples=(
        "can I return order 1042",
        "is the headset from order 1017 still returnable",
        "how long can I send back order 1017",
        "what would it cost to return the sofa from 1042",
        "am I too late to return #1042?",
        "can the customer return 1017, it is defective",
        "would I get the full refund if I return order 1042",
        "return window for order 1042",
    ),
)
async def return_eligibility(tx: ReadTx, args: CheckEligibility, _ctx: RunContext, policy: ReturnPolicy) -> Eligibility:
    """Check what of an order can be returned today: by which rule, until when, at which fee, for which refund."""
    order = await orders.by_number(tx, args.order)
    values = await valued(tx, order)
    if args.item is not None:
        values = [resolve(args.item, values, order.number)]
    lines = [returnable(value) for value in values]
    return Eligibility(
        order=order.number,
        reason=args.reason,
        items=[_eligibility(assess(policy, line, args.reason, max(line.quantity_left, 1), tx.now)) for line in lines],
    )


class ListReturns(Args):
    """Which returns to list."""

    status: ReturnStatus | None = None
    """Only returns in this state."""
    order: OrderNumber | None = None
    """Only returns of this order."""
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.RETURN_READ,
    examples=(
        "show my returns",
        "which returns wait for a decision",
        "list open returns",
        "what happened to my return for order 1042",
        "returns of order 1017",
        "any RMAs to approve?",
        "rejected returns",
        "has my return been received yet",
        "requested returns pls",
    ),
)
async def list_returns(tx: ReadTx, args: ListReturns, _ctx: RunContext) -> ReturnsListed:
    """List returns, newest first, by state or order."""
    order = await orders.by_number(tx, args.order) if args.order else None
    total, found = await returns.find(tx, status=args.status, order_id=order.id if order else None, limit=args.limit)
    items = await returns.items_of(tx, [row.rma.id for row in found]) if found else {}
    return ReturnsListed(
        total=total,
        returns=[
            ReturnListed(
                return_number=row.rma.number,
                order=row.order,
                status=row.rma.status,
                type=row.rma.type,
                reason=row.rma.reason,
                items=[ReturnedItem(sku=item.sku, title=item.title, quantity=item.quantity) for item in items.get(row.rma.id, [])],
                refund=Money(minor=row.rma.quoted_minor, currency=row.rma.currency),
                requested_at=row.rma.requested_at,
                expires_at=row.rma.expires_at,
                note=Quote.customer(row.rma.note) if row.rma.note else None,
                customer=None if tx.principal.is_customer else row.customer,
            )
            for row in found
        ],
    )


def _eligibility(line: Assessment) -> LineEligibility:
    return LineEligibility(
        sku=line.sku,
        title=line.title,
        eligible=line.eligible,
        rule=line.rule,
        reason=line.reason,
        quantity=line.quantity,
        until=line.returnable_until,
        fee=line.restocking_fee,
        return_shipping=line.return_shipping,
        refund=line.refund,
        refund_as=line.refund_as,
        needs_photo=line.needs_photo,
    )
