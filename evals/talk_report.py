"""`storehand eval conversations`: holds 300 scripted conversations in the demo shop and counts the ones that end as they should."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from core.settings import Settings
from evals.copies import fresh, prepare, remove
from evals.talks.hold import Held, Holder
from evals.tau_retail.rewind import RewindableUnits
from server.cli.output import out, progress
from server.cli.session import who_is
from store.embedded import servers
from store.engine import app_url, build_engine

GOAL = 0.95
_EVERY = 50


def run_conversations(settings: Settings, kinds: Sequence[str], *, as_json: bool) -> int:
    """Hold the conversations, print what went wrong and the figures; return 0 when the goal is met."""
    with servers(settings, progress=progress) as endpoints:
        template = prepare(settings, endpoints)
        try:
            held = asyncio.run(_hold_all(settings, endpoints, template, kinds))
        finally:
            remove(endpoints, template)
    figures = summed_up(held)
    wrong = [each for each in held if each.problems]
    if as_json:
        listed = [{"kind": each.talk.template.name, "problems": each.problems, "transcript": each.transcript} for each in wrong]
        print(json.dumps({**figures, "wrong": listed}, ensure_ascii=False))  # noqa: T201
    else:
        for each in wrong:
            out().print(f"[red]{each.talk.template.name}[/red] {escape(repr(each.transcript[0][1]))}: {escape('; '.join(each.problems))}")
        for name, value in figures.items():
            out().print(f"{name.replace('_', ' '):<24} {value:.1%}" if isinstance(value, float) and value <= 1 else f"{name:<24} {value}")
    return 0 if figures["right"] >= GOAL else 1


async def _hold_all(settings: Settings, endpoints: Any, template: str, kinds: Sequence[str]) -> list[Held]:
    async with fresh(settings, endpoints, template) as runtime:
        merchant = await who_is(runtime, "merchant")
        engine = build_engine(app_url(runtime.endpoints.db_url), pool_size=1)
        held: list[Held] = []
        try:
            async with RewindableUnits.opened(engine) as units:
                holder = Holder(units, runtime.mind, merchant)
                talks = [talk for talk in await holder.talks() if not kinds or talk.template.name in kinds]
                for number, talk in enumerate(talks, start=1):
                    held.append(await holder.hold(talk))
                    if number % _EVERY == 0:
                        progress(f"{number} of {len(talks)} conversations held, {sum(not each.problems for each in held)} right")
        finally:
            await engine.dispose()
        return held


def summed_up(held: Sequence[Held]) -> dict[str, Any]:
    """Return the figures: right ones in all and by kind, and how long the model took for a step."""
    steps = sorted(each for one in held for each in one.steps)
    kinds = Counter(one.talk.template.name for one in held)
    right = Counter(one.talk.template.name for one in held if not one.problems)
    return {
        "conversations": len(held),
        "right": right.total() / len(held) if held else 0.0,
        "by_kind": {kind: f"{right[kind]} of {count}" for kind, count in kinds.items()},
        "step_ms_p50": round(1000 * steps[len(steps) // 2], 1) if steps else 0.0,
        "step_ms_p95": round(1000 * steps[int(len(steps) * 0.95)], 1) if steps else 0.0,
    }
