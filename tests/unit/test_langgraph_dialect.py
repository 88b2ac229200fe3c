"""The run log in the words of LangGraph's HTTP API."""

from typing import Any
from uuid import uuid4

import orjson
import pytest

from core.errors import InvalidInput
from core.events import DraftDiscarded, MessageAdded, RouteChosen, RunFailed, RunFinished, RunStarted, TokenDelta, ToolFinished
from server.dialects.langgraph import Seen, Translator, Values, assistant_uuid, parse_seen, stream_modes
from server.sse import Event, Place, parse_place

RUN, THREAD = str(uuid4()), str(uuid4())
HUMAN: dict[str, Any] = {"type": "human", "id": "h1", "content": "Where is order 1042?"}
CALL = {"id": "call_1", "name": "get_order", "args": {"order": "1042"}, "type": "tool_call"}
ASKED: dict[str, Any] = {"type": "ai", "id": f"{RUN}-0", "content": "", "name": "after_sales", "tool_calls": [CALL]}
ANSWER: dict[str, Any] = {"type": "ai", "id": f"{RUN}-1", "content": "It left today.", "name": "after_sales", "tool_calls": []}
STATE = Values({"messages": [HUMAN, ASKED, ANSWER]}, [])


def translator(*modes: str, state: Values = STATE, seen: Seen | None = None) -> Translator:
    async def read() -> Values:
        return state

    return Translator(RUN, THREAD, "ops", frozenset(modes), read, seen)


async def wire(reader: Translator, *log: tuple[str, Event]) -> list[tuple[str, Any, str | None]]:
    """Return what a reader gets, as (event, data, id)."""
    raw = b"".join([await reader.translate(event_id, event) for event_id, event in log])
    found: list[tuple[str, Any, str | None]] = []
    for block in raw.decode().split("\n\n")[:-1]:
        lines = block.split("\n")
        fields = dict(line.split(": ", 1) for line in lines)
        assert [line.split(":")[0] for line in lines] == ["event", "data", "id"][: len(lines)]
        found.append((fields["event"], orjson.loads(fields["data"]), fields.get("id")))
    return found


LOG: list[tuple[str, Event]] = [
    ("1-0", RunStarted(attempt=1)),
    ("2-0", MessageAdded(message=HUMAN)),
    ("2-1", RouteChosen(agent="after_sales", by="rule", confidence=1)),
    ("2-2", MessageAdded(message=ASKED)),
    ("6-0", ToolFinished(call_id="1.0", tool="get_order", status="ok", result={"number": "1042"}, text="Order 1042")),
    ("6-1", TokenDelta(message_id=f"{RUN}-1", text="It left ")),
    ("6-2", TokenDelta(message_id=f"{RUN}-1", text="today.")),
    ("6-3", MessageAdded(message=ANSWER)),
    ("8-0", RunFinished(status="success")),
]


async def test_default_mode_gives_the_state_at_the_start_and_at_the_end():
    names = await wire(translator("values", state=Values({"messages": []}, [])), *LOG)
    assert [(name, event_id) for name, _, event_id in names] == [("values", "2-0"), ("values", "8-0.1"), ("end", "8-0")]
    assert names[0][1] == {"messages": [HUMAN]}
    assert names[2][1] == {"run_id": RUN, "status": "success"}


async def test_tokens_and_the_last_chunk_make_the_whole_answer():
    found = [data for name, data, _ in await wire(translator("messages-tuple"), *LOG) if name == "messages"]
    chunks = [chunk for chunk, _ in found if chunk["id"] == f"{RUN}-1"]
    assert "".join(chunk["content"] for chunk in chunks) == ANSWER["content"]
    assert {chunk["type"] for chunk in chunks} == {"AIMessageChunk"}
    assert chunks[-1]["chunk_position"] == "last"
    assert {(about["langgraph_node"], about["thread_id"]) for chunk, about in found if chunk["type"] != "tool"} == {("agent", THREAD)}


async def test_a_tool_message_answers_the_models_own_call():
    found = [data[0] for name, data, _ in await wire(translator("messages-tuple"), *LOG) if name == "messages"]
    [tool] = [one for one in found if one["type"] == "tool"]
    assert (tool["tool_call_id"], tool["status"], tool["content"]) == ("call_1", "success", '{"number":"1042"}')


async def test_a_resumed_run_finds_the_call_in_the_threads_state():
    done = ToolFinished(call_id="1.0", tool="get_order", status="ok", text="done")
    found = await wire(translator("messages-tuple"), ("2-0", done))
    assert found[0][1][0]["tool_call_id"] == "call_1"


async def test_a_discarded_draft_is_withdrawn_and_the_whole_message_follows():
    log: list[tuple[str, Event]] = [*LOG[5:7], ("6-3", DraftDiscarded(message_id=f"{RUN}-1")), ("7-0", MessageAdded(message=ANSWER))]
    found = [data[0] for _, data, _ in await wire(translator("messages-tuple"), *log)]
    assert [one["type"] for one in found] == ["AIMessageChunk", "AIMessageChunk", "remove", "ai"]


async def test_an_answer_whose_tokens_are_incomplete_is_replaced():
    found = [data[0]["type"] for _, data, _ in await wire(translator("messages-tuple"), LOG[5], LOG[7])]
    assert found[-2:] == ["remove", "ai"]


