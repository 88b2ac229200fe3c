"""The scripted model: a queue that behaves like a streaming provider."""

import json
import time
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import invalid_tool_call

from agents.llm.assembly import Assembly
from agents.llm.scripted import ScriptedModel, ScriptExhausted

ASK = [HumanMessage("Where is order 7?")]
TOOL = {"type": "function", "function": {"name": "find_order", "description": "Find it.", "parameters": {"type": "object"}}}


async def streamed(model: ScriptedModel) -> tuple[AIMessage, list[str]]:
    assembly = Assembly()
    words = [assembly.add(chunk) async for chunk in model.bind_tools([TOOL]).astream(ASK)]
    assert assembly.finished
    return assembly.message("m1"), [word for word in words if word]


async def test_answers_come_in_order_and_every_one_must_be_asked_for():
    model = ScriptedModel([AIMessage("one"), AIMessage("two")])
    assert (await model.ainvoke(ASK)).content == "one"
    with pytest.raises(AssertionError, match="1 answers left after 1 calls"):
        model.assert_done()
    assert (await model.ainvoke(ASK)).content == "two"
    model.assert_done()


async def test_an_extra_call_fails_loudly_and_says_what_was_asked():
    with pytest.raises(ScriptExhausted, match="after 0 calls.*Where is order 7"):
        await ScriptedModel().ainvoke(ASK)
    with pytest.raises(ScriptExhausted):
        await streamed(ScriptedModel())


@pytest.mark.parametrize("content", ["It left  yesterday.\n\nBye! ", "", "  ", "one"])
async def test_streamed_words_join_to_the_exact_text(content: str):
    message, words = await streamed(ScriptedModel([AIMessage(content)]))
    assert "".join(words) == message.content == content
    assert message.response_metadata["finish_reason"] == "stop"


async def test_streamed_calls_are_split_and_come_together_again():
    calls = [{"name": "find_order", "args": {"order": n}, "id": None, "type": "tool_call"} for n in (7, 8)]
    message, _ = await streamed(ScriptedModel([AIMessage("", tool_calls=calls)]))
    assert [call["args"] for call in message.tool_calls] == [{"order": 7}, {"order": 8}]
    assert [call["id"] for call in message.tool_calls] == ["call_1_0", "call_1_1"]
    assert message.response_metadata["finish_reason"] == "tool_calls"


async def test_broken_arguments_can_be_scripted():
    broken = invalid_tool_call(name="find_order", args='{"order": ', id="c9", error=None)
    message, _ = await streamed(ScriptedModel([AIMessage("", invalid_tool_calls=[broken])]))
    assert (message.tool_calls, message.invalid_tool_calls[0]["args"]) == ([], '{"order": ')


async def test_usage_is_reported_and_a_scripted_figure_wins():
    own = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
    first, _ = await streamed(ScriptedModel([AIMessage("three short words")]))
    second, _ = await streamed(ScriptedModel([AIMessage("hi", usage_metadata=own)]))
    assert first.usage_metadata is not None
    assert first.usage_metadata["output_tokens"] == 3
    assert second.usage_metadata == own


async def test_a_function_sees_the_messages_and_the_call_is_recorded():
    def shout(messages: list[BaseMessage]) -> AIMessage:
        return AIMessage(messages[-1].text.upper())

    model = ScriptedModel([shout])
    message, _ = await streamed(model)
    assert message.content == "WHERE IS ORDER 7?"
    assert (model.asked[0].messages, model.asked[0].tools) == (ASK, ["find_order"])


async def test_a_script_file_is_played(tmp_path: Path):
    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"tool_calls": [{"name": "find_order", "args": {"order": 7}}]}, {"content": "It left."}]))
    model = ScriptedModel.from_file(path)
    first, second = await model.ainvoke(ASK), await model.ainvoke(ASK)
    assert (first.tool_calls[0]["args"], second.content) == ({"order": 7}, "It left.")
    model.assert_done()


async def test_delay_is_paid_for_each_token():
    started = time.monotonic()
    await streamed(ScriptedModel([AIMessage("a b c d")], delay=0.02))
    assert time.monotonic() - started >= 0.08


def test_sync_and_structured_callers_are_served_too():
    answer = AIMessage("", tool_calls=[{"name": "Route", "args": {"agent": "sales"}, "id": "r"}])
    schema = {"title": "Route", "description": "Where to.", "type": "object", "properties": {"agent": {"type": "string"}}}
    assert ScriptedModel([answer]).with_structured_output(schema).invoke(ASK) == {"agent": "sales"}
    assert isinstance(next(iter(ScriptedModel([AIMessage("hi")]).stream(ASK))), AIMessageChunk | AIMessage)
