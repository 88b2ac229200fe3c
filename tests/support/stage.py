"""Where workers are started and killed: processes of their own, on shops of their own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from core.settings import Settings
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints
from tests.chaos.worker_process import Nursery, WorkerProcess
from tests.conftest import create_database, drop_database


@dataclass(frozen=True, slots=True)
class Stage:
    """Where workers are started and killed."""

    endpoints: Endpoints
    template: str
    settings: Settings
    data_dir: Path
    nursery: Nursery

    @asynccontextmanager
    async def shop(self) -> AsyncIterator[tuple[Runtime, Endpoints]]:
        """Open a fresh shop; none of its workers outlives it."""
        name = f"crash_{uuid4().hex[:12]}"
        try:
            own = create_database(self.endpoints, name, self.template)
            async with open_runtime(self.settings, own, demo=True) as runtime:
                yield runtime, own
        finally:
            self.nursery.clear()
            drop_database(self.endpoints, name)

    def worker(self, shop: Endpoints, fault: str = "", settings: Mapping[str, str] | None = None) -> WorkerProcess:
        """Start a worker on a shop; `fault` arms a point."""
        return self.nursery.start(shop, self.data_dir, fault=fault, settings=settings)
