"""Real servers for tests: embedded ones in a temporary directory, once a session."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.settings import Settings
from store.embedded import Endpoints, servers


@contextmanager
def start_servers(tmp_dir: Path) -> Iterator[Endpoints]:
    """Keep PostgreSQL, Valkey and Chroma running during the block, whatever the environment configures."""
    with servers(embedded_settings(tmp_dir)) as endpoints:
        yield endpoints


def embedded_settings(tmp_dir: Path) -> Settings:
    """Return settings that use embedded servers under `tmp_dir` only."""
    bare = Settings(data_dir=tmp_dir, _env_file=None)  # pyright: ignore[reportCallIssue]
    update = {"db": type(bare.db)(), "redis": type(bare.redis)(), "chroma": type(bare.chroma)()}
    return bare.model_copy(update=update)
