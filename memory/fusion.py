"""Merge rankings whose scores cannot be compared, such as vector distances and full-text ranks."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[K]], *, weights: Sequence[float] | None = None, k: int = 60
) -> list[tuple[K, float]]:
    """Return all items, best first, each with the sum of `weight / (k + rank)` over the rankings that hold it.

    Args:
        rankings: items best first; only the first occurrence of an item in a ranking counts.
        weights: one for each ranking; default 1 each.
        k: damps the lead of the first ranks; 60 is from Cormack, Clarke and Büttcher (2009).

    Ties keep the order in which items first appear.
    """
    scores: dict[K, float] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, item in enumerate(dict.fromkeys(ranking), start=1):
            scores[item] = scores.get(item, 0.0) + weight / (k + rank)
    return sorted(scores.items(), key=lambda entry: -entry[1])
