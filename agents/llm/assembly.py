"""One streamed answer, put together from its chunks."""

import json
from dataclasses import dataclass, field
from typing import Any, NoReturn

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk

_CHUNK_FIELDS = {"content", "tool_calls", "invalid_tool_calls", "response_metadata", "usage_metadata"}


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list[str])


class Assembly:
    """Collects chunks and joins them once, so that a long answer costs linear time.

    langchain-core's own sum repairs broken JSON arguments: a cut `{"amount": 12` becomes a valid call. Here arguments are parsed
    strictly, and what is not a JSON object stays an invalid call.
    """

    def __init__(self) -> None:
        self._text: list[str] = []
        self._calls: list[_Call] = []
        self._by_index: dict[int | None, _Call] = {}
        self._metadata: dict[str, Any] = {}
        self._usage: UsageMetadata | None = None

    @property
    def finished(self) -> bool:
        """Whether the provider said why it stopped; without that the stream was cut."""
        return bool(self._metadata.get("finish_reason"))

    def add(self, chunk: AIMessage) -> str:
        """Take one chunk, or the whole message of a model that does not stream, and return the text that it adds."""
        if not isinstance(chunk, AIMessageChunk):
            chunk = AIMessageChunk(**chunk.model_dump(include=_CHUNK_FIELDS))
        for part in chunk.tool_call_chunks:
            self._add_call(part)
        self._metadata.update(chunk.response_metadata)
        # Some compatible servers repeat the running total in every chunk: the last figure is the right one, not the sum.
        self._usage = chunk.usage_metadata or self._usage
        text = chunk.content if isinstance(chunk.content, str) else str(chunk.text)
        if text:
            self._text.append(text)
        return text

    def _add_call(self, part: ToolCallChunk) -> None:
        index, call_id, name = part["index"], part["id"], part["name"]
        call = self._by_index.get(index)
        # Some compatible servers give every parallel call the index 0, and some give none: then a new id or name tells them apart.
        if call is None or (call_id and call.id and call_id != call.id) or (index is None and name and call.name):
            call = self._by_index[index] = _Call()
            self._calls.append(call)
        call.id = call.id or call_id or ""
        call.name = call.name or name or ""
        if part["args"]:
            call.parts.append(part["args"])

    def message(self, message_id: str) -> AIMessage:
        """Return the whole answer under our id; calls that the provider left without an id get one."""
        valid: list[ToolCall] = []
        invalid: list[InvalidToolCall] = []
        for position, call in enumerate(self._calls):
            call_id, raw = call.id or f"{message_id}-{position}", "".join(call.parts)
            try:
                args = parse_arguments(raw)
                if not call.name:
                    raise ValueError("the call names no tool")
                valid.append(ToolCall(name=call.name, args=args, id=call_id, type="tool_call"))
            except (ValueError, RecursionError) as error:
                invalid.append(InvalidToolCall(name=call.name, args=raw, id=call_id, error=str(error), type="invalid_tool_call"))
        return AIMessage(
            content="".join(self._text),
            id=message_id,
            tool_calls=valid,
            invalid_tool_calls=invalid,
            response_metadata=self._metadata,
            usage_metadata=self._usage,
        )


def parse_arguments(raw: str) -> dict[str, Any]:
    """Parse a call's arguments strictly; no text at all means no arguments.

    Raises:
        ValueError: `raw` is not a JSON object; the message is for the model.
    """
    if not raw.strip():
        return {}
    try:
        args = json.loads(raw, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"the arguments are not valid JSON: {error}") from error
    if not isinstance(args, dict):
        raise ValueError("the arguments must be a JSON object")
    return args  # pyright: ignore[reportUnknownVariableType]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"the arguments are not valid JSON: {name} is not a number")
