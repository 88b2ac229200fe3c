"""Row security holds for every table, whatever the query says: tenants and customers are kept apart by Postgres itself."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as refused
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from core.errors import Unavailable
from core.ids import new_id
from store.embedded import Endpoints
from store.engine import app_url, build_engine, check_role, sqlalchemy_url
from store.rls import VIEWS, Deposit, Own, Shared, Staff, Via, uncovered_tables
from store.tables import metadata
from store.tables.runtime import Approval, LedgerRow, LedgerStatus, OutboxRow, Run, RunEventRow, Thread

Connection = psycopg.Connection[Any]
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Shops:
    """Two shops, and two customers of the first."""

    url: str
    first: UUID
    second: UUID
    alice: UUID
    bruno: UUID


@pytest.fixture
def shops(demo_db: Endpoints) -> Shops:
    with psycopg.connect(demo_db.db_url) as owner:
        users = {
            email: (tenant, user, customer)
            for email, tenant, user, customer in owner.execute("SELECT email, tenant_id, id, customer_id FROM users")
        }
    alice, bruno = users["alice@mail.example"], users["bruno@mail.example"]
    second = users["owner@copperlane.example"]
    engine = create_engine(sqlalchemy_url(demo_db.db_url))
    with Session(engine) as session:
        for tenant, user, customer in (alice, bruno, second):
            add_a_conversation(session, tenant, user, customer)
        session.commit()
    engine.dispose()
    return Shops(demo_db.db_url, alice[0], second[0], alice[2], bruno[2])


def add_a_conversation(session: Session, tenant: UUID, user: UUID, customer: UUID | None) -> None:
    """Insert a row into each table of the runtime, as the owner of the database."""
    thread, run = new_id(), new_id()
    at = {"created_at": NOW, "updated_at": NOW}
    key = f"run:{run}:0.0"
    session.add(Thread(tenant_id=tenant, id=thread, user_id=user, customer_id=customer, **at))
    session.flush()
    session.add(
        Run(tenant_id=tenant, id=run, thread_id=thread, user_id=user, customer_id=customer, assistant="support", idempotency_key=key, **at)
    )
    session.flush()
    session.add(RunEventRow(tenant_id=tenant, run_id=run, seq=1, type="run.started", body={"attempt": 1}, at=NOW))
    session.add(
        LedgerRow(
            tenant_id=tenant, key=key, tool="x", args_hash="", status=LedgerStatus.OK, customer_id=customer, run_id=run, created_at=NOW
        )
    )
    session.add(OutboxRow(tenant_id=tenant, id=new_id(), topic="order.placed", key=key, created_at=NOW))
    shown: dict[str, Any] = {
        "title": "",
        "rule": "",
        "role": "customer",
        "requester": "",
        "requester_role": "customer",
        "args": {},
        "preview": [],
    }
    request = Approval(
        tenant_id=tenant,
        id=new_id(),
        kind="confirmation",
        tool="x",
        digest="",
        requester_id=user,
        call_key=key,
        **shown,
        created_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    request.customer_id = customer
    session.add(request)


@pytest.fixture
def app(shops: Shops) -> Iterator[Connection]:
    """A connection as the product makes it."""
    with psycopg.connect(app_url(shops.url)) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def everything(shops: Shops) -> Iterator[Connection]:
    """A connection that row security does not bind, to know the truth."""
    with psycopg.connect(shops.url) as connection:
        yield connection


def bind(connection: Connection, tenant: UUID | None, customer: UUID | None = None) -> None:
    """Start a transaction on behalf of somebody, as `store.unit` does."""
    connection.rollback()
    if tenant is not None:
        connection.execute(
            "SELECT set_config('app.tenant_id', %s, true), set_config('app.customer_id', %s, true)", (str(tenant), str(customer or ""))
        )


def count(connection: Connection, table: str, where: str = "true", *values: object) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {} WHERE " + where).format(sql.Identifier(table)), values).fetchone()
    assert row is not None
    return int(row[0])


def owner_column(table: str) -> str:
    return "id" if table == "tenants" else "tenant_id"


def of_customer(table: str) -> str:
    """Return the condition on rows of `table` (as `t0`) of the customer %(customer)s, written without the product's policies."""
    condition, depth = "", 0
    view, alias = VIEWS[table], "t0"
    closing = ""
    while isinstance(view, Via):
        depth += 1
        parent = f"t{depth}"
        joined = f"{parent}.tenant_id = {alias}.tenant_id AND {parent}.id = {alias}.{view.column}"
        condition += f"EXISTS (SELECT 1 FROM {view.parent} {parent} WHERE {joined} AND "
        closing += ")"
        view, alias = VIEWS[view.parent], parent
    match view:
        case Own(column):
            return f"{condition}{alias}.{column} = %(customer)s{closing}"
        case Staff() | Deposit():
            return f"{condition}false{closing}"
        case _:
            return f"{condition}true{closing}"


