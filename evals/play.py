"""Plays a scenario against a runtime and observes what happened."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from core.events import ApprovalRequested, MessageAdded, RouteChosen, RunFailed, RunFinished, ToolFinished
from core.identity import Principal
from core.ids import new_id
from evals.scenarios import APPROVE, REJECT, Scenario
from server.cli.session import who_is
from server.runs import NewRun, create_run
from server.wiring import Runtime
from server.worker.loop import Worker
from store import events
from store.queries import threads
from tools.approvals import Answer, Choice

_ANSWERS = {APPROVE: Choice.APPROVE, REJECT: Choice.REJECT}
_FACTS = text(
    "SELECT c.id AS customer, (SELECT o.number FROM orders o WHERE o.customer_id = c.id AND o.status IN ('pending', 'confirmed', 'processing') "
    "ORDER BY o.placed_at DESC LIMIT 1) AS cancellable FROM customers c WHERE c.id = :customer"
)


@dataclass(slots=True)
class Played:
    """What a scenario led to."""

    answer: str = ""
    agents: list[str] = field(default_factory=list[str])
    ok_tools: list[str] = field(default_factory=list[str])
    transcript: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    problems: list[str] = field(default_factory=list[str])
    model_calls: int = 0
    tokens: int = 0


async def play(runtime: Runtime, scenario: Scenario) -> Played:
    """Run all turns and check the end; `problems` is empty when everything is as it should be."""
    who = await who_is(runtime, scenario.who)
    names = await _names(runtime, who)
    played = Played()
    async with runtime.units.write(who) as tx:
        thread_id = (await threads.create(tx)).id
    worker = Worker(runtime)
    waiting: ApprovalRequested | None = None
    for turn in scenario.turns:
        said = turn.format(**names)
        answer = Answer(decision=_ANSWERS[said]) if said in _ANSWERS else None
        if answer is not None and waiting is None:
            played.problems.append("nothing waited for a decision")
            break
        messages = [] if answer else [{"id": str(new_id()), "content": said}]
        run = await create_run(
            runtime, who, thread_id, NewRun("evals", messages, answer, str(new_id()), hashlib.sha256(said.encode()).hexdigest())
        )
        await worker.drain()
        played.transcript.append((scenario.who, said))
        waiting = await _observe(runtime, who, run.id, played)
    await _check(runtime, who, scenario, names, played)
    return played


async def _observe(runtime: Runtime, who: Principal, run_id: Any, played: Played) -> ApprovalRequested | None:
    waiting: ApprovalRequested | None = None
    async with runtime.units.read(who) as tx:
        log = await events.read(tx, run_id)
    for entry in log:
        match entry.fact:
            case RouteChosen(agent=agent):
                played.agents.append(agent)
            case ToolFinished(status="ok", tool=tool):
                played.ok_tools.append(tool)
                played.transcript.append(("tool", f"{tool}: ok"))
            case ToolFinished(tool=tool, status=status, text=why):
                played.transcript.append(("tool", f"{tool}: {status} {why[:200]}"))
            case ApprovalRequested() as request:
                waiting = request
            case MessageAdded(message=message) if message.get("type") == "ai" and message.get("content"):
                played.answer = str(message["content"])
                played.transcript.append(("storehand", played.answer))
            case RunFinished() as done:
                played.model_calls += done.model_calls
                played.tokens += done.input_tokens + done.output_tokens
            case RunFailed(code=code, message=why):
                played.problems.append(f"run failed: {code}: {why}")
            case _:
                pass
    return waiting


async def _check(runtime: Runtime, who: Principal, scenario: Scenario, names: dict[str, str], played: Played) -> None:
    said = played.answer.lower()
    if scenario.agent and (not played.agents or played.agents[0] != scenario.agent):
        played.problems.append(f"taken by {played.agents[:1] or 'nobody'}, not by {scenario.agent}")
    played.problems += [f"{tool} did not end ok" for tool in scenario.tools if tool not in played.ok_tools]
    played.problems += [f"the answer does not say {words!r}" for words in scenario.says if words not in said]
    played.problems += [f"the answer says {words!r}" for words in scenario.never_says if words in said]
    if scenario.unchanged and (wrote := [tool for tool in played.ok_tools if tool in runtime.toolbox and runtime.toolbox[tool].writes]):
        played.problems.append(f"changed something: {', '.join(wrote)}")
    async with runtime.units.read(who) as tx:
        for claim, query in scenario.state.items():
            if not (await tx.connection.execute(text(query.format(**names)))).scalar():
                played.problems.append(f"not true afterwards: {claim}")


async def _names(runtime: Runtime, who: Principal) -> dict[str, str]:
    if who.customer_id is None:
        return {}
    async with runtime.units.read(who) as tx:
        row = (await tx.connection.execute(_FACTS, {"customer": who.customer_id})).one()
    return {"customer": str(row.customer), "cancellable": str(row.cancellable)}
