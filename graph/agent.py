"""The agent thinks: one model call, with the active agent's prompt and tools."""

from hashlib import blake2s
from string import ascii_lowercase, digits
from typing import Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langgraph.runtime import Runtime
from langgraph.types import Command

from core import faults
from core.errors import BudgetExceeded
from core.events import AnswerWithheld, MessageAdded
from core.ids import new_id
from graph.guard import repaired, unsupported
from graph.state import WINDOW, State, TurnContext

_DIGITS = digits + ascii_lowercase
_REWRITES = 1
_WITHHELD = (
    "I could not verify part of my answer against the shop's records, so I am not giving it. "
    "Please look at the results above, or ask me for the exact order or amount again."
)
_OUT_OF_BUDGET = (
    "I stopped here: this request needed more steps than one turn allows. What was done so far is shown above; please narrow the question."
)
_STOOD_IN = "\n\n_The language model cannot be reached right now, so the built-in offline model answered._"


Next = Command[Literal["call_tools", "agent", "__end__"]]


async def agent(state: State, runtime: Runtime[TurnContext]) -> Next:
    """Ask the model once; check a final answer against what tools returned before anybody may rely on it.

    Goes on with the calls that the model made, with another attempt at the answer, or ends.
    """
    ctx = runtime.context
    name, step = state["active_agent"], state.get("step", 0)
    message_id = f"{ctx.run.run_id}-{step}" if ctx.run.run_id else str(new_id())
    try:
        ctx.meter.reserve_model_call()
    except BudgetExceeded:
        return _final(ctx, AIMessage(_OUT_OF_BUDGET, id=message_id, name=name), step)
    completion = await ctx.mind.think(
        places=[state.get("place") or name, *([second] if (second := state.get("second_place")) else [])],
        principal=ctx.run.principal,
        policy=ctx.policy,
        shop=ctx.shop,
        currency=ctx.currency,
        today=ctx.today(),
        history=repaired(_window(state["messages"])),
        may_transfer=state.get("transfers", "").count(",") < 2,
        draft=ctx.journal,
        message_id=message_id,
        only=ctx.run.agent,
    )
    faults.point("agent.after_model")
    ctx.meter.settle(completion.message.usage_metadata)
    message = _with_own_ids(completion.message.model_copy(update={"name": name}))
    if message.tool_calls or message.invalid_tool_calls:
        ctx.note(MessageAdded(message=as_dict(message)))
        return Command(update={"messages": [message], "step": step + 1}, goto="call_tools")
    if completion.offline and not ctx.mind.models.is_offline:
        ctx.journal.token(message_id, _STOOD_IN)
        message = message.model_copy(update={"content": message.text + _STOOD_IN})
    return _checked(state, ctx, message, step)


def _with_own_ids(message: AIMessage) -> AIMessage:
    """Return the message with call ids of our own. Results are found by them, and some providers give one again in a later turn."""
    calls = [{**call, "id": _call_id(f"{message.id}-{place}")} for place, call in enumerate(message.tool_calls)]
    broken = [{**call, "id": _call_id(f"{message.id}-x{place}")} for place, call in enumerate(message.invalid_tool_calls)]
    return message.model_copy(update={"tool_calls": calls, "invalid_tool_calls": broken}) if calls or broken else message


def _call_id(place: str) -> str:
    """Return nine letters and digits for a place, the same each time: the one form that Mistral's API takes, and all others too."""
    number = int.from_bytes(blake2s(place.encode(), digest_size=8).digest())
    return "".join(_DIGITS[number // 36**power % 36] for power in range(9))


def _checked(state: State, ctx: TurnContext, message: AIMessage, step: int) -> Next:
    said, known = [*ctx.evidence, f"Today is {ctx.today()}."], ctx.mind.known_figures(ctx.policy, ctx.currency, ctx.run.principal)
    claims = unsupported(message.text, state["messages"], said, known)
    if not claims:
        return _final(ctx, message, step)
    ctx.journal.discard(message.id or "")
    if state.get("checked", 0) < _REWRITES:
        ctx.note(AnswerWithheld(unsupported=claims, action="regenerated"))
        hint = SystemMessage(
            f"Your last draft named {', '.join(claims)}, which no tool returned. Answer again from tool results only.", id=str(new_id())
        )
        return Command(update={"messages": [hint], "step": step + 1, "checked": state.get("checked", 0) + 1}, goto="agent")
    ctx.note(AnswerWithheld(unsupported=claims, action="withheld"))
    return _final(ctx, AIMessage(_WITHHELD, id=message.id, name=message.name), step)


def _final(ctx: TurnContext, message: AIMessage, step: int) -> Next:
    ctx.note(MessageAdded(message=as_dict(message)))
    return Command(update={"messages": [message], "step": step + 1}, goto="__end__")


def as_dict(message: AnyMessage) -> dict[str, Any]:
    """Return a message in the dict form that LangGraph's clients read."""
    return message.model_dump(
        mode="json", exclude={"invalid_tool_calls"} if isinstance(message, AIMessage) and not message.invalid_tool_calls else None
    )


def _window(messages: list[AnyMessage]) -> list[AnyMessage]:
    """Return the last messages, beginning with a human one, so that a model's input does not grow with the conversation."""
    if len(messages) <= WINDOW:
        return messages
    recent = messages[-WINDOW:]
    start = next((index for index, message in enumerate(recent) if isinstance(message, HumanMessage)), 0)
    return recent[start:]


__all__ = ["agent", "as_dict"]
