"""Brings a database to the point where the product can start: schema, demo shop, knowledge index."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from agents.policy_pages import render_policy_pages
from core.clock import Clock, system_clock
from core.errors import Conflict
from core.identity import Principal, Role
from core.ids import TenantId, UserId
from memory.indexing import follow_changes
from memory.indexing import index_knowledge as index_store
from server.demo_documents import print_documents
from server.passwords import hash_password
from server.wiring import Runtime
from store.embedded import Endpoints
from store.engine import app_url, build_engine
from store.seed import ArticleText, Extras, Size, build, load_empty
from store.unit import Units
from tools.customers.segments import count_segments
from tools.policy import Policy

Progress = Callable[[str], None]

DEMO_SEED = 20
_CURRENCY = "EUR"
_LARGE = 20_000
"""From so many orders on, loading takes long enough to tell how far it is."""


def migrate(owner_url: str, progress: Progress) -> str:
    """Upgrade the schema and return its revision."""
    from store.migrate import migrate as upgrade

    progress("Bringing the database schema up to date")
    return upgrade(owner_url)


async def seed_demo(endpoints: Endpoints, size: Size, progress: Progress, *, seed: int = DEMO_SEED, clock: Clock = system_clock) -> bool:
    """Load the demo shop unless the database holds a shop already; return whether it did."""
    engine = build_engine(app_url(endpoints.db_url), pool_size=1)
    try:
        if await _has_shop(Units(engine, clock)):
            return False
        progress(f"Loading the demo shop: {size.products} products, {size.customers} customers, {size.orders} orders")
        batches = build(seed, size, _round(clock()), _extras())
        rows = await asyncio.to_thread(load_empty, endpoints.db_url, batches, _Steps(size.orders, progress))
        from store.migrate import refresh_statistics

        await refresh_statistics(endpoints.db_url)
        units = Units(engine, clock)
        for row in await units.call("list_tenants"):
            who = keeper(row["tenant_id"])
            rows += await print_documents(units, who)
            async with units.write(who) as tx:
                await count_segments(tx, timedelta(0))
            while size.orders < _LARGE and await follow_changes(units, who):
                pass
        progress(f"Loaded {rows:,} rows")
        return True
    finally:
        await engine.dispose()


async def index_knowledge(runtime: Runtime, progress: Progress) -> int:
    """Index what changed since the last time, of every store, and return how many passages."""
    total = 0
    for row in await runtime.units.call("list_tenants"):
        total += await index_store(runtime.units, keeper(row["tenant_id"]), runtime.index, progress=progress)
    if total:
        progress(f"Indexed {total:,} passages of knowledge")
    return total


def keeper(tenant_id: UUID) -> Principal:
    """Return the principal that maintains a store's index and seed; it never reaches a request."""
    return Principal(TenantId(tenant_id), UserId(UUID(int=0)), Role.OWNER, name="storehand")


def _extras() -> Extras:
    policy = Policy()
    pages = [
        ArticleText(slug=page.slug, title=page.title, body=page.body, visibility=page.visibility)
        for page in render_policy_pages(policy, _CURRENCY)
    ]
    return Extras(policy_body=policy.model_dump(mode="json"), policy_articles=pages, hash_password=hash_password)


async def _has_shop(units: Units) -> bool:
    return bool(await units.call("list_tenants"))


def _round(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


class _Steps:
    """Tells how many orders of a large shop are loaded, a tenth at a time."""

    def __init__(self, orders: int, progress: Progress) -> None:
        self._orders, self._progress, self._loaded, self._told = orders, progress, 0, 0

    def __call__(self, table: str, rows: int, total: int) -> None:
        """Take in a batch, or a step of no rows."""
        if self._orders < _LARGE:
            return
        if not rows:
            self._progress(f"Building {table} over {total:,} rows")
        if table == "orders":
            self._loaded += rows
            if self._loaded * 10 // self._orders > self._told:
                self._told = self._loaded * 10 // self._orders
                self._progress(f"Loaded {self._loaded:,} of {self._orders:,} orders")


def refuse_overwrite(loaded: bool) -> None:
    """Say that nothing was loaded.

    Raises:
        Conflict: the database holds a shop.
    """
    if not loaded:
        raise Conflict("this database already holds a shop; use another --data-dir or an empty database", code="already_seeded")
