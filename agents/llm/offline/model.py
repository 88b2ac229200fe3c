"""The offline planner behind LangChain's chat model interface."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import orjson
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall, ToolCallChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from agents.llm.offline import forced
from agents.llm.offline.answer import write
from agents.llm.offline.context import Turn, read
from agents.llm.offline.goals import Call, Plan
from agents.llm.offline.offer import CONTROL
from agents.llm.offline.plan import Planner
from agents.llm.offline.tongues import decline
from agents.llm.offline.understand import Act, Offer
from agents.routing.languages import language_of
from agents.routing.words import clean
from tools.registry import Toolbox

_PIECE = re.compile(r"\s*\S+|\s+$")
_OFFERS_KEPT = 64
_LETTERS_A_TOKEN = 4


class OfflineModel(BaseChatModel):
    """Plans from the messages and the offered tools alone; the same messages and tools give the same answer."""

    delay: float = 0.0
    """Seconds before each streamed piece."""
    _toolbox: Toolbox = PrivateAttr()
    _offers: dict[bytes, Offer] = PrivateAttr(default_factory=dict[bytes, Offer])

    def __init__(self, toolbox: Toolbox, delay: float = 0.0) -> None:
        """Take the tools whose examples and results this model understands; which of them it may call is bound later."""
        super().__init__()
        self.delay = delay
        self._toolbox = toolbox

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Any:
        """Offer tools; `tool_choice` may force a call ("any", "required" or a name) or forbid it ("none")."""
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    @property
    def _llm_type(self) -> str:
        return "offline"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model_name": "offline"}

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages, **kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(self.delay)
        return self._generate(messages, **kwargs)

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(self._answer(messages, **kwargs)):
            if self.delay:
                time.sleep(self.delay)
            yield ChatGenerationChunk(message=chunk)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(self._answer(messages, **kwargs)):
            if self.delay:
                await asyncio.sleep(self.delay)
            yield ChatGenerationChunk(message=chunk)

    def _answer(self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]] = (), tool_choice: Any = None, **_: Any) -> AIMessage:
        turns = read(messages)
        offer = self._offer([] if tool_choice == "none" else tools)
        text, calls = "", list[Call]()
        if forced.is_forced(tools, tool_choice):
            calls = [forced.call(turns[-1].text if turns else "", tools, tool_choice, offer)]
        elif turns and not turns[-1].done and (language := language_of(clean(turns[-1].text))):
            text = decline(language)
        elif turns:
            plan = Planner(turns, offer).now
            calls = list(plan.calls) or _transfer(plan, turns[-1], tools, offer)
            text = "" if calls else write(plan, offer, self._toolbox)
        else:
            text = "There is nothing to answer yet."
        return _message(messages, tools, text, calls)

    def _offer(self, tools: Sequence[dict[str, Any]]) -> Offer:
        key = orjson.dumps(tools)
        found = self._offers.get(key)
        if found is None:
            if len(self._offers) >= _OFFERS_KEPT:
                self._offers.clear()
            found = self._offers[key] = Offer(tools, self._toolbox)
        return found


def _transfer(plan: Plan, turn: Turn, tools: Sequence[dict[str, Any]], offer: Offer) -> list[Call]:
    """Hand over what another agent is for, at most once a turn."""
    known = plan.frame.act in {Act.ELSEWHERE, Act.UNKNOWN}
    if CONTROL not in offer.specs or not known or any(done.name == CONTROL for done in turn.done):
        return []
    agent = forced.agent_for(turn.text, next(tool for tool in tools if tool["function"]["name"] == CONTROL), offer, plan.frame.elsewhere)
    return [Call(CONTROL, {"agent": agent, "reason": f"The request is for {agent.replace('_', ' ')}: {turn.text[:120]}"})] if agent else []


def _message(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]], text: str, calls: Sequence[Call]) -> AIMessage:
    made = [
        ToolCall(name=call.name, args=dict(call.args), id=f"offline-{len(messages)}-{place}", type="tool_call")
        for place, call in enumerate(calls)
    ]
    asked = (sum(len(message.text) for message in messages) + len(orjson.dumps(tools))) // _LETTERS_A_TOKEN + 1
    spoken = (len(text) + sum(len(call.name) + len(json.dumps(dict(call.args))) for call in calls)) // _LETTERS_A_TOKEN + 1
    return AIMessage(
        content=text,
        tool_calls=made,
        response_metadata={"model_name": "offline", "finish_reason": "tool_calls" if made else "stop"},
        usage_metadata=UsageMetadata(input_tokens=asked, output_tokens=spoken, total_tokens=asked + spoken),
    )


def _chunks(answer: AIMessage) -> Iterator[AIMessageChunk]:
    for piece in _PIECE.findall(str(answer.text)):
        yield AIMessageChunk(content=piece)
    for index, call in enumerate(answer.tool_calls):
        args = json.dumps(call["args"])
        half = len(args) // 2
        yield AIMessageChunk(content="", tool_call_chunks=[ToolCallChunk(name=call["name"], args=args[:half], id=call["id"], index=index)])
        yield AIMessageChunk(content="", tool_call_chunks=[ToolCallChunk(name=None, args=args[half:], id=None, index=index)])
    yield AIMessageChunk(
        content="", response_metadata=answer.response_metadata, usage_metadata=answer.usage_metadata, chunk_position="last"
    )
