"""`storehand eval tau-replay`: loads the domain into databases of its own, plays recordings, and prints what is equal."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.settings import Settings
from evals import copies
from evals.tau_retail.adapter import Adapter
from evals.tau_retail.adversarial import Ordeal, batches, endure, kill, race
from evals.tau_retail.export import State, export
from evals.tau_retail.load import load_world
from evals.tau_retail.replay import Played, Replay, Row, read_rows, stopwatch, summary, version_of
from evals.tau_retail.rewind import RewindableUnits
from evals.tau_retail.rules import Version
from evals.tau_retail.world import World
from server.cli.output import out, progress
from server.setup import migrate
from store.embedded import Endpoints, servers
from store.engine import app_url, build_engine
from tools.registry import Toolbox
from tools.toolbox import build_toolbox

_EVERY = 50
"""Rows between two lines of progress."""
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to replay, and how."""

    data: Path
    gold: Sequence[Path]
    version: int | None = None
    """By which version of the tools the rows were recorded; seen from the rows when left out."""
    limit: int | None = None
    adversarial: bool = False
    killed: int = 12
    """So many processes are killed in the adversarial run."""


def run(settings: Settings, wanted: Wanted, *, as_json: bool, temporary: bool) -> int:
    """Replay and print; return 0 when everything is equal."""
    world = World.read(wanted.data)
    reports: list[dict[str, Any]] = []
    with settled(settings, temporary=temporary) as chosen, servers(chosen, progress=progress) as endpoints:
        for path in wanted.gold:
            rows = read_rows(path)[: wanted.limit]
            reports.append({"file": path.name, **play_file(endpoints, world, wanted, rows)})
            if not as_json:
                _show(reports[-1])
    if as_json:
        print(json.dumps(reports[0] if len(reports) == 1 else reports, indent=2))  # noqa: T201
    return 0 if all(_clean(report) for report in reports) else 1


def play_file(endpoints: Endpoints, world: World, wanted: Wanted, rows: Sequence[Row]) -> dict[str, Any]:
    """Load the domain into a database of its own, play rows on it, and return the figures."""
    version = Version(wanted.version) if wanted.version else version_of(rows)
    loaded = copies.create(endpoints)
    try:
        migrate(loaded.db_url, progress)
        asyncio.run(load(loaded, world, version))
        play = _ordeal if wanted.adversarial else _replay
        return asyncio.run(play(loaded, world, version, rows, wanted.killed))
    finally:
        copies.remove(endpoints, copies.name_of(loaded))


async def load(loaded: Endpoints, world: World, version: Version) -> None:
    """Write the domain into a database under the rules of a version."""
    engine = build_engine(app_url(loaded.db_url), pool_size=1)
    try:
        count = await load_world(engine, world, version)
    finally:
        await engine.dispose()
    copies.analyze(loaded)
    progress(f"Loaded {count:,} rows under the rules of version {version.value}")


async def read_state(loaded: Endpoints, world: World) -> State:
    """Return the state that was loaded."""
    engine = build_engine(app_url(loaded.db_url), pool_size=1)
    try:
        async with engine.begin() as connection:
            return await export(connection, world)
    finally:
        await engine.dispose()


async def _replay(loaded: Endpoints, world: World, version: Version, rows: Sequence[Row], _killed: int) -> dict[str, Any]:
    engine = build_engine(app_url(loaded.db_url), pool_size=1)
    state, began, played = await read_state(loaded, world), stopwatch(), list[Played]()
    try:
        async with RewindableUnits.opened(engine) as units:
            replay = Replay(Adapter(world, version, units, _toolbox()), units, state)
            for number, row in enumerate(rows, start=1):
                played.append(await replay.play(row))
                if number % _EVERY == 0:
                    equal = sum(each.equal for each in played)
                    progress(f"{number} of {len(rows)} rows played, {equal} equal")
    finally:
        await engine.dispose()
    return {"version": version.value, **summary(played, stopwatch() - began, replay.initial_hash)}


async def _ordeal(loaded: Endpoints, world: World, version: Version, rows: Sequence[Row], killed: int) -> dict[str, Any]:
    began, ordeal, toolbox = stopwatch(), Ordeal(), _toolbox()
    engine = build_engine(app_url(loaded.db_url), pool_size=1)
    try:
        async with RewindableUnits.opened(engine) as units:
            replay = Replay(Adapter(world, version, units, toolbox), units, await read_state(loaded, world))
            parts = batches(replay.adapter, rows)
            for number, row in enumerate(rows, start=1):
                await endure(replay, units, row, ordeal)
                if number % _EVERY == 0:
                    progress(f"{number} of {len(rows)} rows tried, {len(ordeal.failures)} problems")
    finally:
        await engine.dispose()
    for number, part in enumerate([*parts, parts[0][:killed] if parts else []], start=1):
        copy = copies.create(loaded, copies.name_of(loaded))
        engine = build_engine(app_url(copy.db_url), pool_size=4)
        try:
            if number <= len(parts):
                progress(f"Twice at once: batch {number} of {len(parts)}, {len(part)} rows")
                await race(engine, world, version, toolbox, part, ordeal)
            else:
                progress(f"Killing {len(part)} processes")
                await kill(engine, copy.db_url, world, version, toolbox, part, ordeal)
        finally:
            await engine.dispose()
            copies.remove(loaded, copies.name_of(copy))
    return {
        "version": version.value,
        "tasks": len(rows),
        "tried": ordeal.tried,
        "held": ordeal.held,
        "seconds": round(stopwatch() - began, 1),
        "failures": ordeal.failures,
    }


def _toolbox() -> Toolbox:
    return build_toolbox(None)  # pyright: ignore[reportArgumentType] the domain has no articles to search


@contextmanager
def _temporary(settings: Settings):
    with TemporaryDirectory(prefix="storehand-tau-", ignore_cleanup_errors=True) as folder:
        yield settings.model_copy(update={"data_dir": Path(folder)})


@contextmanager
def _given(settings: Settings):
    yield settings


def settled(settings: Settings, *, temporary: bool) -> AbstractContextManager[Settings]:
    """Return the settings for the block, with a temporary folder for what servers keep when asked for."""
    return _temporary(settings) if temporary else _given(settings)


def _clean(report: dict[str, Any]) -> bool:
    return not report.get("differences") and not report.get("failures")


def _show(report: dict[str, Any]) -> None:
    out().print(f"\n[bold]{report['file']}[/bold] (version {report['version']}, {report['seconds']} s)")
    if "tried" in report:
        for way, tried in report["tried"].items():
            out().print(f"  {way:<32} {report['held'][way]:>6} of {tried} as it has to be")
        for failure in report["failures"][:_SHOWN]:
            out().print(f"  [red]broken[/red] {failure}")
        return
    out().print(f"  rows                             {report['tasks']:>6}")
    out().print(f"  end states equal                 {report['states_equal']:>6} of {report['tasks']}")
    out().print(f"  observations equal               {report['observations_equal']:>6} of {report['observations']}")
    defects = report["with_published_defect"]
    out().print(f"  compared without a known defect  {len(defects):>6}{f'  ({_few(defects)})' if defects else ''}")
    out().print(f"  hash of the loaded state         {report['initial_hash']}")
    for row in report["differences"][:_SHOWN]:
        out().print(f"  [red]differs[/red] {row['id']} {row['what']}: {'; '.join(row['differences'][:3])}", highlight=False)


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:8]) + (", ..." if len(ids) > 8 else "")
