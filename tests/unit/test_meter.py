"""The meter ends a run before it costs more than its budget."""

import pytest

from agents.llm.meter import Meter, Totals
from core.errors import BudgetExceeded
from core.settings import Budget
from tests.support.drafts import FakeTime


def meter(*, spent: Totals | None = None, times: FakeTime | None = None) -> Meter:
    return Meter(Budget(model_calls=2, tool_calls=2, wall_seconds=30), spent=spent, monotonic=(times or FakeTime()).monotonic)


def test_the_call_over_the_limit_is_refused_before_it_is_made():
    counted = meter()
    counted.reserve_model_call()
    counted.reserve_model_call()
    with pytest.raises(BudgetExceeded, match="2 model calls"):
        counted.reserve_model_call()
    assert counted.totals.model_calls == 2


def test_a_run_out_of_time_asks_no_model():
    times = FakeTime()
    counted = meter(times=times)
    times.now += 29.9
    counted.reserve_model_call()
    times.now += 0.1
    with pytest.raises(BudgetExceeded, match="30 seconds"):
        counted.reserve_model_call()


def test_the_same_tool_with_the_same_arguments_runs_once_and_costs_once():
    counted = meter()
    assert counted.reserve_tool_call("find_order", '{"order":7}')
    assert not counted.reserve_tool_call("find_order", '{"order":7}')
    assert counted.reserve_tool_call("find_order", '{"order":8}')
    assert counted.totals.tool_calls == 2


def test_the_tool_call_over_the_limit_is_refused_and_a_repeat_is_still_only_a_repeat():
    counted = meter()
    counted.reserve_tool_call("a", "{}")
    counted.reserve_tool_call("b", "{}")
    with pytest.raises(BudgetExceeded, match="2 tool calls"):
        counted.reserve_tool_call("c", "{}")
    assert not counted.reserve_tool_call("a", "{}")


def test_tokens_add_up_and_missing_figures_add_nothing():
    counted = meter()
    counted.settle({"input_tokens": 10, "output_tokens": 3, "total_tokens": 13})
    counted.settle(None)
    counted.settle({"input_tokens": 5})
    assert counted.totals == Totals(input_tokens=15, output_tokens=3)


def test_a_resumed_run_continues_with_what_it_had_spent():
    counted = meter(spent=Totals(model_calls=1, tool_calls=2))
    counted.reserve_model_call()
    with pytest.raises(BudgetExceeded):
        counted.reserve_model_call()
    with pytest.raises(BudgetExceeded):
        counted.reserve_tool_call("a", "{}")
