"""Runs the model's tool calls through the executor: reads side by side, writes one after another."""

import asyncio
from typing import Any, Literal
from uuid import UUID

import orjson
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import Command

from agents.roster import agent_of, desk_of
from core.errors import BudgetExceeded
from core.events import RouteChosen, ToolFinished, ToolStarted
from core.identity import RunContext
from graph.state import Pending, State, TurnContext
from tools.result import Outcome, ToolResult, failed

TRANSFER = "transfer"


Next = Command[Literal["approve", "agent"]]


async def call_tools(state: State, runtime: Runtime[TurnContext]) -> Next:
    """Run every call of the last model message, or the one that a person has just decided.

    Asks a person when a call waits for one, else lets the agent go on.
    """
    ctx = runtime.context
    decided = state.get("decided")
    if decided is not None:
        return await _settle(state, ctx)
    message = state["messages"][-1]
    assert isinstance(message, AIMessage)
    results: dict[str, ToolResult] = {}
    update: dict[str, Any] = {}
    reads: list[tuple[ToolCall, RunContext]] = []
    for index, call in enumerate(message.tool_calls):
        position = ctx.run.at(f"{state['step']}.{index}", agent=_agent_for(state, ctx, call["name"]))
        tool = ctx.executor.toolbox.get(call["name"])
        if call["name"] == TRANSFER:
            results[_id(call)] = _transfer(state, ctx, call, position, update)
        elif (refused := _over_budget(ctx, call)) is not None:
            results[_id(call)] = refused
        elif tool is None or not tool.writes:
            reads.append((call, position))
        else:
            await ctx.make_durable()
            results[_id(call)] = await ctx.executor.execute(position, call["name"], call["args"], ctx.journal)
    if len(reads) == 1:
        results[_id(reads[0][0])] = await _run(ctx, *reads[0])
    elif reads:
        done = await asyncio.gather(*(_run(ctx, call, position) for call, position in reads))
        results.update(zip([_id(call) for call, _ in reads], done, strict=True))
    ctx.evidence += [result.text for result in results.values()]
    waiting = [
        _pending(call, results[_id(call)], f"{state['step']}.{index}")
        for index, call in enumerate(message.tool_calls)
        if _waits(results[_id(call)])
    ]
    messages = [_message(_id(call), call["name"], results[_id(call)]) for call in message.tool_calls if not _waits(results[_id(call)])]
    messages += [
        _broken(call.get("id") or "", call.get("name") or "unknown", call.get("args") or "") for call in message.invalid_tool_calls
    ]
    return _then({"messages": messages, "pending": waiting or None, **update})


def _then(update: dict[str, Any]) -> Next:
    return Command(update=update, goto="approve" if update["pending"] else "agent")


async def _run(ctx: TurnContext, call: ToolCall, position: RunContext) -> ToolResult:
    return await ctx.executor.execute(position, call["name"], call["args"], ctx.journal)


async def _settle(state: State, ctx: TurnContext) -> Next:
    decided, pending = state.get("decided"), state.get("pending")
    assert decided is not None
    assert pending
    call = next((each for each in pending if each["approval_id"] == decided["approval_id"]), pending[0])
    rest = [each for each in pending if each is not call]
    if decided["decision"] == "reject":
        note = f" They said: {decided['message']}" if decided["message"] else ""
        result = failed(call["tool"], "not_executed", f"The person declined; nothing was changed.{note}")
        ctx.note(ToolFinished(call_id=call["position"], tool=call["tool"], status="denied", text=result.text))
    else:
        approved = ctx.run.at(call["position"], agent=_agent_for(state, ctx, call["tool"]), approval_id=UUID(call["approval_id"]))
        await ctx.make_durable()
        result = await ctx.executor.execute(approved, call["tool"], call["args"], ctx.journal)
    ctx.evidence.append(result.text)
    if _waits(result):
        again: ToolCall = {"name": call["tool"], "args": call["args"], "id": call["call_id"], "type": "tool_call"}
        return _then({"decided": None, "pending": [_pending(again, result, call["position"]), *rest]})
    return _then({"messages": [_message(call["call_id"], call["tool"], result)], "decided": None, "pending": rest or None})


def _over_budget(ctx: TurnContext, call: ToolCall) -> ToolResult | None:
    try:
        fresh = ctx.meter.reserve_tool_call(call["name"], orjson.dumps(call["args"], option=orjson.OPT_SORT_KEYS).decode())
    except BudgetExceeded as error:
        return failed(call["name"], error.code, error.message)
    if not fresh:
        return failed(call["name"], "repeated_call", "This exact call was already made in this turn; use its result above.")
    return None


def _transfer(state: State, ctx: TurnContext, call: ToolCall, position: RunContext, update: dict[str, Any]) -> ToolResult:
    wanted = str(call["args"].get("agent", ""))
    had = state.get("transfers", "").split(",")
    ctx.note(ToolStarted(call_id=position.position, tool=TRANSFER, agent=position.agent, args={"agent": wanted}))
    if wanted not in (places := ctx.mind.places_for(ctx.run.principal, ctx.run.agent)):
        result = failed(TRANSFER, "unknown_agent", f"There is no agent {wanted!r}.", places)
    elif wanted in had or len(had) > 2:
        result = failed(
            TRANSFER, "transfer_refused", "No more transfers in this turn: answer with the tools at hand, or say what is missing."
        )
    else:
        update |= {"active_agent": agent_of(wanted), "place": wanted, "second_place": "", "transfers": ",".join([*had, wanted])}
        spoken = wanted.replace("_", " ").replace("/", ", ")
        result = ToolResult(tool=TRANSFER, status=Outcome.OK, data={"agent": wanted}, text=f"Handed over to {spoken}.")
        ctx.note(
            RouteChosen(
                agent=agent_of(wanted),
                desk=desk_of(wanted),
                by="transfer",
                confidence=1.0,
                reason=str(call["args"].get("reason", ""))[:200],
            )
        )
    ctx.note(ToolFinished(call_id=position.position, tool=TRANSFER, status=result.status.value, text=result.text))
    return result


def _agent_for(state: State, ctx: TurnContext, tool: str) -> str:
    second = agent_of(state.get("second_place", ""))
    if second and tool in ctx.mind.grants[second] and tool not in ctx.mind.grants[state["active_agent"]]:
        return second
    return state["active_agent"]


def _pending(call: ToolCall, result: ToolResult, position: str) -> Pending:
    request = result.data.get("approval")
    assert isinstance(request, dict)
    return Pending(
        approval_id=str(result.approval_id),
        call_id=_id(call),
        tool=call["name"],
        args=call["args"],
        position=position,
        request=dict(request),
    )


def _waits(result: ToolResult) -> bool:
    return result.status is Outcome.PENDING


def _message(call_id: str, tool: str, result: ToolResult) -> ToolMessage:
    return ToolMessage(
        result.for_model(),
        tool_call_id=call_id,
        name=tool,
        id=f"tool-{call_id}",
        status="success" if result.status is Outcome.OK else "error",
    )


def _broken(call_id: str, tool: str, args: str) -> ToolMessage:
    reason = f"The arguments are not valid JSON: {args[:200]}"
    return _message(call_id, tool, failed(tool, "invalid_arguments", reason))


def _id(call: ToolCall) -> str:
    return call["id"] or call["name"]
