"""The one way in which money comes in after an order was placed: a payment by a method on file, at once or at the provider."""

from core.identity import RunContext
from core.ids import new_id
from core.money import Money
from core.statuses import HOLDS_BALANCE, PaymentKind, TransactionState, TransactionType
from store.queries import methods
from store.tables.orders import Order
from store.tables.payments import Payment, PaymentMethod, PaymentTransaction
from store.unit import Tx
from tools.payments.paying_back import movement


async def charge(tx: Tx, ctx: RunContext, order: Order, method: PaymentMethod, amount: Money, reason: str) -> Payment:
    """Take `amount` for an order from a locked method: a balance at once, anything else when the provider answers."""
    payment = await _open(tx, order, method)
    transaction = movement(tx, ctx, payment, TransactionType.CHARGE, amount.minor, reason)
    if PaymentKind(method.kind) in HOLDS_BALANCE:
        transaction.state = TransactionState.SUCCEEDED
        await tx.session.flush()
        await methods.move(tx, method, -amount.minor, reason, f"charge:{transaction.id}")
    else:
        await tx.session.flush()
        ask(tx, "payment.capture.requested", order, payment, transaction)
    return payment


async def authorize(tx: Tx, ctx: RunContext, order: Order, method: PaymentMethod, amount: Money, reason: str) -> Payment:
    """Have the provider hold `amount` for an order, to be captured when it ships."""
    payment = await _open(tx, order, method)
    transaction = movement(tx, ctx, payment, TransactionType.AUTHORIZATION, amount.minor, reason)
    await tx.session.flush()
    ask(tx, "payment.authorization.requested", order, payment, transaction)
    return payment


def ask(tx: Tx, topic: str, order: Order, payment: Payment, transaction: PaymentTransaction) -> None:
    """Leave a message for the payment provider."""
    tx.emit(
        topic,
        order=order.number,
        payment=str(payment.id),
        transaction=str(transaction.id),
        method=payment.method,
        amount=Money(minor=transaction.amount_minor, currency=payment.currency).model_dump(),
        reason=transaction.reason,
    )


async def _open(tx: Tx, order: Order, method: PaymentMethod) -> Payment:
    payment = Payment(
        tenant_id=tx.tenant_id,
        id=new_id(),
        order_id=order.id,
        method=method.kind,
        label=method.label,
        payment_method_id=method.id,
        currency=order.currency,
        created_at=tx.now,
    )
    tx.add(payment)
    await tx.session.flush()
    return payment
