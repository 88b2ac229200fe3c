"""The supervisor decides once a turn which agent takes it, and never speaks."""

from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.runtime import Runtime

from core.events import RouteChosen
from graph.state import State, TurnContext


async def supervisor(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Choose the agent for the user's last words: rules, then the classifier with the active agent as a prior, then a model."""
    ctx = runtime.context
    route = await ctx.mind.route(_last_words(state), ctx.run.principal, active=state.get("active_agent"), meter=ctx.meter)
    ctx.note(RouteChosen(agent=route.agent, by=route.by, confidence=round(route.confidence, 3), reason=route.reason))
    return {
        "active_agent": route.agent,
        "second_agent": route.second or "",
        "step": 0,
        "transfers": route.agent,
        "checked": 0,
        "pending": None,
        "decided": None,
    }


def _last_words(state: State) -> str:
    for message in reversed(state["messages"]):
        if isinstance(message, HumanMessage):
            return message.text
    return ""
