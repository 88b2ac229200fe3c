"""The supervisor decides once a turn which agent takes it, and never speaks."""

from dataclasses import replace
from typing import Any, cast

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.runtime import Runtime

from agents.roster import desk_of
from core.events import RouteChosen
from graph.agent import Next, agent
from graph.state import State, TurnContext


async def supervisor(state: State, runtime: Runtime[TurnContext]) -> Next:
    """Choose who takes the turn, and let that agent think: one superstep, since nothing can happen in between."""
    chosen = await _choose(state, runtime.context)
    thought = await agent(cast("State", {**state, **chosen}), runtime)
    return replace(thought, update={**chosen, **cast("dict[str, Any]", thought.update)})


async def _choose(state: State, ctx: TurnContext) -> dict[str, Any]:
    """Return where the user's last words go: rules, then the classifier with the last place as a prior, then a model."""
    route = await ctx.mind.route(
        _last_words(state),
        ctx.run.principal,
        active=state.get("place"),
        asked=_asked(state),
        meter=ctx.meter,
        only=ctx.run.agent,
    )
    ctx.note(
        RouteChosen(
            agent=route.agent,
            desk=desk_of(route.place),
            by=route.by,
            confidence=round(route.confidence, 3),
            reason=route.reason,
            second=route.second or "",
            asks=route.asks,
        )
    )
    return {
        "active_agent": route.agent,
        "place": route.place,
        "second_place": route.second or "",
        "step": 0,
        "transfers": route.place,
        "checked": 0,
        "pending": None,
        "decided": None,
    }


def _last_words(state: State) -> str:
    for message in reversed(state["messages"]):
        if isinstance(message, HumanMessage):
            return message.text
    return ""


def _asked(state: State) -> bool:
    """Return whether the agent's last words were a question."""
    said = next((message.text for message in reversed(state["messages"]) if isinstance(message, AIMessage) and message.text), "")
    return said.rstrip().endswith("?")
