"""Readers: as many at once as asked for, each checking that its answer is whole. Prints one JSON object."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvloop

from bench.streams.model import ANSWER, PACE, WORDS

_PATIENCE = 120.0
THREAD = "THREAD"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that every reader sends."""

    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    at_once: int
    total: int
    threads: str = ""
    """Where a reader opens a conversation first, whose id takes the place of `THREAD` in the address; none where there is no need."""
    ends: bool = True
    """Whether a whole stream has an `end` event; all words it has in any case."""


@dataclass(slots=True)
class Seen:
    """What the readers saw; times in seconds."""

    whole: int = 0
    failed: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list[str])
    first: list[float] = field(default_factory=list[float])
    lasted: list[float] = field(default_factory=list[float])


class _Broken(Exception):
    """A stream without its end, or without some of its words."""


async def read(asked: Asked) -> dict[str, Any]:
    """Send `total` requests, `at_once` at a time, and return figures."""
    seen, left = Seen(), iter(range(asked.total))
    started = time.perf_counter()

    async def reader() -> None:
        for _ in left:
            begun = time.perf_counter()
            try:
                async with asyncio.timeout(_PATIENCE):
                    url = asked.url.replace(THREAD, await _open(asked)) if asked.threads else asked.url
                    begun = time.perf_counter()
                    first = await _stream(asked, url, begun)
            except (_Broken, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                seen.failed += 1
                seen.reasons.append(f"{type(error).__name__}: {error}"[:120])
            else:
                seen.whole += 1
                seen.first.append(first)
                seen.lasted.append(time.perf_counter() - begun)

    await asyncio.gather(*(reader() for _ in range(asked.at_once)))
    seconds = time.perf_counter() - started
    ordered = sorted(seen.first) or [0.0]
    ideal = PACE * len(WORDS)
    told = [(whole - first - ideal + PACE) / len(WORDS) for whole, first in zip(seen.lasted, seen.first, strict=True)] or [0.0]
    return {
        "streams_a_second": seen.whole / seconds,
        "failed": seen.failed,
        "reasons": sorted(set(seen.reasons))[:5],
        "first_p50": statistics.median(ordered),
        "first_p99": ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
        "added_a_token": statistics.median(told),
        "seconds": seconds,
    }


@asynccontextmanager
async def _answer(asked: Asked, url: str, body: dict[str, Any]) -> AsyncIterator[asyncio.StreamReader]:
    """Send a request and yield its answer's body."""
    parts, sent = urlsplit(url), orjson.dumps(body)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)
    try:
        lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json", f"Content-Length: {len(sent)}"]
        lines += [f"{name}: {value}" for name, value in asked.headers.items()] + ["Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode() + sent)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise _Broken(head.partition(b"\r\n")[0].decode())
        yield reader
    finally:
        writer.close()


async def _open(asked: Asked) -> str:
    async with _answer(asked, asked.threads, {}) as reader:
        return str(orjson.loads(await reader.read())["thread_id"])


async def _stream(asked: Asked, url: str, begun: float) -> float:
    async with _answer(asked, url, asked.body) as reader:
        said, first, kind, ended = list[str](), 0.0, b"", False
        while line := await reader.readline():
            if line.startswith(b"event: "):
                kind = line[7:].strip()
                ended |= kind == b"end"
            elif line.startswith(b"data: ") and kind.startswith(b"messages"):
                content = _content(orjson.loads(line[6:]))
                if content:
                    first = first or time.perf_counter() - begun
                    said.append(content)
        if asked.ends and not ended:
            raise _Broken("no end event")
        if "".join(said) != ANSWER:
            raise _Broken(f"{len(''.join(said))} of {len(ANSWER)} characters")
        return first


def _content(data: Any) -> str:
    message = data[0]
    return str(message["content"]) if message.get("type", "AIMessageChunk") == "AIMessageChunk" else ""


if __name__ == "__main__":
    print(orjson.dumps(uvloop.run(read(Asked(**orjson.loads(sys.argv[1]))))).decode())
