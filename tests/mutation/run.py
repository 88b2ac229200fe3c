"""Plants each fault in turn and runs the tests of its module in a forked process: `make mutation`.

Results are kept in `.mutation/` by the module's, the tests' and the fault's text, so that a run that was stopped goes on, and only
what changed runs again.

    uv run python -m tests.mutation.run                  everything
    uv run python -m tests.mutation.run refunds executor only these modules
"""

import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.mutation.operators import mutants
from tests.mutation.targets import TARGETS, Target

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / ".mutation"
_LEAST_SCORE = 90.0
_PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")
_WARM = (
    *_PLUGINS,
    *("pytest", "hypothesis.strategies", "pydantic", "annotated_types", "orjson", "_pytest.assertion.rewrite"),
    *("core.errors", "core.events", "core.fulfilment", "core.identity", "core.ids", "core.money", "core.redact", "core.settings"),
    "core.statuses",
)
_SLOWEST = 90.0
"""Seconds after which a mutant counts as noticed: it does not come to an end."""


@dataclass(frozen=True, slots=True)
class Job:
    """One fault with the tests that should notice it."""

    target: Target
    line: int
    what: str
    source: str

    @property
    def key(self) -> str:
        """What the result depends on."""
        parts = [self.source, *((ROOT / test).read_text(encoding="utf-8") for test in self.target.tests)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]

    @property
    def shown(self) -> str:
        """Where the fault is and what it is."""
        return f"{self.target.path}:{self.line}: {self.what}"


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a text."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)  # pyright: ignore[reportArgumentType]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, str(self._path), "exec"), module.__dict__)


def _warm_up() -> None:
    """Load once what every forked process needs, but none of the modules in which faults are planted."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in _WARM:
        importlib.import_module(name)
    from hypothesis import Phase, settings

    settings.register_profile(
        "mutation", max_examples=25, derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate)
    )
    settings.load_profile("mutation")


def main(wanted: Sequence[str]) -> int:
    """Run what was not run before, and report; the exit status says whether the score is reached."""
    STORE.mkdir(exist_ok=True)
    _warm_up()
    chosen = [target for target in TARGETS if not wanted or target.name in wanted]
    survivors: list[Job] = []
    killed = total = 0
    with ExitStack() as stack:
        for target in chosen:
            plugins = target.prepare(stack) if target.prepare else []
            jobs = [Job(target, each.line, each.what, each.source) for each in mutants((ROOT / target.path).read_text(encoding="utf-8"))]
            if not _passes(target, plugins):
                print(f"{target.name}: its tests fail without a fault")
                return 2
            alive = _run(jobs, plugins)
            survivors += alive
            killed, total = killed + len(jobs) - len(alive), total + len(jobs)
            print(
                f"{target.path}: {len(jobs) - len(alive)} of {len(jobs)} noticed ({_score(len(jobs) - len(alive), len(jobs)):.1f} %)",
                flush=True,
            )
    for job in survivors:
        print(f"survived  {job.shown}")
    print(f"score {_score(killed, total):.1f} % of {total} mutants")
    return 0 if _score(killed, total) >= _LEAST_SCORE else 1


def _score(killed: int, total: int) -> float:
    return 100 * killed / total if total else 100.0


def _passes(target: Target, plugins: list[Any]) -> bool:
    pid = _start(target, None, plugins)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _run(jobs: Sequence[Job], plugins: list[Any]) -> list[Job]:
    """Return the faults that no test noticed."""
    waiting: Iterator[Job] = iter([job for job in jobs if not (STORE / job.key).exists()])
    running: dict[int, tuple[Job, float]] = {}
    done, to_do = 0, sum(not (STORE / job.key).exists() for job in jobs)
    while True:
        while len(running) < (os.cpu_count() or 1) and (job := next(waiting, None)) is not None:
            running[_start(job.target, job.source, plugins)] = (job, time.monotonic())
        if not running:
            break
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid in running:
            job, _ = running.pop(pid)
            noticed = os.waitstatus_to_exitcode(status) != 0
            (STORE / job.key).write_text(json.dumps({"noticed": noticed, "fault": job.shown}), encoding="utf-8")
            done += 1
            if done % 50 == 0:
                print(f"  {job.target.name}: {done} of {to_do}", flush=True)
            continue
        for slow in [pid for pid, (_, began) in running.items() if time.monotonic() - began > _SLOWEST]:
            os.kill(slow, signal.SIGKILL)
        time.sleep(0.01)
    return [job for job in jobs if not json.loads((STORE / job.key).read_text(encoding="utf-8"))["noticed"]]


def _start(target: Target, source: str | None, plugins: list[Any]) -> int:
    """Fork a process that runs the target's tests, over the faulty source when one is given; return its id."""
    pid = os.fork()
    if pid:
        return pid
    status = 3
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        if source is not None:
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            sys.meta_path.insert(0, _Planted(target.module, ROOT / target.path, source))
        import pytest

        options = [
            "-x",
            "-q",
            "--tb=no",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "--noconftest",
            "--no-header",
            "-p",
            "no:cacheprovider",
            "--timeout=60",
        ]
        options += [argument for plugin in _PLUGINS for argument in ("-p", plugin)]
        status = int(pytest.main([*options, *map(str, target.tests)], plugins=plugins))
    finally:
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