def test_every_table_has_a_view_and_every_view_a_table() -> None:
    assert set(VIEWS) == set(metadata.tables)


async def test_a_migrated_database_has_no_uncovered_table(empty_db: Endpoints) -> None:
    engine = build_engine(app_url(empty_db.db_url))
    try:
        assert await uncovered_tables(engine) == []
    finally:
        await engine.dispose()


async def test_a_table_without_row_security_is_found(empty_db: Endpoints) -> None:
    with psycopg.connect(empty_db.db_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE forgotten (tenant_id uuid)")
        owner.execute("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY")
    engine = build_engine(app_url(empty_db.db_url))
    try:
        assert await uncovered_tables(engine) == ["forgotten", "orders"]
    finally:
        await engine.dispose()


async def test_the_product_refuses_a_role_that_can_bypass(empty_db: Endpoints) -> None:
    bound, free = build_engine(app_url(empty_db.db_url)), build_engine(empty_db.db_url)
    try:
        await check_role(bound)
        with pytest.raises(Unavailable) as refusal:
            await check_role(free)
        assert refusal.value.code == "unsafe_role"
    finally:
        await bound.dispose()
        await free.dispose()


def test_without_a_context_there_are_no_rows(app: Connection, everything: Connection) -> None:
    bind(app, None)
    assert {table: found for table in VIEWS if (found := count(app, table))} == {}
    assert sum(count(everything, table) > 0 for table in VIEWS) > 35


def test_a_context_ends_with_its_transaction(app: Connection, shops: Shops) -> None:
    bind(app, shops.first)
    assert count(app, "orders") > 0
    app.commit()
    assert count(app, "orders") == 0


def test_a_tenant_sees_all_of_its_rows_and_none_of_another(app: Connection, everything: Connection, shops: Shops) -> None:
    for tenant, other in ((shops.first, shops.second), (shops.second, shops.first)):
        bind(app, tenant)
        foreign = {table: found for table in VIEWS if (found := count(app, table, f"{owner_column(table)} = %s", other))}
        assert foreign == {}
        missing = {table for table in VIEWS if count(app, table) != count(everything, table, f"{owner_column(table)} = %s", tenant)}
        assert missing == set()


@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET {column} = {column} WHERE {column} = %s", "DELETE FROM {table} WHERE {column} = %s"]
)
def test_rows_of_another_tenant_cannot_be_changed(app: Connection, shops: Shops, statement: str) -> None:
    touched: dict[str, int] = {}
    for table in VIEWS:
        bind(app, shops.first)
        query = sql.SQL(statement).format(table=sql.Identifier(table), column=sql.Identifier(owner_column(table)))
        try:
            touched[table] = app.execute(query, (shops.second,)).rowcount
        except refused.InsufficientPrivilege:
            touched[table] = 0
    assert {table: rows for table, rows in touched.items() if rows} == {}


def test_rows_cannot_be_planted_in_another_tenant(app: Connection, shops: Shops) -> None:
    accepted: set[str] = set()
    for table in VIEWS:
        bind(app, shops.first)
        planted = uuid4() if table == "tenants" else shops.second
        accepted |= tried(app, table, {owner_column(table): planted})
    assert accepted == set()


def test_rows_cannot_be_moved_to_another_tenant(app: Connection, shops: Shops) -> None:
    moved: set[str] = set()
    for table in sorted(VIEWS.keys() - {"tenants"}):
        bind(app, shops.first)
        if count(app, table) == 0:
            continue
        try:
            app.execute(sql.SQL("UPDATE {} SET tenant_id = %s").format(sql.Identifier(table)), (shops.second,))
            moved.add(table)
        except refused.InsufficientPrivilege:
            pass
    assert moved == set()


def test_a_customer_sees_own_rows_and_what_the_shop_shares_in_every_table(app: Connection, everything: Connection, shops: Shops) -> None:
    wrong: dict[str, tuple[int, int]] = {}
    seen: set[str] = set()
    for customer in (shops.alice, shops.bruno):
        bind(app, shops.first, customer)
        for table in VIEWS:
            query = f"SELECT count(*) FROM {table} t0 WHERE t0.{owner_column(table)} = %(tenant)s AND {of_customer(table)}"
            row = everything.execute(query, {"tenant": shops.first, "customer": customer}).fetchone()  # type: ignore[arg-type]
            assert row is not None
            found = count(app, table)
            if found != row[0]:
                wrong[table] = (found, row[0])
            if found:
                seen.add(table)
    assert wrong == {}
    own = {table for table, view in VIEWS.items() if isinstance(view, Own | Via)}
    assert len(own & seen) > 12, "the demo shop must have rows of customers for this to mean anything"


