"""A model that plays a script: what it will say is known, so a test can demand what the rest must do."""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCallChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

Turn = AIMessage | Callable[[list[BaseMessage]], AIMessage]
"""One answer, or a function that makes it from the messages asked."""

_TOKEN = re.compile(r"\s*\S+|\s+$")


class ScriptExhausted(AssertionError):
    """The model was asked once more than its script has answers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that the model received."""

    messages: list[BaseMessage]
    tools: list[str]


class ScriptedModel(BaseChatModel):
    """Answers from a queue, in order, and fails loudly on an extra or a missing call."""

    delay: float = 0.0
    """Seconds before each token."""
    _turns: deque[Turn] = PrivateAttr(default_factory=deque[Turn])
    _asked: list[Asked] = PrivateAttr(default_factory=list[Asked])

    def __init__(self, turns: Iterable[Turn] = (), *, delay: float = 0.0) -> None:
        super().__init__()
        self.delay = delay
        self._turns.extend(turns)

    @classmethod
    def from_file(cls, path: str | Path, *, delay: float = 0.0) -> "ScriptedModel":
        """Load a JSON list of `{"content": str, "tool_calls": [{"name": str, "args": {...}}]}`, both keys optional."""
        turns = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls([_turn_from_json(turn, number) for number, turn in enumerate(turns)], delay=delay)

    @property
    def asked(self) -> list[Asked]:
        """The calls so far, oldest first."""
        return self._asked

    def assert_done(self) -> None:
        """Fail when the script has answers that nobody asked for."""
        if self._turns:
            raise AssertionError(f"the script has {len(self._turns)} answers left after {len(self._asked)} calls")

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Any:
        """Accept tools as a real model does; the script decides which are called."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _next(self, messages: list[BaseMessage], tools: list[dict[str, Any]]) -> AIMessage:
        if not self._turns:
            raise ScriptExhausted(f"the script ended after {len(self._asked)} calls; this call asked: {messages[-1].text!r:.200}")
        self._asked.append(Asked(list(messages), [tool["function"]["name"] for tool in tools]))
        turn = self._turns.popleft()
        answer = turn if isinstance(turn, AIMessage) else turn(messages)
        return _completed(answer, messages, len(self._asked))

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages, kwargs.get("tools", [])))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(self.delay)
        return self._generate(messages, **kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(self._next(messages, kwargs.get("tools", []))):
            if self.delay:
                await asyncio.sleep(self.delay)
            yield ChatGenerationChunk(message=chunk)


def _turn_from_json(turn: dict[str, Any], number: int) -> AIMessage:
    calls = [{"id": f"call_{number}_{place}", **call} for place, call in enumerate(turn.get("tool_calls", []))]
    return AIMessage(content=turn.get("content", ""), tool_calls=calls)


def _completed(answer: AIMessage, messages: list[BaseMessage], number: int) -> AIMessage:
    """Add what a provider would add: call ids, a finish reason and usage figures."""
    calls = [{**call, "id": call["id"] or f"call_{number}_{place}"} for place, call in enumerate(answer.tool_calls)]
    spoken = len(_TOKEN.findall(answer.text)) + 8 * len(calls)
    asked = sum(len(message.text) for message in messages) // 4 + 1
    usage = UsageMetadata(input_tokens=asked, output_tokens=spoken, total_tokens=asked + spoken)
    finish = "tool_calls" if calls or answer.invalid_tool_calls else "stop"
    return answer.model_copy(
        update={
            "tool_calls": calls,
            "response_metadata": {"finish_reason": finish, "model_name": "scripted", **answer.response_metadata},
            "usage_metadata": answer.usage_metadata or usage,
        }
    )


def _chunks(answer: AIMessage) -> Iterable[AIMessageChunk]:
    for token in _TOKEN.findall(answer.text):
        yield AIMessageChunk(content=token)
    calls = [(call["name"], call["id"], json.dumps(call["args"])) for call in answer.tool_calls]
    calls += [(call["name"] or "", call["id"], call["args"] or "") for call in answer.invalid_tool_calls]
    for index, (name, call_id, args) in enumerate(calls):
        half = len(args) // 2
        yield AIMessageChunk(content="", tool_call_chunks=[ToolCallChunk(name=name, args=args[:half], id=call_id, index=index)])
        yield AIMessageChunk(content="", tool_call_chunks=[ToolCallChunk(name=None, args=args[half:], id=None, index=index)])
    yield AIMessageChunk(
        content="", response_metadata=answer.response_metadata, usage_metadata=answer.usage_metadata, chunk_position="last"
    )
