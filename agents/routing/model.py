"""A trained router: what each example adds to each choice, and how sure that makes one. Small enough to keep in a row."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from agents.routing.grams import Grams
from agents.routing.sayings import NOTHING
from agents.routing.words import Spelling

GRAM_SHARE = 1 / 3
"""The part of words and letters in the likeness of two texts when sentence vectors are there too."""
_BENT = 4
"""Power that makes near neighbours of sentence vectors count for more than many far ones."""
_NEAREST = 5

Matrix = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Votes:
    """What a message looks like, before anything is known of the conversation."""

    sides: Mapping[str, float]
    """Each agent and `human` with its probability, given that the message asks something of the shop."""
    nothing: float
    """The probability that it asks nothing of the shop."""
    kind: str
    """What it would be in that case: out_of_scope, small_talk or answer."""
    desks: Mapping[str, float]
    """Each desk with its probability, given its agent."""
    sure: float
    """The probability from which on a choice needs no model."""
    nearest: tuple[tuple[str, str, float], ...] = ()
    """The examples that are most like it: text, label, likeness."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What turns scores into probabilities, fitted on each example's score from a model without it."""

    sides: tuple[float, ...]
    """Sharpness, then one offset a side."""
    desks: float
    nothing: tuple[float, float, float]
    """Offset, weight of the lead of nothing over the best side, weight of the likeness to the nearest example."""
    sure: float
    """Below this probability a model is asked, when there is one."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One linear model over likenesses: `votes` has a row an example and a column a choice."""

    votes: Matrix
    scale: Scale


@dataclass(frozen=True)
class Learned:
    """A router's whole knowledge for one audience."""

    sides: tuple[str, ...]
    desks: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    own: int
    """From this example on they are the store's own labelled messages."""
    grams: Grams
    words: Weights
    """Used without sentence vectors, and where a rule has decided already and only a desk is wanted."""
    vectors: Matrix | None = None
    both: Weights | None = None
    sentences: str = ""
    """What made the vectors."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The columns of the votes."""
        return (*self.sides, *NOTHING, *self.desks)

    @cached_property
    def said(self) -> Mapping[str, str]:
        """The label of each example's text; of a text labelled twice, the store's own word counts."""
        return dict(zip(map(str.lower, self.texts), self.labels, strict=True))

    @cached_property
    def spelling(self) -> Spelling:
        """What mends a message's spelling before it is weighed."""
        return Spelling(self.texts)

    def votes(self, features: Mapping[int, float], vector: Matrix | None, *, explain: bool = False) -> Votes:
        """Weigh a message by its features and, where there is one, its sentence vector."""
        likeness = self.grams.likeness(features)
        weights = self.words
        if vector is not None and self.vectors is not None and self.both is not None:
            likeness = blended(self.vectors @ vector, likeness)
            weights = self.both
        scores = likeness @ weights.votes
        near = float(likeness[self.own :].max() if self.own < len(likeness) else 0.0)
        sides, nothing, desks = np.split(scores, [len(self.sides), len(self.sides) + len(NOTHING)])
        chosen = softmax(np.array(weights.scale.sides[1:], dtype=np.float32) + weights.scale.sides[0] * sides)
        offset, lead, likely = weights.scale.nothing
        none = 1 / (1 + np.exp(-(offset + lead * float(nothing.sum() - sides.max()) + likely * near)))
        nearest = [int(row) for row in np.argsort(-likeness)[:_NEAREST]] if explain else []
        return Votes(
            dict(zip(self.sides, chosen.tolist(), strict=True)),
            float(none),
            NOTHING[int(nothing.argmax())],
            self._of_desks(desks * weights.scale.desks),
            weights.scale.sure,
            tuple((self.texts[row], self.labels[row], float(likeness[row])) for row in nearest),
        )

    @cached_property
    def _columns_of_agents(self) -> Sequence[NDArray[np.intp]]:
        """Which desks compete: those of one agent."""
        agents = np.array([desk.partition("/")[0] for desk in self.desks])
        return [np.flatnonzero(agents == agent) for agent in np.unique(agents)]

    def _of_desks(self, scores: Matrix) -> dict[str, float]:
        shares = np.zeros_like(scores)
        for columns in self._columns_of_agents:
            shares[columns] = softmax(scores[columns])
        return dict(zip(self.desks, shares.tolist(), strict=True))

    def to_bytes(self) -> bytes:
        """Return the model in NumPy's own format, numbers in half precision."""
        half = {"values": self.grams.values, "rarity": self.grams.rarity, "words": self.words.votes}
        if self.vectors is not None and self.both is not None:
            half |= {"vectors": self.vectors, "both": self.both.votes}
        head: dict[str, Any] = {
            "sides": self.sides,
            "desks": self.desks,
            "texts": self.texts,
            "labels": self.labels,
            "own": self.own,
            "sentences": self.sentences,
            "scales": [
                (each.scale.sides, each.scale.desks, each.scale.nothing, each.scale.sure) for each in (self.words, self.both) if each
            ],
        }
        target = io.BytesIO()
        np.savez_compressed(
            target,
            allow_pickle=False,
            head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
            codes=self.grams.codes,
            starts=self.grams.starts.astype(np.int32),
            rows=self.grams.rows,
            **{name: each.astype(np.float16) for name, each in half.items()},
        )
        return target.getvalue()

    @classmethod
    def from_bytes(cls, body: bytes) -> "Learned":
        """Read a model back.

        Raises:
            ValueError, KeyError, OSError: these are not the bytes of a model.
        """
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            arrays = cast("dict[str, NDArray[Any]]", dict(stored))
        head = json.loads(arrays["head"].tobytes())
        full = {name: arrays[name].astype(np.float32) for name in ("values", "rarity", "words", "vectors", "both") if name in arrays}
        scales = [Scale(tuple(sides), desks, tuple(nothing), sure) for sides, desks, nothing, sure in head["scales"]]
        grams = Grams(
            arrays["codes"], full["rarity"], arrays["starts"].astype(np.int64), arrays["rows"], full["values"], len(head["texts"])
        )
        return cls(
            tuple(head["sides"]),
            tuple(head["desks"]),
            tuple(head["texts"]),
            tuple(head["labels"]),
            head["own"],
            grams,
            Weights(full["words"], scales[0]),
            full.get("vectors"),
            Weights(full["both"], scales[1]) if "both" in full else None,
            head["sentences"],
        )


def blended(cosines: Matrix, likeness: Matrix) -> Matrix:
    """Join the likeness of sentences with that of words and letters."""
    return (1 - GRAM_SHARE) * ((1 + cosines) / 2) ** _BENT + GRAM_SHARE * likeness


def softmax(scores: Matrix) -> Matrix:
    """Return shares that sum to one."""
    grown = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return grown / grown.sum(axis=-1, keepdims=True)
