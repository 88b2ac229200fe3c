"""A shop of its own for a benchmark, on embedded servers in a temporary directory."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from bench.results import Figure, record
from core.settings import Settings
from server.setup import migrate, seed_demo
from store.embedded import Endpoints, servers
from store.seed import Size

SMALL = Size(60, 60, 300)


def measured(measure: Callable[[Settings, Endpoints], Coroutine[Any, Any, list[Figure]]], size: Size = SMALL) -> None:
    """Start servers, load a shop of that size, and record what `measure` returns."""
    with TemporaryDirectory() as directory:
        settings = Settings(data_dir=Path(directory), _env_file=None)  # pyright: ignore[reportCallIssue]
        with servers(settings) as endpoints:
            migrate(endpoints.db_url, print)
            uvloop.run(seed_demo(endpoints, size, print))
            record(uvloop.run(measure(settings, endpoints)))