async def test_an_answer_whose_tokens_the_reader_may_have_from_elsewhere_is_replaced():
    stored: tuple[str, Event] = ("7-0", MessageAdded(message=ANSWER))
    found = [data[0]["type"] for _, data, _ in await wire(translator("messages-tuple", seen=Seen(6, 1)), stored)]
    assert found == ["remove", "ai"]


async def test_custom_carries_every_fact_verbatim_and_no_token():
    found = [(data, event_id) for name, data, event_id in await wire(translator("custom"), *LOG) if name == "custom"]
    facts = [(event, event_id) for event_id, event in LOG if not isinstance(event, TokenDelta)]
    assert [data for data, _ in found] == [event.model_dump(mode="json") for event, _ in facts]


MODES = ("custom", "messages", "messages-tuple", "updates", "values", "tasks", "debug", "events", "checkpoints")


async def test_a_reader_goes_on_after_exactly_the_message_that_came_last():
    whole = await wire(translator(*MODES), *LOG)
    ids = [event_id for _, _, event_id in whole]
    assert None not in ids
    assert len(set(ids)) == len(ids)
    assert {event_id.partition(".")[0] for event_id in ids if event_id} == {event_id for event_id, _ in LOG}
    for place, event_id in enumerate(ids, start=1):
        assert await wire(translator(*MODES, seen=parse_seen(event_id)), *LOG) == whole[place:], event_id


async def test_messages_mode_tells_the_message_so_far():
    found = [(name, data) for name, data, _ in await wire(translator("messages"), *LOG)]
    assert [name for name, _ in found] == [
        "messages/metadata", "messages/complete", "messages/metadata", "messages/complete",
        "messages/metadata", "messages/partial", "messages/partial", "messages/complete", "end",
    ]  # fmt: skip
    assert [data[0]["content"] for name, data in found if name == "messages/partial"] == ["It left ", "It left today."]
    assert found[-2][1] == [ANSWER]


async def test_developers_see_tasks_and_events():
    tasks = [data for name, data, _ in await wire(translator("tasks"), *LOG) if name == "tasks"]
    assert [task["name"] for task in tasks] == ["supervisor", "supervisor", "agent", "agent", "call_tools", "agent", "agent"]
    assert tasks[0]["id"] == tasks[1]["id"]
    assert len({task["id"] for task in tasks}) == 4
    events = [data["event"] for name, data, _ in await wire(translator("events"), *LOG) if name == "events"]
    assert (events[0], events[-1], events.count("on_chat_model_stream")) == ("on_chain_start", "on_chain_end", 2)
    debug = [data for name, data, _ in await wire(translator("debug"), *LOG) if name == "debug"]
    assert [one["payload"] for one in debug] == tasks


async def test_an_interrupt_is_a_success_that_shows_what_it_waits_for():
    waiting: list[dict[str, Any]] = [{"value": {"action_requests": []}, "id": "i1"}]
    state = Values({"messages": [HUMAN]}, waiting)
    found = await wire(translator("values", "updates", state=state), ("9-0", RunFinished(status="interrupted")))
    assert [name for name, _, _ in found] == ["updates", "values", "end"]
    assert found[0][1] == {"__interrupt__": waiting}
    assert found[1][1]["__interrupt__"] == waiting
    assert found[2][1]["status"] == "success"


async def test_a_failure_ends_the_stream_after_the_error():
    reader = translator("values")
    found = await wire(reader, ("3-0", RunFailed(code="internal", message="Try again.")))
    assert [(name, event_id) for name, _, event_id in found] == [("error", "3-0.1"), ("end", "3-0")]
    assert found[0][1] == {"error": "internal", "message": "Try again."}
    assert reader.ended


def test_default_assistants_have_langgraphs_ids():
    assert str(assistant_uuid("agent")) == "fe096781-5601-53d2-b2f6-0d3403f7e9ca"


def test_stream_modes():
    assert stream_modes(None) == {"values"}
    assert stream_modes(["messages-tuple", "events"]) == {"messages-tuple", "events"}
    with pytest.raises(InvalidInput, match="stream_mode"):
        stream_modes("everything")


def test_a_place_counts_announcements_and_sees_a_gap():
    place = Place()
    for event_id, event in LOG[:4]:
        seq, offset = map(int, event_id.split("-"))
        assert not place.missing_before(seq, offset)
        place.take(seq, offset, event)
    assert place.id == "2-2"
    assert not place.missing_before(5, 0)
    assert place.missing_before(6, 0)
    assert place.missing_before(5, 1)
    assert not place.take_stored(3, LOG[2][1])  # type: ignore[arg-type]
    assert place.take_stored(5, LOG[4][1])  # type: ignore[arg-type]


def test_last_event_id():
    assert parse_place(None) == parse_place("-1") == parse_place("") == (0, 0)
    assert parse_place("12-3") == (12, 3)
    assert parse_seen(None) is parse_seen("-1") is parse_seen("") is None
    assert (parse_seen("12-3"), parse_seen("12-3.4"), parse_seen("7")) == (Seen(12, 3), Seen(12, 3, 4), Seen(7))
    for wrong in ("x", "1-x", "-5", "²-0", "9" * 40):
        for parse in (parse_place, parse_seen):
            with pytest.raises(InvalidInput, match="Last-Event-ID"):
                parse(wrong)
