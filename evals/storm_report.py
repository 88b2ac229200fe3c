"""`storehand eval storm`: runs a storm on a fresh demo shop and prints what came of it."""

import asyncio
from collections import Counter

import orjson

from core.settings import Settings
from evals.copies import fresh, prepare, remove
from evals.storm import Storm, storm
from server.cli.output import out, progress
from store.embedded import servers

_SHOWN = 10


def run_storm(settings: Settings, calls: int, seed: int, *, as_json: bool) -> int:
    """Run a storm of `calls` calls and print it; return 0 when nothing crashed and every invariant holds."""

    async def inside() -> Storm:
        async with fresh(settings, endpoints, template) as runtime:
            return await storm(runtime, calls, seed, progress)

    with servers(settings, progress=progress) as endpoints:
        template = prepare(settings, endpoints)
        try:
            done = asyncio.run(inside())
        finally:
            remove(endpoints, template)
    if as_json:
        print(orjson.dumps(_as_dict(done), option=orjson.OPT_INDENT_2).decode())  # noqa: T201
    else:
        _show(done)
    return 1 if done.crashes or done.violations else 0


def _show(done: Storm) -> None:
    for name, outcomes in sorted(done.by_tool.items()):
        out().print(f"{name:<28} {'  '.join(f'{status} {count}' for status, count in outcomes.most_common())}")
    never = [name for name, outcomes in sorted(done.by_tool.items()) if not outcomes["ok"]]
    out().print(f"\n{done.calls:,} calls: {'  '.join(f'{status} {count:,}' for status, count in done.outcomes.most_common())}")
    out().print(
        f"{len(done.by_tool) - len(never)} of {len(done.by_tool)} tools had at least one effect or answer; none: {', '.join(never) or '-'}"
    )
    for crash in done.crashes[:_SHOWN]:
        out().print(f"[red]crash[/red] {crash}", markup=True, highlight=False)
    for violation in done.violations:
        out().print(f"[red]broken[/red] {violation}")
    out().print(f"{len(done.crashes)} crashes, {len(done.violations)} broken invariants")


def _as_dict(done: Storm) -> dict[str, object]:
    tools: dict[str, Counter[str]] = done.by_tool
    return {
        "calls": done.calls,
        "outcomes": done.outcomes,
        "tools": tools,
        "crashes": done.crashes,
        "violations": done.violations,
    }
