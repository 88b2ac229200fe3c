"""ChatOpenAI with a stream that is read lean.

The SDK makes a typed object of every event and LangChain a dictionary of that again: half of what a streamed token costs. Here an
event that only says more text is read as JSON, and text that arrives together is told together. Every other event - tool calls, the
end, usage - takes the library's own way.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx2
import openai
import orjson
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionChunk

from agents.llm.failure import StreamCut

_DONE = b"[DONE]"
_OF_THE_REQUEST = frozenset({"extra_headers", "extra_query", "extra_body", "timeout"})
"""Arguments of the SDK's method that are no part of the body."""
_SAYS_TEXT = frozenset({"content", "role"})


class LeanChatOpenAI(ChatOpenAI):
    """Streams Chat Completions; everything else is ChatOpenAI's."""

    async def _astream(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Yield pieces of the answer.

        Raises:
            openai.APIError: the provider refused, broke off, or reported an error in the middle.
            JSONDecodeError: an event is not JSON.
            StreamCut: an event is no JSON object.
        """
        payload = self._get_request_payload(  # pyright: ignore[reportUnknownVariableType]
            messages, stop=stop, **kwargs, stream=True, stream_options={"include_usage": self._should_stream_usage(**kwargs)}
        )
        stream = await self._open(cast("dict[str, Any]", payload))
        response: httpx2.Response = stream.response
        events = Events()
        try:
            async for received in response.aiter_bytes():
                for chunk in self._chunks(events.feed(received), response):
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
        except httpx2.TimeoutException as error:
            raise openai.APITimeoutError(request=response.request) from error
        except httpx2.RequestError as error:
            raise openai.APIConnectionError(request=response.request) from error
        finally:
            await stream.close()

    async def _open(self, payload: dict[str, Any]) -> openai.AsyncStream[ChatCompletionChunk]:
        """Send the request; the SDK's own method walks through every schema of every tool first."""
        if payload.keys() & _OF_THE_REQUEST:
            return await self.async_client.create(**payload)
        return await self.root_async_client.post(
            "/chat/completions",
            cast_to=ChatCompletionChunk,
            content=orjson.dumps(payload),
            options={"headers": {"Content-Type": "application/json"}},
            stream=True,
            stream_cls=openai.AsyncStream[ChatCompletionChunk],
        )

    def _chunks(self, events: Iterator[bytes], response: httpx2.Response) -> Iterator[ChatGenerationChunk]:
        text: list[str] = []
        for data in events:
            if data.startswith(_DONE):
                break
            event = _read(data)
            piece = plain_text(event)
            if piece is not None:
                text.append(piece)
                continue
            if text:
                yield ChatGenerationChunk(message=AIMessageChunk(content="".join(text)))
                text = []
            if event.get("error"):
                raise openai.APIError(_reason(event["error"]), request=response.request, body=event["error"])  # pyright: ignore[reportArgumentType]
            whole = ChatCompletionChunk.construct(**event).model_dump()
            chunk = self._convert_chunk_to_generation_chunk(whole, AIMessageChunk, None)
            if chunk is not None:
                yield chunk
        if text:
            yield ChatGenerationChunk(message=AIMessageChunk(content="".join(text)))


class Events:
    """Splits what arrives into the data of server-sent events, however the network cut it."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Yield the data of each event that `received` completes."""
        lines = (self._rest + received).split(b"\n")
        self._rest = lines.pop()
        for line in (each.removesuffix(b"\r") for each in lines):
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line and self._data:
                data, self._data = b"\n".join(self._data), []
                yield data


def plain_text(event: dict[str, Any]) -> str | None:
    """Return the text of an event that says nothing but text; None for any other."""
    choices = event.get("choices")
    if event.get("usage") or event.get("error") or not isinstance(choices, list) or len(cast("list[Any]", choices)) != 1:
        return None
    choice = cast("dict[str, Any]", choices[0])
    delta = cast("dict[str, Any] | None", choice.get("delta"))
    if choice.get("finish_reason") or choice.get("logprobs") or delta is None or any(delta[key] for key in delta.keys() - _SAYS_TEXT):
        return None
    content = delta.get("content")
    return content if isinstance(content, str) else None


def _read(data: bytes) -> dict[str, Any]:
    event = orjson.loads(data)
    if not isinstance(event, dict):
        raise StreamCut("an event of the stream is no object")
    return cast("dict[str, Any]", event)


def _reason(error: Any) -> str:
    message = error.get("message") if isinstance(error, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return message if isinstance(message, str) and message else "the provider reported an error during streaming"
