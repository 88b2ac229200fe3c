"""Models of any server that speaks OpenAI's Chat Completions protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from core.errors import InvalidInput

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from core.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
_PLACEHOLDER_KEY = SecretStr("no-key")
_CONNECT_SECONDS = 10.0


def build_openai(name: str, settings: Settings) -> BaseChatModel:
    """Build the model `name`; everything that the environment could decide behind our back is set here.

    Raises:
        InvalidInput: there is neither a key nor a base URL.
    """
    key = settings.llm_key
    if key is None and settings.llm_base_url is None:
        raise InvalidInput(
            f"openai:{name} needs OPENAI_API_KEY or STOREHAND_LLM__API_KEY, or STOREHAND_LLM__BASE_URL of a server that asks for no key",
            field="STOREHAND_LLM__MODEL",
        )
    # The import takes over 3 s, so processes that ask no model must not pay for it.
    from openai import Timeout

    from agents.llm.lean import LeanChatOpenAI

    seconds = settings.llm.request_timeout
    return LeanChatOpenAI(
        model=name,
        base_url=settings.llm_base_url or OPENAI_URL,
        api_key=key or _PLACEHOLDER_KEY,
        temperature=settings.llm.temperature,
        # A Timeout object, not a number: with a number langchain-openai shares one HTTP client between event loops.
        timeout=Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS)),
        max_retries=0,
        streaming=True,
        stream_usage=True,
        # Its guard makes a task for every token; the read timeout and the caller's deadline bound a silent stream already.
        stream_chunk_timeout=None,
        use_responses_api=False,
    )


async def close_openai(model: BaseChatModel) -> None:
    """Close the connections that `model` keeps open, if it is one of ours."""
    for client in (getattr(model, "root_async_client", None), getattr(model, "root_client", None)):
        if client is not None:
            closing = client.close()
            if closing is not None:
                await closing
