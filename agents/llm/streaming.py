"""A model's answer as it arrives.

LangChain tells its listeners of every token, and sums the answer for them once more. When nobody listens - no tracing, no callbacks -
the model's own stream is read as it is.
"""

from collections.abc import AsyncIterator
from typing import Any, cast

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.runnables.config import ensure_config
from langsmith.utils import tracing_is_enabled  # pyright: ignore[reportUnknownVariableType]


async def pieces(model: Runnable[Any, AIMessage], messages: list[BaseMessage]) -> AsyncIterator[AIMessage]:
    """Yield the pieces of an answer of `model`, which may be bound to tools."""
    bare, options = _unbound(model)
    if bare is None or _listened(bare) or not _streams(bare, options):
        async for message in model.astream(messages):
            yield message
        return
    async for chunk in bare._astream(messages, **options):  # pyright: ignore[reportPrivateUsage]
        if chunk.generation_info:
            chunk.message.response_metadata = {**chunk.generation_info, **chunk.message.response_metadata}
        yield cast("AIMessage", chunk.message)


def _unbound(model: Runnable[Any, AIMessage]) -> tuple[BaseChatModel | None, dict[str, Any]]:
    """Return the model itself and what is bound to it; None when something else stands between."""
    if isinstance(model, BaseChatModel):
        return model, {}
    if isinstance(model, RunnableBinding) and isinstance(model.bound, BaseChatModel) and not model.config and not model.config_factories:
        return model.bound, dict(model.kwargs)
    return None, {}


def _streams(model: BaseChatModel, options: dict[str, Any]) -> bool:
    return model.rate_limiter is None and model._should_stream(  # pyright: ignore[reportPrivateUsage]
        async_api=True, stream=True, tools=options.get("tools")
    )


def _listened(model: BaseChatModel) -> bool:
    callbacks = ensure_config().get("callbacks")
    handlers = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks
    return bool(handlers or model.callbacks or tracing_is_enabled())
