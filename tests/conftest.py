"""Fixtures of every suite: real servers once a session, a fresh database a test, a runtime over them.

`STOREHAND_TEST_DB__URL` names an external PostgreSQL (a superuser's URL) to test against instead of the embedded one.
"""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import hypothesis
import psycopg
import pytest

from core.identity import Principal
from core.settings import Settings
from server.cli.session import who_is
from server.setup import index_knowledge, seed_demo
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints
from store.migrate import migrate
from store.seed import Size
from tests.support.servers import embedded_settings, start_servers

hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
SMALL = Size(products=60, customers=60, orders=300)


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """One data directory for the session's servers, outside pytest's own, whose rights every other session of root resets."""
    with TemporaryDirectory(prefix="storehand-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def endpoints(data_dir: Path) -> Iterator[Endpoints]:
    """PostgreSQL, Valkey and Chroma, running."""
    with start_servers(data_dir) as found:
        external = os.environ.get("STOREHAND_TEST_DB__URL")
        yield replace(found, db_url=external) if external else found


def database(endpoints: Endpoints, name: str) -> Endpoints:
    """Return the endpoints with another database of the same server."""
    parts = urlsplit(endpoints.db_url)
    return replace(endpoints, db_url=urlunsplit(parts._replace(path=f"/{name}")))


def create_database(endpoints: Endpoints, name: str, template: str = "template1") -> Endpoints:
    """Create a database from a template and return its endpoints."""
    with psycopg.connect(database(endpoints, "postgres").db_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return database(endpoints, name)


def drop_database(endpoints: Endpoints, name: str) -> None:
    """Drop a database, whoever is still connected."""
    with psycopg.connect(database(endpoints, "postgres").db_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def empty_template(endpoints: Endpoints) -> str:
    """Name of a database with the schema and nothing in it."""
    name = f"empty_{uuid4().hex[:8]}"
    migrate(create_database(endpoints, name).db_url)
    return name


@pytest.fixture(scope="session")
def demo_template(endpoints: Endpoints, empty_template: str) -> str:
    """Name of a database with a small demo shop."""
    import asyncio

    name = f"demo_{uuid4().hex[:8]}"
    asyncio.run(seed_demo(create_database(endpoints, name, empty_template), SMALL, lambda _: None))
    return name


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """Settings of a test process: offline model, nothing from the environment."""
    bare = embedded_settings(data_dir)
    return bare.model_copy(update={"openai_api_key": None, "openai_base_url": None, "llm": type(bare.llm)()})


@pytest.fixture
def demo_db(endpoints: Endpoints, demo_template: str) -> Iterator[Endpoints]:
    """A fresh copy of the demo shop."""
    name = f"t_{uuid4().hex[:12]}"
    yield create_database(endpoints, name, demo_template)
    drop_database(endpoints, name)


@pytest.fixture
def empty_db(endpoints: Endpoints, empty_template: str) -> Iterator[Endpoints]:
    """A fresh database with the schema only."""
    name = f"t_{uuid4().hex[:12]}"
    yield create_database(endpoints, name, empty_template)
    drop_database(endpoints, name)


@pytest.fixture
async def runtime(settings: Settings, demo_db: Endpoints) -> AsyncIterator[Runtime]:
    """A runtime over a fresh demo shop, its knowledge indexed, without a worker."""
    async with open_runtime(settings, demo_db, demo=True) as opened:
        yield opened


@pytest.fixture
async def indexed(runtime: Runtime) -> Runtime:
    """The runtime with its knowledge in Chroma."""
    await index_knowledge(runtime, lambda _: None)
    return runtime


@pytest.fixture
async def merchant(runtime: Runtime) -> Principal:
    """The owner of the first shop."""
    return await who_is(runtime, "merchant")


@pytest.fixture
async def customer(runtime: Runtime) -> Principal:
    """A customer of the first shop."""
    return await who_is(runtime, "customer")


@pytest.fixture
async def other_customer(runtime: Runtime) -> Principal:
    """Another customer of the first shop."""
    return await who_is(runtime, "customer2")


@pytest.fixture
async def other_merchant(runtime: Runtime) -> Principal:
    """The owner of the second shop."""
    return await who_is(runtime, "merchant2")
