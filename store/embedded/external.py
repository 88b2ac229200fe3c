"""Servers that somebody else runs: say which setting is wrong when one cannot be reached, and never its password."""

import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from core.errors import Unavailable
from core.settings import Settings

_PAUSE_SECONDS = 0.25


def wait_ready(settings: Settings, *, timeout: float = 10) -> None:
    """Return when every configured server answers.

    Args:
        settings: only URLs that are set are tried.
        timeout: seconds for each server; containers start in any order.

    Raises:
        Unavailable: one does not answer; the message names its setting.
    """
    if settings.db.url:
        url = settings.db.url.get_secret_value()
        _wait("STOREHAND_DB__URL", url, lambda: _postgres_answers(url), timeout)
    if settings.redis.url:
        url = settings.redis.url.get_secret_value()
        _wait("STOREHAND_REDIS__URL", url, lambda: _redis_answers(url), timeout)
    if settings.chroma.url:
        url = settings.chroma.url
        _wait("STOREHAND_CHROMA__URL", url, lambda: chroma_answers(url), timeout)


def chroma_answers(url: str) -> bool:
    """Return whether a Chroma server answers at `url`."""
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/api/v2/heartbeat")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _postgres_answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def _redis_answers(url: str) -> bool:
    import redis

    client = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _wait(setting: str, url: str, answers: Callable[[], bool], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    try:
        while not answers():
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"no usable server at {_place(url)} after {timeout:.0f} s; check {setting} (host, port, user and password)",
                    code="server_unreachable",
                )
            time.sleep(_PAUSE_SECONDS)
    except ValueError:
        raise Unavailable(f"{setting} is not a URL that its server understands", code="server_unreachable") from None


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or 'a Unix socket'}{f':{parts.port}' if parts.port else ''}"
