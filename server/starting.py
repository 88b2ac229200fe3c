"""How a request for a run becomes one: what it asks is read, checked against who asks, and queued."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request

from core.errors import Forbidden, InvalidInput, NotFound
from core.identity import Permission, Principal
from core.outside import read_address
from server.assistants import resolve
from server.dialects.langgraph import stream_modes
from server.dialects.langgraph_request import RunCreate, answer, human_messages, names_its_message, refuse_steering, repeats, resumes
from server.forks import fork_of
from server.once import fingerprint
from server.opening import checked_metadata, open_thread
from server.readers import readers_of
from server.runs import NewRun, create_run
from server.state import admitted
from server.wiring import Runtime
from store.tables.runtime import Run


async def start_run(
    request: Request,
    runtime: Runtime,
    principal: Principal,
    thread_id: UUID | None,
    body: RunCreate,
    key: str | None,
    *,
    mark: str = "",
    read: bool = False,
) -> Run:
    """Queue the run that a request asks for; without a thread it gets one of its own.

    Args:
        request: the request, for its body's hash.
        runtime: whose database.
        principal: who asks.
        thread_id: the conversation.
        body: what is asked.
        key: the client's `Idempotency-Key`.
        mark: tells the runs of one request apart.
        read: whether the request stays to follow the run, which then ends some time after its last reader has left.

    Raises:
        StorehandError: as `server.runs.create_run`, and what the request itself has wrong.
    """
    refuse_steering(body)
    if thread_id is None and (resumes(body) or repeats(body)):
        raise InvalidInput("a run without a thread has nothing to go on with", field="command.resume")
    asked = await fingerprint(request)
    options: dict[str, Any] = {"stream_mode": sorted(stream_modes(body.stream_mode)), "on_disconnect": body.on_disconnect or "continue"}
    if body.on_completion == "keep":
        options["keep"] = True
    if body.webhook:
        options["webhook"] = _webhook(runtime, principal, body.webhook)
    new = NewRun(
        assistant=resolve(runtime, principal, body.assistant_id),
        messages=human_messages(body),
        answer=answer(body),
        key=f"{key}{mark}" if key else _implied_key(body, asked + mark),
        body_hash=asked,
        multitask=body.multitask_strategy or "enqueue",
        meta=checked_metadata(body.metadata or {}),
        options=options,
        delay=timedelta(seconds=body.after_seconds or 0),
        grace=readers_of(request).grace if read else None,
        fork=None if thread_id is None else await _fork(runtime, principal, thread_id, body),
    )
    run = await create_run(runtime, principal, thread_id, new)
    request.app.state.metrics.runs.labels(run.assistant).inc()
    return run


def _webhook(runtime: Runtime, principal: Principal, url: str) -> str:
    if not principal.may(Permission.RUN_WEBHOOK):
        raise Forbidden("webhooks of a run are for managers and developers: follow its stream, or join it")
    return str(read_address(url, loopback=runtime.settings.webhooks.loopback, field="webhook"))


def _implied_key(body: RunCreate, asked: str) -> str | None:
    """Return the key of a request that carries an id of its own message: a client that sends it again did not get the answer."""
    return f"message:{asked}" if names_its_message(body) else None


async def _fork(runtime: Runtime, principal: Principal, thread_id: UUID, body: RunCreate) -> str | None:
    if body.if_not_exists == "create":
        try:
            await admitted(runtime, principal, thread_id)
        except NotFound:
            await open_thread(runtime, principal, thread_id, {}, reuse=True)
    return await fork_of(runtime, principal, thread_id, body)
