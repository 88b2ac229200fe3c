"""Every recorded write once more: by the wrong customer, unconfirmed, cut off before and after its commit, and twice at once.

Each has one right outcome: refused, not executed, or exactly one effect.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from core import faults
from core.faults import InjectedFault
from core.identity import Principal
from evals.tau_retail.adapter import Adapter, Asked
from evals.tau_retail.canonical import canonical, unlike
from evals.tau_retail.codes import of_text
from evals.tau_retail.defects import corrected_order
from evals.tau_retail.export import export
from evals.tau_retail.replay import Replay, Row
from evals.tau_retail.rewind import RewindableUnits
from evals.tau_retail.rules import Version
from evals.tau_retail.world import World
from store.unit import Units
from tools.registry import Toolbox
from tools.result import Outcome, ToolResult

_BEFORE, _AFTER = "tool.before_commit", "tool.after_commit"
KILLED_AT = (_BEFORE, "tool.after_effect", _AFTER)


@dataclass(slots=True)
class Ordeal:
    """How many writes were tried in which way, and where one did not end as it has to."""

    tried: dict[str, int] = field(default_factory=dict[str, int])
    held: dict[str, int] = field(default_factory=dict[str, int])
    failures: list[str] = field(default_factory=list[str])

    def note(self, way: str, where: str, problem: str | None) -> None:
        """Count one trial."""
        self.tried[way] = self.tried.get(way, 0) + 1
        self.held[way] = self.held.get(way, 0) + (problem is None)
        if problem is not None:
            self.failures.append(f"{where}: {way}: {problem}")


def recorded_writes(adapter: Adapter, row: Row) -> list[tuple[dict[str, Any], Asked | None]]:
    """Return the calls of a row, each with the write of ours that it means when it was recorded as a success."""
    found: list[tuple[dict[str, Any], Asked | None]] = []
    for action in row["actions"]:
        asked = adapter.asked(action["name"], action["kwargs"]) if action["name"] not in adapter.reads else None
        succeeded = of_text(action["observation"]) is None
        found.append((action, asked if isinstance(asked, Asked) and succeeded else None))
    return found


async def endure(replay: Replay, units: RewindableUnits, row: Row, ordeal: Ordeal) -> None:
    """Try each write of a row as another customer, without a confirmation, and cut off before and after its commit."""
    adapter = replay.adapter
    adapter.forget()
    await units.start()
    try:
        since = await replay.mark()
        for number, (action, asked) in enumerate(recorded_writes(adapter, row)):
            if asked is None:
                await adapter.call(action["name"], action["kwargs"])
                continue
            if adapter.owing:
                await adapter.settle()
            where = f"{row['id']}.{number} {action['name']}"
            before = await replay.changed(since)

            async def unchanged(result: ToolResult | None, *allowed: Outcome, before: Any = before) -> str | None:
                if result is not None and result.status not in allowed:
                    return f"ended {result.status}: {result.text[:120]}"
                return None if await replay.changed(since) == before else "changed the state"

            if asked.order_id is not None:
                stranger = _somebody_else(adapter.world, asked.who)
                refused = await adapter.once(stranger, asked.tool, asked.args)
                ordeal.note("wrong customer", where, await unchanged(refused, Outcome.FAILED, Outcome.DENIED))
            waiting = await adapter.once(asked.who, asked.tool, asked.args)
            ordeal.note("not confirmed", where, await unchanged(waiting, Outcome.PENDING))
            if waiting.approval_id is None:
                continue
            early = await adapter.once(asked.who, asked.tool, asked.args, approval=waiting.approval_id)
            ordeal.note("confirmation not given", where, await unchanged(early, Outcome.FAILED))
            again = await adapter.once(asked.who, asked.tool, asked.args)
            assert again.approval_id is not None
            await adapter.confirm(asked.who, asked.tool, again.approval_id)
            ordeal.note("cut off before its commit", where, await _cut(adapter, asked, again, _BEFORE) or await unchanged(None))
            cut = await _cut(adapter, asked, again, _AFTER)
            answered = await adapter.once(asked.who, asked.tool, asked.args, approval=again.approval_id)
            ordeal.note("cut off after its commit", where, cut or await _once(replay, action, asked, answered))
    finally:
        await units.rewind()


async def race(engine: AsyncEngine, world: World, version: Version, toolbox: Toolbox, rows: Sequence[Row], ordeal: Ordeal) -> None:
    """Make each write of some rows twice at once with one key, on a database of their own."""
    adapter = Adapter(world, version, Units(engine), toolbox)
    for row in rows:
        for number, (action, asked) in enumerate(recorded_writes(adapter, row)):
            if asked is None:
                continue
            where = f"{row['id']}.{number} {action['name']}"
            if adapter.owing:
                await adapter.settle()
            waiting = await adapter.once(asked.who, asked.tool, asked.args)
            if waiting.approval_id is None:
                ordeal.note("twice at once", where, f"ended {waiting.status}: {waiting.text[:120]}")
                continue
            await adapter.confirm(asked.who, asked.tool, waiting.approval_id)
            adapter.owing = True
            one, other = await asyncio.gather(
                *(adapter.once(asked.who, asked.tool, asked.args, approval=waiting.approval_id) for _ in range(2))
            )
            problem = None
            if sorted([one.replayed, other.replayed]) != [False, True]:
                problem = f"replayed {one.replayed} and {other.replayed}"
            elif one.data != other.data:
                problem = "the two answers differ"
            ordeal.note("twice at once", where, problem or await _as_recorded(engine, world, action, asked))


async def kill(
    engine: AsyncEngine, db_url: str, world: World, version: Version, toolbox: Toolbox, rows: Sequence[Row], ordeal: Ordeal
) -> None:
    """Let another process make a write and kill it at a fault point, then make the call again: exactly one effect."""
    adapter = Adapter(world, version, Units(engine), toolbox)
    for position, row in enumerate(rows):
        action, asked = next(((action, asked) for action, asked in recorded_writes(adapter, row) if asked), (None, None))
        if action is None or asked is None:
            continue
        point = KILLED_AT[position % len(KILLED_AT)]
        waiting = await adapter.once(asked.who, asked.tool, asked.args)
        if waiting.approval_id is None:
            continue
        await adapter.confirm(asked.who, asked.tool, waiting.approval_id)
        told = {"url": db_url, "user": asked.who.name, "tool": asked.tool, "args": asked.args, "approval": str(waiting.approval_id)}
        environment = {**os.environ, "STOREHAND_FAULT": f"{point}:kill"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "evals.tau_retail.one_call", json.dumps(told), env=environment, stderr=asyncio.subprocess.DEVNULL
        )
        died = await process.wait()
        answered = await adapter.once(asked.who, asked.tool, asked.args, approval=waiting.approval_id)
        problem = None
        if died != -signal.SIGKILL:
            problem = f"the process ended {died}, it was not killed"
        elif answered.status is not Outcome.OK or answered.replayed != (point == _AFTER):
            problem = f"ended {answered.status}, replayed {answered.replayed}"
        where = f"{row['id']} {action['name']}"
        ordeal.note(f"killed at {point}", where, problem or await _as_recorded(engine, world, action, asked))


def batches(adapter: Adapter, rows: Sequence[Row]) -> list[list[Row]]:
    """Divide rows so that no two of a batch concern the same user."""
    found: list[tuple[set[str], list[Row]]] = []
    for row in rows:
        users = {asked.who.name for _, asked in recorded_writes(adapter, row) if asked is not None}
        free = next((batch for batch in found if not batch[0] & users), None)
        if free is None:
            free = (set[str](), list[Row]())
            found.append(free)
        free[0].update(users)
        free[1].append(row)
    return [batch for _, batch in found]


async def _cut(adapter: Adapter, asked: Asked, waiting: ToolResult, point: str) -> str | None:
    """Make a call whose process fails at a point, as far as one process can."""
    try:
        with faults.armed(f"{point}:error"):
            result = await adapter.once(asked.who, asked.tool, asked.args, approval=waiting.approval_id)
    except InjectedFault:
        return None
    return f"was not cut off, ended {result.status}: {result.text[:120]}"


async def _once(replay: Replay, action: dict[str, Any], asked: Asked, answered: ToolResult) -> str | None:
    adapter = replay.adapter
    adapter.owing = True
    if answered.status is not Outcome.OK or not answered.replayed:
        return f"ended {answered.status}, replayed {answered.replayed}"
    found = await adapter.shown(asked, answered)
    if not isinstance(found, dict):
        return f"shows {found}"
    return _unlike_recorded(adapter.world, action, found)


async def _as_recorded(engine: AsyncEngine, world: World, action: dict[str, Any], asked: Asked) -> str | None:
    async with engine.begin() as connection:
        if asked.order_id is not None:
            found = (await export(connection, world, {"orders": [world.order_uuid(asked.order_id)]}))["orders"][asked.order_id]
        else:
            user = str(asked.user_id)
            found = (await export(connection, world, {"users": [world.customer_id(user)]}))["users"][user]
    return _unlike_recorded(world, action, found)


def _unlike_recorded(world: World, action: dict[str, Any], found: dict[str, Any]) -> str | None:
    expected = canonical(json.loads(action["observation"]))
    if "payment_history" in expected:
        expected = corrected_order(world, expected)
    shown = {key: value for key, value in found.items() if key != "user_id"}
    expected.pop("user_id", None)
    return next(unlike(expected, shown), None)


def _somebody_else(world: World, who: Principal) -> Principal:
    others: Callable[[str], bool] = lambda user: world.customer(user).user_id != who.user_id  # noqa: E731
    return world.customer(next(filter(others, world.data["users"])))
