"""The state of a conversation and the context of a run."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NotRequired, TypedDict

from langchain_core.messages import AnyMessage, BaseMessage, RemoveMessage
from langgraph.channels.delta import DeltaChannel

from agents.llm.meter import Meter
from agents.think import Mind
from core.events import RunFact
from core.identity import RunContext
from memory.journal import Journal
from tools.executor import Executor
from tools.policy import Policy

WINDOW = 60
"""So many messages back a model reads, and an answer may speak of. A run loads these and not the whole conversation, so that no turn costs
more than the one before."""
_COPY_EVERY = 1_000_000
"""Updates of `messages` between two whole copies in the store. Only what is new is written: a conversation is read back from that."""


class Pending(TypedDict):
    """A tool call that waits for a person."""

    approval_id: str
    call_id: str
    tool: str
    args: dict[str, Any]
    position: str
    request: dict[str, Any]


class Decided(TypedDict):
    """The call that a person has just decided; the decision itself is in the store."""

    approval_id: str
    decision: str
    message: str


def append_messages(history: Sequence[BaseMessage], updates: Sequence[Sequence[BaseMessage]]) -> list[BaseMessage]:
    """Join new messages to the history; a known id is replaced, a `RemoveMessage` takes its message out."""
    joined = list(history)
    places = {message.id: index for index, message in enumerate(joined)}
    for update in updates:
        for message in update:
            if message.id in places and isinstance(message, RemoveMessage):
                joined.pop(places[message.id])
                places = {kept.id: index for index, kept in enumerate(joined)}
            elif message.id in places:
                joined[places[message.id]] = message
            elif not isinstance(message, RemoveMessage):
                places[message.id] = len(joined)
                joined.append(message)
    return joined


class State(TypedDict):
    """What a thread keeps between supersteps. Everything but the messages is small and primitive."""

    messages: Annotated[list[AnyMessage], DeltaChannel(append_messages, list, snapshot_frequency=_COPY_EVERY)]
    active_agent: str
    """Set by the supervisor, which every turn starts with."""
    place: NotRequired[str]
    """The agent, or the desk of it, whose tools are offered."""
    second_place: NotRequired[str]
    """Whose tools join in when a request spans two places."""
    step: int
    """Model calls of this run so far: the first half of a call's position."""
    transfers: NotRequired[str]
    """Places that had this turn, comma separated: two transfers at most, and never back."""
    checked: NotRequired[int]
    """How often this turn's answer was written again."""
    pending: NotRequired[list[Pending] | None]
    decided: NotRequired[Decided | None]


@dataclass(slots=True)
class TurnContext:
    """What the nodes of one run work with; never stored."""

    run: RunContext
    mind: Mind
    executor: Executor
    journal: Journal
    meter: Meter
    policy: Policy
    shop: str
    currency: str
    today: Callable[[], str]
    make_durable: Callable[[], Awaitable[None]]
    """Stores the supersteps so far: awaited before a tool may have an effect."""
    evidence: list[str] = field(default_factory=list[str])
    """Texts that this run's tools returned, for the check of the answer."""

    def note(self, fact: RunFact) -> None:
        """Announce a fact of this run."""
        self.journal.note(fact)
