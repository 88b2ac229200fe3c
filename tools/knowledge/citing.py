"""Passages as citations: who vouches for each, and what to take care of."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations

from core.knowing import SourceKind
from memory.retrieval import Passage
from tools.knowledge.results import Citation
from tools.result import Quote

_OLD = timedelta(days=730)
_FIGURE = re.compile(
    r"(?<![\w.,])(\d[\d.,]*)[\s-]*(days?|weeks?|months?|years?|hours?|%|percent|€|eur|euros?|kg|g|cm)(?!\w)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_SAME_SUBJECT = 0.8
"""Two sections speak of one thing when so much of the words of their sentences around a figure is shared."""
_QUOTED = {SourceKind.REVIEW, SourceKind.TICKET}
_FOREIGN = {SourceKind.FILE, SourceKind.URL}


def cited(passages: Sequence[Passage], now: datetime) -> list[Citation]:
    """Return passages as citations, each with what to take care of."""
    flags = {number: list[str]() for number in range(1, len(passages) + 1)}
    for (first, one), (second, other) in combinations(enumerate(passages, start=1), 2):
        if one.source_id != other.source_id and (said := _contradiction(one, other)):
            flags[first].append(f"[{first}] and [{second}] differ: {said[0]} and {said[1]}.")
    for number, passage in enumerate(passages, start=1):
        if passage.kind is not SourceKind.POLICY and now - passage.updated_at > _OLD:
            flags[number].append(f"[{number}] was last changed on {passage.updated_at:%-d %B %Y}; check that it still holds.")
    return [
        Citation(
            number=number,
            kind=passage.kind,
            title=passage.title,
            slug=passage.slug,
            heading=passage.heading,
            link=passage.link,
            version=passage.version,
            updated=passage.updated_at.date(),
            excerpt=_excerpt(passage),
            flags=flags[number],
        )
        for number, passage in enumerate(passages, start=1)
    ]


def _excerpt(passage: Passage) -> str | Quote:
    if passage.kind in _QUOTED:
        return Quote.customer(passage.text)
    return Quote.external(passage.text) if passage.kind in _FOREIGN else passage.text


def _contradiction(one: Passage, other: Passage) -> tuple[str, str] | None:
    """Return two figures of one unit that two passages give for the same thing, judged by the words around them."""
    if SourceKind.REVIEW in {one.kind, other.kind} or SourceKind.TICKET in {one.kind, other.kind}:
        return None
    for unit, figure, words in _figures(one.text):
        for other_unit, other_figure, other_words in _figures(other.text):
            shared = len(words & other_words) / max(1, min(len(words), len(other_words)))
            if unit == other_unit and figure != other_figure and min(len(words), len(other_words)) >= 3 and shared >= _SAME_SUBJECT:
                return f"{figure} {unit}", f"{other_figure} {other_unit}"
    return None


def _figures(text: str) -> list[tuple[str, str, frozenset[str]]]:
    """Return each figure with its unit and the words of its sentence."""
    found: list[tuple[str, str, frozenset[str]]] = []
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        words = frozenset(word.lower() for word in _WORD.findall(sentence))
        found += [(unit.lower().rstrip("s"), figure.rstrip(".,"), words) for figure, unit in _FIGURE.findall(sentence)]
    return found
