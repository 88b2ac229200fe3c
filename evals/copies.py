"""Copies of a demo shop: built once, then copied as a whole for whoever wants to change it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from core.settings import Settings
from server.cli.output import progress
from server.setup import index_knowledge, migrate, seed_demo
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints
from store.seed import Size

_SIZE = Size(products=60, customers=60, orders=300)


def prepare(settings: Settings, endpoints: Endpoints) -> str:
    """Build a small demo shop with its knowledge indexed, and return the name of its database."""
    name = f"eval_{uuid4().hex[:8]}"
    _admin(endpoints, f'CREATE DATABASE "{name}"')
    shop = _at(endpoints, name)
    migrate(shop.db_url, progress)
    asyncio.run(_fill(settings, shop))
    return name


async def _fill(settings: Settings, endpoints: Endpoints) -> None:
    await seed_demo(endpoints, _SIZE, progress)
    async with open_runtime(settings, endpoints) as runtime:
        await index_knowledge(runtime, progress)


@asynccontextmanager
async def fresh(settings: Settings, endpoints: Endpoints, template: str) -> AsyncIterator[Runtime]:
    """Open a copy of the shop, which nobody else sees and which goes away afterwards."""
    name = f"eval_{uuid4().hex[:8]}"
    await asyncio.to_thread(_admin, endpoints, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    try:
        async with open_runtime(settings, _at(endpoints, name)) as runtime:
            yield runtime
    finally:
        await asyncio.to_thread(remove, endpoints, name)


def create(endpoints: Endpoints, template: str = "template1") -> Endpoints:
    """Create a database that nobody else sees, from a template, and return its endpoints."""
    name = f"eval_{uuid4().hex[:8]}"
    _admin(endpoints, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return _at(endpoints, name)


def analyze(endpoints: Endpoints) -> None:
    """Let the planner see what a database holds now."""
    with psycopg.connect(endpoints.db_url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def name_of(endpoints: Endpoints) -> str:
    """Return the name of the database of endpoints."""
    return urlsplit(endpoints.db_url).path.removeprefix("/")


def _at(endpoints: Endpoints, name: str) -> Endpoints:
    return replace(endpoints, db_url=urlunsplit(urlsplit(endpoints.db_url)._replace(path=f"/{name}")))


def _admin(endpoints: Endpoints, statement: str) -> None:
    with psycopg.connect(_at(endpoints, "postgres").db_url, autocommit=True) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


def remove(endpoints: Endpoints, name: str) -> None:
    """Drop a database."""
    _admin(endpoints, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
