"""Streams a second, time to the first token, delay of a token and CPU of a stream, at 1, 10, 100 and 300 readers at once.

    python -m bench.streams                 the floor, the peer, one process of ours, and one with two workers beside it
    python -m bench.streams --at 100        one number of readers only
    python -m bench.streams --only ours     one of them only

Every reader checks its answer: a stream with words missing, or without the `end` event that all but the peer send, has failed. The peer is
Aegra, the newest that this Python can have; it is skipped where no package index can be reached.
"""

import argparse
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import psutil

from bench.results import Figure, at_least, at_most, record
from bench.streams.load import Asked
from bench.streams.peer import NotInstalled
from bench.streams.targets import Target, prepared

_AT = (1, 10, 100, 300)


def measure(target: Target, at_once: int) -> dict[str, float]:
    """Load a target and return its figures; CPU in milliseconds a stream."""
    _load(target, min(at_once, 10), 10)
    groups = {"server": target.processes, "postgres": _named("postgres", target.data_dir), "valkey": _named("valkey", target.data_dir)}
    before = {name: _cpu(processes) for name, processes in groups.items()}
    seen = _load(target, at_once, max(10, 3 * at_once if at_once < 300 else 2 * at_once))
    groups["postgres"] = _named("postgres", target.data_dir)
    whole = max(1.0, seen["streams_a_second"] * seen["seconds"])
    figures = {name: value for name, value in seen.items() if name not in {"seconds", "reasons"}}
    figures |= {f"cpu_{name}": (_cpu(processes) - before[name]) * 1000 / whole for name, processes in groups.items()}
    figures["memory"] = sum(process.memory_full_info().pss for process in target.processes) / 1e6
    print(
        f"{target.name:<10} {at_once:>4} at once: {figures['streams_a_second']:6.1f} streams/s, {int(figures['failed'])} failed, "
        f"first token p50 {figures['first_p50'] * 1000:6.0f} p99 {figures['first_p99'] * 1000:6.0f} ms, "
        f"+{figures['added_a_token'] * 1000:.2f} ms a token, CPU ms a stream: server {figures['cpu_server']:.1f}, "
        f"postgres {figures['cpu_postgres']:.1f}, valkey {figures['cpu_valkey']:.1f}; {figures['memory']:.0f} MB",
        *seen["reasons"],
        flush=True,
    )
    return figures


def figures_of(found: dict[tuple[str, int], dict[str, float]]) -> list[Figure]:
    """Return the figures that have goals, as far as they were measured."""
    figures: list[Figure] = []

    def ratio(name: str, one: tuple[str, int], other: tuple[str, int], what: str) -> float | None:
        if one in found and other in found and found[other][what]:
            return found[one][what] / found[other][what]
        return None

    if (value := ratio("", ("ours", 100), ("floor", 100), "streams_a_second")) is not None:
        figures.append(at_least("streams a second at 100, over the floor", value, "ratio", 1.5))
    if (value := ratio("", ("ours", 100), ("floor", 100), "first_p99")) is not None:
        figures.append(at_most("first token p99 at 100, over the floor", value, "ratio", 0.5))
    if (value := ratio("", ("2 workers", 100), ("ours", 100), "streams_a_second")) is not None:
        figures.append(at_least("streams a second at 100, two workers over one", value, "ratio", 1.7))
    if ("ours", 300) in found:
        figures.append(at_most("failed streams at 300", found["ours", 300]["failed"], "streams", 0))
    return figures


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.streams", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--at", type=int, action="append", help="readers at once; may be given several times")
    parser.add_argument("--only", choices=["floor", "peer", "ours", "workers"], action="append")
    wanted = parser.parse_args()
    found: dict[tuple[str, int], dict[str, float]] = {}
    with prepared() as bench:
        targets = {"floor": bench.floor, "peer": bench.peer, "ours": bench.ours, "workers": lambda: bench.ours(2)}
        for name in wanted.only or targets:
            try:
                with targets[name]() as target:
                    for at_once in wanted.at or _AT:
                        found[target.name, at_once] = measure(target, at_once)
            except NotInstalled as reason:
                print(f"{name:<10} skipped: {reason}", flush=True)
    record(figures_of(found))


def _load(target: Target, at_once: int, total: int) -> dict[str, Any]:
    asked = Asked(target.url, target.headers, target.body, at_once, total, target.threads, target.ends)
    command = [sys.executable, "-m", "bench.streams.load", orjson.dumps(asdict(asked)).decode()]
    return orjson.loads(subprocess.run(command, capture_output=True, check=True, timeout=560).stdout)


def _named(word: str, data_dir: Path) -> list[psutil.Process]:
    """Return the processes of a server under a data directory; others of its kind may run beside it."""
    return [process for process in psutil.process_iter(["name"]) if word in (process.info["name"] or "") and _under(process, data_dir)]


def _under(process: psutil.Process, data_dir: Path) -> bool:
    try:
        return str(data_dir) in process.cwd() or any(str(data_dir) in word for word in process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _cpu(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    main()
