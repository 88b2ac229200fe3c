"""Which tool a sentence asks for: similarity to what each tool says of itself, weighted by how telling each word is."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.llm.offline import lexicon, words
from agents.llm.offline.offer import Spec

_PAIR, _LETTERS = 0.7, 0.2
"""Weights of a pair of neighbouring words and of a run of letters, against one for a word."""
_UNKNOWN = 0.55
"""How much a word that no tool knows counts against all of them, against the rarest known word."""
_CLOSEST, _PURPOSE = 0.8, 0.75
"""How much the closest example counts against the three closest together, and a tool's description against an example."""


@dataclass(frozen=True, slots=True)
class Match:
    """A tool with its likeness to a sentence, from 0 to 1."""

    name: str
    score: float


class Matcher:
    """Compares sentences with the examples, purposes and names of tools. Built once for a set of tools."""

    def __init__(self, specs: Iterable[Spec]) -> None:
        """Weigh each word by how few tools use it."""
        documents = [(spec.name, 1.0, example) for spec in specs for example in spec.examples]
        documents += [(spec.name, _PURPOSE, f"{spec.name.replace('_', ' ')}. {spec.purpose}") for spec in specs]
        bags = [(name, share, words.masked(text)) for name, share, text in documents]
        self.vocabulary = frozenset(word for _, _, bag in bags for word in bag)
        self._speller = words.Speller(self.vocabulary)
        owners: dict[str, set[str]] = defaultdict(set)
        for name, _, bag in bags:
            for feature in _features(bag):
                owners[feature].add(name)
        count = len({name for name, _, _ in bags}) or 1
        self._weight = {feature: math.log((1 + count) / len(names)) + 0.05 for feature, names in owners.items()}
        self._rarest = math.log(1 + count)
        self._documents = [name for name, _, _ in bags]
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, (_, share, bag) in enumerate(bags):
            for feature, value in self._vector(bag).items():
                self._postings[feature].append((place, value * share))

    def mended(self, text: str, items: frozenset[str] = frozenset()) -> list[str]:
        """Return a sentence's masked stems with typing errors mended."""
        return [words.stem(self._speller.mend(word)) for word in words.masked(text, items)]

    def rank(self, text: str, items: frozenset[str] = frozenset()) -> list[Match]:
        """Return all tools, the likeliest first; equal ones by name."""
        found: dict[int, float] = defaultdict(float)
        for feature, value in self._vector(self.mended(text, items)).items():
            for place, weight in self._postings.get(feature, ()):
                found[place] += value * weight
        by_tool: dict[str, list[float]] = defaultdict(list)
        for place, score in found.items():
            by_tool[self._documents[place]].append(score)
        ranked = [Match(name, _joined(sorted(scores, reverse=True)[:3])) for name, scores in by_tool.items()]
        return sorted(ranked, key=lambda match: (-match.score, match.name))

    def _vector(self, bag: Sequence[str]) -> dict[str, float]:
        raw: dict[str, float] = {}
        for feature, times in _features(bag).items():
            known = self._weight.get(feature)
            if known is not None:
                raw[feature] = _share(feature) * known * math.sqrt(times)
            elif " " not in feature and feature[0] != "<" and feature not in lexicon.STOP:
                raw[feature] = _UNKNOWN * self._rarest
        norm = math.sqrt(sum(value * value for value in raw.values())) or 1.0
        return {feature: value / norm for feature, value in raw.items()}


def _joined(scores: list[float]) -> float:
    return _CLOSEST * scores[0] + (1 - _CLOSEST) * sum(scores) / 3


def _share(feature: str) -> float:
    return _PAIR if " " in feature else _LETTERS if feature[0] == "<" else 1.0


def _features(bag: Sequence[str]) -> Counter[str]:
    features = Counter(bag)
    features.update(f"{first} {second}" for first, second in zip(bag, bag[1:], strict=False))
    for word in bag:
        if len(word) > 3 and word[0] != "x":
            padded = f"{word}>"
            features.update(f"<{padded[start : start + 4]}" for start in range(len(padded) - 3))
    return features
