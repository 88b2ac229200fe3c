"""Start, share and stop the embedded servers of one data directory."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from core.settings import Settings
from store.embedded.chroma import Chroma
from store.embedded.external import wait_ready
from store.embedded.layout import Layout
from store.embedded.postgres import Postgres
from store.embedded.share import Share
from store.embedded.signals import ended_by_signals, undisturbed
from store.embedded.slot import Slot
from store.embedded.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the three servers listen."""

    db_url: str
    redis_url: str
    chroma_url: str


class _Server(Protocol):
    @property
    def slot(self) -> Slot: ...

    def ensure(self) -> str: ...

    def stop(self) -> None: ...


def _silent(_: str) -> None:
    """Show nothing."""


@contextmanager
def servers(settings: Settings, *, progress: Callable[[str], None] = _silent) -> Iterator[Endpoints]:
    """Keep the three servers running during the block: configured ones are checked, the others are embedded.

    Blocks the calling thread for about a second at the first start. In the main thread, SIGTERM and SIGHUP end the block like
    Ctrl-C does, unless something else handles them.

    Args:
        settings: URLs and the data directory.
        progress: receives one readable line a step, from any thread.

    Raises:
        Unavailable: a server cannot be started or reached; the message names its log file or its setting.
    """
    wait_ready(settings)
    db, redis, chroma = _plain(settings.db.url), _plain(settings.redis.url), settings.chroma.url
    if db and redis and chroma:
        yield Endpoints(db, redis, chroma)
        return
    layout = Layout(settings.data_path)
    layout.create()
    fleet = (Postgres(layout, progress), Valkey(layout), Chroma(layout))
    share = Share(layout.run)
    with ended_by_signals(), share.member(on_last=lambda: _stop(fleet)):
        with share.alone():
            endpoints = _start((db, redis, chroma), fleet, progress)
        yield endpoints


def _plain(url: SecretStr | None) -> str | None:
    return url.get_secret_value() if url else None


def _start(urls: Sequence[str | None], fleet: Sequence[_Server], progress: Callable[[str], None]) -> Endpoints:
    """Start all at once. An interrupted start still waits for its threads, so that none starts a server after the stop."""
    pool = ThreadPoolExecutor(len(fleet))
    try:
        starts = [pool.submit(_ensure, url, server, progress) for url, server in zip(urls, fleet, strict=True)]
        return Endpoints(*(start.result() for start in starts))
    finally:
        with undisturbed():
            pool.shutdown()


def _ensure(url: str | None, server: _Server, progress: Callable[[str], None]) -> str:
    """Return the configured `url`, else start or join the embedded `server` and return its own."""
    if url:
        return url
    began = time.monotonic()
    joined = server.slot.alive()
    try:
        url = server.ensure()
    except OSError as error:
        raise server.slot.failed(f"could not be started ({error.strerror or type(error).__name__})") from error
    progress(f"{server.slot.title} {'joined' if joined else 'ready'} after {time.monotonic() - began:.1f} s")
    return url


def _stop(fleet: Sequence[_Server]) -> None:
    with ThreadPoolExecutor(len(fleet)) as pool:
        for stop in [pool.submit(server.stop) for server in fleet]:
            stop.result()
