"""The owner's way of loading the demo shop: fast, and afterwards nobody can tell."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from core.errors import Conflict
from server.setup import keeper
from store.embedded import Endpoints
from store.engine import app_url, build_engine
from store.invariants import INVARIANTS, Finding, check
from store.rls import VIEWS
from store.seed import Batch, Extras, Size, build, load, load_empty
from store.seed.build import ORDER_TABLES
from store.seed.bulk import TRIGGERS
from store.unit import Units
from tests.conftest import create_database, drop_database

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LEAST = Size(products=45, customers=40, orders=150, days=45)
_PLAIN = r"regexp_replace({}, '::(character varying|text)(\[\])?|[()]', '', 'g')"
"""A definition without the casts and brackets that PostgreSQL adds when it reads its own words again."""
_SCHEMA = (
    f"SELECT conrelid::regclass, conname, convalidated, {_PLAIN.format('pg_get_constraintdef(oid)')} FROM pg_constraint ORDER BY 1, 2",
    f"SELECT indexrelid::regclass::text, indisvalid, {_PLAIN.format('pg_get_indexdef(indexrelid)')} FROM pg_index ORDER BY 1",
    "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
    "SELECT oid::regclass::text, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r' ORDER BY 1",
    "SELECT relname, count(*) FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE tgisinternal GROUP BY 1 ORDER BY 1",
)
_INSERT_TRIGGERS = (
    "SELECT tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND tgtype & 4 <> 0 AND relname = ANY (%s)"
)
_SUMMED = {
    "order_days": "SELECT day, channel, status, currency, sum(orders), sum(total_minor), sum(discount_minor) FROM order_days "
    "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
    "sales_days": "SELECT day, variant_id, currency, sum(units), sum(revenue_minor), sum(cost_minor) FROM sales_days GROUP BY 1, 2, 3 "
    "ORDER BY 1, 2, 3",
    "dispatch_days": "SELECT day, within_days, sum(orders) FROM dispatch_days GROUP BY 1, 2 ORDER BY 1, 2",
    "arrival_days": "SELECT promised, arrived, carrier_id, sum(parcels), sum(on_time), sum(late_seconds) FROM arrival_days "
    "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    "knowledge_changes": "SELECT kind, source_id FROM knowledge_changes ORDER BY 1, 2",
}
"""Tables that triggers fill, and what of them is the same however the rows came: sums of a statement, notes without their time."""


def batches(size: Size = LEAST) -> Iterator[Batch]:
    return build(7, size, NOW, Extras({"returns": {}}, [], lambda password: f"hash of {password}"))


def nothing(_table: str, _rows: int, _total: int) -> None:
    """Tell nobody."""


@pytest.fixture
def second_db(endpoints: Endpoints, empty_template: str) -> Iterator[Endpoints]:
    """Another fresh database with the schema only."""
    yield create_database(endpoints, "second_seed", empty_template)
    drop_database(endpoints, "second_seed")


def answers(url: str, *queries: str) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        return [connection.execute(query.encode()).fetchall() for query in queries]


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    plain = sorted(VIEWS.keys() - _SUMMED.keys())
    rows = answers(
        url,
        *(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t" for table in plain),
        *_SUMMED.values(),
    )
    return dict(zip([*plain, *_SUMMED], rows, strict=True))


async def test_the_owner_loads_what_triggers_and_row_security_would_have_made(empty_db: Endpoints, second_db: Endpoints) -> None:
    load_empty(empty_db.db_url, batches(), nothing)

    engine = build_engine(app_url(second_db.db_url))
    async with engine.begin() as connection:
        await load(connection, batches(), nothing)
    await engine.dispose()

    slow = contents(second_db.db_url)
    assert slow["orders"][0][0] == LEAST.orders
    assert contents(empty_db.db_url) == slow


def test_keys_indexes_triggers_and_row_security_are_what_they_were(empty_db: Endpoints) -> None:
    before = answers(empty_db.db_url, *_SCHEMA)
    load_empty(empty_db.db_url, batches(), nothing)
    for now, then in zip(answers(empty_db.db_url, *_SCHEMA), before, strict=True):
        assert sorted(set(now) ^ set(then)) == []


def test_each_trigger_that_is_left_out_is_accounted_for(empty_db: Endpoints) -> None:
    with psycopg.connect(empty_db.db_url) as connection:
        found = {name for (name,) in connection.execute(_INSERT_TRIGGERS, (list(ORDER_TABLES),)).fetchall()}
    assert found == TRIGGERS


def test_what_fails_leaves_nothing(empty_db: Endpoints) -> None:
    def broken() -> Iterator[Batch]:
        for batch in batches():
            lost = [row | {"order_id": row["id"]} for row in batch.rows] if batch.table == "shipments" else batch.rows
            yield Batch(batch.tenant_id, batch.table, lost)

    before = answers(empty_db.db_url, *_SCHEMA)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        load_empty(empty_db.db_url, broken(), nothing)
    assert answers(empty_db.db_url, *_SCHEMA) == before
    assert answers(empty_db.db_url, "SELECT count(*) FROM tenants", "SELECT count(*) FROM orders") == [[(0,)], [(0,)]]


def test_a_database_with_a_shop_is_refused(demo_db: Endpoints) -> None:
    before = answers(demo_db.db_url, "SELECT count(*), max(placed_at) FROM orders")
    with pytest.raises(Conflict, match="already holds a shop"):
        load_empty(demo_db.db_url, batches(), nothing)
    assert answers(demo_db.db_url, "SELECT count(*), max(placed_at) FROM orders") == before


async def test_an_audit_finds_nothing_in_a_shop_of_some_size(empty_db: Endpoints) -> None:
    load_empty(empty_db.db_url, batches(Size(orders=3000)), nothing)
    engine = build_engine(app_url(empty_db.db_url))
    units, found = Units(engine, lambda: NOW), list[Finding]()
    for shop in await units.call("list_tenants"):
        async with units.read(keeper(shop["tenant_id"])) as tx:
            found += [await check(tx, invariant) for invariant in INVARIANTS]
    await engine.dispose()
    assert len(found) == 2 * len(INVARIANTS)
    assert [finding for finding in found if finding.count] == []
