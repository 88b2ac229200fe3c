"""How good routing is on labelled messages: right answers, what is not the shop's, how often a model would be asked, and time."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from agents.routing.sayings import NOTHING, OUT_OF_SCOPE, side_of
from agents.routing.words import clean, features, gist
from agents.supervisor import by_rule, decide, settle
from memory.sentences import SentenceModel

if TYPE_CHECKING:
    from agents.routing.model import Learned

_PLACES = ("knowledge", "after_sales")
"""Whom customers can be sent to; desks are not measured here."""
_BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """One message: where it should go, where it went."""

    right: str
    chosen: str
    of_agents: str
    """The best choice as long as the message asks something of the shop."""
    confidence: float
    nothing: float
    sure: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures over labelled messages; shares are between 0 and 1, None where no message counts."""

    messages: int
    in_scope: int
    accuracy_in_scope: float | None
    """Of messages in scope, the share whose agent or `human` is right; whether they would be turned away is the next figure."""
    turned_away: float | None
    """Of messages in scope, the share taken for out of scope."""
    accuracy: float
    """Of all messages, the share whose final choice is right, out of scope being one."""
    out_of_scope_auroc: float | None
    out_of_scope_found: float | None
    model_asked: float
    """The share of messages for which a model would be asked."""
    accuracy_decided: float | None
    """The share of right final choices among the others."""
    calibration_error: float
    """The mean distance between confidence and share of right choices, in ten bins."""
    ms_median: float
    """Of one core's time."""
    ms_p95: float
    confusion: dict[str, dict[str, int]]
    """Right choice, final choice, messages."""

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for JSON, rounded."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def judge(learned: "Learned", sentences: SentenceModel | None, said: str, right: str) -> Judged:
    """Route one message as a customer's first words."""
    started = time.thread_time()
    text = clean(said)
    ruled = by_rule(text, learned.said, _PLACES) if text else ("answer", "says nothing")
    core = learned.spelling.mended(gist(text))
    vector = sentences.vectors([core])[0] if sentences and learned.sentences == sentences.name and ruled is None else None
    votes = learned.votes(features(core), vector)
    of_agents = max(votes.sides, key=votes.sides.__getitem__)
    if ruled is not None:
        route, sure, nothing = settle(*ruled, votes, _PLACES, None), True, float(ruled[0] in NOTHING)
        of_agents = of_agents if nothing else side_of(ruled[0])
    else:
        route, sure = decide(text, votes, _PLACES, None)
        nothing = votes.nothing
    chosen = route.agent if route.asks == "agent" else side_of(route.asks)
    return Judged(side_of(right), chosen, of_agents, route.confidence, nothing, sure, time.thread_time() - started)


def measure(judged: Sequence[Judged]) -> Measured:
    """Sum up."""
    inside = [each for each in judged if each.right != OUT_OF_SCOPE]
    outside = [each for each in judged if each.right == OUT_OF_SCOPE]
    decided = [each for each in judged if each.sure]
    times = sorted(each.seconds * 1000 for each in judged)
    confusion: dict[str, Counter[str]] = {}
    for each in judged:
        confusion.setdefault(each.right, Counter())[each.chosen] += 1
    return Measured(
        messages=len(judged),
        in_scope=len(inside),
        accuracy_in_scope=_share(each.of_agents == each.right for each in inside),
        turned_away=_share(each.chosen == OUT_OF_SCOPE for each in inside),
        accuracy=_share(each.chosen == each.right for each in judged) or 0.0,
        out_of_scope_auroc=auroc([each.nothing for each in outside], [each.nothing for each in inside]),
        out_of_scope_found=_share(each.chosen == OUT_OF_SCOPE for each in outside),
        model_asked=1 - len(decided) / max(len(judged), 1),
        accuracy_decided=_share(each.chosen == each.right for each in decided),
        calibration_error=_calibration_error(judged),
        ms_median=times[len(times) // 2] if times else 0.0,
        ms_p95=times[int(len(times) * 0.95)] if times else 0.0,
        confusion={right: dict(sorted(chosen.items())) for right, chosen in sorted(confusion.items())},
    )


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """Return the probability that a positive example scores above a negative one, a tie counting half."""
    if not positive or not negative:
        return None
    ordered = sorted([*((score, True) for score in positive), *((score, False) for score in negative)])
    ranks, start = 0.0, 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            end += 1
        ranks += sum(each[1] for each in ordered[start:end]) * (start + 1 + end) / 2
        start = end
    return (ranks - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative))


def _share(truths: Any) -> float | None:
    found = [bool(each) for each in truths]
    return sum(found) / len(found) if found else None


def _calibration_error(judged: Sequence[Judged]) -> float:
    bins: dict[int, list[Judged]] = {}
    for each in judged:
        bins.setdefault(min(int(each.confidence * _BINS), _BINS - 1), []).append(each)
    off = sum(abs(sum(each.confidence - (each.chosen == each.right) for each in group)) for group in bins.values())
    return off / max(len(judged), 1)
