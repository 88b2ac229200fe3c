"""The chain, the breaker and the factory: who answers when somebody does not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolCallChunk
from langchain_core.messages.tool import invalid_tool_call
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import SecretStr

from agents.llm.assembly import Assembly
from agents.llm.breaker import Breakers
from agents.llm.factory import build_models, describe
from agents.llm.resilient import Completion, NamedModel, ResilientModel
from agents.llm.scripted import ScriptedModel, ScriptExhausted
from core.errors import InvalidInput, ModelFailed
from core.settings import LLM, Settings
from tests.support.drafts import DraftLog, FakeTime

ASK = [HumanMessage("Where is order 7?")]


class Flaky(BaseChatModel):
    """A provider's adapter: raises what it is given, in order, after one word; `None` answers."""

    errors: list[Exception | None] = []
    asked: int = 0
    bound: int = 0

    @property
    def _llm_type(self) -> str:
        return "flaky"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Any:
        self.bound += 1
        return self.bind(tools=list(tools))

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        self.asked += 1
        yield ChatGenerationChunk(message=AIMessageChunk(content="word"))
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata={"finish_reason": "stop"}))


def down(times: int = 100) -> Flaky:
    return Flaky(errors=[ConnectionError("down")] * times)


class Bench:
    """A chain under a clock that the test moves."""

    def __init__(self, *chain: NamedModel, retries: int = 0, deadline: float = 60) -> None:
        self.times, self.draft = FakeTime(), DraftLog()
        self.breaker = Breakers(monotonic=self.times.monotonic)
        self.model = ResilientModel(
            chain,
            deadline=deadline,
            max_retries=retries,
            breaker=self.breaker,
            sleep=self.times.sleep,
            monotonic=self.times.monotonic,
            jitter=lambda: 1.0,
        )

    async def ask(self, *tools: dict[str, Any]) -> Completion:
        return await self.model.complete(ASK, tools, self.draft, message_id="m1")

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(ModelFailed):
                await self.ask()


def offline(*answers: str) -> NamedModel:
    return NamedModel("offline", ScriptedModel([AIMessage(answer) for answer in answers]), offline=True)


async def test_the_next_model_answers_and_nothing_of_the_first_is_left():
    bench = Bench(NamedModel("a", down()), NamedModel("b", ScriptedModel([AIMessage("from b")])), retries=1)
    answer = await bench.ask()
    assert (answer.message.content, answer.model, answer.offline, answer.attempts) == ("from b", "b", False, 3)
    assert (bench.draft.shown, bench.draft.discarded) == ("from b", ["word", "word"])


async def test_the_offline_model_answers_last_and_says_so():
    answer = await Bench(NamedModel("a", down()), offline("by hand")).ask()
    assert (answer.message.content, answer.offline) == ("by hand", True)


async def test_the_offline_model_still_answers_when_the_deadline_is_used_up():
    bench = Bench(NamedModel("a", ScriptedModel([AIMessage("late")], delay=5)), offline("by hand"), deadline=0.05)
    assert (await bench.ask()).message.content == "by hand"


async def test_when_all_fail_the_user_reads_each_reason_once():
    bench = Bench(NamedModel("a", down()), NamedModel("b", down()), NamedModel("c", Flaky(errors=[TimeoutError()])))
    with pytest.raises(ModelFailed) as raised:
        await bench.ask()
    assert raised.value.message.count("could not be reached") == 1
    assert "took too long" in raised.value.message
    assert raised.value.__cause__ is not None


async def test_five_failures_in_a_row_open_the_breaker_and_nobody_asks():
    model = down()
    bench = Bench(NamedModel("a", model))
    await bench.fail(5)
    with pytest.raises(ModelFailed, match="down at the moment"):
        await bench.ask()
    assert model.asked == 5


async def test_a_success_starts_the_count_again():
    model = Flaky(errors=[*[ConnectionError()] * 4, None, *[ConnectionError()] * 4, None])
    bench = Bench(NamedModel("a", model))
    await bench.fail(4)
    await bench.ask()
    await bench.fail(4)
    assert (await bench.ask()).message.content == "word"


async def test_after_twenty_seconds_one_probe_decides():
    model = down(6)
    bench = Bench(NamedModel("a", model), retries=0)
    await bench.fail(5)
    bench.times.now += 19.9
    await bench.fail(1)
    assert model.asked == 5
    bench.times.now += 0.1
    await bench.fail(2)
    assert model.asked == 6
    bench.times.now += 20
    await bench.ask()
    await bench.ask()
    assert model.asked == 8


def test_only_one_caller_may_probe():
    times = FakeTime()
    breaker = Breakers(monotonic=times.monotonic)
    for _ in range(5):
        breaker.failed("a")
    times.now += 20
    assert [breaker.allows("a") for _ in range(3)] == [True, False, False]
    assert breaker.allows("b")


async def test_a_breaker_that_opens_during_a_call_ends_its_retries():
    bench = Bench(NamedModel("a", down()), offline("by hand"), retries=10)
    answer = await bench.ask()
    assert (answer.attempts, len(bench.times.slept)) == (6, 4)


async def test_defects_and_exhausted_scripts_are_not_taken_for_an_outage():
    for error in (KeyError("defect"), ScriptExhausted("extra")):
        model = Flaky(errors=[error])
        bench = Bench(NamedModel("a", model), offline("hides it"), retries=3)
        with pytest.raises(type(error)):
            await bench.ask()
        assert (model.asked, bench.draft.shown) == (1, "")


