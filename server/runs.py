"""Starts, decides and cancels runs. Each is one transaction; workers are woken after its commit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from core.errors import Conflict, InvalidInput, Unavailable
from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId, new_id
from core.log import get_logger
from core.redact import visible
from memory.checkpoints import thread_key, undo_run
from server.setup import keeper
from server.state import asked_for
from server.wiring import Runtime
from store.queries import approvals as approval_rows
from store.queries import runs, threads
from store.tables.runtime import Approval, ApprovalStatus, Run, RunStatus, Thread, ThreadStatus
from store.unit import Tx
from tools.approvals import Answer, Choice, decide, refuse_expired

_log = get_logger(__name__)
_YES = re.compile(
    r"^(yes|yep|yeah|sure|ok|okay|confirm(ed)?|i confirm|do it|go ahead|please do|correct|that'?s right|"
    r"yes,? (please|do it|confirm|go ahead|cancel it|return (it|them)))[\s.!,]*$",
    re.IGNORECASE,
)
_NO = re.compile(r"^(no|nope|no,? thanks?( you)?|don'?t|do not|stop|no,? don'?t|forget it|never ?mind|leave it)[\s.!,]*$", re.IGNORECASE)


_BATCH = 50
Multitask = Literal["enqueue", "reject", "interrupt", "rollback"]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A request for a turn: new words of the user, an answer to the open request of the thread, or a turn again."""

    assistant: str
    messages: list[dict[str, str]]
    """Human messages only: {"id", "content"}."""
    answer: Answer | None
    key: str | None
    """The client's `Idempotency-Key`."""
    body_hash: str
    multitask: Multitask = "enqueue"
    meta: dict[str, Any] = field(default_factory=dict[str, Any])
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    delay: timedelta = timedelta()
    grace: timedelta | None = None
    """So long it goes on without a reader; none is to its end."""
    fork: str | None = None
    """The checkpoint to go on from, instead of the newest one; without words, the turn that began there is repeated."""


async def create_run(runtime: Runtime, principal: Principal, thread_id: UUID | None, new: NewRun) -> Run:
    """Queue a run and return it; the same key with the same body returns the run that it made before.

    Without a thread, the run gets one of its own, which is deleted some time after it unless `options["keep"]` says otherwise.

    Raises:
        NotFound: unknown thread, or somebody else's.
        Conflict: the key was used for another body, a run is active (`reject`), nothing waits for the answer, or it comes too late.
        InvalidInput: neither words nor an answer.
    """
    if new.answer is None and not new.messages and new.fork is None:
        raise InvalidInput("give at least one human message, or command.resume", field="input.messages")
    new = replace(new, messages=[{**message, "content": visible(message["content"])} for message in new.messages])
    if thread_id is None and new.key is None and new.answer is None:
        return await _create_alone(runtime, principal, new)
    ended: list[tuple[UUID, int]] = []
    async with runtime.units.write(principal) as tx:
        if thread_id is not None and new.multitask in ("interrupt", "rollback"):
            await runs.hold_active(tx, thread_id)
        thread = await threads.get(tx, thread_id, lock=True) if thread_id is not None else None
        if new.key is not None and (known := await runs.by_key(tx, new.key)) is not None:
            if known.request_hash != new.body_hash or thread_id not in (None, known.thread_id):
                raise Conflict("this Idempotency-Key was used for another request", code="idempotency_key_reused")
            return known
        if thread is None:
            thread = await threads.create(tx, transient=not new.options.get("keep"))
        elif busy := await runs.active(tx, thread.id):
            ended = await _make_way(tx, thread, busy, new.multitask)
        work = await _work(runtime, tx, thread, new)
        run = None if work is None else queue_run(tx, thread, new, work)
    await _tell_ended(runtime, ended)
    if run is None:
        raise Conflict("this request has expired; ask again", code="approval_expired")
    await wake(runtime)
    return run


async def _create_alone(runtime: Runtime, principal: Principal, new: NewRun) -> Run:
    """Queue a run with a conversation of its own, in one round trip: nothing can be in its way."""
    now = runtime.units.clock()
    thread = threads.fresh(principal, now, transient=not new.options.get("keep"))
    run = _new_run(principal, now, thread, new, {"messages": new.messages})
    await runs.queue_with_thread(runtime.units, principal, thread, run)
    await wake(runtime)
    return run


