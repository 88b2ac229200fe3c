"""What a provider's answer may still change, for every state and outcome."""

from datetime import UTC, datetime

import pytest

from core.ids import new_id
from core.statuses import PaymentStatus, TransactionState, TransactionType
from store.tables.payments import Payment, PaymentTransaction
from tools.payments.paying_back import SWITCHED
from tools.payments.settling import status_of
from tools.policy.settlement import Answer, Effect, decide

P, S, F, C = TransactionState.PENDING, TransactionState.SUCCEEDED, TransactionState.FAILED, TransactionState.CANCELLED


@pytest.mark.parametrize(
    ("state", "outcome", "effect"),
    [
        (P, S, Effect.SETTLES),
        (P, F, Effect.SETTLES),
        (S, S, Effect.REPEATS),
        (F, F, Effect.REPEATS),
        (S, F, Effect.CONTRADICTS),
        (F, S, Effect.CONTRADICTS),
        (C, F, Effect.REPEATS),
        (C, S, Effect.TOO_LATE),
    ],
)
def test_only_the_first_answer_settles(state: TransactionState, outcome: TransactionState, effect: Effect) -> None:
    answer = Answer(type=TransactionType.REFUND, state=state, outcome=outcome)
    assert answer.effect is effect
    assert decide(answer).rule == f"settlement.{effect}"


def test_rules_of_settlement_have_these_names() -> None:
    assert [each.value for each in Effect] == ["settles", "repeats", "contradicts", "too_late"]


AUTHORIZATION, CHARGE, REFUND = TransactionType.AUTHORIZATION, TransactionType.CHARGE, TransactionType.REFUND
AT = datetime(2026, 3, 4, tzinfo=UTC)


def payment(authorized: int, captured: int, refunded: int = 0) -> Payment:
    sums = {"authorized_minor": authorized, "captured_minor": captured, "refunded_minor": refunded}
    return Payment(tenant_id=new_id(), order_id=new_id(), method="card", label="Visa ending 4242", currency="EUR", created_at=AT, **sums)


def moved(kind: TransactionType, state: TransactionState, amount: int = 100, reason: str = "") -> PaymentTransaction:
    return PaymentTransaction(
        tenant_id=new_id(),
        payment_id=new_id(),
        type=kind,
        state=state,
        amount_minor=amount,
        currency="EUR",
        reason=reason,
        idempotency_key="",
        created_at=AT,
    )


@pytest.mark.parametrize(
    ("sources", "made", "status"),
    [
        ([payment(100, 0)], [moved(AUTHORIZATION, S)], PaymentStatus.AUTHORIZED),
        ([payment(0, 0)], [moved(AUTHORIZATION, F)], PaymentStatus.FAILED),
        ([payment(0, 0)], [moved(AUTHORIZATION, F), moved(AUTHORIZATION, P)], PaymentStatus.PENDING),
        ([payment(100, 100, 40)], [moved(REFUND, P, 40)], PaymentStatus.PARTIALLY_REFUNDED),
        ([payment(100, 100, 100)], [moved(REFUND, S)], PaymentStatus.REFUNDED),
        ([payment(100, 100, 100), payment(0, 0)], [moved(CHARGE, P), moved(REFUND, P, reason=SWITCHED)], PaymentStatus.PENDING),
        ([payment(100, 100, 100), payment(0, 0)], [moved(CHARGE, F), moved(REFUND, S, reason=SWITCHED)], PaymentStatus.FAILED),
        ([payment(100, 100, 100), payment(0, 100)], [moved(CHARGE, S), moved(REFUND, S, reason=SWITCHED)], PaymentStatus.PAID),
        ([payment(100, 100), payment(0, 100)], [moved(CHARGE, S), moved(REFUND, F, reason=SWITCHED)], PaymentStatus.PAID),
    ],
)
def test_what_is_paid_follows_from_the_movements(sources: list[Payment], made: list[PaymentTransaction], status: PaymentStatus) -> None:
    """A card that was captured and then switched away from holds nothing any more."""
    assert status_of(sources, made) is status