def test_a_customer_cannot_write_for_another_customer(app: Connection, everything: Connection, shops: Shops) -> None:
    accepted: set[str] = set()
    for table, view in VIEWS.items():
        if isinstance(view, Shared | Deposit):
            continue
        row: dict[str, object] = {owner_column(table): shops.first}
        if isinstance(view, Own):
            row[view.column] = shops.bruno
        if isinstance(view, Via):
            row[view.column] = a_row_of_somebody_else(everything, view.parent, shops.first, shops.alice)
        bind(app, shops.first, shops.alice)
        accepted |= tried(app, table, row)
    assert accepted == set()


def test_a_customer_cannot_change_rows_of_another_customer(app: Connection, shops: Shops) -> None:
    for table, view in VIEWS.items():
        if not isinstance(view, Own):
            continue
        bind(app, shops.first, shops.alice)
        query = sql.SQL("UPDATE {table} SET {column} = {column} WHERE {column} = %s").format(
            table=sql.Identifier(table), column=sql.Identifier(view.column)
        )
        with suppress(refused.InsufficientPrivilege):
            assert app.execute(query, (shops.bruno,)).rowcount == 0, table


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_rows ON orders",
        "CREATE POLICY mine ON orders USING (true)",
        "ALTER ROLE storehand_app BYPASSRLS",
        "CREATE FUNCTION mine() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM orders'",
        "SET ROLE storehand_relay",
        "INSERT INTO audit (tenant_id, seq) SELECT tenant_id, 9 FROM orders LIMIT 1",
        "DELETE FROM ledger",
        "UPDATE run_events SET type = ''",
    ],
)
def test_the_product_s_login_cannot_lift_its_bonds(shops: Shops, login: str, statement: str) -> None:
    with psycopg.connect(login) as connection:
        bind(connection, shops.first)
        with pytest.raises((refused.InsufficientPrivilege, refused.SyntaxError)):
            connection.execute(statement)  # type: ignore[call-overload]


def test_switching_row_security_off_is_an_error_and_no_way_in(shops: Shops, login: str) -> None:
    with psycopg.connect(login) as connection:
        connection.execute("SET row_security = off")
        with pytest.raises(refused.InsufficientPrivilege):
            connection.execute("SELECT * FROM orders")


@pytest.fixture
def login(shops: Shops) -> Iterator[str]:
    """URL of a login such as `deploy/roles.sql` makes: in the role of the product, and nothing else."""
    name, password = f"login_{uuid4().hex[:8]}", uuid4().hex
    create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} NOSUPERUSER NOBYPASSRLS IN ROLE storehand_app")
    with psycopg.connect(shops.url, autocommit=True) as owner:
        owner.execute(create.format(sql.Identifier(name), sql.Literal(password)))
    parts = urlsplit(shops.url)
    yield urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.netloc.rpartition('@')[2]}"))
    with psycopg.connect(shops.url, autocommit=True) as owner:
        owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_what_looks_across_tenants_is_a_few_closed_doors(everything: Connection) -> None:
    query = """
        SELECT p.proname, r.rolname, coalesce(array_to_string(p.proconfig, ','), ''), has_function_privilege('public', p.oid, 'execute')
        FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND n.nspname = 'public'
    """
    doors = everything.execute(query).fetchall()
    assert len(doors) >= 5
    assert [door for door in doors if door[1] != "storehand_relay" or "search_path=public, pg_temp" not in door[2] or door[3]] == []
    relay = everything.execute("SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'storehand_relay'").fetchone()
    assert relay == (False, False, False)


def tried(connection: Connection, table: str, row: dict[str, object]) -> set[str]:
    """Insert a row; return the table when row security let it pass (a later complaint about missing values is no refusal)."""
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table), columns, sql.SQL(", ").join(sql.Placeholder() * len(row))
    )
    try:
        connection.execute(query, list(row.values()))
    except refused.InsufficientPrivilege:
        return set()
    except psycopg.Error:
        pass
    return {table}


def a_row_of_somebody_else(connection: Connection, table: str, tenant: UUID, customer: UUID) -> object:
    """Return the id of a row of the shop that is not this customer's."""
    query = f"SELECT t0.id FROM {table} t0 WHERE t0.tenant_id = %(tenant)s AND NOT ({of_customer(table)}) LIMIT 1"
    row = connection.execute(query, {"tenant": tenant, "customer": customer}).fetchone()  # type: ignore[arg-type]
    assert row is not None, f"the demo shop has no row of {table} of another customer"
    return row[0]
