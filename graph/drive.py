"""Drives one claimed run through the graph, and writes how it began and ended into the run log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, StateSnapshot

from agents.llm.meter import Meter
from agents.think import Mind
from core import faults
from core.clock import Clock
from core.errors import Fenced, StorehandError
from core.events import ApprovalDecided, MessageAdded, RunFact, RunFailed, RunFinished, RunStarted
from core.identity import RunContext
from core.log import get_logger
from core.settings import Budget
from graph.agent import as_dict
from graph.build import build
from graph.guard import DECISION_MARK
from graph.state import WINDOW, TurnContext
from memory.checkpoints import Lease, Pool, RunSaver, thread_key
from memory.journal import Journal, Live
from store import events
from store.queries import runs, tenants
from store.tables.runtime import RunStatus, ThreadStatus
from store.tables.tenancy import Tenant
from store.unit import Units, translated
from tools.executor import Executor
from tools.policy import Policy

_log = get_logger(__name__)
_REMEMBER = timedelta(seconds=5)


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
    shops: dict[UUID, tuple[datetime, Tenant, Policy]] = field(default_factory=dict[UUID, tuple[datetime, Tenant, Policy]])
    """What prompts say of each shop, with the instant until which it is not read again."""

    async def drive(self, ctx: RunContext, work: dict[str, Any], *, opens: bool = False) -> None:
        """Run to the end, to an approval, or to an error; each is stored under the run's fencing token.

        Args:
            ctx: the attempt.
            work: what the run was asked: `messages`, `resume`, `fork`, `superseded`.
            opens: the conversation had no checkpoint when the run was claimed, so nobody looks for one.

        Raises:
            Fenced: another attempt owns the run, or it was cancelled; nothing more was stored.
            Unavailable: the database is gone; the lease will expire and another attempt resumes.
        """
        assert ctx.run_id is not None
        journal = Journal(ctx.run_id, self.live)
        lease = Lease(ctx.principal.tenant_id, ctx.run_id, ctx.attempt)
        saver = RunSaver(self.pool, lease, empty=opens, recent=None if "fork" in work else WINDOW + 1)
        meter = Meter(self.budget)
        turn = await self._begin(ctx, work, journal, meter, saver)
        try:
            graph = build(saver)
            config = _config(ctx)
            faults.point("run.begun")
            with translated():
                before = await graph.aget_state(config) if ctx.attempt > 1 else None
                if before is not None and _is_of(before, ctx):
                    await self._recall(ctx, journal, before.values["messages"])
                if before is None or not _is_of(before, ctx) or before.next:
                    work_on, place = _input(ctx, work, before), _start(ctx, work, before, config)
                    async for _ in graph.astream(work_on, place, context=turn, stream_mode=(), durability="sync"):
                        pass
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
            await self._finish(ctx, journal, meter, saver)

    async def _begin(self, ctx: RunContext, work: dict[str, Any], journal: Journal, meter: Meter, saver: RunSaver) -> TurnContext:
        """Announce the attempt. The first one's facts wait for the next transaction; a later one stores them at once."""
        shop, policy = await self._shop(ctx)
        if ctx.attempt == 1:
            for fact in _opening(ctx, work):
                journal.note(fact)
        else:
            async with journal.lock:
                async with self.units.write(ctx.principal, relaxed=True) as tx:
                    assert ctx.run_id is not None
                    run = await runs.claimed(tx, ctx.run_id)
                    facts = [RunStarted(attempt=ctx.attempt)] if run.seq else _opening(ctx, work)
                    last = await events.append(tx, ctx, facts)
                journal.stored(last, 0, facts)
        return TurnContext(
            run=ctx,
            mind=self.mind,
            executor=self.executor,
            journal=journal,
            meter=meter,
            policy=policy,
            shop=shop.name,
            currency=shop.currency,
            today=lambda: _day(self.clock),
            make_durable=saver.flush,
        )

    async def _shop(self, ctx: RunContext) -> tuple[Tenant, Policy]:
        """Return what prompts say of the shop, a few seconds old at most; effects are decided on the policy of their own transaction."""
        now, tenant_id = self.clock(), ctx.principal.tenant_id
        known = self.shops.get(tenant_id)
        if known is None or known[0] < now:
            async with self.units.read(ctx.principal) as tx:
                known = (now + _REMEMBER, await tenants.current(tx), await self.executor.policy(tx))
            self.shops[tenant_id] = known
        return known[1], known[2]

    async def _recall(self, ctx: RunContext, journal: Journal, messages: Sequence[AnyMessage]) -> None:
        """Announce again what an earlier attempt announced, kept in its checkpoint and did not live to store."""
        assert ctx.run_id is not None
        async with self.units.read(ctx.principal) as tx:
            log = await events.read(tx, ctx.run_id)
        known = {each.fact.message["id"] for each in log if isinstance(each.fact, MessageAdded)}
        for message in messages:
            if isinstance(message, AIMessage) and (message.id or "").startswith(f"{ctx.run_id}-") and message.id not in known:
                journal.note(MessageAdded(message=as_dict(message)))

    async def _finish(self, ctx: RunContext, journal: Journal, meter: Meter, saver: RunSaver) -> None:
        totals = meter.totals
        done = RunFinished(
            status="interrupted" if saver.interrupted else "success",
            model_calls=totals.model_calls,
            tool_calls=totals.tool_calls,
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
        )
        thread = ThreadStatus.INTERRUPTED if saver.interrupted else ThreadStatus.IDLE
        await self._end(ctx, journal, done, RunStatus.SUCCESS, thread, None, saver)

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
        saver: RunSaver | None = None,
    ) -> None:
        """Store how the run ended; its last checkpoints become part of the conversation in the same transaction, or not at all."""
        faults.point("run.before_end")
        async with journal.lock:
            noted = journal.waiting()
            kept = saver.hand_over() if saver is not None else runs.Kept()
            last = await runs.end(self.pool, self.clock(), ctx, [*noted, fact], status, thread, error, kept)
            faults.point("run.after_end")
            journal.stored(last, len(noted), [fact])


