"""`storehand eval tau-dialogue`: lets a model talk to scripted customers of the public retail domain, and compares the end states."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.markup import escape

from agents.llm.factory import build_models
from agents.llm.offline import OfflineModel
from agents.think import Mind
from core.settings import Settings
from evals import copies
from evals.tau_replay import load, read_state, settled
from evals.tau_retail.adapter import Adapter
from evals.tau_retail.dialogue import Dialogue, Held, failure_kinds, summed_up
from evals.tau_retail.replay import Replay, Row, read_rows, version_of
from evals.tau_retail.rewind import RewindableUnits
from evals.tau_retail.rules import Version
from evals.tau_retail.world import World
from server.cli.output import out, progress
from server.setup import migrate
from store.embedded import Endpoints, servers
from store.engine import app_url, build_engine
from tools.toolbox import build_toolbox

GOAL = 0.70
_EVERY = 50
_HELD_BACK = 2
"""Every second row is only measured on: nobody looks at it while the planner is worked on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations to hold, and with which model."""

    data: Path
    gold: Sequence[Path]
    model: str
    limit: int | None = None
    only: Sequence[str] = ()
    held_back: bool | None = None
    """Only the rows that are only measured on, or only the others."""


def run(settings: Settings, wanted: Wanted, *, as_json: bool, temporary: bool) -> int:
    """Hold the conversations and print; return 0 when the goal is met."""
    world = World.read(wanted.data)
    reports: list[dict[str, Any]] = []
    with settled(settings, temporary=temporary) as chosen, servers(chosen, progress=progress) as endpoints:
        asked = chosen.model_copy(update={"llm": chosen.llm.model_copy(update={"model": wanted.model})})
        for path in wanted.gold:
            held = _hold_file(asked, endpoints, world, _chosen(read_rows(path), wanted), version_of(read_rows(path)))
            reports.append({"file": path.name, "model": wanted.model, **_report(held)})
            if not as_json:
                _show(reports[-1])
    if as_json:
        print(json.dumps(reports[0] if len(reports) == 1 else reports, ensure_ascii=False))  # noqa: T201
    return 0 if all(report["right"] >= GOAL for report in reports) else 1


def _chosen(rows: Sequence[Row], wanted: Wanted) -> list[Row]:
    left = [row for row in rows if not wanted.only or str(row["id"]) in wanted.only or f"{row['split']}/{row['id']}" in wanted.only]
    if wanted.held_back is not None:
        left = [row for row in left if is_held_back(str(row["id"])) is wanted.held_back]
    return left[: wanted.limit]


def is_held_back(row_id: str) -> bool:
    """Return whether a row is only measured on."""
    return int(row_id) % _HELD_BACK == 1


def _hold_file(settings: Settings, endpoints: Endpoints, world: World, rows: Sequence[Row], version: Version) -> list[Held]:
    loaded = copies.create(endpoints)
    try:
        migrate(loaded.db_url, progress)
        asyncio.run(load(loaded, world, version))
        return asyncio.run(_hold(settings, loaded, world, rows, version))
    finally:
        copies.remove(endpoints, copies.name_of(loaded))


async def _hold(settings: Settings, loaded: Endpoints, world: World, rows: Sequence[Row], version: Version) -> list[Held]:
    engine = build_engine(app_url(loaded.db_url), pool_size=1)
    toolbox = build_toolbox(None)  # pyright: ignore[reportArgumentType] the domain has no articles to search
    models = build_models(settings, offline=lambda: OfflineModel(toolbox))
    state, held = await read_state(loaded, world), list[Held]()
    try:
        async with RewindableUnits.opened(engine) as units:
            dialogue = Dialogue(Replay(Adapter(world, version, units, toolbox), units, state), Mind(models, toolbox))
            for number, row in enumerate(rows, start=1):
                held.append(await dialogue.hold(row))
                if number % _EVERY == 0:
                    progress(f"{number} of {len(rows)} conversations held, {sum(each.equal for each in held)} as recorded")
    finally:
        await models.aclose()
        await engine.dispose()
    return held


def _report(held: Sequence[Held]) -> dict[str, Any]:
    kept = [each for each in held if is_held_back(each.id)]
    seen = [each for each in held if not is_held_back(each.id)]
    wrong = [
        {"id": each.id, "failures": failure_kinds(each.differences), "differences": each.differences[:6], "transcript": each.transcript}
        for each in held
        if not each.equal
    ]
    return {
        **summed_up(held),
        "right_seen": summed_up(seen)["right"],
        "right_held_back": summed_up(kept)["right"],
        "wrong": wrong,
    }


def _show(report: dict[str, Any]) -> None:
    out().print(f"\n[bold]{report['file']}[/bold] with {report['model']}")
    for name, value in report.items():
        if isinstance(value, float) and not name.startswith("step"):
            out().print(f"  {name.replace('_', ' '):<20} {value:.1%}")
        elif isinstance(value, dict):
            out().print(f"  {name.replace('_', ' ')}")
            for each, count in cast("dict[str, Any]", value).items():
                out().print(f"    {escape(each):<26} {count}")
        elif name not in {"wrong", "file", "model"}:
            out().print(f"  {name.replace('_', ' '):<20} {value}")
