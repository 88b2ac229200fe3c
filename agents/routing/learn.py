"""Training: ridge regression on likenesses, solved at once, with each example's score from a model without it for free.

That score is what probabilities are fitted on, so that no example has to be kept aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.roster import agent_of
from agents.routing.grams import Grams
from agents.routing.model import Learned, Matrix, Scale, Weights, blended, softmax
from agents.routing.sayings import HUMAN, NOTHING, OUT_OF_SCOPE, Audience, Saying, side_of
from agents.routing.words import clean, features, gist
from memory.sentences import SentenceModel

MOST = 3000
"""Labelled messages of a store that are learned from, the newest ones: training takes the cube of their number."""
_SMOOTH = 0.3
_OWN_WEIGHT = 3.0
"""How many general examples one of the store's own messages outweighs."""
_ENOUGH = 50
"""So many own messages make a store's own scale; fewer are scaled like general examples."""
_SHARPNESS = np.geomspace(1, 40, 40)
_STEPS = 300
_PRIOR = 0.02
_SURE, _SURE_OF_GENERAL = 0.55, 0.43
"""Probabilities from which on no model is asked: some 7 % of messages lie below, with a store's own labelled messages and without."""
_NEARNESS = 3.0
"""How much the likeness to the nearest own message weighs beside the votes in telling what is not the shop's. Sayings that ask nothing
cannot teach it: new kinds of requests are unlike them too."""
_USUALLY = {"knowledge": 0.8}
"""Offsets for customers of a store that has labelled nothing: three of four real messages ask about products, in words nobody foresees."""
_SELDOM = -0.5
"""Offset of asking nothing, as long as the store has not shown what it is asked."""
_UNSEEN = 1.5
"""What one learns less of a store that has labelled nothing than examples of one's own make believe: divides its certainty."""


@dataclass(frozen=True, slots=True)
class _Task:
    """Examples as numbers."""

    sides: tuple[str, ...]
    desks: tuple[str, ...]
    side: NDArray[np.intp]
    """Of each example: the index of its side, or -1 for nothing."""
    kind: NDArray[np.intp]
    """Of each example: the index in `NOTHING`, or -1."""
    desk: NDArray[np.intp]
    own: int
    usually: Mapping[str, float]

    @property
    def of_desk(self) -> Sequence[str]:
        """The agent of each desk."""
        return [agent_of(desk) for desk in self.desks]


def train(general: Sequence[Saying], own: Sequence[Saying], sentences: SentenceModel | None, audience: Audience) -> Learned:
    """Learn from general examples and a store's own messages; of these, the last `MOST` count."""
    kept = [*general, *own[-MOST:]]
    texts = [clean(saying.text) for saying in kept]
    task = _task(kept, len(general), _USUALLY if audience == "customer" else {})
    said = [gist(text) for text in texts]
    grams = Grams.of(features(text) for text in said)
    likeness = grams.all_with_all()
    vectors = sentences.vectors(said) if sentences else None
    return Learned(
        task.sides,
        task.desks,
        tuple(texts),
        tuple(saying.label for saying in kept),
        task.own,
        grams,
        _weights(likeness, task),
        vectors,
        None if vectors is None else _weights(blended(vectors @ vectors.T, likeness), task),
        sentences.name if sentences else "",
    )


def _task(sayings: Sequence[Saying], own: int, usually: Mapping[str, float]) -> _Task:
    named = [side_of(saying.label) for saying in sayings]
    sides = (*sorted({side for side in named if side not in {HUMAN, OUT_OF_SCOPE}}), HUMAN)
    desks = tuple(sorted({saying.label for saying in sayings if "/" in saying.label}))
    return _Task(
        sides,
        desks,
        np.array([sides.index(side) if side in sides else -1 for side in named]),
        np.array([NOTHING.index(saying.label) if saying.label in NOTHING else -1 for saying in sayings]),
        np.array([desks.index(saying.label) if saying.label in desks else -1 for saying in sayings]),
        own,
        usually,
    )


