"""Routing on what real users typed to two shops' bots: zero-shot, with the shop's own messages, and with another shop's.

The data is HINT3's (`HINT3_DATA` names the folder with its CSV files and `routes.csv`); without it these figures are left out. Own messages
are cross-validated in five parts under three shuffles. Zero-shot figures are of one half of each shop's messages; the constants of routing
were chosen on the other. The files hold no message that is out of scope, so two stand-ins are measured: messages that ask nothing of a shop
(`evals/routing/outside.csv`, none of them learned from), and, harder, whole kinds of messages that were left out of the training.
"""

import hashlib
import os
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agents.routing.labelled import read_messages, read_routes
from agents.routing.measure import Measured, judge, measure
from agents.routing.model import Learned
from agents.routing.router import Router
from agents.routing.sayings import Saying
from bench.results import Figure, record
from core.settings import Settings
from memory.sentences import SentenceModel, find_sentences
from tools.toolbox import build_toolbox

SHOPS = ("curekart", "sofmattress")
_OUTSIDE = Path(__file__).parents[1] / "evals" / "routing" / "outside.csv"
_SEEDS, _PARTS = 3, 5
_GOALS = {"zero-shot": 0.85, "own messages": 0.95}
_AUROC_GOAL, _ASKED_GOAL, _MS_GOAL = 0.92, 0.10, 10.0

Row = tuple[str, str, str]
"""A message, its intent, its route."""


class Remembering(SentenceModel):
    """The same vectors, made once a text: cross-validation asks for the same ones again and again."""

    def __init__(self, model: SentenceModel) -> None:
        super().__init__(model.folder)
        self._known: dict[str, Any] = {}

    def vectors(self, texts: Sequence[str]) -> Any:
        import numpy as np

        if missing := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known.update(zip(missing, super().vectors(missing), strict=True))
        return np.stack([self._known[text] for text in texts])


def shops(folder: Path) -> dict[str, list[Row]]:
    """Read the shops' messages."""
    found: dict[str, list[Row]] = {}
    for shop in SHOPS:
        messages = read_messages(folder / f"{shop}_train.csv")
        routes = read_routes(folder / "routes.csv", [intent for _, intent in messages], shop)
        found[shop] = [(said, intent, routes[intent]) for said, intent in messages]
    return found


def parts(rows: Sequence[Row], seed: int) -> Iterator[tuple[list[Row], list[Row]]]:
    """Return what to train and to test on, by turns."""
    shuffled = random.Random(seed).sample(list(rows), len(rows))
    for part in range(_PARTS):
        yield [row for index, row in enumerate(shuffled) if index % _PARTS != part], shuffled[part::_PARTS]


def without_intents(rows: Sequence[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Return messages to train on, and others to test on among which a quarter of the intents is new and out of scope."""
    chance = random.Random(seed)
    intents = sorted({intent for _, intent, _ in rows})
    new = set(chance.sample(intents, len(intents) // 4))
    kept = chance.sample([row for row in rows if row[1] not in new], sum(row[1] not in new for row in rows))
    aside = len(kept) // 4
    return kept[aside:], [*kept[:aside], *((said, intent, "out_of_scope") for said, intent, _ in rows if intent in new)]


def untuned(row: Row) -> bool:
    """Return whether a message is of the half on which nothing was chosen."""
    return int(hashlib.md5(row[0].lower().encode()).hexdigest(), 16) % 2 == 1


def compare(folder: Path, model: SentenceModel | None) -> list[Figure]:
    """Measure with and without sentence vectors."""
    nothing: Any = None
    outside: list[Row] = [(said, intent, "out_of_scope") for said, intent in read_messages(_OUTSIDE)]
    figures: list[Figure] = []
    for kind, sentences in (("words", None), ("sentences", Remembering(model) if model else None)):
        if kind == "sentences" and sentences is None:
            print("routing with sentence vectors: left out, STOREHAND_ROUTING__SENTENCES names no folder with all-MiniLM-L6-v2")
            continue
        router = Router(build_toolbox(nothing), sentences=sentences)
        figures += _of_features(kind, shops(folder), outside, router, sentences)
    return figures


def _of_features(
    kind: str, rows: dict[str, list[Row]], outside: list[Row], router: Router, sentences: SentenceModel | None
) -> list[Figure]:
    def run(learned: Learned, tested: Sequence[Row]) -> Measured:
        return measure([judge(learned, sentences, said, route) for said, _, route in tested])

    def taught(own: Sequence[Row]) -> Learned:
        return router.train([Saying(said, route) for said, _, route in own], "customer")

    general = router.general("customer")
    figures: list[Figure] = []
    for shop, own in rows.items():
        other = next(each for name, each in rows.items() if name != shop)
        zero = [run(general, [*filter(untuned, own), *outside])]
        cross = [run(taught(other), [*own, *outside])]
        crossed = [run(taught(trained), [*tested, *outside]) for seed in range(_SEEDS) for trained, tested in parts(own, seed)]
        left_out = [run(taught(trained), tested) for trained, tested in (without_intents(own, seed) for seed in range(2 * _SEEDS))]
        for name, runs in (("zero-shot", zero), ("another shop's messages", cross), ("own messages", crossed)):
            figures += _figures(f"routing {shop}, {name}, {kind}", runs, _GOALS.get(name, _GOALS["zero-shot"]))
        figures.append(_at_least(f"routing {shop}, own messages, {kind}: AUROC of new kinds", left_out, _auroc, _AUROC_GOAL))
    return figures


def _figures(name: str, runs: Sequence[Measured], goal: float) -> list[Figure]:
    asked = statistics.mean(run.model_asked for run in runs)
    return [
        _at_least(f"{name}: accuracy in scope", runs, lambda run: run.accuracy_in_scope or 0.0, goal),
        _at_least(f"{name}: AUROC of nothing asked", runs, _auroc, _AUROC_GOAL),
        Figure(f"{name}: model asked", round(asked, 4), "share", f"<= {_ASKED_GOAL:g}", asked <= _ASKED_GOAL),
    ]


def _auroc(run: Measured) -> float:
    return run.out_of_scope_auroc or 0.0


def _at_least(name: str, runs: Sequence[Measured], of: Callable[[Measured], float], goal: float) -> Figure:
    value = statistics.mean(of(run) for run in runs)
    return Figure(name, round(value, 4), "share", f">= {goal:g}", value >= goal)


def speed(folder: Path, model: SentenceModel | None) -> list[Figure]:
    """Time single messages, with no vector remembered."""
    nothing: Any = None
    learned = Router(build_toolbox(nothing), sentences=model).general("customer")
    rows = [row for each in shops(folder).values() for row in each][:300]
    judge(learned, model, "to begin with", "knowledge")
    times = measure([judge(learned, model, said, route) for said, _, route in rows])
    kind = "sentences" if model else "words"
    return [Figure(f"routing a message, {kind}, p95", round(times.ms_p95, 2), "ms", f"<= {_MS_GOAL:g}", times.ms_p95 <= _MS_GOAL)]


def main() -> None:
    """Measure where the data is."""
    folder = Path(os.environ.get("HINT3_DATA", ""))
    if not (folder / "routes.csv").is_file():
        print("routing: left out, HINT3_DATA names no folder with routes.csv")
        return
    model = find_sentences(Settings().routing.sentences)
    record([*compare(folder, model), *speed(folder, None), *(speed(folder, model) if model else [])])


if __name__ == "__main__":
    main()
