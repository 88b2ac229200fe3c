"""One PostgreSQL with the small shop for all forked processes: each test copies the shop, none builds it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from store.engine import app_url, build_engine
from store.migrate import migrate
from store.unit import Units
from tests.support.servers import start_servers
from tests.support.shop import NOW, Shop, small_shop


class Fixtures:
    """A plugin with the fixture `shop` of the integration suite."""

    def __init__(self, url: str, template: str, filled: Shop) -> None:
        self._url, self._template, self._filled = url, template, filled

    @pytest.fixture
    async def shop(self) -> AsyncIterator[Shop]:
        """A fresh copy of the small shop."""
        name = f"t_{uuid4().hex[:12]}"
        _run(self._url, f'CREATE DATABASE "{name}" TEMPLATE "{self._template}" STRATEGY FILE_COPY')
        engine = build_engine(app_url(_named(self._url, name)))
        try:
            yield replace(self._filled, units=Units(engine, lambda: NOW))
        finally:
            await engine.dispose()
            _run(self._url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def small_shop_ready() -> Iterator[Fixtures]:
    """Keep a server with the small shop during the block."""
    with TemporaryDirectory(prefix="storehand-", ignore_cleanup_errors=True) as folder, start_servers(Path(folder)) as endpoints:
        _run(endpoints.db_url, 'CREATE DATABASE "small_shop"')
        url = _named(endpoints.db_url, "small_shop")
        migrate(url)
        yield Fixtures(endpoints.db_url, "small_shop", asyncio.run(_fill(url)))


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
