"""Milliseconds from the request for a run to its first event, with an idle worker in the same process and in another one."""

import statistics
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import orjson

from bench.results import Figure, at_most, record
from bench.streams.targets import Target, prepared

_WARM, _RUNS = 20, 100
_STARTED = b'"run.started"'


def waited(target: Target) -> list[float]:
    """Return how long each of the runs waited, one after another; seconds."""
    parts = urlsplit(target.url)
    body = orjson.dumps({**target.body, "stream_mode": ["custom"]})
    found: list[float] = []
    for _ in range(_WARM + _RUNS):
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        began = time.perf_counter()
        connection.request("POST", parts.path, body, {"Content-Type": "application/json", **target.headers})
        with connection.getresponse() as response:
            while line := response.readline():
                if _STARTED in line:
                    found.append(time.perf_counter() - began)
                    break
            response.read()
        connection.close()
    if len(found) < _WARM + _RUNS:
        raise RuntimeError(f"{target.name}: {_WARM + _RUNS - len(found)} runs did not say that they began")
    return found[_WARM:]


def main() -> None:
    """Measure both, each on a server of its own."""
    figures: list[Figure] = []
    with prepared() as bench:
        for workers, where, limit in ((0, "the same process", 15), (1, "another process", 25)):
            with bench.ours(workers, model="offline") as target:
                found = sorted(waited(target))
            p50, p99 = statistics.median(found) * 1000, found[int(len(found) * 0.99)] * 1000
            print(f"  worker in {where}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {len(found)} runs")
            figures.append(at_most(f"request to first event, worker in {where}, p50", p50, "ms", limit))
    record(figures)


if __name__ == "__main__":
    main()