def _weights(likeness: Matrix, task: _Task) -> Weights:
    size = len(likeness)
    targets = np.zeros((size, len(task.sides) + len(NOTHING) + len(task.desks)), dtype=np.float32)
    for offset, index in ((0, task.side), (len(task.sides), task.kind), (len(task.sides) + len(NOTHING), task.desk)):
        rows = np.flatnonzero(index >= 0)
        targets[rows, offset + index[rows]] = 1
    side = np.where(task.side >= 0, task.side, len(task.sides))
    worth = np.where(np.arange(size) >= task.own, _OWN_WEIGHT, 1.0)
    shares = np.bincount(side, worth)
    worth = worth * (shares[shares > 0].mean() / shares[side])
    inverse = np.linalg.inv(likeness + np.diag(_SMOOTH / worth).astype(np.float32))
    _guess_desks(targets, likeness, task, inverse)
    votes = inverse @ targets
    without = targets - votes / np.diag(inverse)[:, None]
    return Weights(votes.astype(np.float32), _scale(without, likeness, task))


def _guess_desks(targets: Matrix, likeness: Matrix, task: _Task, inverse: Matrix) -> None:
    """Share an example that names an agent and no desk among its desks, as the other examples would."""
    start = len(task.sides) + len(NOTHING)
    blank = np.flatnonzero((task.side >= 0) & (task.desk < 0))
    scores = likeness[blank] @ (inverse @ targets[:, start:])
    for number, row in enumerate(blank):
        inside = [index for index, agent in enumerate(task.of_desk) if agent == task.sides[task.side[row]]]
        if inside:
            targets[row, start + np.array(inside)] = softmax(8 * scores[number, inside])


def _scale(scores: Matrix, likeness: Matrix, task: _Task) -> Scale:
    sides, nothing, desks = np.split(scores, [len(task.sides), len(task.sides) + len(NOTHING)], axis=1)
    owned = np.arange(len(scores)) >= task.own
    trusted = owned if owned.sum() >= _ENOUGH else ~owned
    rows = np.flatnonzero(trusted & (task.side >= 0))
    sharpness, offsets = _sharpened(sides[rows], task.side[rows], with_offsets=bool(owned.sum() >= _ENOUGH))
    placed = np.flatnonzero(task.desk >= 0)
    of_desk, _ = _sharpened(desks[placed], task.desk[placed], with_offsets=False)
    apart = likeness - np.eye(len(likeness), dtype=np.float32) * 2
    near = apart[:, owned].max(axis=1) if owned.any() else np.zeros(len(scores), dtype=np.float32)
    told = np.flatnonzero((task.side < 0) | trusted)
    lead = nothing[told].sum(axis=1) - sides[told].max(axis=1) - _NEARNESS * near[told]
    offset, slope = _logistic(np.column_stack([np.ones(len(told)), lead]), task.side[told] < 0)
    if owned.sum() < _ENOUGH:
        sharpness, offset = sharpness / _UNSEEN, offset + _SELDOM
        offsets = tuple(task.usually.get(side, 0.0) for side in task.sides)
    return Scale((sharpness, *offsets), of_desk, (offset, slope, -_NEARNESS * slope), _SURE if owned.sum() >= _ENOUGH else _SURE_OF_GENERAL)


def _sharpened(scores: Matrix, truth: NDArray[np.intp], *, with_offsets: bool) -> tuple[float, tuple[float, ...]]:
    """Return the factor, and an offset a choice, under which the truth is likeliest."""
    if not len(scores):
        return 1.0, (0.0,) * scores.shape[1]

    def loss(sharpness: float) -> float:
        return -float(np.log(softmax(sharpness * scores)[np.arange(len(truth)), truth] + 1e-9).mean())

    sharpness = float(min(_SHARPNESS, key=loss))
    offsets = np.zeros(scores.shape[1], dtype=np.float32)
    if with_offsets:
        wanted = np.eye(scores.shape[1], dtype=np.float32)[truth]
        for _ in range(_STEPS):
            offsets -= (softmax(sharpness * scores + offsets) - wanted).mean(axis=0) + _PRIOR * offsets
    return sharpness, tuple(float(offset) for offset in offsets)


def _logistic(facts: Matrix, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit the probability of `truth` by Newton's method, both answers weighing the same."""
    weight = np.where(truth, 0.5 / max(int(truth.sum()), 1), 0.5 / max(int((~truth).sum()), 1)) * len(truth)
    found = np.zeros(facts.shape[1])
    for _ in range(30):
        guess = 1 / (1 + np.exp(-(facts @ found)))
        slope = facts.T @ (weight * (guess - truth)) + _PRIOR * found
        bend = (facts * (weight * guess * (1 - guess))[:, None]).T @ facts + _PRIOR * np.eye(facts.shape[1])
        step = np.linalg.solve(bend, slope)
        found = found - step
        if np.abs(step).max() < 1e-6:
            break
    return float(found[0]), float(found[1])