async def _make_way(tx: Tx, thread: Thread, busy: Sequence[Run], multitask: Multitask) -> list[tuple[UUID, int]]:
    """Deal with runs that have not ended, as the newer one asks; return those that were ended, with their last numbers."""
    if multitask == "reject":
        raise Conflict(
            "Thread is already running a task. Wait for it to finish or choose a different multitask strategy.", code="thread_busy"
        )
    if multitask == "enqueue":
        return []
    return [(run.id, last) for run in busy if (last := await _end(tx, thread.id, run, undo=multitask == "rollback")) is not None]


async def decide_approval(runtime: Runtime, principal: Principal, approval_id: UUID, answer: Answer) -> tuple[Approval, Run | None]:
    """Record a decision, and queue the run that goes on with it, in the name of the one who asked.

    Raises:
        NotFound, Forbidden, Conflict, InvalidInput: with nothing recorded.
    """
    run: Run | None = None
    async with runtime.units.write(principal) as tx:
        row = await _decide(runtime, tx, approval_id, answer)
        if row.thread_id is not None and row.status != ApprovalStatus.EXPIRED.value:
            thread = await tx.session.get_one(Thread, (tx.tenant_id, row.thread_id))
            usual = "support" if row.requester_role == Role.CUSTOMER else "ops"
            new = NewRun(str(thread.meta.get("graph_id", usual)), [], answer, f"approval:{row.id}", "")
            run = queue_run(tx, thread, new, {"resume": _resume(row, answer)}, owner=row)
    refuse_expired(row)
    await wake(runtime)
    return row, run


async def cancel_run(runtime: Runtime, principal: Principal, thread_id: UUID, run_id: UUID, *, undo: bool = False) -> bool:
    """End a run; from the return on no effect of it can start. False when it had already ended.

    Args:
        runtime: whose database.
        principal: who asks.
        thread_id: the run's conversation.
        run_id: the run.
        undo: take what it said out of the conversation and forget it; what its tools did stays done.
    """
    async with runtime.units.write(principal) as tx:
        last = await _end(tx, thread_id, await runs.get(tx, run_id, thread_id), undo=undo)
    if last is None:
        return False
    await _tell_ended(runtime, [(run_id, last)])
    return True


async def cancel_runs(
    runtime: Runtime,
    principal: Principal,
    *,
    thread_id: UUID | None,
    ids: Sequence[UUID] | None,
    status: RunStatus | None,
    undo: bool = False,
) -> int:
    """End the caller's runs that are named, and return how many had not ended."""
    async with runtime.units.write(principal) as tx:
        found = await runs.own_active(tx, thread_id=thread_id, ids=ids, status=status)
        ended = [(run.id, last) for run in found if (last := await _end(tx, run.thread_id, run, undo=undo)) is not None]
    await _tell_ended(runtime, ended)
    return len(ended)


async def delete_run(runtime: Runtime, principal: Principal, thread_id: UUID, run_id: UUID) -> None:
    """Delete a run with its log, after ending it. What it said and did stays.

    Raises:
        NotFound: unknown, of another thread, or somebody else's.
    """
    async with runtime.units.write(principal) as tx:
        run = await runs.get(tx, run_id, thread_id)
        last = await runs.cancel(tx, run)
        await runs.remove(tx, run)
    await _tell_ended(runtime, [] if last is None else [(run_id, last)])


async def cancel_left(runtime: Runtime) -> int:
    """End the runs whose readers left and did not come back in time, each in a transaction of its own; return how many."""
    ended: list[tuple[UUID, int]] = []
    for run in await runs.left(runtime.units, runtime.clock(), _BATCH):
        async with runtime.units.write(keeper(run.tenant_id)) as tx:
            last = await runs.cancel(tx, run, unread=True)
        if last is not None:
            ended.append((run.id, last))
    await _tell_ended(runtime, ended)
    return len(ended)


async def _end(tx: Tx, thread_id: UUID, run: Run, *, undo: bool) -> int | None:
    last = await runs.cancel(tx, run)
    if last is not None and undo:
        await undo_run(tx, thread_key(tx.tenant_id, thread_id), run.id)
        await runs.remove(tx, run)
    return last


async def _tell_ended(runtime: Runtime, ended: Sequence[tuple[UUID, int]]) -> None:
    """Tell those who follow runs that these have ended."""
    from core.events import RunFinished

    fact = RunFinished(status="cancelled").model_dump_json().encode()
    try:
        for run_id, last in ended:
            await runtime.live.append(run_id, [(f"{last}-0", fact)])
    except Unavailable as error:
        _log.warning("live stream is down; readers follow the stored log", error=error.message)


