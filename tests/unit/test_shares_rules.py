"""A discount is shared to the last cent."""

from hypothesis import given
from hypothesis import strategies as st

from tools.policy.shares import net_of_discount


def test_shares_are_proportional_and_rounding_goes_to_the_largest_remainder() -> None:
    assert net_of_discount([1_000, 500], 300) == [800, 400]
    assert net_of_discount([100, 100, 100], 100) == [67, 67, 66]
    assert net_of_discount([1, 2, 4], 1) == [1, 2, 3]
    assert net_of_discount([100, 50], 0) == [100, 50]
    assert net_of_discount([100, 50], -5) == [100, 50]
    assert net_of_discount([100, 50], 500) == [0, 0]
    assert net_of_discount([0, 0], 10) == [0, 0]
    assert net_of_discount([], 10) == []
    assert net_of_discount([1], 1) == [0]
    assert net_of_discount([2], 1) == [1]


@given(st.lists(st.integers(0, 10**6), max_size=8), st.integers(0, 10**6))
def test_the_sum_is_exact_and_no_line_is_worth_more_than_its_price(gross: list[int], discount: int) -> None:
    net = net_of_discount(gross, discount)
    assert sum(net) == max(sum(gross) - discount, 0)
    assert all(0 <= paid <= price for paid, price in zip(net, gross, strict=True))
