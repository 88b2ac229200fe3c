"""The one way in which money goes back: a balance is credited, a provider is asked; with the lines, the order's status and the messages."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from core.identity import RunContext
from core.money import Money
from core.statuses import HOLDS_BALANCE, PaymentKind, PaymentStatus, TransactionState, TransactionType
from store.queries import methods, orders, payments
from store.tables.orders import Order
from store.tables.payments import Payment, PaymentMethod, PaymentTransaction, RefundLine
from store.unit import Tx

CHANNEL = "channel"
"""The method of what a sales channel collected: the channel alone can give it back to its buyer."""
SWITCHED = "payment_method_changed"
"""Why money moves when another method pays an order: what goes back is no refund of the order."""


async def pay_back(
    tx: Tx,
    ctx: RunContext,
    order: Order,
    sources: Sequence[Payment],
    lines: Sequence[tuple[UUID, int]],
    amount: Money,
    reason: str,
    *,
    to: PaymentMethod | None = None,
) -> None:
    """Refund `amount` for an order whose payments are locked, to each one's own method or to another one, and tell of it."""
    await give_back(tx, ctx, order, sources, lines, amount, reason, to=to)
    whole = sum(each.captured_minor - each.refunded_minor for each in sources) <= amount.minor
    order.payment_status = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
    tx.session.add(order)
    orders.note(tx, order, "payment.refunded", f"Refund of {amount} requested: {reason.replace('_', ' ')}")
    tx.emit("payment.refunded", order=order.number, amount=amount.model_dump(), reason=reason, payment_status=order.payment_status.value)


async def give_back(
    tx: Tx,
    ctx: RunContext,
    order: Order,
    sources: Sequence[Payment],
    lines: Sequence[tuple[UUID, int]],
    amount: Money,
    reason: str,
    *,
    to: PaymentMethod | None = None,
) -> None:
    """Move `amount` out of an order's payments, the newest first, to each one's own method or to another method of the customer.

    What holds a balance is credited at once; a sales channel is asked for what it collected, the payment provider for everything else.
    `lines` says how many minor units belong to which order line; the rest belongs to the order. Postgres refuses the transaction when
    more would go back than came in.
    """
    left, waiting = amount.minor, list(lines)
    ids = [source.payment_method_id for source in sources if source.payment_method_id]
    own = await methods.by_ids(tx, ids, lock=True) if to is None else {}
    for source in reversed(sources):
        part = min(left, source.captured_minor - source.refunded_minor)
        if part <= 0:
            continue
        left -= part
        target = to or (own.get(source.payment_method_id) if source.payment_method_id else None)
        credited = target if target is not None and PaymentKind(target.kind) in HOLDS_BALANCE else None
        transaction = movement(tx, ctx, source, TransactionType.REFUND, part, reason)
        transaction.payment_method_id = to.id if to else None
        transaction.state = TransactionState.SUCCEEDED if credited else TransactionState.PENDING
        await tx.session.flush()
        for line_id, minor in _take(waiting, part):
            tx.add(RefundLine(tenant_id=tx.tenant_id, transaction_id=transaction.id, order_line_id=line_id, amount_minor=minor))
        if credited is not None:
            await methods.move(tx, credited, part, reason, f"refund:{transaction.id}")
            continue
        about = {"order": order.number, "payment": str(source.id), "transaction": str(transaction.id), "reason": reason}
        back = Money(minor=part, currency=source.currency).model_dump()
        if source.method == CHANNEL:
            transaction.payment_method_id = None
            tx.emit("channel.refund.requested", **about, channel=order.channel, external_id=order.external_id, amount=back)
        else:
            tx.emit("payment.refund.requested", **about, method=target.kind if target else source.method, amount=back)
    if left:
        raise ValueError(f"order {order.number}: {left} minor units have no payment to go back to; the policy must cap the amount")


async def call_off(tx: Tx, ctx: RunContext, order: Order, sources: Sequence[Payment]) -> None:
    """Cancel what is pending and void what is authorized but not captured, for an order that will not be paid."""
    await payments.cancel_pending(tx, [source.id for source in sources])
    for source in sources:
        held = source.authorized_minor - source.captured_minor
        if source.captured_minor == 0 and held > 0:
            transaction = movement(tx, ctx, source, TransactionType.VOID, held, "order_cancelled")
            source.authorized_minor = 0
            tx.session.add(source)
            order.payment_status = PaymentStatus.PENDING
            amount = Money(minor=held, currency=source.currency).model_dump()
            tx.emit(
                "payment.void.requested",
                order=order.number,
                payment=str(source.id),
                transaction=str(transaction.id),
                method=source.method,
                amount=amount,
                reason=transaction.reason,
            )
    await tx.session.flush()


def movement(tx: Tx, ctx: RunContext, source: Payment, kind: TransactionType, minor: int, reason: str) -> PaymentTransaction:
    """Add a pending movement whose key follows from the call and the payment, so that it can exist only once."""
    call = f"approval:{ctx.approval_id}" if ctx.approval_id else ctx.call_key
    return tx.add(
        PaymentTransaction(
            tenant_id=tx.tenant_id,
            payment_id=source.id,
            type=kind,
            state=TransactionState.PENDING,
            amount_minor=minor,
            currency=source.currency,
            reason=reason,
            idempotency_key=f"{kind}:{uuid5(source.id, call)}",
            created_at=tx.now,
        )
    )


def _take(waiting: list[tuple[UUID, int]], limit: int) -> list[tuple[UUID, int]]:
    """Remove and return up to `limit` minor units of line amounts."""
    taken = list[tuple[UUID, int]]()
    while waiting and limit > 0:
        line_id, minor = waiting.pop(0)
        part = min(minor, limit)
        taken.append((line_id, part))
        limit -= part
        if minor > part:
            waiting.insert(0, (line_id, minor - part))
    return taken
