"""The port to a payment provider."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.money import Money
from core.statuses import TransactionType


class MoneyState(StrEnum):
    """How a movement stands at the provider."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MoneyRequest:
    """One movement of money to make, or to have been made already under the same `key`."""

    key: str
    """Its Idempotency-Key."""
    kind: TransactionType
    transaction: str
    payment: str
    """What a capture, a refund or a void refers to."""
    order: str
    method: str
    amount: Money
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MoneyAnswer:
    """What the provider says of a movement."""

    reference: str
    state: MoneyState
    reason: str = ""


class PaymentProvider(Protocol):
    """Moves money. Asking twice with one key moves it once."""

    async def submit(self, request: MoneyRequest) -> MoneyAnswer:
        """Ask for a movement; the answer may be `pending`, to be reported by webhook or to be looked up.

        Raises:
            ProviderDown: it is not known whether it was made; ask again with the same key.
            ProviderRefused: it was not and will not be made.
        """
        ...

    async def look_up(self, reference: str) -> MoneyAnswer:
        """Return how a movement stands now.

        Raises:
            ProviderDown, ProviderRefused: as above.
        """
        ...
