"""An agent is data: a name, what it is for, and the desks at which it works."""

from dataclasses import dataclass
from functools import cached_property

ROOM = 16
"""At most this many tools are offered to a model at once: beyond it, models choose worse."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Tools that one kind of request needs together; no role may use more than `ROOM` of them."""

    name: str
    purpose: str
    """One line for whoever routes or transfers."""
    tools: frozenset[str]
    examples: tuple[str, ...] = ()
    """What people say here beyond the examples of its own tools."""
    borrowed: frozenset[str] = frozenset()
    """Those of the tools that are at home at another desk: they help here, but asking for them leads there."""

    @property
    def own(self) -> frozenset[str]:
        """The tools that are at home here."""
        return self.tools - self.borrowed


@dataclass(frozen=True)
class AgentSpec:
    """One LLM-backed agent. Its prompt is `prompts/agents/<name>.md`; the tools of its desks are its whole grant.

    Whoever may use few of its tools meets the agent as a whole; for others a turn is routed to one of its desks.
    """

    name: str
    title: str
    purpose: str
    """One line for whoever routes or transfers."""
    desks: tuple[Desk, ...]

    @cached_property
    def tools(self) -> frozenset[str]:
        """The tools of all desks."""
        return frozenset(tool for desk in self.desks for tool in desk.tools)

    @cached_property
    def own(self) -> frozenset[str]:
        """The tools that are at home at one of the desks."""
        return frozenset(tool for desk in self.desks for tool in desk.own)

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """What people say to it beyond the examples of its tools."""
        return tuple(example for desk in self.desks for example in desk.examples)
