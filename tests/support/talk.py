"""A conversation as a test holds it: runs are queued, driven by a worker in this process, and read back from their log."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from langchain_core.language_models import BaseChatModel
from sqlalchemy import text

from agents.llm.breaker import Breakers
from agents.llm.factory import Models
from agents.llm.resilient import NamedModel, ResilientModel
from agents.think import Mind
from core.events import ApprovalRequested, MessageAdded, RouteChosen, RunFact, ToolFinished
from core.identity import Principal
from core.ids import new_id
from server.runs import NewRun, create_run
from server.wiring import Runtime
from server.worker.loop import Worker
from store import events
from store.queries import runs as run_rows
from store.queries import threads
from store.tables.runtime import Run
from tools.approvals import Answer, Choice

APPROVE, REJECT = Answer(decision=Choice.APPROVE), Answer(decision=Choice.REJECT)


@dataclass(frozen=True, slots=True)
class Turn:
    """One run and what its log says."""

    run: Run
    facts: list[RunFact]
    numbers: list[int]

    @property
    def answer(self) -> str:
        """The last words to the user."""
        said = [fact.message["content"] for fact in self.facts if isinstance(fact, MessageAdded) and fact.message["type"] == "ai"]
        return said[-1] if said else ""

    @property
    def agents(self) -> list[str]:
        """Who took the turn, in order."""
        return [fact.agent for fact in self.facts if isinstance(fact, RouteChosen)]

    @property
    def tools(self) -> list[tuple[str, str]]:
        """Tools that ended, with their outcomes."""
        return [(fact.tool, fact.status) for fact in self.facts if isinstance(fact, ToolFinished)]

    @property
    def request(self) -> ApprovalRequested:
        """The decision that the run waits for."""
        return next(fact for fact in reversed(self.facts) if isinstance(fact, ApprovalRequested))

    @property
    def end(self) -> Any:
        """The last fact."""
        return self.facts[-1]


class Talk:
    """One thread of one person."""

    def __init__(self, runtime: Runtime, who: Principal, thread_id: UUID) -> None:
        self.runtime, self.who, self.thread_id = runtime, who, thread_id

    @classmethod
    async def open(cls, runtime: Runtime, who: Principal) -> "Talk":
        """Open a thread."""
        async with runtime.units.write(who) as tx:
            return cls(runtime, who, (await threads.create(tx)).id)

    async def queue(self, said: str | Answer, *, key: str | None = None, multitask: Any = "enqueue") -> Run:
        """Queue words or a decision, and return the run before anybody drives it."""
        answer = said if isinstance(said, Answer) else None
        messages = [] if isinstance(said, Answer) else [{"id": str(new_id()), "content": said}]
        shape = orjson.dumps(said if isinstance(said, str) else said.model_dump())
        assistant = "support" if self.who.is_customer else "ops"
        new = NewRun(assistant, messages, answer, key or str(new_id()), hashlib.sha256(shape).hexdigest(), multitask)
        return await create_run(self.runtime, self.who, self.thread_id, new)

    async def say(self, said: str | Answer) -> Turn:
        """Say something, let a worker drive it, and return what happened."""
        run = await self.queue(said)
        await Worker(self.runtime).drain()
        return await self.turn(run.id)

    async def turn(self, run_id: UUID) -> Turn:
        """Read a run and its log."""
        async with self.runtime.units.read(self.who) as tx:
            run, log = await run_rows.get(tx, run_id), await events.read(tx, run_id)
        return Turn(run, [each.fact for each in log], [each.seq for each in log])


async def rows(runtime: Runtime, who: Principal, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """Read what a principal sees in the database."""
    async with runtime.units.read(who) as tx:
        return [tuple(row) for row in await tx.connection.execute(text(sql), values)]


async def one(runtime: Runtime, who: Principal, sql: str, **values: Any) -> Any:
    """Read one value."""
    return (await rows(runtime, who, sql, **values))[0][0]


def thinking_with(runtime: Runtime, model: BaseChatModel) -> Runtime:
    """Return the runtime with another model: no retries, no fallback, and no call of the router."""
    resilient = ResilientModel([NamedModel("test", model)], deadline=30, max_retries=0, breaker=Breakers())
    mind = Mind(Models(resilient, resilient, "test model", is_offline=True), runtime.toolbox)
    return replace(runtime, mind=mind, models=mind.models, driver=replace(runtime.driver, mind=mind))


async def until(condition: Callable[[], Awaitable[Any]], *, seconds: float = 20) -> Any:
    """Wait for something to become true, and return it."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return found
