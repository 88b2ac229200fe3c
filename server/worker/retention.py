"""Retention: what runs leave behind is kept for as long as the settings say, then forgotten in small batches.

Any number of processes do this beside each other, and one that dies leaves the rest to be found again. Ledger, audit chain and
decisions are no part of it: they are never deleted.
"""

from datetime import datetime, timedelta

from core.log import get_logger
from memory.checkpoints import thread_key
from memory.thinning import thin_run
from server.setup import keeper
from server.wiring import Runtime
from store.queries import runs

_log = get_logger(__name__)
_LOGS = 100
_THINNED = 20


async def forget_old(runtime: Runtime, now: datetime) -> tuple[int, int]:
    """Forget a batch of what is old enough; return how many logs were deleted and how many runs were thinned.

    Raises:
        Unavailable: Postgres cannot be reached.
    """
    kept = runtime.settings.retention
    logs = await runs.forget_logs(runtime.units, now - timedelta(days=kept.log_days), now, _LOGS)
    found = await runs.to_thin(runtime.units, now - timedelta(days=kept.steps_days), _THINNED)
    thinned = sum([await _thin(runtime, run) for run in found])
    if logs or thinned:
        _log.debug("old runs were made smaller", logs=logs, thinned=thinned)
    return logs, thinned


async def _thin(runtime: Runtime, run: runs.Found) -> bool:
    """Thin a run unless its conversation is at work again; no run of it can start meanwhile."""
    async with runtime.units.write(keeper(run.tenant_id)) as tx:
        if not await runs.hold_at_rest(tx, run):
            return False
        await thin_run(tx, thread_key(run.tenant_id, run.thread_id), run.id)
        return True
