"""Rows of an order's payment: the attempts, what was taken and what was given back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from core.money import Money
from core.statuses import PaymentStatus, ReturnType, TransactionState, TransactionType
from store.seed import settlement
from store.seed.draft import Draft
from store.seed.model import Row

_Movement = tuple[TransactionType, TransactionState, int, str, datetime]
_BANK_SAYS = "Declined by the bank: insufficient funds"


def status(draft: Draft) -> PaymentStatus:
    """Return what was paid for the order."""
    if draft.plan.unpaid:
        return PaymentStatus.FAILED
    if draft.captured_at is None:
        authorized = draft.happened(draft.plan.times.confirmed) and not draft.cancelled
        return PaymentStatus.AUTHORIZED if authorized else PaymentStatus.PENDING
    refunded = _refunded(draft)
    if not refunded:
        return PaymentStatus.PAID
    return PaymentStatus.REFUNDED if refunded == draft.total else PaymentStatus.PARTIALLY_REFUNDED


def payment(draft: Draft) -> Row:
    """Return the payment; `authorized_minor` is what was authorized and not voided."""
    movements = [each for each in _movements(draft) if each[1] is TransactionState.SUCCEEDED]
    authorized = any(kind is TransactionType.AUTHORIZATION for kind, *_ in movements)
    voided = any(kind is TransactionType.VOID for kind, *_ in movements)
    return draft.shop.row(
        "payments",
        draft.number,
        order_id=draft.order_id,
        payment_method_id=draft.shop.id_of("payment_methods", method_key(draft)),
        method=draft.plan.method,
        label=draft.plan.label,
        currency=draft.shop.profile.currency,
        authorized_minor=draft.total if authorized and not voided else 0,
        captured_minor=draft.total if draft.captured_at else 0,
        refunded_minor=_refunded(draft),
        created_at=draft.plan.times.placed,
    )


def method_key(draft: Draft) -> str:
    """Return the seed's key of the method that an order was paid with."""
    return f"{draft.plan.buyer.id}:{draft.plan.label}"


def credit_key(customer: UUID) -> str:
    """Return the seed's key of a customer's store credit."""
    return f"{customer}:credit"


def into_credit(draft: Draft) -> bool:
    """Return whether the order's return is refunded to store credit."""
    back = draft.plan.comeback
    return back is not None and draft.delivered and back.type is ReturnType.STORE_CREDIT


def transactions(draft: Draft) -> Iterator[Row]:
    """Yield the movements at the payment provider and into store credit, oldest first."""
    credited = draft.shop.id_of("payment_methods", credit_key(draft.plan.buyer.id)) if into_credit(draft) else None
    for position, (kind, state, amount, reason, at) in enumerate(_movements(draft)):
        target = credited if kind is TransactionType.REFUND else None
        answered = target is None and state in {TransactionState.SUCCEEDED, TransactionState.FAILED}
        yield draft.shop.row(
            "payment_transactions",
            _key(draft, kind, position),
            payment_id=draft.shop.id_of("payments", draft.number),
            payment_method_id=target,
            type=kind.value,
            state=state.value,
            amount_minor=amount,
            currency=draft.shop.profile.currency,
            reason=reason,
            idempotency_key=f"demo:{draft.number}:{kind.value}:{position}",
            created_at=at,
            provider_reference=f"demo-{draft.number}-{position}" if answered and state is TransactionState.SUCCEEDED else "",
            failure=reason if state is TransactionState.FAILED else "",
            settled_at=at if answered else None,
        )


def refund_lines(draft: Draft) -> Iterator[Row]:
    """Yield how the refund is spread over the lines; delivery costs belong to no line."""
    shares: list[tuple[int, int]] = []
    if draft.cancelled and draft.captured_at:
        shares = [(position, draft.net(position, quantity)) for position, (_, quantity) in enumerate(draft.plan.lines)]
    elif back := settlement.of(draft):
        shares = settlement.shares(back) if back.repaid else []
    for position, amount in shares:
        yield draft.shop.row(
            "refund_lines",
            f"{draft.number}-{position}",
            transaction_id=draft.shop.id_of("payment_transactions", f"{draft.number}-refund"),
            order_line_id=draft.line_id(position),
            amount_minor=amount,
        )


def events(draft: Draft) -> Iterator[tuple[str, str, str, datetime]]:
    """Yield what the timeline says of the payment."""
    names = {
        TransactionType.AUTHORIZATION: "authorized",
        TransactionType.CAPTURE: "captured",
        TransactionType.CHARGE: "captured",
        TransactionType.REFUND: "refunded",
        TransactionType.VOID: "voided",
    }
    for kind, state, amount, reason, at in _movements(draft):
        money = Money(minor=amount, currency=draft.shop.profile.currency)
        if state is TransactionState.FAILED:
            yield "payment.failed", f"Payment of {money} failed. {reason}", "system", at
        elif state is TransactionState.SUCCEEDED:
            yield f"payment.{names[kind]}", f"{money} {names[kind]}, {draft.plan.label}", "system", at


def _key(draft: Draft, kind: TransactionType, position: int) -> str:
    return f"{draft.number}-refund" if kind is TransactionType.REFUND else f"{draft.number}-{position}"


def _refunded(draft: Draft) -> int:
    if draft.captured_at is None:
        return 0
    if draft.cancelled:
        return draft.total
    back = settlement.of(draft)
    return back.quoted if back and back.repaid else 0


def _movements(draft: Draft) -> Iterator[_Movement]:
    plan, times = draft.plan, draft.plan.times
    card = plan.method == "card"
    first = TransactionType.AUTHORIZATION if card else TransactionType.CHARGE
    at = times.placed + timedelta(seconds=30)
    for _ in range(max(plan.declines, int(plan.unpaid))):
        yield first, TransactionState.FAILED, draft.total, _BANK_SAYS, at
        at += timedelta(seconds=25)
    if plan.unpaid:
        return
    confirmed = draft.happened(times.confirmed)
    if confirmed and times.confirmed:
        yield first, TransactionState.SUCCEEDED, draft.total, "", times.confirmed - timedelta(seconds=20)
    elif draft.cancelled:
        yield first, TransactionState.CANCELLED, draft.total, "Order cancelled before the payment went through", at
    else:
        yield first, TransactionState.PENDING, draft.total, "", at
    if card and draft.captured_at:
        yield TransactionType.CAPTURE, TransactionState.SUCCEEDED, draft.total, "", draft.captured_at
    if draft.cancelled and times.cancelled and confirmed:
        if draft.captured_at:
            yield TransactionType.REFUND, TransactionState.SUCCEEDED, draft.total, "Order cancelled", times.cancelled
        else:
            yield TransactionType.VOID, TransactionState.SUCCEEDED, draft.total, "Order cancelled", times.cancelled
    elif (back := settlement.of(draft)) and back.repaid:
        yield TransactionType.REFUND, back.repaid, back.quoted, f"return R-{draft.return_number}", back.repaid_at
