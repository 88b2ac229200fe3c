"""Which tool a sentence asks for: likeness to what each tool says of itself, weighted by how telling each word is."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agents.llm.offline import lexicon, words
from agents.llm.offline.offer import Spec

_PAIR, _LETTERS, _CONCEPT = 0.6, 0.15, 2.5
"""Weights of a pair of neighbouring words, a run of letters and a matter, against one for a word. These and the figures below
were chosen by leaving out one example at a time and asking which tool it belongs to."""
_FILLER = 0.75
"""How much a word that names nothing counts, against one that does."""
_UNKNOWN = 0.6
"""How much a word that no tool knows counts against all of them, against the rarest known word."""
_CLOSEST, _PURPOSE = 0.75, 0.8
"""How much the closest example counts against the three closest together, and a tool's description against an example."""
_EVIDENCE = 0.7
"""How much the evidence of each word (complement naive Bayes) counts against likeness to single sentences (cosine)."""
_SMOOTH, _STEEP, _MIDDLE = 0.1, 1.5, 1.0
_UNCOVERED = 0.1
"""What is left of a score when no telling word of the sentence is known."""
_CONCEPTS: Mapping[str, tuple[str, ...]] = {
    stem: tuple(f"={concept}" for concept, listed in lexicon.CONCEPTS.items() if stem in {words.stem(word) for word in listed.split()})
    for stem in {words.stem(word) for listed in lexicon.CONCEPTS.values() for word in listed.split()}
}


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
        self._speller = words.Speller({word for _, _, bag in bags for word in bag} | _CONCEPTS.keys())
        owners: dict[str, set[str]] = defaultdict(set)
        self._uses: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for name, _, bag in bags:
            for feature, times in _features(bag).items():
                owners[feature].add(name)
                self._uses[feature][name] += times * _kind(feature)
        self._sizes = {name: 0.0 for name, _, _ in bags}
        for uses in self._uses.values():
            for name, value in uses.items():
                self._sizes[name] += value
        count = len(self._sizes) or 1
        self._weight = {feature: math.log((1 + count) / len(names)) + 0.05 for feature, names in owners.items()}
        self._rarest = math.log(1 + count)
        self._documents = [name for name, _, _ in bags]
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, (_, share, bag) in enumerate(bags):
            for feature, value in self._vector(bag).items():
                self._postings[feature].append((place, value * share))

    def mended(self, text: str, items: frozenset[str] = frozenset()) -> list[str]:
        """Return a sentence's masked stems with typing errors mended."""
        return [self._speller.mend(word) for word in words.masked(text, items)]

    def rank(self, text: str, items: frozenset[str] = frozenset(), *, goods: bool = False) -> list[Match]:
        """Return all tools, the likeliest first; equal ones by name. With `goods`, words that no tool knows are taken for goods."""
        bag = self.mended(text, items)
        if goods:
            masked = ["xitem" if self._is_strange(word) else word for word in bag]
            bag = [word for place, word in enumerate(masked) if word != "xitem" or masked[place - 1 : place] != ["xitem"]]
        likeness, evidence, covered = self._likeness(bag), self._evidence(bag), self._covered(bag)
        share = _UNCOVERED + (1 - _UNCOVERED) * covered
        ranked = [Match(name, share * ((1 - _EVIDENCE) * likeness.get(name, 0.0) + _EVIDENCE * value)) for name, value in evidence.items()]
        return sorted(ranked, key=lambda match: (-match.score, match.name))

    def _likeness(self, bag: Sequence[str]) -> dict[str, float]:
        """Return the cosine of a sentence to the sentences of each tool, the closest ones counting most."""
        found: dict[int, float] = defaultdict(float)
        for feature, value in self._vector(bag).items():
            for place, weight in self._postings.get(feature, ()):
                found[place] += value * weight
        by_tool: dict[str, list[float]] = defaultdict(list)
        for place, score in found.items():
            by_tool[self._documents[place]].append(score)
        return {name: _joined(sorted(scores, reverse=True)[:3]) for name, scores in by_tool.items()}

    def _evidence(self, bag: Sequence[str]) -> dict[str, float]:
        """Return how much likelier the words are from each tool than from the others, from 0 to 1."""
        features = _features(bag)
        known = {feature: times * _kind(feature) for feature, times in features.items() if feature in self._uses}
        unknown = sum(times for feature, times in features.items() if self._is_strange(feature))
        length = sum(known.values()) + unknown or 1.0
        whole, smooth = sum(self._sizes.values()), _SMOOTH * len(self._uses)
        found: dict[str, float] = {}
        for name, size in self._sizes.items():
            odds = 0.0
            for feature, weight in known.items():
                uses = self._uses[feature]
                own, total = uses.get(name, 0.0), sum(uses.values())
                odds += weight * math.log((own + _SMOOTH) * (whole - size + smooth) / ((total - own + _SMOOTH) * (size + smooth)))
            found[name] = 1 / (1 + math.exp((_MIDDLE - odds / length) * _STEEP))
        return found

    def _covered(self, bag: Sequence[str]) -> float:
        """Return the share of a sentence's telling words that the tools know."""
        telling = [word for word in bag if word not in lexicon.STOP]
        return sum(word in self._uses or word in _CONCEPTS for word in telling) / len(telling) if telling else 0.5

    def _is_strange(self, feature: str) -> bool:
        return _is_word(feature) and feature[0] != "=" and feature not in lexicon.STOP and feature not in self._uses

    def _vector(self, bag: Sequence[str]) -> dict[str, float]:
        raw: dict[str, float] = {}
        for feature, times in _features(bag).items():
            known = self._weight.get(feature)
            if known is not None:
                raw[feature] = self._share(feature) * known * math.sqrt(times)
            elif self._is_strange(feature):
                raw[feature] = _UNKNOWN * self._rarest
        norm = math.sqrt(sum(value * value for value in raw.values())) or 1.0
        return {feature: value / norm for feature, value in raw.items()}

    def _share(self, feature: str) -> float:
        """Return a feature's weight by its kind; a pair weighs as much as its words tell."""
        first, _, second = feature.partition(" ")
        if not second:
            return _kind(feature)
        return _PAIR * (self._weight.get(first, 0.0) + self._weight.get(second, 0.0)) / (2 * self._rarest)


@lru_cache(maxsize=8192)
def _kind(feature: str) -> float:
    if feature[0] in "<=":
        return _LETTERS if feature[0] == "<" else _CONCEPT
    filler = _FILLER if all(word in lexicon.STOP for word in feature.split(" ")) else 1.0
    return filler * (_PAIR if " " in feature else 1.0)


def _joined(scores: list[float]) -> float:
    return _CLOSEST * scores[0] + (1 - _CLOSEST) * sum(scores) / 3


def _is_word(feature: str) -> bool:
    return " " not in feature and feature[0] != "<"


def _features(bag: Sequence[str]) -> Counter[str]:
    features = Counter(bag)
    features.update(f"{first} {second}" for first, second in itertools.pairwise(bag))
    for word in bag:
        features.update(_CONCEPTS.get(word, ()))
        if len(word) > 3 and word[0] != "x":
            padded = f"{word}>"
            features.update(f"<{padded[start : start + 4]}" for start in range(len(padded) - 3))
    return features
