"""Charging what a customer agreed to wait for, when it has come."""

from collections.abc import Sequence

from core.identity import RunContext
from core.money import Money
from core.statuses import TransactionType
from store.queries import orders, payments
from store.tables.orders import Order
from store.tables.payments import Payment
from store.unit import Tx
from tools.payments.charging import ask
from tools.payments.holding import held_of
from tools.payments.paying_back import movement

_REASON = "backorder_arrived"


async def charge_on_arrival(tx: Tx, ctx: RunContext, order: Order, sources: Sequence[Payment], minor: int) -> None:
    """Request the capture of what is held for an order and not taken, up to `minor`; the order's payments are locked."""
    left = minor
    for held in held_of(sources, await payments.transactions_of(tx, [source.id for source in sources])):
        part = min(left, held.free)
        if part <= 0:
            continue
        left -= part
        transaction = movement(tx, ctx, held.payment, TransactionType.CAPTURE, part, _REASON)
        await tx.session.flush()
        amount = Money(minor=part, currency=order.currency)
        orders.note(tx, order, "payment.capture_asked", f"Capture of {amount} asked for what has arrived")
        ask(tx, "payment.capture.requested", order, held.payment, transaction)
