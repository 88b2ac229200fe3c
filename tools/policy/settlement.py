"""What a provider's answer on money may still change: the first one settles a movement, later ones change nothing."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from core.statuses import TRANSACTION_TRANSITIONS, TransactionState, TransactionType
from tools.policy.decision import Decision, allow


class Effect(StrEnum):
    """What an answer does here."""

    SETTLES = "settles"
    REPEATS = "repeats"
    """Known already."""
    CONTRADICTS = "contradicts"
    """Says otherwise than the answer that settled the movement; that one stands."""
    TOO_LATE = "too_late"
    """Says that money was taken after it was called off here: it is recorded, and goes back."""


class Answer(BaseModel):
    """A provider's answer beside the movement that it is about."""

    model_config = ConfigDict(frozen=True)

    type: TransactionType
    state: TransactionState
    outcome: TransactionState

    @property
    def effect(self) -> Effect:
        """What the answer does."""
        if self.outcome is self.state:
            return Effect.REPEATS
        if self.outcome not in TRANSACTION_TRANSITIONS[self.state]:
            return Effect.REPEATS if self.state is TransactionState.CANCELLED else Effect.CONTRADICTS
        return Effect.TOO_LATE if self.state is TransactionState.CANCELLED else Effect.SETTLES


def decide(answer: Answer) -> Decision:
    """Name the rule that applies. A provider's word is never refused: what it did has happened."""
    return allow(f"settlement.{answer.effect}")