def _opening(ctx: RunContext, work: dict[str, Any]) -> list[RunFact]:
    facts: list[RunFact] = [RunStarted(attempt=ctx.attempt)]
    facts += [MessageAdded(message=as_dict(message)) for message in _messages(work)]
    if resume := work.get("resume"):
        facts.append(ApprovalDecided(approval_id=resume["approval_id"], decision=resume["decision"], by=resume.get("by")))
    return facts + [ApprovalDecided(approval_id=closed, decision="superseded") for closed in work.get("superseded", [])]


def _input(ctx: RunContext, work: dict[str, Any], before: StateSnapshot | None) -> Any:
    """Return what the graph is to start with; a later attempt goes on from its own last checkpoint when there is one."""
    resume = work.get("resume")
    if before is not None and _is_of(before, ctx):
        return Command(resume=resume) if resume and _still_asks(before, resume["approval_id"]) else None
    if resume:
        said = _messages(work)
        return Command(resume=resume, update={"messages": said} if said else None)
    return {"messages": _messages(work)} if work.get("messages") else None


def _start(ctx: RunContext, work: dict[str, Any], before: StateSnapshot | None, config: RunnableConfig) -> RunnableConfig:
    """Return where the graph is to start: the newest checkpoint, or an earlier one that the run was asked to go on from."""
    if "fork" not in work or (before is not None and _is_of(before, ctx)):
        return config
    return {**config, "configurable": {**config.get("configurable", {}), "checkpoint_ns": "", "checkpoint_id": work["fork"]}}


def _is_of(snapshot: StateSnapshot, ctx: RunContext) -> bool:
    """Return whether an earlier attempt of this run wrote a checkpoint."""
    return (snapshot.metadata or {}).get("run_id") == str(ctx.run_id)


def _still_asks(snapshot: StateSnapshot, approval_id: str) -> bool:
    """Return whether the graph waits for a decision that this run brings: the attempt before ended just before it took it."""
    return any(asked.value["approval"]["approval_id"] == approval_id for task in snapshot.tasks for asked in task.interrupts)


def _messages(work: dict[str, Any]) -> list[AnyMessage]:
    """Return the user's words; a typed yes or no is marked, since the decision that it stands for reaches the model as a result."""
    resume = work.get("resume")
    marks = {DECISION_MARK: resume["approval_id"]} if resume else {}
    return [HumanMessage(message["content"], id=message["id"], additional_kwargs=marks) for message in work.get("messages", [])]


def _config(ctx: RunContext) -> RunnableConfig:
    assert ctx.thread_id is not None
    return {
        "configurable": {"thread_id": thread_key(ctx.principal.tenant_id, ctx.thread_id)},
        "metadata": {"run_id": str(ctx.run_id), "attempt": ctx.attempt},
        "recursion_limit": 60,
        "run_name": "storehand",
    }


def _day(clock: Callable[[], datetime]) -> str:
    return f"{clock():%A, %d %B %Y}"
