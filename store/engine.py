"""Connections: one SQLAlchemy engine a process, under a role that row security binds."""

from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.errors import Unavailable
from store.unit import translated

APP_ROLE = "storehand_app"
RELAY_ROLE = "storehand_relay"
"""Owns the functions that see every tenant's queue; nobody signs in with it."""
"""Owns nothing and cannot bypass row security; every connection of the product acts as it."""


_ROLE = text(
    "SELECT current_user, r.rolsuper, r.rolbypassrls, EXISTS (SELECT 1 FROM pg_tables t WHERE t.tableowner = current_user"
    " AND t.schemaname = 'public') FROM pg_roles r WHERE r.rolname = current_user"
)


def app_url(owner_url: str, configured: str | None = None, *, schema: str | None = None) -> str:
    """Return the URL whose connections act as the app role, optionally with another `search_path`."""
    options = [] if configured else [f"-c role={APP_ROLE}"]
    if schema:
        options.append(f"-c search_path={schema}")
    parts = urlsplit(configured or owner_url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "options" or not options]
    if options:
        query.append(("options", " ".join(options)))
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def sqlalchemy_url(url: str) -> URL:
    """Return a `postgresql://` URL for SQLAlchemy over psycopg."""
    return make_url(url).set(drivername="postgresql+psycopg")


def build_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Return an engine; no connection is opened yet.

    `store.unit` begins its transactions together with their tenant, in one round trip, so the driver adds no BEGIN of its own;
    whoever else begins one gets it here. The connection used last is used next: its statements are prepared and its plans are made.
    """
    engine = create_async_engine(
        sqlalchemy_url(url),
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_use_lifo=True,
        pool_pre_ping=False,
        pool_recycle=1800,
        connect_args={"prepare_threshold": 3, "connect_timeout": 5},
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    driver = cast("psycopg.AsyncConnection[Any]", connection.connection.driver_connection)
    if driver.info.transaction_status is TransactionStatus.IDLE:
        connection.exec_driver_sql("BEGIN")


async def check_role(engine: AsyncEngine) -> None:
    """Refuse a role that could read past row security.

    Raises:
        Unavailable: the database cannot be reached, or the role is a superuser, bypasses row security, or owns tables.
    """
    with translated():
        async with engine.connect() as connection:
            row = (await connection.execute(_ROLE)).one()
    if row[1] or row[2] or row[3]:
        raise Unavailable(
            f"the database role {row[0]} can bypass row security; "
            "set STOREHAND_DB__APP_URL to a login without ownership, see deploy/roles.sql",
            code="unsafe_role",
        )
