"""A stage for workers that are killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from store.embedded import Endpoints
from tests.chaos.worker_process import Nursery
from tests.support.stage import Stage


@pytest.fixture
def stage(endpoints: Endpoints, demo_template: str, settings: Settings, data_dir: Path) -> Iterator[Stage]:
    with Nursery() as nursery:
        yield Stage(endpoints, demo_template, settings, data_dir, nursery)