async def test_cancellation_is_not_counted_as_a_failure():
    bench = Bench(NamedModel("a", ScriptedModel([AIMessage("slow words")] * 9, delay=9)))
    for _ in range(6):
        task = asyncio.create_task(bench.ask())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert bench.breaker.allows("a")


async def test_tools_are_bound_once_while_they_are_the_same_objects():
    model = Flaky()
    bench = Bench(NamedModel("a", model))
    tools: list[dict[str, Any]] = [{"type": "function", "function": {"name": "t", "parameters": {}}}]
    for offered in (tools, tools, [dict(tools[0])], []):
        await bench.ask(*offered)
    assert model.bound == 2


def test_calls_without_an_index_or_with_the_same_one_are_told_apart():
    assembly = Assembly()
    for index, call_id in ((None, "x"), (None, "y"), (0, "v"), (0, "w")):
        assembly.add(AIMessageChunk(content="", tool_call_chunks=[ToolCallChunk(name="t", args='{"a":', id=call_id, index=index)]))
        assembly.add(AIMessageChunk(content="", tool_call_chunks=[ToolCallChunk(name=None, args="1}", id=None, index=index)]))
    assert [(call["id"], call["args"]) for call in assembly.message("m1").tool_calls] == [(i, {"a": 1}) for i in "xyvw"]


def test_the_whole_message_of_a_model_that_does_not_stream_is_taken():
    calls = [{"name": "t", "args": {"a": n}, "id": None} for n in (1, 2)]
    broken = invalid_tool_call(name="t", args="{", id="b", error=None)
    assembly = Assembly()
    assert assembly.add(AIMessage("hi", tool_calls=calls, invalid_tool_calls=[broken])) == "hi"
    message = assembly.message("m1")
    assert [call["args"] for call in message.tool_calls] == [{"a": 1}, {"a": 2}]
    assert [call["args"] for call in message.invalid_tool_calls] == ["{"]


def test_repeated_names_totals_and_finish_reasons_are_not_added_up():
    assembly = Assembly()
    for total in (3, 5):
        usage: Any = {"input_tokens": 1, "output_tokens": total - 1, "total_tokens": total}
        chunk = ToolCallChunk(name="t", args="", id="", index=0)
        assembly.add(
            AIMessageChunk(content="", tool_call_chunks=[chunk], usage_metadata=usage, response_metadata={"finish_reason": "stop"})
        )
    message = assembly.message("m1")
    assert (message.tool_calls[0]["name"], message.tool_calls[0]["id"]) == ("t", "m1-0")
    assert message.usage_metadata is not None
    assert message.usage_metadata["total_tokens"] == 5
    assert message.response_metadata["finish_reason"] == "stop"


def settings(**llm: Any) -> Settings:
    return Settings(llm=LLM(**llm), openai_api_key=None, openai_base_url=None)


def never() -> BaseChatModel:
    raise AssertionError("the offline model is not needed")


async def test_nothing_configured_means_offline_in_both_tiers():
    built = build_models(settings(), offline=lambda: ScriptedModel([AIMessage("hi")]))
    assert (built.description, built.is_offline, built.router) == ("offline model", True, built.worker)
    assert (await built.worker.complete(ASK, [], DraftLog(), message_id="m1")).offline


async def test_a_script_file_answers_and_the_fallback_is_only_built_when_wanted(tmp_path: Path):
    path = tmp_path / "script.json"
    path.write_text('[{"content": "played"}]')
    built = build_models(settings(model=f"scripted:{path}", fallback_offline=False), offline=never)
    assert (await built.worker.complete(ASK, [], DraftLog(), message_id="m1")).message.content == "played"
    assert (built.is_offline, built.description) == (False, f"scripted:{path}")


async def test_a_provider_that_is_down_falls_back_to_offline_only_if_allowed():
    chosen: dict[str, Any] = {"model": "openai:m", "base_url": "http://127.0.0.1:9/v1", "max_retries": 0}
    built = build_models(settings(**chosen), offline=lambda: ScriptedModel([AIMessage("by hand")]))
    assert (await built.worker.complete(ASK, [], DraftLog(), message_id="m1")).offline
    strict = build_models(settings(**chosen, fallback_offline=False), offline=never)
    with pytest.raises(ModelFailed):
        await strict.worker.complete(ASK, [], DraftLog(), message_id="m1")


def test_the_router_may_have_a_model_of_its_own():
    built = build_models(settings(model="openai:big", router_model="openai:small", api_key=SecretStr("k")), offline=ScriptedModel)
    assert built.router is not built.worker
    assert built.description == "openai:big"


@pytest.mark.parametrize("spec", ["gpt-5", "anthropic:claude", "openai:", "scripted:", "offline:x", "scripted:/nowhere.json", ""])
def test_a_wrong_model_setting_is_named_with_the_allowed_forms(spec: str):
    with pytest.raises(InvalidInput, match="STOREHAND_LLM__ROUTER_MODEL: .*scripted:"):
        build_models(settings(model="offline", router_model=spec or "nonsense"), offline=ScriptedModel)
    if spec:
        with pytest.raises(InvalidInput, match="STOREHAND_LLM__MODEL: "):
            build_models(settings(model=spec), offline=ScriptedModel)


def test_the_description_shows_the_server_but_no_credentials():
    assert describe("openai:m", "http://user:pass@host:1/v1?key=k") == "openai:m at http://host:1/v1"
