"""Runs over ChatOpenAI and a real socket: what providers do, well and badly, and what a person gets in spite of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from core.events import DraftDiscarded, TokenDelta
from core.identity import Principal
from core.settings import Budget, Settings
from server import sse
from server.wiring import Runtime, open_runtime
from server.worker.loop import Worker
from store.embedded import Endpoints
from tests.support.chat_reply import Reply, calls, fails, text
from tests.support.chat_server import ChatServer
from tests.support.talk import Talk, Turn, one

ASK = "Where is order 1042?"


@pytest.fixture
def provider() -> Iterator[ChatServer]:
    with ChatServer() as server:
        yield server


@asynccontextmanager
async def asking(settings: Settings, endpoints: Endpoints, base_url: str, **llm: Any) -> AsyncIterator[Runtime]:
    """A runtime whose models are asked at `base_url`."""
    wanted = {"model": "openai:test-model", "base_url": base_url, "api_key": SecretStr("test-key"), "max_retries": 2, **llm}
    configured = settings.model_copy(update={"llm": settings.llm.model_copy(update=wanted)})
    async with open_runtime(configured, endpoints, demo=True) as runtime:
        yield runtime


@pytest.fixture
async def shop(settings: Settings, demo_db: Endpoints, provider: ChatServer) -> AsyncIterator[Runtime]:
    """A runtime that asks the test's provider."""
    async with asking(settings, demo_db, provider.base_url) as runtime:
        yield runtime


async def told(runtime: Runtime, who: Principal, words: str = ASK) -> tuple[Turn, list[Any]]:
    """Say something; return the turn and what a live reader saw."""
    talk = await Talk.open(runtime, who)
    run = await talk.queue(words)
    reader = asyncio.create_task(_read(runtime, who, run.id))
    await Worker(runtime).drain()
    return await talk.turn(run.id), await asyncio.wait_for(reader, 20)


async def _read(runtime: Runtime, who: Principal, run_id: Any) -> list[Any]:
    return [event async for _, event in sse.follow(runtime, who, run_id, None)]


def heard(live: list[Any]) -> str:
    """Return the answer as a reader has it at the end: tokens of the last message, without those that were taken back."""
    drafts: dict[str, str] = {}
    for event in live:
        if isinstance(event, TokenDelta):
            drafts[event.message_id] = drafts.get(event.message_id, "") + event.text
        elif isinstance(event, DraftDiscarded):
            drafts.pop(event.message_id, None)
    return list(drafts.values())[-1] if drafts else ""


def tool_messages(provider: ChatServer, request: int = -1) -> list[str]:
    return [message["content"] for message in provider.chats[request]["messages"] if message["role"] == "tool"]


async def test_a_streamed_call_looks_up_a_real_order_and_the_answer_comes_as_tokens(
    shop: Runtime, provider: ChatServer, merchant: Principal
):
    provider.queue(calls(("get_order", {"order": "1042"})), text("Order 1042 is on hold."))
    turn, live = await told(shop, merchant)
    assert (turn.run.status, turn.tools, turn.answer) == ("success", [("get_order", "ok")], "Order 1042 is on hold.")
    assert "1042" in tool_messages(provider)[0]
    assert any(isinstance(event, TokenDelta) for event in live)
    assert heard(live) == turn.answer
    assert provider.pending == 0


async def test_parallel_calls_all_run_and_each_gets_its_own_result(shop: Runtime, provider: ChatServer, merchant: Principal):
    provider.queue(calls(("get_order", {"order": "1042"}), ("get_order", {"order": "1017"})), text("Both looked up."))
    turn, _ = await told(shop, merchant)
    assert turn.tools == [("get_order", "ok")] * 2
    first, second = tool_messages(provider)
    assert '"1042"' in first
    assert '"1017"' in second


async def test_tokens_of_all_calls_are_summed(shop: Runtime, provider: ChatServer, merchant: Principal):
    call = calls(("get_order", {"order": "1042"}))
    provider.queue(Reply(calls=call.calls, finish="tool_calls", usage=(100, 20)), text("On hold.", usage=(200, 5)))
    turn, _ = await told(shop, merchant)
    assert (turn.end.model_calls, turn.end.tool_calls, turn.end.input_tokens, turn.end.output_tokens) == (2, 1, 300, 25)


async def test_broken_arguments_and_unknown_tools_are_told_to_the_model_which_recovers(
    shop: Runtime, provider: ChatServer, merchant: Principal
):
    provider.queue(
        calls(("get_order", '{"order": "10')),
        calls(("drop_all_tables", {"sure": True})),
        calls(("get_order", {"order": "1042", "tenant_id": "x"})),
        calls(("get_order", {"order": "1042"})),
        text("Order 1042 is on hold."),
    )
    turn, _ = await told(shop, merchant)
    assert (turn.run.status, turn.answer) == ("success", "Order 1042 is on hold.")
    broken, unknown, extra, good = tool_messages(provider)
    assert "invalid_arguments" in broken
    assert "unknown_tool" in unknown
    assert "tenant_id" in extra
    assert '"1042"' in good


