"""Runs as clients follow them: streamed, awaited, or all runs of a conversation on one stream."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Literal
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from core.errors import InvalidInput
from core.events import RunFailed
from core.identity import Principal
from server.dialects.langgraph import HEARTBEAT, Translator, parse_seen, stream_modes
from server.readers import readers_of
from server.runs import cancel_run
from server.sse import follow, follow_together
from server.state import history, thread_values
from server.streaming import LiveResponse
from server.wiring import Runtime
from store.queries import runs, threads
from store.tables.runtime import Run, RunStatus

_SSE = "text/event-stream; charset=utf-8"
_UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_NEXT_RUN_SECONDS = 1.0
"""How often a stream of a conversation looks for its next run."""
_MOST_STATES = 100

ThreadMode = Literal["run_modes", "lifecycle", "state_update"]


def run_path(run: Run) -> str:
    """Return the address of a run, relative to the API's root as both SDKs need it."""
    return f"/threads/{run.thread_id}/runs/{run.id}"


def stream_run(
    request: Request,
    runtime: Runtime,
    principal: Principal,
    run: Run,
    modes: frozenset[str],
    last_event_id: str | None = None,
    *,
    cancel_on_leave: bool = False,
) -> Response:
    """Return a stream of a run from its start, or after the message that the reader got last."""
    translator = _translator(runtime, principal, run, modes, last_event_id)

    async def chunks() -> AsyncGenerator[bytes]:
        yield translator.head()
        async with readers_of(request).reading(run):
            async for chunk in _told(runtime, principal, run, translator):
                yield chunk

    headers = {"Content-Location": run_path(run), "Location": f"{run_path(run)}/stream", **_UNBUFFERED}
    return LiveResponse(
        chunks(),
        media_type=_SSE,
        beat=HEARTBEAT,
        headers=headers,
        readers=request.app.state.metrics.readers,
        on_leave=_canceller(runtime, principal, run) if cancel_on_leave else None,
    )


def wait_run(request: Request, runtime: Runtime, principal: Principal, run: Run, *, cancel_on_leave: bool = False) -> Response:
    """Return the thread's values once a run has ended; until then, a line break now and then."""

    async def chunks() -> AsyncGenerator[bytes]:
        failed: RunFailed | None = None
        told = False
        async with readers_of(request).reading(run), aclosing(follow(runtime, principal, run.id, None)) as events:
            async for _, event in events:
                told, failed = True, event if isinstance(event, RunFailed) else None
        if not told:
            failed = await _failure(runtime, principal, run)
        if failed is not None:
            yield orjson.dumps({"__error__": {"error": failed.code, "message": failed.message}})
        else:
            yield orjson.dumps((await thread_values(runtime, principal, run.thread_id)).as_dict())

    headers = {"Content-Location": run_path(run), "Location": f"{run_path(run)}/join", **_UNBUFFERED}
    return LiveResponse(
        chunks(),
        media_type="application/json",
        beat=b"\n",
        headers=headers,
        readers=request.app.state.metrics.readers,
        on_leave=_canceller(runtime, principal, run) if cancel_on_leave else None,
    )


def stream_thread(
    request: Request, runtime: Runtime, principal: Principal, thread_id: UUID, modes: frozenset[str], last_event_id: str | None
) -> Response:
    """Return a stream of a conversation's runs, one after another, that stays open; it begins with what is at work."""
    last_run, last_event = parse_thread_place(last_event_id)

    async def chunks() -> AsyncGenerator[bytes]:
        async with runtime.units.read(principal) as tx:
            done = await runs.before_active(tx, thread_id) if last_run is None else UUID(int=last_run.int - 1)
        while True:
            async with runtime.units.read(principal) as tx:
                await threads.get(tx, thread_id)
                found = await runs.after(tx, thread_id, done)
            for run in found:
                async with readers_of(request).reading(run):
                    async for chunk in _told_in_thread(runtime, principal, run, modes, last_event if run.id == last_run else None):
                        yield chunk
                done = run.id
            await asyncio.sleep(_NEXT_RUN_SECONDS)

    return LiveResponse(chunks(), media_type=_SSE, beat=HEARTBEAT, headers=_UNBUFFERED, readers=request.app.state.metrics.readers)


def parse_thread_place(last_event_id: str | None) -> tuple[UUID | None, str | None]:
    """Return the run and its event that an id of a conversation's stream names.

    Raises:
        InvalidInput: it is not one of our ids.
    """
    if last_event_id in (None, "", "-1"):
        return None, None
    run, _, place = last_event_id.partition(":")
    try:
        named = UUID(run)
    except ValueError as error:
        raise InvalidInput("send the id of an event of this stream, or -1 for what is at work", field="Last-Event-ID") from error
    parse_seen(place)
    return named, place


async def _told_in_thread(
    runtime: Runtime, principal: Principal, run: Run, modes: frozenset[str], last_event_id: str | None
) -> AsyncGenerator[bytes]:
    """Yield a run as a part of its conversation's stream; the messages that end a stream of its own are left out."""
    asked = run.options.get("stream_mode") if "run_modes" in modes else None
    wanted = stream_modes(asked) if "run_modes" in modes else frozenset({"values"} if "state_update" in modes else ())
    translator = _translator(runtime, principal, run, wanted, last_event_id)
    translator.label, translator.in_thread = f"{run.id}:", True
    yield translator.head()
    async for chunk in _told(runtime, principal, run, translator):
        yield chunk


async def _told(runtime: Runtime, principal: Principal, run: Run, translator: Translator) -> AsyncGenerator[bytes]:
    fresh = run.status == RunStatus.PENDING
    async with aclosing(follow_together(runtime, principal, run.id, None, fresh=fresh)) as batches:
        async for batch in batches:
            chunks = [await translator.translate(event_id, event) for event_id, event in batch]
            if told := b"".join(chunks):
                yield told
    if not translator.ended:
        async with runtime.units.read(principal) as tx:
            over = await runs.get(tx, run.id)
        yield await translator.end(over.status, over.error)


async def _failure(runtime: Runtime, principal: Principal, run: Run) -> RunFailed | None:
    """Return why a run failed whose log is no longer there."""
    async with runtime.units.read(principal) as tx:
        over = await runs.get(tx, run.id)
    return RunFailed(code=over.error["error"], message=over.error["message"]) if over.error and over.status == RunStatus.ERROR else None


def _translator(runtime: Runtime, principal: Principal, run: Run, modes: frozenset[str], last_event_id: str | None) -> Translator:
    async def stored() -> list[dict[str, Any]]:
        states = await history(runtime, principal, run.thread_id, limit=_MOST_STATES, metadata={"run_id": str(run.id)})
        return states[::-1]

    return Translator(
        run_id=str(run.id),
        thread_id=str(run.thread_id),
        assistant=run.assistant,
        modes=modes,
        read_values=lambda: thread_values(runtime, principal, run.thread_id),
        seen=parse_seen(last_event_id),
        read_checkpoints=stored,
    )


def _canceller(runtime: Runtime, principal: Principal, run: Run) -> Callable[[], Awaitable[object]]:
    return lambda: cancel_run(runtime, principal, run.thread_id, run.id)


__all__ = ["ThreadMode", "parse_thread_place", "run_path", "stream_run", "stream_thread", "wait_run"]
