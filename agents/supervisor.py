"""Routing: rules, then a classifier trained on the tools' own examples, then one small model call when those are unsure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from agents.roster import ROSTER
from core.identity import Principal
from tools.registry import Toolbox

By = Literal["rule", "classifier", "sticky", "model", "transfer"]

_SURE = 0.42
"""Below this probability the classifier asks a model, when there is one."""
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
    """Tells which agent a sentence is for. Trained at start on the examples of the agents and their tools."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._examples = [
            (example, spec.name)
            for spec in ROSTER.values()
            for example in (*spec.examples, *(text for name in sorted(spec.tools) if name in toolbox for text in toolbox[name].examples))
        ]

    @cached_property
    def _model(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union

        words = TfidfVectorizer(preprocessor=_masked, ngram_range=(1, 2), sublinear_tf=True)
        letters = TfidfVectorizer(preprocessor=_masked, analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
        model = make_pipeline(make_union(words, letters), LogisticRegression(C=20, max_iter=500, class_weight="balanced"))
        model.fit([text for text, _ in self._examples], [agent for _, agent in self._examples])
        return model

    def probabilities(self, text: str, agents: Sequence[str]) -> dict[str, float]:
        """Return how likely each of `agents` is, summing to one."""
        scores = dict(zip(self._model.classes_, self._model.predict_proba([text])[0], strict=True))
        kept = {agent: float(scores.get(agent, 0.0)) for agent in agents}
        total = sum(kept.values()) or 1.0
        return {agent: score / total for agent, score in kept.items()}


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
