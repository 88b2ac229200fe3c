"""The agent that the floor and the peer run: LangChain's `create_agent` with one tool that is never called."""

import os
from typing import Any

from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr


@tool
async def get_order(order: str) -> str:
    """Show an order."""
    return order


def build(model_url: str, checkpointer: Any = None) -> Any:
    """Return the agent over the model at an address."""
    model = ChatOpenAI(model="bench", base_url=model_url, api_key=SecretStr("none"), streaming=True, stream_usage=True)
    return create_agent(model, [get_order], checkpointer=checkpointer)  # pyright: ignore[reportUnknownVariableType]


async def graph() -> Any:
    """Return the agent over the model that `OPENAI_BASE_URL` names, as a server asks for it that reads this file."""
    return build(os.environ["OPENAI_BASE_URL"])
