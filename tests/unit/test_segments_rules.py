"""A segment's rule says in words what it asks for, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tools.policy.segments import SegmentRule

PARTS = {
    "min_orders": "at least 7 orders",
    "min_spent_minor": "spent at least 7 minor units",
    "idle_days": "no order for 7 days",
    "joined_days": "joined within 7 days",
    "min_returns": "at least 7 returns",
}


def test_a_rule_that_asks_for_nothing_is_for_everybody() -> None:
    assert SegmentRule().words == SegmentRule(window_days=30).words == "everybody"


@given(st.sets(st.sampled_from(sorted(PARTS))), st.integers(1, 3_650))
def test_each_part_is_said_once_with_the_window(names: set[str], window: int) -> None:
    words = SegmentRule.model_validate({**dict.fromkeys(names, 7), "window_days": window}).words
    said = ", ".join(text for name, text in PARTS.items() if name in names)
    assert words == (f"{said} in {window} days" if names else "everybody")


@pytest.mark.parametrize(
    ("name", "least"), [("min_orders", 0), ("min_spent_minor", 0), ("min_returns", 0), ("idle_days", 1), ("joined_days", 1)]
)
def test_a_part_has_its_least_value(name: str, least: int) -> None:
    assert SegmentRule.model_validate({name: least})
    with pytest.raises(ValidationError):
        SegmentRule.model_validate({name: least - 1})


def test_a_window_is_a_day_to_ten_years() -> None:
    assert SegmentRule().window_days == 365
    for days, fits in ((0, False), (1, True), (3_650, True), (3_651, False)):
        values: dict[str, Any] = {"window_days": days}
        if fits:
            assert SegmentRule.model_validate(values).window_days == days
        else:
            with pytest.raises(ValidationError):
                SegmentRule.model_validate(values)
