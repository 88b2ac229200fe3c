"""What a provider's answer on a refund means for the return that asked for it."""

import re

from core.money import Money
from core.statuses import RETURN_TRANSITIONS, AlertLevel, ReturnStatus, TransactionState, TransactionType, change
from store.queries import alerts, orders, payments, returns
from store.tables.orders import Order
from store.tables.payments import PaymentTransaction
from store.unit import Tx
from tools.backoffice.alerts import raise_alert

REFUND_FAILED = "return.refund_failed"
"""The kind of the alert that a return's refund raises when it is refused."""
_REASON = re.compile(r"return (R-\d+)")


def reason_of(number: str) -> str:
    """Return the reason under which a return's money moves."""
    return f"return {number}"


async def conclude(tx: Tx, order: Order, settled: PaymentTransaction) -> None:
    """Complete the return whose refund has arrived as a whole; when a part of it failed, alert the merchant. The order is locked."""
    named = _REASON.fullmatch(settled.reason)
    if settled.type != TransactionType.REFUND or named is None:
        return
    row = await returns.by_number(tx, named[1], lock=True)
    if row.status != ReturnStatus.REFUND_PENDING:
        return
    if settled.state == TransactionState.FAILED:
        await raise_alert(
            tx,
            kind=REFUND_FAILED,
            subject=row.number,
            level=AlertLevel.HIGH,
            title=f"The refund of return {row.number} for order {order.number} failed",
            detail=settled.failure,
            data={"return_number": row.number, "order": order.number, "amount_minor": settled.amount_minor},
        )
        return
    made = await payments.transactions_of(tx, [each.id for each in await payments.of_order(tx, order.id)])
    arrived = sum(
        each.amount_minor
        for each in made
        if each.type == TransactionType.REFUND and each.reason == settled.reason and each.state == TransactionState.SUCCEEDED
    )
    if arrived < row.refunded_minor:
        return
    for wanted in (ReturnStatus.REFUNDED, ReturnStatus.COMPLETED):
        row.status = change(f"return {row.number}", ReturnStatus(row.status), wanted, RETURN_TRANSITIONS)
    row.refunded_at = row.closed_at = tx.now
    tx.session.add(row)
    await alerts.settle(tx, REFUND_FAILED, row.number)
    amount = Money(minor=arrived, currency=row.currency)
    orders.note(tx, order, "return.completed", f"Return {row.number} completed: {amount} arrived")
    tx.emit("return.completed", return_number=row.number, order=order.number, replacement_order=None)
