"""Routing: rules, then the nearest of the tools' own examples, then one small model call when those are unsure.

A turn goes to a place: an agent as a whole for callers who may use few of its tools, else one of its desks.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from agents.roster import PLACES, agent_of
from memory.hashing import vector
from tools.registry import Toolbox

By = Literal["rule", "classifier", "sticky", "model", "transfer"]

_SURE = 0.42
"""Below this probability the classifier asks a model, when there is one."""
_DIMENSIONS = 512
_VOTERS = 3
_SHARPNESS = 8.0
_SAID = 0.95
"""From this likeness on, one example decides alone: it is what was said."""
_STICKY = 1.6
"""How much likelier the active agent is than its words alone say."""
_ANSWERING = 6.0
"""The same after the agent has asked something: most replies are answers."""
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[RT]-\d{3,}\b", re.IGNORECASE), "after_sales"),
    (re.compile(r"\b(amazon|ebay|shopify|cdiscount|listings?|marketplaces?)\b", re.IGNORECASE), "marketplace"),
    (re.compile(r"\b(fraud\w*|on hold|held|reorder|purchase order|running (low|out))\b", re.IGNORECASE), "risk"),
)
_JOINTS = re.compile(
    r"(?:[?.;!]|\band (?:also )?(?=(?:what|which|where|why|how|who|show|cancel|refund|return|list|check|is|are|do)\b))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a turn goes, how that was decided, and what other place lends tools when the request spans two."""

    place: str
    by: By
    confidence: float
    """How sure the choice of the agent is, 0 to 1."""
    reason: str = ""
    second: str | None = None

    @property
    def agent(self) -> str:
        """The agent that works at the place."""
        return agent_of(self.place)


class Classifier:
    """Tells where a sentence belongs: the places vote by their examples that are nearest to it.

    The examples are those of the desks and the tools at home there, so a new tool brings its own training data.
    """

    def __init__(self, toolbox: Toolbox) -> None:
        self._examples = {
            name: (*place.examples, *(text for tool in sorted(place.own) if tool in toolbox for text in toolbox[tool].examples))
            for name, place in PLACES.items()
        }

    @cached_property
    def _known(self) -> tuple[Any, dict[str, Any]]:
        """Return one matrix with a row for each distinct example, and each place's rows of it."""
        import numpy as np

        texts = {text: row for row, text in enumerate(dict.fromkeys(text for texts in self._examples.values() for text in texts))}
        matrix = np.array([vector(_masked(text), _DIMENSIONS) for text in texts], dtype=np.float32)
        return matrix, {name: np.array([texts[text] for text in own], dtype=np.intp) for name, own in self._examples.items()}

    def weigh(self, text: str, places: Sequence[str]) -> dict[str, float]:
        """Return how well a text fits each of `places`; only the ratios mean something."""
        import numpy as np

        matrix, rows = self._known
        similar = matrix @ np.array(vector(_masked(text), _DIMENSIONS), dtype=np.float32)
        nearest = {place: np.sort(similar[rows[place]])[-_VOTERS:] for place in places}
        return {place: math.exp(_SHARPNESS * float(votes[-1] if votes[-1] >= _SAID else votes.mean())) for place, votes in nearest.items()}


def decide(text: str, weights: Mapping[str, float], active: str | None, *, asked: bool = False) -> tuple[Route, bool]:
    """Return the route by rule and weight, and whether it is sure enough to do without a model.

    Args:
        text: what the user said.
        weights: how well it fits each place that the user may go to.
        active: the place of the turn before; its agent, and then it, are likelier than words alone say.
        asked: whether the turn before ended with a question, which this one may answer.
    """
    agents = _of_agents(weights)
    active_agent = agent_of(active) if active else None
    sticky = _ANSWERING if asked else _STICKY
    for pattern, agent in _RULES:
        if agent in agents and pattern.search(text):
            return Route(_best_at(agent, weights, active, sticky), "rule", 1.0, f"names what {agent.replace('_', ' ')} looks after"), True
    weighed = {agent: score * (sticky if agent == active_agent else 1.0) for agent, score in agents.items()}
    best = max(weighed, key=weighed.__getitem__)
    confidence = weighed[best] / sum(weighed.values())
    by: By = "sticky" if best == active_agent and best != max(agents, key=agents.__getitem__) else "classifier"
    return Route(_best_at(best, weights, active, sticky), by, confidence), confidence >= _SURE


def _of_agents(weights: Mapping[str, float]) -> dict[str, float]:
    """Return each agent's weight: that of its best desk."""
    agents: dict[str, float] = {}
    for place, weight in weights.items():
        agents[agent_of(place)] = max(weight, agents.get(agent_of(place), 0.0))
    return agents


def _best_at(agent: str, weights: Mapping[str, float], active: str | None, sticky: float) -> str:
    """Return the best place of an agent."""
    own = {place: weight * (sticky if place == active else 1.0) for place, weight in weights.items() if agent_of(place) == agent}
    return max(own, key=own.__getitem__)


def clauses(text: str) -> list[str]:
    """Return the separate requests of a sentence."""
    return [part.strip() for part in _JOINTS.split(text) if part and len(part.split()) >= 3]


def _masked(text: str) -> str:
    lowered = re.sub(r"\b[RTrt]-\d+\b", " returnnumber ", text.lower())
    lowered = re.sub(r"#?\b\d{3,}\b", " ordernumber ", lowered)
    return re.sub(r"\d+", " number ", lowered)


__all__ = ["Classifier", "Route", "clauses", "decide"]
