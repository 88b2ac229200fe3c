"""One PostgreSQL with the small shop for all forked processes: each takes a copy that no other uses, and empties it before a test."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from store.engine import app_url, build_engine
from store.migrate import migrate
from store.unit import Units
from tests.support.servers import start_servers
from tests.support.shop import NOW, Shop, small_shop

_COPIES = 2 * (os.cpu_count() or 1)
_WRITTEN = "decisions audit audit_heads run_events ledger approvals outbox policy_versions counters runs threads".split()
"""What the executor's tests leave behind."""


class Fixtures:
    """A plugin with the fixture `shop` of the integration suite."""

    def __init__(self, url: str, filled: Shop) -> None:
        self._url, self._filled = url, filled

    @cached_property
    def _copy(self) -> str:
        """URL of a copy that is this process's alone, as long as its lock is held."""
        self._lock = psycopg.connect(_named(self._url, "postgres"), autocommit=True)
        for number in range(_COPIES):
            found = self._lock.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone()
            if found and found[0]:
                return _named(self._url, f"copy_{number}")
        raise RuntimeError("more processes than copies of the shop")

    @pytest.fixture
    async def shop(self) -> AsyncIterator[Shop]:
        """The small shop, with nothing left of what was done in it."""
        copy = self._copy
        with psycopg.connect(copy, autocommit=True) as connection:
            connection.execute("; ".join(f"DELETE FROM {table}" for table in _WRITTEN).encode())
        engine = build_engine(app_url(copy))
        try:
            yield replace(self._filled, units=Units(engine, lambda: NOW))
        finally:
            await engine.dispose()


@contextmanager
def small_shop_ready() -> Iterator[Fixtures]:
    """Keep a server with the small shop during the block."""
    with TemporaryDirectory(prefix="storehand-", ignore_cleanup_errors=True) as folder, start_servers(Path(folder)) as endpoints:
        _run(endpoints.db_url, 'CREATE DATABASE "small_shop"')
        url = _named(endpoints.db_url, "small_shop")
        migrate(url)
        filled = asyncio.run(_fill(url))
        for number in range(_COPIES):
            _run(endpoints.db_url, f"CREATE DATABASE copy_{number} TEMPLATE small_shop")
            _run(endpoints.db_url, f"ALTER DATABASE copy_{number} SET synchronous_commit = off")
        yield Fixtures(endpoints.db_url, filled)


async def _fill(url: str) -> Shop:
    engine = build_engine(app_url(url))
    try:
        return await small_shop(Units(engine, lambda: NOW))
    finally:
        await engine.dispose()


def _named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _run(url: str, statement: str) -> None:
    with psycopg.connect(_named(url, "postgres"), autocommit=True) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
