"""Drives one claimed run through the graph, and writes how it began and ended into the run log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from agents.llm.meter import Meter
from agents.think import Mind
from core.clock import Clock
from core.errors import Fenced, StorehandError
from core.events import ApprovalDecided, MessageAdded, RunFailed, RunFinished, RunStarted
from core.identity import RunContext
from core.log import get_logger
from core.settings import Budget
from graph.agent import as_dict
from graph.build import build
from graph.guard import DECISION_MARK
from graph.state import TurnContext
from memory.checkpoints import Pool, RunSaver
from memory.journal import Journal, Live
from store import events
from store.queries import runs, tenants
from store.tables.runtime import RunStatus, ThreadStatus
from store.tables.tenancy import Tenant
from store.unit import ReadTx, Units
from tools.executor import Executor

_log = get_logger(__name__)
_REMEMBER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Driver:
    """What every run of a process shares."""

    units: Units
    executor: Executor
    mind: Mind
    pool: Pool
    live: Live | None
    budget: Budget
    clock: Clock
    tenants: dict[UUID, tuple[datetime, Tenant]] = field(default_factory=dict[UUID, tuple[datetime, Tenant]])
    """Name and currency of stores, with the instant until which they are not read again."""

    async def drive(self, ctx: RunContext, work: dict[str, Any]) -> None:
        """Run to the end, to an approval, or to an error; each is stored under the run's fencing token.

        Raises:
            Fenced: another attempt owns the run, or it was cancelled; nothing more was stored.
            Unavailable: the database is gone; the lease will expire and another attempt resumes.
        """
        assert ctx.run_id is not None
        journal = Journal(ctx.run_id, self.live)
        saver = RunSaver(self.pool)
        meter = Meter(self.budget)
        try:
            turn, resumed = await self._begin(ctx, work, journal, meter)
            try:
                graph = build(saver)
                config = _config(ctx)
                given = await _input(graph, config, ctx, work, resumed)
                state = await graph.ainvoke(given, config, context=turn, durability="sync")
                await saver.flush()
            except Fenced:
                raise
            except StorehandError as error:
                if error.code == "database_unavailable":
                    raise
                await self._fail(ctx, journal, error.code, error.message)
            except Exception:
                _log.exception("run failed", run_id=str(ctx.run_id))
                await self._fail(ctx, journal, "internal", "Something went wrong on our side. Nothing was half done; please try again.")
            else:
                await self._finish(ctx, journal, meter, interrupted="__interrupt__" in state)
        finally:
            await journal.close()

    async def _begin(self, ctx: RunContext, work: dict[str, Any], journal: Journal, meter: Meter) -> tuple[TurnContext, bool]:
        facts: list[Any] = [RunStarted(attempt=ctx.attempt)]
        if ctx.attempt == 1:
            facts += [MessageAdded(message=as_dict(message)) for message in _messages(work)]
            if resume := work.get("resume"):
                facts.append(ApprovalDecided(approval_id=resume["approval_id"], decision=resume["decision"], by=resume.get("by")))
            facts += [ApprovalDecided(approval_id=closed, decision="superseded") for closed in work.get("superseded", [])]
        async with journal.lock:
            async with self.units.write(ctx.principal, relaxed=True) as tx:
                tenant = await self._tenant(tx)
                policy = await self.executor.policy(tx)
                last = await events.append(tx, ctx, facts)
            journal.stored(last, 0, facts)
        turn = TurnContext(
            run=ctx,
            mind=self.mind,
            executor=self.executor,
            journal=journal,
            meter=meter,
            policy=policy,
            shop=tenant.name,
            currency=tenant.currency,
            today=lambda: _day(self.clock),
        )
        return turn, ctx.attempt > 1

    async def _tenant(self, tx: ReadTx) -> Tenant:
        known = self.tenants.get(tx.tenant_id)
        if known is None or known[0] < tx.now:
            known = self.tenants[tx.tenant_id] = (tx.now + _REMEMBER, await tenants.current(tx))
        return known[1]

    async def _finish(self, ctx: RunContext, journal: Journal, meter: Meter, *, interrupted: bool) -> None:
        totals = meter.totals
        done = RunFinished(
            status="interrupted" if interrupted else "success",
            model_calls=totals.model_calls,
            tool_calls=totals.tool_calls,
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
        )
        await self._end(ctx, journal, done, RunStatus.SUCCESS, ThreadStatus.INTERRUPTED if interrupted else ThreadStatus.IDLE, None)

    async def _fail(self, ctx: RunContext, journal: Journal, code: str, message: str) -> None:
        error = {"error": code, "message": message}
        await self._end(ctx, journal, RunFailed(code=code, message=message), RunStatus.ERROR, ThreadStatus.ERROR, error)

    async def _end(
        self,
        ctx: RunContext,
        journal: Journal,
        fact: RunFinished | RunFailed,
        status: RunStatus,
        thread: ThreadStatus,
        error: dict[str, str] | None,
    ) -> None:
        async with journal.lock:
            noted = journal.waiting()
            async with self.units.write(ctx.principal) as tx:
                last = await runs.end(tx, ctx, [*noted, fact], status, thread, error)
            journal.stored(last, len(noted), [fact])


async def _input(graph: Any, config: RunnableConfig, ctx: RunContext, work: dict[str, Any], resumed: bool) -> Any:
    """Return what the graph is to start with; a later attempt goes on from its own last checkpoint when there is one."""
    if resumed:
        snapshot = await graph.aget_state(config)
        if snapshot.metadata and snapshot.metadata.get("run_id") == str(ctx.run_id) and snapshot.next:
            return None
    if resume := work.get("resume"):
        said = _messages(work)
        return Command(resume=resume, update={"messages": said} if said else None)
    return {"messages": _messages(work)}


def _messages(work: dict[str, Any]) -> list[AnyMessage]:
    """Return the user's words; a typed yes or no is marked, since the decision that it stands for reaches the model as a result."""
    resume = work.get("resume")
    marks = {DECISION_MARK: resume["approval_id"]} if resume else {}
    return [HumanMessage(message["content"], id=message["id"], additional_kwargs=marks) for message in work.get("messages", [])]


def _config(ctx: RunContext) -> RunnableConfig:
    return {
        "configurable": {"thread_id": str(ctx.thread_id)},
        "metadata": {"run_id": str(ctx.run_id), "attempt": ctx.attempt},
        "recursion_limit": 60,
        "run_name": "storehand",
    }


def _day(clock: Callable[[], datetime]) -> str:
    return f"{clock():%A, %d %B %Y}"
