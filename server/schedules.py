"""Schedules: when a run is due, and starting it in the name of whoever scheduled it."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from core.errors import InvalidInput, StorehandError
from core.identity import Permission, Principal, Role
from core.ids import TenantId, UserId, new_id
from core.log import get_logger
from server.runs import NewRun, queue_run, wake
from server.wiring import Runtime
from store.queries import approvals, crons, runs, threads
from store.tables.service import Cron
from store.unit import Tx

_log = get_logger(__name__)
_FIELDS = 5
_BATCH = 100


def next_time(schedule: str, timezone: str | None, after: datetime, end: datetime | None) -> datetime | None:
    """Return when a schedule is due next, None when it has ended.

    Args:
        schedule: five fields as of cron, such as `0 8 * * mon-fri`; no more often than once a minute.
        timezone: IANA name of the zone whose clock is meant; UTC by default. Hours that a change of the clock skips or repeats
            are handled as Debian's cron does.
        after: an instant.
        end: the schedule's end.

    Raises:
        InvalidInput: no schedule, or no zone.
    """
    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("give an IANA name, such as Europe/Amsterdam", field="timezone") from error
    if len(schedule.split()) != _FIELDS:
        raise InvalidInput("give five fields: minute hour day month weekday, such as 0 8 * * mon-fri", field="schedule")
    try:
        found = next(CronSim(schedule, after.astimezone(zone)), None)
    except CronSimError as error:
        raise InvalidInput(f"{error}; give five fields, such as 0 8 * * mon-fri", field="schedule") from error
    if found is None:
        raise InvalidInput("this day never comes", field="schedule")
    return None if end is not None and found > end else found


async def start_due(runtime: Runtime) -> int:
    """Start the runs that are due, each once whichever process looks first, and return how many.

    A schedule that was due several times while nobody looked starts one run. It is switched off when its user may not schedule any
    more, and waits when its conversation's last run of it has not ended.
    """
    started = 0
    for row in await runtime.units.call("due_crons", at=runtime.clock(), batch=_BATCH):
        who = Principal(TenantId(row["tenant_id"]), UserId(row["user_id"]), Role(row["user_role"]), name=row["user_name"])
        try:
            started += await _start(runtime, who, row["cron_id"])
        except StorehandError as error:
            _log.warning("a schedule was not started; it is tried again", cron_id=str(row["cron_id"]), error=error.message)
    if started:
        await wake(runtime)
    return started


async def _start(runtime: Runtime, who: Principal, cron_id: UUID) -> bool:
    async with runtime.units.write(who) as tx:
        cron = await crons.due(tx, cron_id)
        if cron is None or cron.next_at is None:
            return False
        due, allowed = cron.next_at, who.may(Permission.RUN_SCHEDULE)
        crons.next_is(cron, next_time(cron.schedule, cron.timezone, tx.now, cron.end_at) if allowed else None)
        tx.session.add(cron)
        if allowed:
            await _queue(tx, cron, due)
    if not allowed:
        _log.warning("a schedule was switched off: its user may not schedule any more", cron_id=str(cron_id))
    return allowed


async def _queue(tx: Tx, cron: Cron, due: datetime) -> None:
    if cron.thread_id is None:
        thread = await threads.create(tx, transient=cron.on_completion == "delete")
    else:
        thread = await threads.get(tx, cron.thread_id, lock=True)
        if any(run.meta.get("cron_id") == str(cron.id) for run in await runs.active(tx, thread.id)):
            return
    messages: list[dict[str, str]] = [{"id": str(new_id()), "content": one["content"]} for one in cron.payload["messages"]]
    closed = [str(one) for one in await approvals.supersede(tx, thread.id)]
    work: dict[str, Any] = {"messages": messages, "superseded": closed}
    meta = {**cron.meta, "cron_id": str(cron.id)}
    queue_run(tx, thread, NewRun(cron.assistant, messages, None, f"cron:{cron.id}:{due.isoformat()}", "", meta=meta), work)