async def _work(runtime: Runtime, tx: Tx, thread: Thread, new: NewRun) -> dict[str, Any] | None:
    """Return what the run has to do; None when the request that it answers has expired."""
    said = new.answer or _plain_answer(new.messages)
    row = await _shown_request(runtime, tx, thread.id) if said is not None else None
    if new.answer is not None and row is None:
        raise Conflict("nothing on this thread waits for a decision", code="nothing_to_resume")
    if row is not None and said is not None and (new.answer is not None or row.kind == "confirmation"):
        row = await _decide(runtime, tx, row.id, said)
        if row.status != ApprovalStatus.EXPIRED.value:
            return {"resume": _resume(row, said), **({"messages": new.messages} if new.messages else {})}
        if new.answer is not None:
            return None
    closed = [str(approval) for approval in await approval_rows.supersede(tx, thread.id)]
    return {"messages": new.messages, "superseded": closed, **({"fork": new.fork} if new.fork else {})}


async def _shown_request(runtime: Runtime, tx: Tx, thread_id: UUID) -> Approval | None:
    """Return the open request that the conversation shows: of several that wait, a decision is on the one that a person sees."""
    asked = await asked_for(runtime, tx.tenant_id, thread_id)
    found = await approval_rows.find(tx, status=ApprovalStatus.OPEN, thread_id=thread_id)
    return next((row for row in found if row.id == asked), None)


async def _decide(runtime: Runtime, tx: Tx, approval_id: UUID, answer: Answer) -> Approval:
    row = await approval_rows.get(tx, approval_id)
    return await decide(tx, runtime.toolbox[row.tool], approval_id, answer, await runtime.executor.policy(tx))


def _plain_answer(messages: list[dict[str, str]]) -> Answer | None:
    """Return the decision that a person typed: only a bare yes or no to the confirmation they were just shown."""
    said = messages[0]["content"].strip() if len(messages) == 1 else ""
    if not said or len(said) > 40:
        return None
    if _YES.match(said):
        return Answer(decision=Choice.APPROVE)
    return Answer(decision=Choice.REJECT) if _NO.match(said) else None


def queue_run(tx: Tx, thread: Thread, new: NewRun, work: dict[str, Any], *, owner: Approval | None = None) -> Run:
    """Add a run to a thread that is locked, for the caller or for the owner of a request that was decided."""
    run = tx.add(_new_run(tx.principal, tx.now, thread, new, work, owner))
    tx.session.add(thread)
    return run


def _new_run(who: Principal, now: datetime, thread: Thread, new: NewRun, work: dict[str, Any], owner: Approval | None = None) -> Run:
    """Return a run that is not stored yet, and let its thread show it."""
    user_id, customer_id = (owner.requester_id, owner.customer_id) if owner else (who.user_id, who.customer_id)
    role, name = (owner.requester_role, owner.requester) if owner else (who.role.value, who.name)
    title = new.messages[0]["content"][:80] if new.messages else None
    thread.meta = {**({"title": title} if title else {}), **thread.meta, "graph_id": new.assistant}
    thread.status, thread.error, thread.updated_at = ThreadStatus.BUSY, None, now
    return Run(
        tenant_id=who.tenant_id,
        id=new_id(),
        thread_id=thread.id,
        user_id=user_id,
        customer_id=customer_id,
        assistant=new.assistant,
        input=work,
        principal={"role": role, "name": name},
        meta=new.meta,
        options={**new.options, "multitask": new.multitask},
        due_at=now + new.delay if new.delay else None,
        reader_until=now + new.grace if new.grace and not new.delay else None,
        idempotency_key=new.key or str(new_id()),
        request_hash=new.body_hash,
        created_at=now,
        updated_at=now,
    )


def _resume(row: Approval, answer: Answer) -> dict[str, Any]:
    said = visible(answer.message[:500])
    return {"approval_id": str(row.id), "decision": answer.decision.value, "message": said, "by": row.decided_by_name}


def principal_of(run: Run | runs.Claimed) -> Principal:
    """Return the principal in whose name a stored run acts."""
    customer = CustomerId(run.customer_id) if run.customer_id else None
    return Principal(TenantId(run.tenant_id), UserId(run.user_id), Role(run.principal["role"]), customer, run.principal["name"])


async def wake(runtime: Runtime) -> None:
    """Tell the workers that a run was queued."""
    try:
        await runtime.wakes.wake()
    except Unavailable as error:
        _log.warning("workers were not woken and will poll", error=error.message)
