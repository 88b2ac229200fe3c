"""A stream that is read lean says the same as the library's own, however the network cuts it."""

import itertools

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.lean import Events, plain_text

SAID = ["one", "", "two words", "drei\n", "{", '"quoted"', "é 🎧"]
WIRE = b"".join(b"data: " + orjson.dumps({"said": text}) + b"\n\n" for text in SAID)


def event(delta: object, **choice: object) -> dict[str, object]:
    return {"id": "1", "choices": [{"index": 0, "delta": delta, **choice}]}


@given(st.lists(st.integers(0, len(WIRE)), max_size=20), st.sampled_from([b"\n", b"\r\n"]))
def test_events_are_the_same_however_they_are_cut(cuts: list[int], ending: bytes) -> None:
    wire = WIRE.replace(b"\n", ending)
    places = sorted({0, len(wire), *(cut * len(wire) // len(WIRE) for cut in cuts)})
    events, found = Events(), list[bytes]()
    for begin, end in itertools.pairwise(places):
        found += events.feed(wire[begin:end])
    assert [orjson.loads(data)["said"] for data in found] == SAID


def test_comments_names_and_data_of_several_lines_are_read() -> None:
    events = Events()
    assert list(events.feed(b": ping\n\nevent: x\nid: 1\ndata: {\ndata:}\n\n")) == [b"{\n}"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (event({"content": "hello"}), "hello"),
        (event({"role": "assistant", "content": ""}), ""),
        (event({"content": "hi", "tool_calls": None}), "hi"),
        (event({"content": None}), None),
        (event({"content": "hi"}, finish_reason="stop"), None),
        (event({"content": "hi"}, logprobs={"content": []}), None),
        (event({"tool_calls": [{"index": 0}]}), None),
        (event({"content": "hi", "refusal": "no"}), None),
        (event(None), None),
        ({"choices": [], "usage": {"total_tokens": 3}}, None),
        ({"error": {"message": "busy"}}, None),
        ({}, None),
    ],
)
def test_only_plain_text_takes_the_short_way(body: dict[str, object], text: str | None) -> None:
    assert plain_text(body) == text
