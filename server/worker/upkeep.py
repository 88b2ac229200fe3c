"""The upkeep: what follows from the clock and from the rules, whoever changed them and wherever.

When another version of the policy takes effect - changed a moment ago, or planned for this day - its pages are rendered
again. Requests that nobody decided in their time are closed, and runs that nobody follows any more are cancelled. Scheduled
runs are started, and what was kept for a while is forgotten. Who asked to be forgotten is forgotten to the end. Any number of
processes do this beside each other.
"""

from datetime import datetime, timedelta
from uuid import UUID

from agents.policy_pages import render_policy_pages
from core.log import get_logger
from server.runs import cancel_left
from server.schedules import start_due
from server.setup import keeper
from server.state import forget
from server.wiring import Runtime
from server.worker.forgetting import forget_people
from server.worker.pace import look_again
from server.worker.retention import forget_old
from store.queries import articles, policies, tenants, threads
from store.queries.articles import RulesPage

_log = get_logger(__name__)
_POLL_SECONDS = 2.0
_THREADS_KEPT = timedelta(minutes=10)
"""A client may look at a run without a conversation for this long after its end."""
_BATCH = 100


class Upkeep:
    """Looks after all stores of a database."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run_forever(self) -> None:
        """Look every few seconds until cancelled; while a server is down, less and less often."""
        await look_again("upkeep", self.once, _POLL_SECONDS)

    async def once(self) -> int:
        """Do what is due and return of how many stores the pages were looked after.

        Raises:
            Unavailable: Postgres or Chroma cannot be reached; what is left is found again next time.
        """
        units, now = self._runtime.units, self._runtime.clock()
        if expired := await units.call("expire_approvals", at=now):
            _log.info("requests expired", count=len(expired))
        if self._runtime.settings.runs.reader_grace and (left := await cancel_left(self._runtime)):
            _log.info("runs that nobody followed were cancelled", count=left)
        await self._sweep(now)
        await start_due(self._runtime)
        await forget_people(self._runtime)
        due = await units.call("tenants_to_publish", at=now)
        for row in due:
            await self._publish(row["tenant_id"])
        return len(due)

    async def _sweep(self, now: datetime) -> None:
        """Forget what was kept for a while: conversations of single runs, answers under a key, items with an end, what old runs left."""
        units = self._runtime.units
        answers_kept = timedelta(days=self._runtime.settings.retention.answers_days)
        await units.call("forget_expired", answers_before=now - answers_kept, items_before=now, most=_BATCH)
        await forget_old(self._runtime, now)
        for row in await units.call("finished_threads", before=now - _THREADS_KEPT, batch=_BATCH):
            async with units.write(keeper(row["tenant_id"])) as tx:
                await threads.sweep(tx, row["thread_id"])
            await forget(self._runtime, row["tenant_id"], row["thread_id"])

    async def _publish(self, tenant_id: UUID) -> None:
        units, who = self._runtime.units, keeper(tenant_id)
        async with units.write(who) as tx:
            await policies.newest(tx, lock=True)
            policy = await self._runtime.executor.policy(tx)
            if policy.version:
                pages = render_policy_pages(policy, (await tenants.current(tx)).currency)
                await articles.publish_rules(
                    tx, [RulesPage(page.slug, page.title, page.body, page.visibility) for page in pages], policy.version
                )
