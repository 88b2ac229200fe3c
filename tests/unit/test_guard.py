"""The answer check: every figure of an answer comes from a result, from the user or from the policy."""

import json
import random
from decimal import Decimal

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, HumanMessage, ToolMessage

from evals.answer_check import CAUGHT_GOAL, FALSE_ALARM_GOAL, checked, summed_up
from evals.answers.cases import answers
from graph.figures import Kind, figures, plain
from graph.guard import unsupported

ORDERS = {
    "total": 2,
    "orders": [
        {
            "order": "1203", "status": "shipped", "total": {"minor": 22800, "currency": "EUR"}, "placed_at": "2026-11-19T22:23:00Z",
            "items": [{"title": "Mistral Gooseneck Kettle, Black", "sku": "MST-KTL-BLK", "quantity": 3, "share_bp": 9365}],
            "tracking_number": "CHR526530001203", "days_late": 2,
        },
        {
            "order": "1179", "status": "delivered", "total": {"minor": 13300, "currency": "EUR"}, "placed_at": "2026-11-09T12:47:00Z",
            "items": [{"title": "Marlo Court Sneakers, White, 39", "sku": "MRL-SNK-WHT-39", "quantity": 1, "share_bp": 9800}],
            "tracking_number": "COL336474001179", "days_late": 0,
        },
    ],
}  # fmt: skip
POLICY = """# Returns
- Electronics: 30 days, restocking fee 15 %
- Clothing: 60 days
- Furniture: 14 days, restocking fee 20 %
Return shipping is €5.00."""


def doubts(answer: str, said: str = "hello", data: object = ORDERS) -> list[str]:
    """Check an answer that is given from one result."""
    messages: list[AnyMessage] = [HumanMessage(said), ToolMessage(json.dumps(data), tool_call_id="1")]
    return unsupported(answer, messages, [], POLICY)


def test_nearly_every_planted_error_is_caught_and_hardly_a_right_answer_is_withheld() -> None:
    counted = summed_up(checked())
    assert counted["answers"] == 200
    assert counted["caught"] >= CAUGHT_GOAL
    assert counted["false_alarms"] <= FALSE_ALARM_GOAL


@pytest.mark.parametrize(
    ("written", "kind", "meant"),
    [
        ("€1,248.00", Kind.AMOUNT, Decimal(1248)),
        ("1.248,50 €", Kind.AMOUNT, Decimal("1248.5")),
        ("1\u202f248,50 EUR", Kind.AMOUNT, Decimal("1248.5")),
        ("CHF 1'248.00", Kind.AMOUNT, Decimal(1248)),
        ("**12** euros", Kind.AMOUNT, Decimal(12)),
        ("19,90", Kind.AMOUNT, Decimal("19.9")),
        ("the 3rd of May 2026", Kind.DATE, (2026, 5, 3)),
        ("Nov. 3, 2026", Kind.DATE, (2026, 11, 3)),
        ("03.11.2026", Kind.DATE, (2026, 11, 3)),
        ("2026-11-03T10:00:00Z", Kind.DATE, (2026, 11, 3)),
        ("R-1044", Kind.CODE, "R1044"),
        ("`MST-FLT`", Kind.CODE, "MSTFLT"),
        ("1Z 999 AA1 01 2345 6784", Kind.CODE, "1Z999AA10123456784"),
        ("two weeks", Kind.PERIOD, Decimal(336)),
        ("a 30-day window", Kind.PERIOD, Decimal(720)),
        ("7.5 per cent", Kind.SHARE, Decimal("7.5")),
        ("1,248 orders", Kind.NUMBER, Decimal(1248)),
        ("four lamps", Kind.NUMBER, Decimal(4)),
    ],
)
def test_a_figure_is_read_however_it_is_written(written: str, kind: Kind, meant: object) -> None:
    found = [(figure.kind, figure.values[0]) for figure in figures(plain(f"So it says {written} there."))]
    assert found == [(kind, meant)]


def test_a_range_is_two_figures() -> None:
    assert [figure.values[0] for figure in figures("within 5-7 business days")] == [Decimal(120), Decimal(168)]


@pytest.mark.parametrize(
    "answer",
    [
        "Order 1203 comes to €228.00, order 1179 to 133 euros.",
        "Order 1203 is two days late.",
        "It holds three kettles, 93.7 % of them on time.",
        "Electronics go back within a 30-day window, clothing within 60 days.",
        "€228.00 and €133.00 make €361.00.",
        "There are 2 options:\n1. wait\n2. cancel order 1203 [1]",
        "It was placed on Thursday, 19 November.",
    ],
)
def test_what_results_and_policy_say_passes(answer: str) -> None:
    assert doubts(answer) == []


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        ("Order 1203 comes to $228.00.", "$228.00"),
        ("Both come to €362.00.", "€362.00"),
        ("It was placed on Friday, 19 November.", "Friday, 19 November"),
        ("It holds four kettles.", "four kettles"),
        ("Order 1203 has tracking number CHR52653000120.", "CHR52653000120"),
        ("Send it back within 45 days.", "45 days"),
        ("A fee of 12.5 % applies.", "12.5 %"),
    ],
)
def test_what_nothing_says_is_named(answer: str, doubt: str) -> None:
    assert doubts(answer) == [doubt]


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        ("Order 1203 comes to €133.00.", "€133.00"),
        ("Order 1203 was placed on 9 November.", "9 November"),
        ("Order 1203 travels as COL336474001179.", "COL336474001179"),
        ("Clothing can be sent back for 14 days.", "14 days"),
        ("For electronics the restocking fee is 20 %.", "20 %"),
    ],
)
def test_a_figure_of_something_else_is_named(answer: str, doubt: str) -> None:
    assert doubt in doubts(answer)


def test_a_sum_counts_only_where_its_parts_are_shown() -> None:
    assert doubts("Together they cost €361.00.") == ["€361.00"]


def test_figures_that_the_user_named_may_be_repeated() -> None:
    assert doubts("There is no order 9999, and €77.00 was never paid.", said="refund 77 euros on order 9999") == []
    assert doubts("There is no order 9999.") == ["9999"]


def test_streamed_pieces_are_judged_as_the_whole_text() -> None:
    split = random.Random(7)
    for each in answers():
        whole, message = each.text, AIMessageChunk("")
        while whole:
            length = split.randint(1, 4)
            message, whole = message + AIMessageChunk(whole[:length]), whole[length:]
        claims = unsupported(AIMessage(message.content).text, each.messages, each.evidence, POLICY)
        assert claims == unsupported(each.text, each.messages, each.evidence, POLICY)
