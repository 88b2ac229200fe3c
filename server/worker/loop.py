"""The worker: claims runs, drives them, keeps their leases, and gives them back when it stops."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from agents.roster import ROSTER
from core import faults
from core.errors import Fenced, StorehandError, Unavailable
from core.events import RunFailed
from core.identity import RunContext
from core.ids import RunId, ThreadId
from core.log import get_logger
from server.outbound.dispatcher import Dispatcher
from server.outbound.webhooks import Webhooks
from server.runs import principal_of
from server.warming import warm_up
from server.wiring import Runtime
from server.worker.aftercare import Aftercare
from server.worker.librarian import Librarian
from server.worker.pace import told_to_stop
from server.worker.relay import Relay
from server.worker.stockkeeping import Stockkeeping
from server.worker.upkeep import Upkeep
from store.queries import runs
from store.tables.runtime import RunStatus, ThreadStatus

_log = get_logger(__name__)
_AT_ONCE = 16
"""Runs that a worker claims in one round trip; more would leave other workers without."""
_STOP_SECONDS = 15.0
"""So long a task may finish what it holds when the process stops: half of what a supervisor usually grants (Kubernetes: 30 s)."""


class Worker:
    """One process's share of the queue: at most `concurrency` runs at once."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.options = runtime.settings.worker
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._held: dict[UUID, tuple[RunContext, asyncio.Task[None]]] = {}

    async def run_forever(self) -> None:
        """Claim and drive until cancelled; then let go of what is left."""
        heartbeat = asyncio.create_task(self._keep_leases())
        try:
            while not told_to_stop():
                if not await self._claim():
                    await self._wait()
        finally:
            heartbeat.cancel()
            await asyncio.shield(self._let_go())

    async def drain(self) -> None:
        """Drive until the queue is empty, for commands and tests."""
        while await self._claim() or self._held:
            if self._held:
                await asyncio.wait([task for _, task in self._held.values()], timeout=0.05)

    async def _claim(self) -> bool:
        most = min(_AT_ONCE, self.options.concurrency - len(self._held))
        try:
            found = await runs.claim(self.runtime.units, self.name, self.options.lease_seconds, most) if most > 0 else []
        except Unavailable as error:
            _log.warning("cannot claim runs", error=error.message)
            await asyncio.sleep(self.options.poll_seconds)
            return False
        for run in found:
            faults.point("worker.after_claim")
            ctx = RunContext(
                principal=principal_of(run),
                run_id=RunId(run.run_id),
                thread_id=ThreadId(run.thread_id),
                attempt=run.attempt,
                agent=run.assistant if run.assistant in ROSTER else None,
                request_id=str(run.run_id),
            )
            task = asyncio.create_task(self._drive(ctx, run), name=f"run:{run.run_id}")
            self._held[run.run_id] = (ctx, task)
            task.add_done_callback(partial(self._forget, run.run_id))
        return bool(found)

    def _forget(self, run_id: UUID, task: asyncio.Task[None]) -> None:
        """Let go of a run, unless a newer attempt of it came to this very worker after the lease was lost."""
        if run_id in self._held and self._held[run_id][1] is task:
            del self._held[run_id]

    async def _drive(self, ctx: RunContext, run: runs.Claimed) -> None:
        budget = self.runtime.settings.budget.wall_seconds
        try:
            if ctx.attempt > self.options.max_attempts:
                await self._park(ctx)
                return
            async with asyncio.timeout(budget + 60):
                await self.runtime.driver.drive(ctx, run.input, opens=run.opens)
        except Fenced:
            _log.info("run was taken over or cancelled", run_id=str(ctx.run_id), attempt=ctx.attempt)
        except StorehandError as error:
            _log.warning("run stopped; its lease will expire and it resumes", run_id=str(ctx.run_id), error=error.message)
        except Exception:
            _log.exception("run stopped; its lease will expire and it resumes", run_id=str(ctx.run_id))

    async def _park(self, ctx: RunContext) -> None:
        message = "This request kept failing on our side and was stopped. Nothing was half done."
        fact = RunFailed(code="crashed", message=message)
        error = {"error": "crashed", "message": message}
        await runs.end(self.runtime.pool, self.runtime.clock(), ctx, [fact], RunStatus.ERROR, ThreadStatus.ERROR, error)

    async def _keep_leases(self) -> None:
        while not told_to_stop():
            await asyncio.sleep(self.options.heartbeat_seconds)
            held = dict(self._held)
            if not held:
                continue
            try:
                rows = await self.runtime.units.call(
                    "extend_leases",
                    run_ids=list(held),
                    attempts=[ctx.attempt for ctx, _ in held.values()],
                    lease_seconds=self.options.lease_seconds,
                )
            except Unavailable as error:
                _log.warning("leases were not extended", error=error.message)
                continue
            kept = {row["run_id"] for row in rows}
            for run_id, (_, task) in held.items():
                if run_id not in kept:
                    task.cancel()

    async def _wait(self) -> None:
        if len(self._held) >= self.options.concurrency:
            await asyncio.wait([task for _, task in self._held.values()], return_when=asyncio.FIRST_COMPLETED)
            return
        try:
            await self.runtime.wakes.wait_wake(self.options.poll_seconds)
        except Unavailable:
            await asyncio.sleep(self.options.poll_seconds)

    async def _let_go(self) -> None:
        held = list(self._held.values())
        for _, task in held:
            task.cancel()
        await asyncio.gather(*(task for _, task in held), return_exceptions=True)
        for ctx, _ in held:
            try:
                async with self.runtime.units.write(ctx.principal) as tx:
                    await runs.release(tx, ctx)
            except StorehandError as error:
                _log.warning("a run was not given back; its lease will expire", run_id=str(ctx.run_id), error=error.message)


@asynccontextmanager
async def working(runtime: Runtime) -> AsyncIterator[Worker]:
    """Run a worker and what belongs beside it: whoever carries messages out, keeps knowledge and stock, and looks after what is due."""
    worker = Worker(runtime)
    tasks = [
        asyncio.create_task(worker.run_forever(), name="worker"),
        asyncio.create_task(Relay(runtime).run_forever(), name="relay"),
        asyncio.create_task(Upkeep(runtime).run_forever(), name="upkeep"),
        asyncio.create_task(Librarian(runtime).run_forever(), name="librarian"),
        asyncio.create_task(Stockkeeping(runtime).run_forever(), name="stockkeeping"),
        asyncio.create_task(Aftercare(runtime.units, runtime.executor).run_forever(), name="aftercare"),
        asyncio.create_task(Dispatcher(runtime).run_forever(), name="dispatcher"),
        asyncio.create_task(Webhooks(runtime).run_forever(), name="webhooks"),
    ]
    try:
        yield worker
    finally:
        for task in tasks:
            task.cancel()
        _, late = await asyncio.wait(tasks, timeout=_STOP_SECONDS)
        for task in late:
            _log.warning("did not stop in time and is stopped hard", task=task.get_name())
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def work_until_stopped(runtime: Runtime) -> None:
    """Work until SIGTERM or Ctrl-C; runs in hand are given back, for another worker to go on with at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        loop.add_signal_handler(number, stopped.set)
    try:
        async with working(runtime):
            warming = asyncio.create_task(warm_up(runtime))
            await stopped.wait()
            warming.cancel()
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
