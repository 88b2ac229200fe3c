"""What read tools cost on a shop with years of history: no statement may read a large part of a large table."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import event

from bench.reads import read_calls
from core.settings import Settings
from server.cli.session import who_is
from server.setup import seed_demo
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints
from store.seed import Size
from store.seed.build import ORDER_TABLES
from tests.conftest import create_database, drop_database
from tools.result import Outcome

YEARS = Size(products=60, customers=400, orders=6000, days=1000)
"""A month is 3 % of the history, so that what a month's figures need is far from the whole."""
SHARE = 0.15
"""Of a table's rows, what one place of a plan may read."""
LEAST = 1000
"""Tables of fewer rows say nothing: a page of them is a large part."""
GROWING = frozenset({*ORDER_TABLES, "customers", "addresses", "consents", "order_days", "sales_days", "dispatch_days", "arrival_days"})
"""Tables that grow with orders. Stock, listings and the like grow with the catalogue alone."""


@dataclass
class Plans:
    """The plans of statements as they ran, for the call at hand."""

    of: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])


class Explaining(psycopg.AsyncCursor[Any]):
    """Runs a query a second time under EXPLAIN ANALYZE and keeps the plan; not the functions that look across tenants."""

    plans: Plans

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Explain, then execute."""
        words = query.decode() if isinstance(query, bytes) else str(query)
        if self.row_factory is not dict_row and words.lstrip().upper().startswith(("SELECT", "WITH")):
            explained = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {words}"
            await super().execute(explained.encode(), params)
            row = await self.fetchone()
            assert row is not None
            self.plans.of.append((words, cast("dict[str, Any]", row[0][0]["Plan"])))
        return await super().execute(query, params, **options)


@pytest.fixture(scope="module")
def years_template(endpoints: Endpoints, empty_template: str) -> Iterator[Endpoints]:
    """A database with years of orders; nobody writes to it."""
    name = f"years_{uuid4().hex[:8]}"
    found = create_database(endpoints, name, empty_template)
    asyncio.run(seed_demo(found, YEARS, lambda _: None))
    yield found
    drop_database(endpoints, name)


@pytest.fixture
async def history(settings: Settings, years_template: Endpoints) -> AsyncIterator[tuple[Runtime, Plans]]:
    """A runtime over years of orders whose plans are kept."""
    plans = Plans()

    def explain(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.driver_connection.cursor_factory = type("Kept", (Explaining,), {"plans": plans})

    async with open_runtime(settings, years_template, demo=True) as runtime:
        event.listen(runtime.units.engine.sync_engine, "connect", explain)
        await runtime.units.engine.dispose()
        yield runtime, plans


async def sizes(runtime: Runtime, url: str) -> dict[str, float]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute(
            "SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return {name: rows for name, rows in await found.fetchall() if rows >= LEAST and name in GROWING}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def rows_read(node: dict[str, Any]) -> float:
    """Return how many rows a scan looked at, over all its loops."""
    thrown = (
        node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0) + node.get("Rows Removed by Join Filter", 0)
    )
    return (node.get("Actual Rows", 0) + thrown) * node.get("Actual Loops", 1)


async def test_no_read_tool_reads_a_large_part_of_a_large_table(history: tuple[Runtime, Plans], years_template: Endpoints) -> None:
    runtime, plans = history
    who = await who_is(runtime, "merchant")
    large = await sizes(runtime, years_template.db_url)
    assert {"orders", "order_lines", "payments", "payment_transactions", "shipments", "tracking_events", "order_events"} <= large.keys()
    refused, found, calls = list[str](), dict[str, str](), await read_calls(runtime, who)
    for each in calls:
        plans.of.clear()
        result = await each.make(runtime)
        if result.status is not Outcome.OK:
            refused.append(f"{each.name}: {result}")
        for words, plan in plans.of:
            for node in nodes(plan):
                table = str(node.get("Relation Name", ""))
                if table in large and rows_read(node) > SHARE * large[table]:
                    share = f"{rows_read(node):.0f} of {large[table]:.0f} {table}"
                    found[words] = f"{each.name}: {node['Node Type']} reads {share}\n    {' '.join(words.split())}"
    assert {tool.name for tool in runtime.toolbox.values() if not tool.writes} == {each.tool.name for each in calls}
    assert not found, "\n".join(found.values())
    assert not refused, "\n".join(refused)


async def test_a_read_of_everything_is_noticed(history: tuple[Runtime, Plans], years_template: Endpoints) -> None:
    runtime, plans = history
    who = await who_is(runtime, "merchant")
    large = await sizes(runtime, years_template.db_url)
    async with runtime.units.read(who) as tx:
        plans.of.clear()
        await tx.run("SELECT count(*) FROM orders WHERE shipping_minor > %s", (0,))
    assert max(rows_read(node) for node in nodes(plans.of[0][1])) > SHARE * large["orders"]
