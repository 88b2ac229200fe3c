"""What is to be done about a turn, and the steps that a plan consists of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agents.llm.offline.context import Done, Record
from agents.llm.offline.offer import Slot, Spec
from agents.llm.offline.said import Value
from agents.llm.offline.understand import Act


@dataclass(frozen=True)
class Goal:
    """A tool to be called, with the arguments that were named."""

    spec: Spec
    args: Mapping[str, Value]
    text: str
    """The words that ask for it."""
    settled: bool = False
    """Whether its items were found on the order."""

    def having(self, args: Mapping[str, Value]) -> "Goal":
        """Return this goal with more or other arguments."""
        return replace(self, args={**self.args, **args})


@dataclass(frozen=True)
class Call:
    """Call a tool."""

    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Ask:
    """Ask for one argument of a goal."""

    goal: Goal
    slot: Slot
    why: str = ""
    """What a tool said of it; shown instead of our own question."""
    choices: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Stuck:
    """A goal that leads nowhere, with the result that says why."""

    goal: Goal
    done: Done


@dataclass(frozen=True)
class Finished:
    """A goal whose call has an outcome."""

    goal: Goal
    done: Done


Step = Call | Ask | Stuck | Finished


@dataclass(frozen=True)
class Frame:
    """A turn as it was understood in its conversation."""

    act: Act
    goals: tuple[Goal, ...] = ()
    elsewhere: str = ""
    dropped: Goal | None = None
    """What was asked for before and is not wanted any more."""
    repeated: bool = False
    """Whether an answer to our question was not understood, so that it is asked again, once."""


@dataclass(frozen=True)
class Plan:
    """What to do next: call tools, or say how each goal stands."""

    frame: Frame
    steps: tuple[Step, ...] = ()
    others: tuple[Done, ...] = field(default=())
    """Outcomes of this turn that belong to no goal."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls to make now; with any of them, nothing is said yet."""
        return tuple(step for step in self.steps if isinstance(step, Call))

    @property
    def question(self) -> Ask | None:
        """What is asked, when it has to wait for the person."""
        return next((step for step in self.steps if isinstance(step, Ask)), None)
