"""A server for each module of the end-to-end tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from store.embedded import Endpoints
from tests.conftest import create_database, drop_database
from tests.support.servers import embedded_settings
from tests.support.service import Service, service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(endpoints: Endpoints, demo_template: str, data_dir: Path) -> AsyncIterator[Service]:
    """The API over a fresh demo shop."""
    bare = embedded_settings(data_dir)
    settings = bare.model_copy(update={"openai_api_key": None, "openai_base_url": None, "llm": type(bare.llm)()})
    name = f"api_{uuid4().hex[:12]}"
    try:
        async with service(settings, create_database(endpoints, name, demo_template)) as opened:
            yield opened
    finally:
        drop_database(endpoints, name)
