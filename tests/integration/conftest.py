"""The small hand-made shop, fresh for each test: built once a session, then copied."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

import pytest

from store.embedded import Endpoints
from store.engine import app_url, build_engine
from store.unit import Units
from tests.conftest import create_database, drop_database
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop, small_shop


@dataclass(slots=True)
class Watch:
    """A clock that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return the instant that the test chose."""
        return self.now


@pytest.fixture(scope="session")
def shop_template(endpoints: Endpoints, empty_template: str) -> Iterator[tuple[str, Shop]]:
    """Name of a database with the small shop, and what is in it."""
    name = f"shop_{uuid4().hex[:8]}"
    url = create_database(endpoints, name, empty_template).db_url

    async def fill() -> Shop:
        engine = build_engine(app_url(url))
        try:
            return await small_shop(Units(engine, Watch()))
        finally:
            await engine.dispose()

    yield name, asyncio.run(fill())
    drop_database(endpoints, name)


@pytest.fixture
def watch() -> Watch:
    """The clock of the test's units."""
    return Watch()


@pytest.fixture
async def shop(endpoints: Endpoints, shop_template: tuple[str, Shop], watch: Watch) -> AsyncIterator[Shop]:
    """A fresh copy of the small shop, at `NOW` until the test moves its `watch`."""
    template, filled = shop_template
    name = f"t_{uuid4().hex[:12]}"
    engine = build_engine(app_url(create_database(endpoints, name, template).db_url))
    try:
        yield replace(filled, units=Units(engine, watch))
    finally:
        await engine.dispose()
        drop_database(endpoints, name)


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """The executor over the small shop."""
    return Desk(shop.units)
