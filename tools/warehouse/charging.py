"""Charging what a customer agreed to wait for, when it has come."""

from collections.abc import Sequence
from uuid import uuid5

from core.identity import RunContext
from core.money import Money
from core.statuses import TransactionState, TransactionType
from store.queries import orders
from store.tables.orders import Order
from store.tables.payments import Payment, PaymentTransaction
from store.unit import Tx


async def charge_on_arrival(tx: Tx, ctx: RunContext, order: Order, sources: Sequence[Payment], minor: int) -> None:
    """Request the capture of what was authorized and not yet captured, up to `minor`; the order's payments are locked."""
    left = minor
    for source in sources:
        part = min(left, source.authorized_minor - source.captured_minor)
        if part <= 0:
            continue
        left -= part
        call = f"approval:{ctx.approval_id}" if ctx.approval_id else ctx.call_key
        transaction = tx.add(
            PaymentTransaction(
                tenant_id=tx.tenant_id,
                payment_id=source.id,
                type=TransactionType.CAPTURE,
                state=TransactionState.PENDING,
                amount_minor=part,
                currency=source.currency,
                reason="backorder_arrived",
                idempotency_key=f"{TransactionType.CAPTURE}:{uuid5(source.id, call)}",
                created_at=tx.now,
            )
        )
        amount = Money(minor=part, currency=source.currency)
        orders.note(tx, order, "payment.capture_requested", f"{amount} is charged for what has arrived")
        tx.emit(
            "payment.capture.requested",
            order=order.number,
            payment=str(source.id),
            transaction=str(transaction.id),
            method=source.method,
            amount=amount.model_dump(),
            reason="backorder_arrived",
        )
    await tx.session.flush()
