"""The same words always mean the same line of an order, or nothing."""

import contextlib
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from tools.items import fold, resolve
from tools.policy.shares import net_of_discount


class Line(NamedTuple):
    sku: str
    title: str
    category: str


HEADSET = Line("AUR-HS-BLK", "Auralis One Wireless Headset, Black", "electronics")
SHOES = Line("CRG-TRL-BLK-42", "Corrigan Ridge Trail Shoes, Black, 42", "shoes")
TEE = Line("TOM-MT-GRY-M", "Tomasine Merino Tee, Grey, M", "clothing")
LINES = [HEADSET, SHOES, TEE]


@pytest.mark.parametrize(
    ("ref", "line"),
    [
        ("crg-trl-blk-42", SHOES),
        ("the headsets", HEADSET),
        ("my black trail shoe", SHOES),
        ("black running shoes size 42", SHOES),
        ("clothes or clothing", TEE),
        ("Merino tees", TEE),
        ("Tomasine Merino Tee, Grey, M", TEE),
    ],
)
def test_a_person_names_an_item_in_their_own_words(ref: str, line: Line) -> None:
    assert resolve(ref, LINES, "1042") is line


@pytest.mark.parametrize(
    ("ref", "code"), [("the black one", "item_unclear"), ("sofa", "item_unknown"), (None, "item_unclear"), ("the", "item_unknown")]
)
def test_what_fits_nothing_or_several_asks_with_the_choices(ref: str | None, code: str) -> None:
    with pytest.raises(InvalidInput, match="which one: .*Headset") as caught:
        resolve(ref, LINES, "1042")
    assert caught.value.code == code
    assert caught.value.field == "item"


def test_a_single_line_needs_no_name() -> None:
    assert resolve(None, [TEE], "1042") is TEE


@given(st.text(max_size=30))
def test_no_words_at_all_can_break_it(ref: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert resolve(ref, LINES, "1042") in LINES


@pytest.mark.parametrize(
    ("word", "single"), [("shoes", "shoe"), ("boxes", "box"), ("dress", "dress"), ("accessories", "accessory"), ("as", "as")]
)
def test_a_plural_is_its_singular(word: str, single: str) -> None:
    assert fold(word) == single


@given(st.lists(st.integers(0, 10**9), max_size=20), st.integers(0, 10**10))
def test_shares_of_a_discount_sum_to_what_was_paid_and_never_exceed_the_price(gross: list[int], discount: int) -> None:
    shares = net_of_discount(gross, discount)
    assert sum(shares) == max(sum(gross) - discount, 0)
    assert all(0 <= share <= price for share, price in zip(shares, gross, strict=True))
