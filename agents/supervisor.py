"""Routing: rules, then what was learned from examples, then one small model call when that is unsure.

A turn goes to a place: an agent as a whole for callers who may use few of its tools, else one of its desks.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agents.roster import agent_of
from agents.routing.sayings import HUMAN, KINDS, Kind
from agents.routing.words import clauses, leans

if TYPE_CHECKING:
    from agents.routing.model import Votes

By = Literal["rule", "classifier", "sticky", "model", "transfer"]
Asks = Kind | Literal["agent", "other_language"]

_STICKY = 1.8
"""How much likelier the active agent is than its words alone say."""
_LEANING = 3.0
"""The same for a message that leans on what was said before."""
_NEVER_NOTHING = 60.0
"""How much likelier it is that such a message asks something of the shop."""
_ANSWERING = 6.0
"""The same after the agent has asked something: most replies are answers."""
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[RT]-\d{3,}\b", re.IGNORECASE), "after_sales"),
    (re.compile(r"\b(amazon|ebay|shopify|cdiscount|listings?|marketplaces?)\b", re.IGNORECASE), "marketplace"),
    (re.compile(r"\b(fraud\w*|on hold|held|reorder|purchase order|running (low|out))\b", re.IGNORECASE), "risk"),
)
_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect|put me through|transfer me)\b(?:\W+\w+){0,4}?\W+(?:humans?|person|agent|someone|somebody|representative|"
    r"supervisor|manager|executive)\b|\b(?:live agent|real (?:person|human)|human being|(?:call|phone|ring) me(?: back)?|callback)\b",
    re.IGNORECASE,
)
_HOME = ("knowledge", "knowledge/advice")
_SERVICE = ("after_sales/service", "after_sales")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a turn goes, how that was decided, and what other place lends tools when the request spans two."""

    place: str
    by: By
    confidence: float
    """How sure the choice of the agent is, 0 to 1."""
    reason: str = ""
    second: str | None = None
    asks: Asks = "agent"
    """For an agent's work, for a person, or for nothing that a shop does."""

    @property
    def agent(self) -> str:
        """The agent that works at the place."""
        return agent_of(self.place)


def by_rule(text: str, said: Mapping[str, str], places: Sequence[str]) -> tuple[str, str] | None:
    """Return the agent, desk or kind that a message names beyond doubt, and why; it costs no weighing."""
    agents = {agent_of(place) for place in places}
    if _PERSON.search(text):
        return HUMAN, "asks for a person"
    for pattern, agent in _RULES:
        if agent in agents and pattern.search(text):
            return agent, f"names what {agent.replace('_', ' ')} looks after"
    if (label := said.get(text.lower())) and (label in KINDS or agent_of(label) in agents):
        return label, "is said just like an example"
    return None


def settle(label: str, reason: str, votes: "Votes", places: Sequence[str], active: str | None, *, asked: bool = False) -> Route:
    """Return the route of a message whose label is known."""
    if label in KINDS:
        return _of_kind(label, "rule", 1.0, places, active, reason)  # pyright: ignore[reportArgumentType]
    place = label if label in places else _best_at(agent_of(label), votes, places, active, _ANSWERING if asked else _STICKY)
    return Route(place, "rule", 1.0, reason)


def decide(text: str, votes: "Votes", places: Sequence[str], active: str | None, *, asked: bool = False) -> tuple[Route, bool]:
    """Return the likeliest route of a clean message, and whether it is sure enough to do without a model.

    Args:
        votes: what the message looks like by itself.
        places: where the caller's turns can go.
        active: the place of the turn before; its agent, and then it, are likelier than words alone say.
        asked: whether the turn before ended with a question, which this one may answer.
    """
    agents = {agent_of(place) for place in places}
    active_agent = agent_of(active) if active else None
    sticky = _ANSWERING if asked else _LEANING if leans(text) else _STICKY
    sides = {side: share for side, share in votes.sides.items() if side in agents or side == HUMAN}
    weighed = {side: share * (sticky if side == active_agent else 1.0) for side, share in sides.items()}
    best = max(weighed, key=weighed.__getitem__)
    share = weighed[best] / sum(weighed.values())
    meant = (_NEVER_NOTHING if leans(text) else sticky) if active else 1.0
    nothing = votes.nothing / (votes.nothing + (1 - votes.nothing) * meant)
    if active and votes.kind != "out_of_scope" and votes.nothing >= 0.5:
        return Route(active, "sticky", votes.nothing, "goes on from what was said", asks=votes.kind), True  # pyright: ignore[reportArgumentType]
    if nothing >= 0.5:
        route = _of_kind(votes.kind, "classifier", nothing, places, active)  # pyright: ignore[reportArgumentType]
    elif best == HUMAN:
        route = _of_kind(HUMAN, "classifier", share * (1 - nothing), places, active)
    else:
        by: By = "sticky" if best == active_agent and best != max(sides, key=sides.__getitem__) else "classifier"
        route = Route(_best_at(best, votes, places, active, sticky), by, share * (1 - nothing))
    if active and route.confidence < votes.sure and route.agent != active_agent:
        return Route(active, "sticky", route.confidence, "nothing else is clearly meant"), False
    return route, route.confidence >= votes.sure


def stay(places: Sequence[str], active: str | None, reason: str, asks: Asks) -> Route:
    """Return the route of what nobody can weigh: where the conversation is, else where it begins."""
    return Route(active or _first(_HOME, places), "rule", 1.0, reason, asks=asks)


def shares(votes: "Votes", places: Sequence[str]) -> dict[str, float]:
    """Return each place's probability within its agent."""
    return {place: votes.desks.get(place, 1.0) for place in places}


def _of_kind(kind: Kind, by: By, confidence: float, places: Sequence[str], active: str | None, reason: str = "") -> Route:
    if kind == HUMAN:
        return Route(_first(_SERVICE, places), by, confidence, reason or "asks for a person", asks=HUMAN)
    told = {"out_of_scope": "is nothing that a shop does", "small_talk": "is small talk", "answer": "says nothing by itself"}
    return Route(active or _first(_HOME, places), by, confidence, told[kind], asks=kind)


def _first(wanted: Sequence[str], places: Sequence[str]) -> str:
    return next((place for place in wanted if place in places), places[0])


def _best_at(agent: str, votes: "Votes", places: Sequence[str], active: str | None, sticky: float) -> str:
    """Return the best place of an agent."""
    own = {place: votes.desks.get(place, 1.0) * (sticky if place == active else 1.0) for place in places if agent_of(place) == agent}
    return max(own, key=own.__getitem__)


__all__ = ["Asks", "Route", "by_rule", "clauses", "decide", "settle", "shares", "stay"]
