"""A model that does what the user's words order, so that a test of the API decides by its requests what happens behind it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk

from agents.llm.scripted import ScriptedModel
from core.ids import new_id

_ORDERED = re.compile(r"CALL (\w+) (\{.*?\})")
SPOKEN = "I heard every word of that, and I answer with a sentence of many words."
DONE = "All of that is settled, as you asked me to do."
_PAUSE_SECONDS = 0.1


class Puppet(ScriptedModel):
    """Makes every call that the last human message orders with `CALL <tool> <json>`, then answers; `SLOWLY` stretches the answer."""

    def _next(self, messages: list[BaseMessage], tools: list[dict[str, Any]]) -> AIMessage:
        self._turns.append(_turn(messages))
        return super()._next(messages, tools)

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        slow = "SLOWLY" in _last_words(messages)
        async for chunk in super()._astream(messages, *args, **kwargs):
            if slow:
                await asyncio.sleep(_PAUSE_SECONDS)
            yield chunk


def _turn(messages: list[BaseMessage]) -> AIMessage:
    place = max(index for index, message in enumerate(messages) if isinstance(message, HumanMessage))
    if any(isinstance(message, ToolMessage) for message in messages[place:]):
        return AIMessage(DONE)
    orders = _ORDERED.findall(messages[place].text)
    calls = [{"name": name, "args": json.loads(args), "id": f"{name}-{new_id()}"} for name, args in orders]
    return AIMessage("" if calls else SPOKEN, tool_calls=calls)


def _last_words(messages: list[BaseMessage]) -> str:
    return next(message.text for message in reversed(messages) if isinstance(message, HumanMessage))


def order(tool: str, **args: Any) -> str:
    """Return the words that make the model call a tool."""
    return f"CALL {tool} {json.dumps(args)}"
