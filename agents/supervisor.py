"""Routing: rules, then the nearest of the tools' own examples, then one small model call when those are unsure."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from agents.roster import ROSTER
from memory.hashing import vector
from tools.registry import Toolbox

By = Literal["rule", "classifier", "sticky", "model", "transfer"]

_SURE = 0.42
"""Below this probability the classifier asks a model, when there is one."""
_DIMENSIONS = 512
_VOTERS = 3
_SHARPNESS = 8.0
_STICKY = 1.6
"""How much likelier the active agent is than its words alone say."""
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
    """Which agent takes a turn, how that was decided, and who lends tools when the question spans two domains."""

    agent: str
    by: By
    confidence: float
    reason: str = ""
    second: str | None = None


class Classifier:
    """Tells which agent a sentence is for: the agents vote by their examples that are nearest to it.

    The examples are those of the agents and their tools, so a new tool brings its own training data.
    """

    def __init__(self, toolbox: Toolbox) -> None:
        self._examples = [
            (example, spec.name)
            for spec in ROSTER.values()
            for example in (*spec.examples, *(text for name in sorted(spec.tools) if name in toolbox for text in toolbox[name].examples))
        ]

    @cached_property
    def _vectors(self) -> dict[str, Any]:
        """One matrix an agent, a row an example."""
        import numpy as np

        return {
            name: np.array([vector(_masked(text), _DIMENSIONS) for text, agent in self._examples if agent == name], dtype=np.float32)
            for name in ROSTER
        }

    def probabilities(self, text: str, agents: Sequence[str]) -> dict[str, float]:
        """Return how likely each of `agents` is, summing to one."""
        import numpy as np

        asked = np.array(vector(_masked(text), _DIMENSIONS), dtype=np.float32)
        nearest = {agent: np.sort(self._vectors[agent] @ asked)[-_VOTERS:] for agent in agents}
        weights = {agent: math.exp(_SHARPNESS * float(similar.mean())) for agent, similar in nearest.items()}
        total = sum(weights.values())
        return {agent: weight / total for agent, weight in weights.items()}


def decide(text: str, agents: Sequence[str], probabilities: dict[str, float], active: str | None) -> tuple[Route, bool]:
    """Return the route by rule and probability, and whether it is sure enough to do without a model."""
    for pattern, agent in _RULES:
        if agent in agents and pattern.search(text):
            return Route(agent, "rule", 1.0, f"names what {agent.replace('_', ' ')} looks after"), True
    weighed = {agent: score * (_STICKY if agent == active else 1.0) for agent, score in probabilities.items()}
    total = sum(weighed.values())
    best = max(weighed, key=weighed.__getitem__)
    confidence = weighed[best] / total
    by: By = "sticky" if best == active and best != max(probabilities, key=probabilities.__getitem__) else "classifier"
    return Route(best, by, confidence), confidence >= _SURE


def clauses(text: str) -> list[str]:
    """Return the separate requests of a sentence."""
    return [part.strip() for part in _JOINTS.split(text) if part and len(part.split()) >= 3]


def _masked(text: str) -> str:
    lowered = re.sub(r"\b[RTrt]-\d+\b", " returnnumber ", text.lower())
    lowered = re.sub(r"#?\b\d{3,}\b", " ordernumber ", lowered)
    return re.sub(r"\d+", " number ", lowered)


__all__ = ["Classifier", "Route", "clauses", "decide"]
