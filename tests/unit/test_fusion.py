"""Reciprocal rank fusion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.fusion import reciprocal_rank_fusion

rankings = st.lists(st.lists(st.integers(0, 20), unique=True, max_size=10), max_size=4)


def test_an_item_in_both_rankings_beats_the_first_of_one() -> None:
    assert [item for item, _ in reciprocal_rank_fusion([["a", "b"], ["c", "b"]])] == ["b", "a", "c"]


def test_weights_decide_between_equal_ranks() -> None:
    assert reciprocal_rank_fusion([["a"], ["b"]], weights=[1, 2]) == [("b", 2 / 61), ("a", 1 / 61)]


def test_a_missing_weight_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        reciprocal_rank_fusion([["a"], ["b"]], weights=[1])


@given(rankings)
def test_every_item_comes_once_and_scores_fall(lists: list[list[int]]) -> None:
    fused = reciprocal_rank_fusion(lists)
    assert sorted(item for item, _ in fused) == sorted({item for one in lists for item in one})
    assert [score for _, score in fused] == sorted((score for _, score in fused), reverse=True)


@given(st.lists(st.integers(), unique=True))
def test_one_ranking_keeps_its_order(ranking: list[int]) -> None:
    assert [item for item, _ in reciprocal_rank_fusion([ranking])] == ranking
