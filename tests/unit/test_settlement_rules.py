"""What a provider's answer may still change, for every state and outcome."""

import pytest

from core.statuses import TransactionState, TransactionType
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
