"""Plants each fault in turn and runs the tests of its module in a forked process: `make mutation`.

Results are kept in `.mutation/` by the module's, the tests' and the fault's text, so that a run that was stopped goes on, and only
what changed runs again. Faults that change nothing are listed in `equivalent.py`; they run too, so that the list stays true.

    uv run python -m tests.mutation.run                  everything
    uv run python -m tests.mutation.run refunds executor only these modules
"""

import gc
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

import pytest

from bench.results import Figure, record
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.operators import mutants
from tests.mutation.targets import TARGETS, Target

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / ".mutation"
_LEAST_SCORE = 90.0
_FIGURE = "planted faults in the rules and the executor that tests notice"
_HEAD = f"{'file':<36} {'mutants':>8} {'killed':>8} {'survived':>8} {'equivalent':>10} {'score':>9}"
_PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")
_WARM = (
    *_PLUGINS,
    *("pytest", "hypothesis.strategies", "pydantic", "annotated_types", "orjson", "_pytest.assertion.rewrite"),
    *("core.errors", "core.events", "core.fulfilment", "core.identity", "core.ids", "core.money", "core.redact", "core.settings"),
    "core.statuses",
)
_STRATEGIES = "tests/support/policies.py"
_SLOWEST = 90.0
"""Seconds after which a mutant counts as noticed: it does not come to an end."""


@dataclass(frozen=True, slots=True)
class Job:
    """One fault with the tests that should notice it."""

    target: Target
    line: int
    what: str
    source: str
    statement: str
    key: str
    """What the result depends on: the faulty module and its tests."""

    @property
    def shown(self) -> str:
        """Where the fault is and what it is."""
        return f"{self.target.path}:{self.line}: {self.what}\n    {self.statement}"

    @property
    def equivalent(self) -> bool:
        """Whether the fault is listed as one that changes nothing."""
        return self.statement in EQUIVALENT.get(self.target.path, {})


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a text."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        inside = [str(self._path.parent)] if self._path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self, submodule_search_locations=inside)  # pyright: ignore[reportArgumentType]

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


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the faults of one module, or of all."""

    path: str
    faults: int = 0
    killed: int = 0
    equivalent: int = 0

    @property
    def survived(self) -> int:
        """Faults that change something, and that no test noticed."""
        return self.faults - self.killed - self.equivalent

    @property
    def score(self) -> float:
        """The noticed share of the faults that change something, in per cent."""
        return 100 * self.killed / (self.killed + self.survived) if self.killed + self.survived else 100.0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.path, self.faults + other.faults, self.killed + other.killed, self.equivalent + other.equivalent)

    def __str__(self) -> str:
        return f"{self.path:<36} {self.faults:>8} {self.killed:>8} {self.survived:>8} {self.equivalent:>10} {self.score:>7.1f} %"


def main(wanted: Sequence[str]) -> int:
    """Run what was not run before, and report; the exit status says whether the score is reached and the list of equivalents true."""
    STORE.mkdir(exist_ok=True)
    _warm_up()
    tallies: list[Tally] = []
    survivors: list[Job] = []
    wrong: list[str] = []
    for target in TARGETS:
        if wanted and target.name not in wanted:
            continue
        jobs = _jobs(target)
        with ExitStack() as stack:
            alive = _run(target, jobs, stack)
        if alive is None:
            print(f"{target.name}: its tests fail without a fault")
            return 2
        unnoticed = {job.key for job in alive}
        survivors += [job for job in alive if not job.equivalent]
        wrong += [f"noticed, so not equivalent: {job.shown}" for job in jobs if job.equivalent and job.key not in unnoticed]
        wrong += [f"no such fault in {target.path}: {each}" for each in EQUIVALENT.get(target.path, {}) if each not in _statements(jobs)]
        tallies.append(Tally(target.path, len(jobs), len(jobs) - len(alive), sum(job.equivalent for job in alive)))
        print(tallies[-1], flush=True)
    whole = sum(tallies, Tally("all"))
    print("\n".join([*(f"survived  {job.shown}" for job in survivors), *wrong, "", _HEAD, *map(str, tallies), str(whole)]))
    passed = whole.score >= _LEAST_SCORE and not wrong
    if not wanted:
        record([Figure(_FIGURE, round(whole.score, 1), "%", f">= {_LEAST_SCORE:g}", passed)])
    return 0 if passed else 1


def _jobs(target: Target) -> list[Job]:
    tests = "\0".join((ROOT / test).read_text(encoding="utf-8") for test in (*target.tests, _STRATEGIES))
    found = mutants((ROOT / target.path).read_text(encoding="utf-8"))
    return [Job(target, each.line, each.what, each.source, each.statement, _digest(each.source, tests)) for each in found]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _statements(jobs: Sequence[Job]) -> set[str]:
    return {job.statement for job in jobs}


def _passes(target: Target, plugins: list[Any]) -> bool:
    pid = _start(target, None, plugins)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _run(target: Target, jobs: Sequence[Job], stack: ExitStack) -> list[Job] | None:
    """Return the faults that no test noticed, None when the tests fail even without one."""
    to_do = [job for job in jobs if not (STORE / job.key).exists()]
    if to_do:
        plugins = target.prepare(stack) if target.prepare else []
        if not _passes(target, plugins):
            return None
        _try(to_do, plugins)
    return [job for job in jobs if not json.loads((STORE / job.key).read_text(encoding="utf-8"))["noticed"]]


def _try(jobs: Sequence[Job], plugins: list[Any]) -> None:
    """Plant each fault, as many at once as there are processors, and keep what became of it."""
    waiting: Iterator[Job] = iter(jobs)
    running: dict[int, tuple[Job, float]] = {}
    done = 0
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
                print(f"  {job.target.name}: {done} of {len(jobs)}", flush=True)
            continue
        for slow in [pid for pid, (_, began) in running.items() if time.monotonic() - began > _SLOWEST]:
            os.kill(slow, signal.SIGKILL)
        time.sleep(0.01)


class _ExamplesFirst:
    """A plugin that runs tests of single examples before those of drawn ones, which take longer."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: hasattr(getattr(item, "obj", None), "hypothesis"))


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
        gc.disable()
        options = [
            "-x",
            "-q",
            "--tb=no",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "--override-ini=addopts=--import-mode=importlib",
            "--noconftest",
            "--no-header",
            "-p",
            "no:cacheprovider",
            "--timeout=60",
        ]
        options += [argument for plugin in _PLUGINS for argument in ("-p", plugin)]
        status = int(pytest.main([*options, *map(str, target.tests)], plugins=[*plugins, _ExamplesFirst()]))
    finally:
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
