"""ChatOpenAI as we build it, against a real socket that speaks the Chat Completions protocol."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import SecretStr

from agents.llm.breaker import Breakers
from agents.llm.openai import OPENAI_URL, build_openai, close_openai
from agents.llm.resilient import Completion, NamedModel, ResilientModel
from core.errors import InvalidInput, ModelFailed
from core.settings import LLM, Settings
from tests.support.chat_reply import Reply, breaks, calls, fails, hangs, sends, text
from tests.support.chat_server import ChatServer
from tests.support.drafts import DraftLog, FakeTime

KEY = "sk-test-0123456789abcdef"
ASK = [SystemMessage("Be brief."), HumanMessage("Where is order 7?")]
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def tool(name: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]}
    return {"type": "function", "function": {"name": name, "description": f"{name} by number.", "parameters": parameters}}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


@pytest.fixture
def draft() -> DraftLog:
    return DraftLog()


@pytest.fixture
def times() -> FakeTime:
    return FakeTime()


Build = Callable[..., ResilientModel]


@pytest.fixture
async def build(server: ChatServer, times: FakeTime) -> AsyncIterator[Build]:
    built: list[ResilientModel] = []

    def make(name: str = "test-model", *, deadline: float = 60, retries: int = 3, **wanted: Any) -> ResilientModel:
        wanted.setdefault("base_url", server.base_url)
        chain = [NamedModel(f"openai:{name}", build_openai(name, settings(**wanted)))]
        model = ResilientModel(
            chain,
            deadline=deadline,
            max_retries=retries,
            breaker=Breakers(monotonic=times.monotonic),
            sleep=times.sleep,
            monotonic=times.monotonic,
            jitter=lambda: 1.0,
            clock=lambda: NOON,
        )
        built.append(model)
        return model

    yield make
    for model in built:
        await model.aclose()


def settings(base_url: str, *, key: str | None = KEY, timeout: float = 5) -> Settings:
    llm = LLM(base_url=base_url, api_key=SecretStr(key) if key else None, request_timeout=timeout)
    return Settings(llm=llm, openai_api_key=None)


async def ask(model: ResilientModel, draft: DraftLog, *tools: dict[str, Any]) -> Completion:
    return await model.complete(ASK, tools, draft, message_id="msg_1")


async def test_text_arrives_token_by_token_under_our_id(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(text("It left the warehouse yesterday.", usage=(21, 5)))
    answer = await ask(build(), draft)
    assert (answer.message.content, answer.message.id) == ("It left the warehouse yesterday.", "msg_1")
    assert type(answer.message) is AIMessage
    assert (draft.shown, draft.pieces, draft.discarded) == (answer.message.content, 5, [])
    assert answer.message.usage_metadata is not None
    assert (answer.message.usage_metadata["input_tokens"], answer.message.usage_metadata["output_tokens"]) == (21, 5)
    assert answer.message.response_metadata["finish_reason"] == "stop"
    assert (answer.model, answer.offline, answer.attempts) == ("openai:test-model", False, 1)


async def test_request_uses_chat_completions_with_stream_usage_and_key(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(text("ok"))
    await ask(build(), draft, tool("find_order"))
    [received] = server.requests
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.body["stream_options"] == {"include_usage": True}
    assert received.body["tools"] == [tool("find_order")]
    assert "temperature" not in received.body


async def test_missing_key_with_a_base_url_sends_a_placeholder(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(text("ok"))
    await ask(build(key=None), draft)
    assert server.requests[0].headers["authorization"] == "Bearer no-key"


async def test_models_that_prefer_the_responses_api_still_use_chat_completions(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(text("ok"))
    await ask(build("gpt-6"), draft, tool("find_order"))
    assert server.requests[0].path == "/v1/chat/completions"


def test_without_key_and_base_url_the_message_names_the_settings():
    with pytest.raises(InvalidInput, match="STOREHAND_LLM__API_KEY"):
        build_openai("gpt-5-mini", Settings(llm=LLM(), openai_api_key=None, openai_base_url=None))


def test_the_environment_cannot_redirect_the_default_provider(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_BASE", "http://elsewhere.invalid/v1")
    model: Any = build_openai("gpt-5-mini", Settings(llm=LLM(api_key=SecretStr(KEY)), openai_base_url=None))
    assert str(model.root_async_client.base_url).rstrip("/") == OPENAI_URL
    assert KEY not in repr(model)


async def test_tool_calls_split_over_chunks_are_whole(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(calls(("find_order", {"order": 1042, "note": 'a "quoted" word, ünïcode'}), content="Let me look."))
    answer = await ask(build(), draft, tool("find_order"))
    [call] = answer.message.tool_calls
    assert (call["name"], call["args"]) == ("find_order", {"order": 1042, "note": 'a "quoted" word, ünïcode'})
    assert (call["id"], draft.shown) == ("call_find_order_0", "Let me look.")
    assert answer.message.response_metadata["finish_reason"] == "tool_calls"


async def test_parallel_calls_interleaved_by_index_do_not_mix(server: ChatServer, build: Build, draft: DraftLog):
    wanted = [("find_order", {"order": n, "pad": "x" * (n % 40)}) for n in (7, 1042, 99)]
    server.queue(calls(*wanted))
    answer = await ask(build(), draft, tool("find_order"))
    assert [(call["name"], call["args"]) for call in answer.message.tool_calls] == wanted
    assert len({call["id"] for call in answer.message.tool_calls}) == 3


@pytest.mark.parametrize("raw", ['{"order": 12', '{"order": 12}}', "[12]", '{"order": NaN}', '"12"', "[" * 5_000])
async def test_malformed_arguments_stay_invalid_and_are_never_repaired(server: ChatServer, build: Build, draft: DraftLog, raw: str):
    server.queue(calls(("find_order", raw), ("find_order", {"order": 1})))
    answer = await ask(build(), draft, tool("find_order"))
    [broken] = answer.message.invalid_tool_calls
    assert (broken["name"], broken["args"], broken["id"]) == ("find_order", raw, "call_find_order_0")
    assert broken["error"]
    assert [call["args"] for call in answer.message.tool_calls] == [{"order": 1}]


async def test_a_call_without_arguments_is_valid(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(calls(("list_orders", "")))
    assert (await ask(build(), draft, tool("list_orders"))).message.tool_calls[0]["args"] == {}


async def test_an_unknown_tool_reaches_the_caller_as_called(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(calls(("drop_database", {"sure": True})))
    assert (await ask(build(), draft, tool("find_order"))).message.tool_calls[0]["name"] == "drop_database"


async def test_an_answered_call_round_trips_to_the_provider(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(calls(("find_order", {"order": 7}), ("find_order", '{"order": ')), text("It left."))
    model = build()
    first = (await ask(model, draft, tool("find_order"))).message
    results = [ToolMessage("found", tool_call_id=str(call["id"])) for call in (*first.tool_calls, *first.invalid_tool_calls)]
    answer = await model.complete([*ASK, first, *results], [tool("find_order")], draft, message_id="msg_2")
    assert answer.message.content == "It left."
    assert [call["function"]["name"] for call in server.chats[1]["messages"][2]["tool_calls"]] == ["find_order", "find_order"]


@pytest.mark.parametrize(
    "bad",
    [
        text("one two three four").cuts(3),
        text("one two three four").cuts(3, "quiet"),
        breaks(after="one two"),
        text("one two three four").cuts(0),
        sends("<html>Sign in to the network</html>"),
        sends("data: {oops\n\n", content_type="text/event-stream"),
        fails(500),
        fails(503),
        fails(408),
        fails(409),
        fails(429),
    ],
    ids=["socket-closed", "no-finish-reason", "error-event", "no-chunk", "web-page", "bad-json", "500", "503", "408", "409", "429"],
)
async def test_a_broken_attempt_is_discarded_and_asked_again(
    server: ChatServer, build: Build, times: FakeTime, draft: DraftLog, bad: Reply
):
    server.queue(bad, text("whole answer"))
    answer = await ask(build(), draft)
    assert (answer.message.content, draft.shown, answer.attempts) == ("whole answer", "whole answer", 2)
    assert len(server.chats) == 2
    assert times.slept == [0.5]


async def test_partial_tool_calls_are_not_joined_over_attempts(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(calls(("find_order", {"order": 12345678})).cuts(3), calls(("find_order", {"order": 7})))
    answer = await ask(build(), draft, tool("find_order"))
    assert [call["args"] for call in answer.message.tool_calls] == [{"order": 7}]
    assert answer.message.invalid_tool_calls == []


async def test_the_draft_is_taken_back_before_the_next_attempt(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(text("one two three four").cuts(3), text("five"))
    await ask(build(), draft)
    assert (draft.discarded, draft.shown) == (["one two"], "five")


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": format_datetime(NOON + timedelta(seconds=9), usegmt=True)}, 9.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": format_datetime(NOON - timedelta(seconds=9), usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, 0.5),
        ({"retry-after": "nan"}, 0.5),
    ],
)
async def test_retry_after_is_honoured(server: ChatServer, build: Build, times: FakeTime, draft: DraftLog, headers: Any, wait: float):
    server.queue(fails(429, headers=headers), text("ok"))
    await ask(build(), draft)
    assert times.slept == [wait]


async def test_a_retry_after_beyond_the_deadline_fails_at_once(server: ChatServer, build: Build, times: FakeTime, draft: DraftLog):
    server.queue(fails(429, headers={"retry-after": "3600"}))
    with pytest.raises(ModelFailed, match="busy"):
        await ask(build(), draft)
    assert times.slept == []


async def test_waits_double_until_the_retries_are_used_up(server: ChatServer, build: Build, times: FakeTime, draft: DraftLog):
    server.queue(*[fails(500)] * 4)
    with pytest.raises(ModelFailed, match=r"having trouble \(500\)"):
        await ask(build(), draft)
    assert (times.slept, len(server.chats)) == ([0.5, 1.0, 2.0], 4)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (fails(401, message=f"Incorrect API key provided: {KEY}"), "STOREHAND_LLM__API_KEY"),
        (fails(403, message=f"{KEY} may not"), "STOREHAND_LLM__API_KEY"),
        (fails(404), "STOREHAND_LLM__MODEL"),
        (fails(400), "rejected the request"),
        (fails(422), "rejected the request"),
        (fails(400, message="too many tokens", code="context_length_exceeded"), "rejected the request|too long"),
        (fails(429, code="insufficient_quota"), "quota"),
    ],
)
async def test_final_errors_are_not_retried_and_name_the_fix_without_the_key(
    server: ChatServer, build: Build, times: FakeTime, draft: DraftLog, capsys: pytest.CaptureFixture[str], reply: Reply, told: str
):
    server.queue(reply)
    with pytest.raises(ModelFailed, match=told) as raised:
        await ask(build(), draft)
    assert (len(server.chats), times.slept) == (1, [])
    told_and_logged = "".join([raised.value.message, repr(raised.value.__cause__), *capsys.readouterr()])
    assert KEY not in told_and_logged
    assert "127.0.0.1" not in raised.value.message


async def test_a_wrong_key_is_named_every_time_and_never_hidden_by_the_breaker(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(*[fails(401)] * 7)
    model = build()
    for _ in range(7):
        with pytest.raises(ModelFailed, match="STOREHAND_LLM__API_KEY"):
            await ask(model, draft)


async def test_a_silent_provider_costs_one_request_timeout_an_attempt(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(hangs(), text("ok"))
    started = time.monotonic()
    assert (await ask(build(timeout=0.2), draft)).attempts == 2
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("reply", [hangs(), text("w " * 100).slowly(0.05)], ids=["hang", "trickle"])
async def test_the_deadline_ends_the_call_however_it_is_spent(server: ChatServer, build: Build, draft: DraftLog, reply: Reply):
    server.queue(*[reply] * 4)
    started = time.monotonic()
    with pytest.raises(ModelFailed, match="too long"):
        await ask(build(deadline=0.4), draft)
    assert 0.3 < time.monotonic() - started < 3
    assert draft.shown == ""


async def test_cancelling_passes_through_and_asks_nobody_again(server: ChatServer, build: Build, draft: DraftLog):
    server.queue(text("w " * 100).slowly(0.05), text("never"))
    task = asyncio.create_task(ask(build(), draft))
    await asyncio.wait_for(draft.started.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(server.chats), server.pending, draft.discarded) == (1, 1, [])


async def test_an_unreachable_provider_is_a_model_failure(server: ChatServer, build: Build, times: FakeTime, draft: DraftLog):
    with ChatServer() as stopped:
        model = build(base_url=stopped.base_url, retries=1)
    with pytest.raises(ModelFailed, match="could not be reached"):
        await ask(model, draft)
    assert len(times.slept) == 1


def test_models_built_alike_share_no_connection_between_event_loops(server: ChatServer):
    async def say() -> str:
        model = build_openai("test-model", settings(server.base_url))
        answer = await model.ainvoke(ASK)
        await close_openai(model)
        return answer.text

    server.queue(text("one"), text("two"))
    assert [asyncio.run(say()) for _ in range(2)] == ["one", "two"]


async def test_the_server_answers_embeddings_and_models_as_the_sdk_expects(server: ChatServer):
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=server.base_url, api_key=KEY) as client:
        first, second, third = (await client.embeddings.create(model="e", input=["red shoe", "red shoes shoe", "invoice"])).data
        near = sum(a * b for a, b in zip(first.embedding, second.embedding, strict=True))
        assert near > sum(a * b for a, b in zip(first.embedding, third.embedding, strict=True))
        assert [model.id async for model in client.models.list()] == ["test-model"]
        server.queue(calls(("find_order", {"order": 7})))
        plain = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        assert plain.choices[0].finish_reason == "tool_calls"


async def test_the_server_refuses_a_dangling_tool_call_as_openai_does(build: Build, draft: DraftLog):
    dangling = AIMessage("", tool_calls=[{"name": "find_order", "args": {}, "id": "c1"}])
    with pytest.raises(ModelFailed, match="rejected") as raised:
        await build().complete([*ASK, dangling, HumanMessage("well?")], [], draft, message_id="m")
    assert "did not have response messages" in str(raised.value.__cause__)


def test_reading_settings_and_building_offline_imports_no_provider_library():
    code = "import sys, agents.llm.factory; print([m for m in ('openai', 'langchain_openai') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
