"""Circuit breakers, one a model, so that a provider that is down is not asked by every run."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    opened_at: float | None = None


class Breakers:
    """Counts consecutive failures by model name; share one object between all models of a process."""

    def __init__(self, *, threshold: int = 5, cooldown: float = 20.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._threshold = threshold
        self._cooldown = cooldown
        self._monotonic = monotonic
        self._circuits: dict[str, _Circuit] = {}

    def allows(self, name: str) -> bool:
        """Say whether to ask the model now; after the cool-down exactly one caller may probe it.

        A probe that is cancelled settles nothing, so the next one may try after another cool-down.
        """
        circuit = self._circuits.get(name)
        if circuit is None or circuit.opened_at is None:
            return True
        if self.blocked(name):
            return False
        circuit.opened_at = self._monotonic()
        return True

    def blocked(self, name: str) -> bool:
        """Say whether the model's circuit is open and still cooling down."""
        circuit = self._circuits.get(name)
        return circuit is not None and circuit.opened_at is not None and self._monotonic() - circuit.opened_at < self._cooldown

    def succeeded(self, name: str) -> None:
        """Close the circuit: the model answered."""
        self._circuits.pop(name, None)

    def failed(self, name: str) -> None:
        """Count a failure; the circuit opens at the threshold, and again when a probe fails."""
        circuit = self._circuits.setdefault(name, _Circuit())
        circuit.failures += 1
        if circuit.failures >= self._threshold:
            circuit.opened_at = self._monotonic()