async def test_a_model_that_repeats_itself_for_ever_is_stopped_with_an_honest_answer(
    shop: Runtime, provider: ChatServer, merchant: Principal
):
    provider.handler = lambda _: calls(("get_order", {"order": "1042"}))
    turn, _ = await told(shop, merchant)
    budget = Budget()
    assert (turn.run.status, turn.end.model_calls, turn.end.tool_calls) == ("success", budget.model_calls, 1)
    assert "repeated_call" in tool_messages(provider)[-1]
    assert "more steps than one turn allows" in turn.answer


async def test_a_model_that_calls_ever_new_things_is_stopped_too(shop: Runtime, provider: ChatServer, merchant: Principal):
    numbers = iter(range(1001, 1200))
    provider.handler = lambda _: calls(*(("get_order", {"order": str(next(numbers))}) for _ in range(5)))
    turn, _ = await told(shop, merchant)
    assert (turn.run.status, turn.end.tool_calls) == ("success", Budget().tool_calls)
    assert "more steps than one turn allows" in turn.answer


async def test_a_busy_provider_is_asked_again_when_it_said(shop: Runtime, provider: ChatServer, merchant: Principal):
    provider.queue(fails(429, headers={"retry-after": "0.2"}), text("Hello, how can I help?"))
    turn, live = await told(shop, merchant, "hello")
    assert (turn.run.status, turn.answer, heard(live)) == ("success", "Hello, how can I help?", "Hello, how can I help?")


async def test_a_provider_that_stays_broken_is_replaced_by_the_offline_model_which_says_so(
    shop: Runtime, provider: ChatServer, merchant: Principal
):
    provider.handler = lambda _: fails(500)
    turn, live = await told(shop, merchant)
    assert turn.run.status == "success"
    assert "1042" in turn.answer
    assert "offline" in turn.answer.lower()
    assert heard(live) == turn.answer


async def test_an_answer_that_broke_off_is_taken_back_and_given_whole(shop: Runtime, provider: ChatServer, merchant: Principal):
    whole = "I can look up orders, parcels and returns for you."
    provider.queue(text(whole).cuts(5), text(whole))
    turn, live = await told(shop, merchant, "hello")
    kinds = [event.type for event in live]
    assert "draft.discarded" in kinds
    assert "token" in kinds[: kinds.index("draft.discarded")]
    assert (turn.answer, heard(live)) == (whole, whole)


async def test_an_invented_amount_is_taken_back_and_withheld(shop: Runtime, provider: ChatServer, merchant: Principal):
    provider.queue(calls(("get_order", {"order": "1042"})), text("They owe us EUR 77,777.77."), text("It is EUR 88,888.88 then."))
    turn, live = await told(shop, merchant)
    assert "could not verify" in turn.answer
    assert [fact.action for fact in turn.facts if fact.type == "answer.checked"] == ["regenerated", "withheld"]
    assert "77" not in heard(live)
    assert "88" not in heard(live)


async def test_without_a_provider_from_the_start_the_offline_model_answers(settings: Settings, demo_db: Endpoints, merchant: Principal):
    async with asking(settings, demo_db, "http://127.0.0.1:9/v1", max_retries=0) as runtime:
        turn, _ = await told(runtime, merchant)
    assert turn.run.status == "success"
    assert "1042" in turn.answer
    assert "offline" in turn.answer.lower()


async def test_a_provider_that_goes_away_in_the_middle_of_a_run_leaves_an_answer(
    settings: Settings, demo_db: Endpoints, merchant: Principal
):
    with ChatServer() as provider:
        provider.queue(calls(("get_order", {"order": "1042"})))
        provider.handler = lambda _: fails(503)
        async with asking(settings, demo_db, provider.base_url, max_retries=0) as runtime:
            turn, _ = await told(runtime, merchant)
            assert (turn.run.status, turn.tools[0]) == ("success", ("get_order", "ok"))
            assert "1042" in turn.answer
            assert await one(runtime, merchant, "SELECT count(*) FROM runs WHERE status <> 'success'") == 0


async def test_where_no_fallback_is_wanted_a_broken_provider_is_an_error_that_a_user_may_read(
    settings: Settings, demo_db: Endpoints, provider: ChatServer, merchant: Principal
):
    provider.handler = lambda _: fails(401, message="Incorrect API key provided: test-key")
    async with asking(settings, demo_db, provider.base_url, fallback_offline=False) as runtime:
        turn, _ = await told(runtime, merchant, "hello")
    assert (turn.run.status, turn.end.type, turn.end.code) == ("error", "run.failed", "model_failed")
    assert "test-key" not in turn.end.message
