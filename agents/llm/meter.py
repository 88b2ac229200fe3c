"""What one run may spend, reserved before it is spent, so that a loop ends before it costs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import BudgetExceeded
from core.settings import Budget


@dataclass(frozen=True, slots=True)
class Totals:
    """What a run has spent."""

    model_calls: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Meter:
    """Counts one run's calls and tokens against its budget; a resumed run passes what it `spent` before."""

    def __init__(self, budget: Budget, *, spent: Totals | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget
        self._totals = spent or Totals()
        self._monotonic = monotonic
        self._started = monotonic()
        self._seen: set[tuple[str, str]] = set()

    @property
    def totals(self) -> Totals:
        """What was spent so far."""
        return self._totals

    def reserve_model_call(self) -> None:
        """Count a model call before it is made.

        Raises:
            BudgetExceeded: the run has no model call or no time left.
        """
        if self._totals.model_calls >= self._budget.model_calls:
            raise BudgetExceeded(f"this run reached its limit of {self._budget.model_calls} model calls")
        if self._monotonic() - self._started >= self._budget.wall_seconds:
            raise BudgetExceeded(f"this run reached its limit of {self._budget.wall_seconds:g} seconds")
        self._totals = replace(self._totals, model_calls=self._totals.model_calls + 1)

    def settle(self, usage: Mapping[str, Any] | None) -> None:
        """Add the tokens of a finished call; a provider that reports none adds none."""
        if usage:
            self._totals = replace(
                self._totals,
                input_tokens=self._totals.input_tokens + int(usage.get("input_tokens") or 0),
                output_tokens=self._totals.output_tokens + int(usage.get("output_tokens") or 0),
            )

    def reserve_tool_call(self, tool: str, canonical_args: str) -> bool:
        """Count a tool call before it runs; return False, and count nothing, when this run made the same call already.

        Raises:
            BudgetExceeded: the run has no tool call left.
        """
        if (tool, canonical_args) in self._seen:
            return False
        if self._totals.tool_calls >= self._budget.tool_calls:
            raise BudgetExceeded(f"this run reached its limit of {self._budget.tool_calls} tool calls")
        self._seen.add((tool, canonical_args))
        self._totals = replace(self._totals, tool_calls=self._totals.tool_calls + 1)
        return True
