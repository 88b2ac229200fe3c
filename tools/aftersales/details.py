"""One return with all there is to know of it, and customers who return unusually often."""

from datetime import timedelta

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import ReturnReason, ReturnStatus
from store.queries import orders, payments, returns, rma, tenants
from store.tables.aftersales import Return
from store.unit import ReadTx
from tools.aftersales.handled import AbuseReport, HandledItem, ReturnDetail, Returner
from tools.aftersales.handling import OneReturn
from tools.aftersales.module import module
from tools.aftersales.refused import standing
from tools.arguments import Days, Limit
from tools.phrases import plural, words
from tools.policy import Policy
from tools.policy.handling_returns import HandlingPolicy
from tools.policy.returns import NEEDS_PHOTO
from tools.result import Quote
from tools.spec import Args, Audience, Effect


@module.tool(
    effect=Effect.READ,
    permission=Permission.RETURN_READ,
    examples=(
        "where is my return R-1007",
        "status of return R-1012",
        "show R-1007",
        "has R-1020 been refunded",
        "until when do I have to send back R-1007",
        "what did the inspection of R-1015 find",
        "details of RMA R-1012",
        "does R-1007 still need a photo",
    ),
)
async def get_return(tx: ReadTx, args: OneReturn, _ctx: RunContext) -> ReturnDetail:
    """Show one return: its state, items, photos, label, inspection, refund and dates."""
    row = await returns.by_number(tx, args.return_number)
    order = await orders.by_id(tx, row.order_id)
    pictures = await rma.photos(tx, row.id)
    again = await orders.by_id(tx, row.replacement_order_id) if row.replacement_order_id else None
    wants_photo = ReturnReason(row.reason) in NEEDS_PHOTO and ReturnStatus(row.status) is ReturnStatus.REQUESTED
    return ReturnDetail(
        return_number=row.number,
        order=order.number,
        status=row.status,
        type=row.type,
        reason=row.reason,
        items=[
            HandledItem(
                sku=line.sold.sku,
                title=line.sold.title,
                quantity=line.back.quantity,
                condition=line.back.condition,  # pyright: ignore[reportArgumentType]
                disposition=line.back.disposition,
                disposed=line.back.disposed_at is not None,
            )
            for line in await rma.lines(tx, row.id)
        ],
        photos=[Quote.customer(photo.reference) for photo in pictures],
        quoted=Money(minor=row.quoted_minor, currency=row.currency),
        fee=Money(minor=row.fee_minor, currency=row.currency),
        return_shipping=Money(minor=row.shipping_fee_minor, currency=row.currency),
        refunded=Money(minor=row.refunded_minor, currency=row.currency),
        label=row.label_reference or None,
        replacement_order=again.number if again else None,
        policy_version=row.policy_version,
        requested_at=row.requested_at,
        decided_at=row.decided_at,
        expires_at=row.expires_at,
        received_at=row.received_at,
        inspected_at=row.inspected_at,
        refunded_at=row.refunded_at,
        closed_at=row.closed_at,
        note=Quote.customer(row.note) if row.note else None,
        customer=None if tx.principal.is_customer else (await orders.customer_of(tx, order)).name,
        refund_failed=await _refused(tx, row),
        needs_photo=wants_photo and not pictures,
    )


async def _refused(tx: ReadTx, row: Return) -> Quote | None:
    """Return why a refund that is missing did not arrive, for staff."""
    if tx.principal.is_customer or row.status != ReturnStatus.REFUND_PENDING:
        return None
    stands = await standing(tx, row, await payments.of_order(tx, row.order_id))
    return Quote.external(stands.why or "no reason given") if stands.missing else None


class ReturnAbuse(Args):
    """Over which time to look."""

    days: Days = 180
    """Counted back from today."""
    limit: Limit = 10


async def _handling(_tx: ReadTx, _args: ReturnAbuse, _ctx: RunContext, policy: Policy) -> HandlingPolicy:
    return policy.handling


@module.tool(
    effect=Effect.READ,
    permission=Permission.FRAUD_READ,
    audience=Audience.STAFF,
    facts=_handling,
    examples=(
        "who abuses our returns",
        "customers with unusual return rates",
        "serial returners this half year",
        "does anybody send nearly everything back",
        "return abuse in the last 90 days",
        "who wears things and returns them",
    ),
)
async def return_abuse(tx: ReadTx, args: ReturnAbuse, _ctx: RunContext, policy: HandlingPolicy) -> AbuseReport:
    """List customers who return unusually often, with what is unusual about it."""
    since = tx.now - timedelta(days=args.days)
    total, found = await rma.unusual(tx, since=since, at_least=policy.unusual_returns, percent=policy.unusual_percent, limit=args.limit)
    currency = (await tenants.current(tx)).currency
    return AbuseReport(total=total, since=since, customers=[_returner(row, currency) for row in found])


def _returner(row: rma.Returner, currency: str) -> Returner:
    percent = row.orders_back * 100 // row.delivered
    signals = [f"{percent} % of {plural(row.delivered, 'order')} came back", f"mostly {words(row.reason)}"]
    if row.rejected:
        signals.append(f"{row.rejected} rejected")
    if row.worn:
        signals.append(f"{plural(row.worn, 'item')} used or damaged after a change of mind")
    return Returner(
        customer=row.customer,
        email=row.email,
        returns=row.returns,
        rejected=row.rejected,
        orders_returned=row.orders_back,
        orders_delivered=row.delivered,
        share_percent=percent,
        worth=Money(minor=int(row.worth_minor), currency=currency),
        usual_reason=ReturnReason(row.reason),
        worn_items=row.worn,
        signals=signals,
    )
