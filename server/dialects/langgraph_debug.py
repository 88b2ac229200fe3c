"""The run log in the modes that developers ask for: `tasks`, `checkpoints`, `debug` and `events`."""

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from core.events import (
    ApprovalRequested,
    DraftDiscarded,
    MessageAdded,
    RouteChosen,
    RunFact,
    RunFailed,
    RunFinished,
    RunStarted,
    TokenDelta,
    ToolFinished,
    ToolStarted,
)

DEVELOPER = frozenset({"tasks", "checkpoints", "debug", "events"})

Part = tuple[str, Any]


@dataclass(slots=True)
class Steps:
    """Counts the steps of a run as it is told."""

    _step: int = 0

    def parts(self, run_id: str, assistant: str, event: RunFact | TokenDelta | DraftDiscarded, modes: frozenset[str]) -> list[Part]:
        """Return what an event is in the developer's modes among `modes`."""
        parts: list[Part] = []
        for kind, task in _tasks(run_id, self._step, event):
            self._step += kind == "task"
            if "tasks" in modes:
                parts.append(("tasks", task))
            if "debug" in modes:
                parts.append(("debug", {"step": self._step, "type": kind, "payload": task}))
        if "events" in modes and (told := _event(run_id, assistant, event)) is not None:
            parts.append(("events", told))
        return parts

    def checkpoints(self, states: list[dict[str, Any]], modes: frozenset[str]) -> list[Part]:
        """Return the states that the run stored."""
        parts: list[Part] = []
        for state in states:
            shown = {
                "config": {"configurable": state["checkpoint"]},
                "parent_config": {"configurable": state["parent_checkpoint"]} if state["parent_checkpoint"] else None,
                **{name: state[name] for name in ("values", "metadata", "next", "tasks")},
            }
            if "checkpoints" in modes:
                parts.append(("checkpoints", shown))
            if "debug" in modes:
                parts.append(("debug", {"step": state["metadata"].get("step", 0), "type": "checkpoint", "payload": shown}))
        return parts


def _tasks(run_id: str, step: int, event: RunFact | TokenDelta | DraftDiscarded) -> list[tuple[str, dict[str, Any]]]:
    """Return the tasks of the graph that an event begins and ends."""
    match event:
        case RouteChosen() if event.by != "transfer":
            return _done(run_id, step, "supervisor", {"active_agent": event.agent})
        case MessageAdded() if event.message.get("type") == "ai":
            return _done(run_id, step, "agent", {"messages": [event.message]})
        case ToolStarted():
            return [("task", _began(run_id, event.call_id, "call_tools", {"tool": event.tool, "args": event.args}))]
        case ToolFinished():
            error = event.text if event.status == "failed" else None
            result = {"tool": event.tool, "status": event.status, "result": event.result}
            return [("task_result", _ended(run_id, event.call_id, "call_tools", result, error))]
        case ApprovalRequested():
            return [("task", _began(run_id, str(event.approval_id), "approve", {"tool": event.tool, "args": event.args}))]
        case _:
            return []


def _done(run_id: str, step: int, node: str, result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [("task", _began(run_id, f"{node}:{step}", node, {})), ("task_result", _ended(run_id, f"{node}:{step}", node, result, None))]


def _began(run_id: str, place: str, node: str, given: dict[str, Any]) -> dict[str, Any]:
    task = {"id": _task_id(run_id, place), "name": node, "input": given}
    return {**task, "triggers": [f"branch:to:{node}"], "interrupts": []}


def _ended(run_id: str, place: str, node: str, result: dict[str, Any], error: str | None) -> dict[str, Any]:
    return {"id": _task_id(run_id, place), "name": node, "error": error, "result": result, "interrupts": []}


def _task_id(run_id: str, place: str) -> str:
    return str(uuid5(NAMESPACE_OID, f"{run_id}:{place}"))


def _event(run_id: str, assistant: str, event: RunFact | TokenDelta | DraftDiscarded) -> dict[str, Any] | None:
    """Return an event in the form of `astream_events`."""
    match event:
        case RunStarted():
            kind, name, data = "on_chain_start", assistant, dict[str, Any]()
        case TokenDelta():
            chunk = {"content": event.text, "type": "AIMessageChunk", "id": event.message_id}
            kind, name, data = "on_chat_model_stream", "agent", {"chunk": chunk}
        case MessageAdded() if event.message.get("type") == "ai":
            kind, name, data = "on_chat_model_end", "agent", {"output": event.message}
        case ToolStarted():
            kind, name, data = "on_tool_start", event.tool, {"input": event.args}
        case ToolFinished():
            kind, name, data = "on_tool_end", event.tool, {"output": event.result}
        case RunFinished() | RunFailed():
            kind, name, data = "on_chain_end", assistant, {"output": event.model_dump(mode="json")}
        case _:
            return None
    return {"event": kind, "name": name, "run_id": run_id, "data": data, "tags": [], "metadata": {}, "parent_ids": []}
