"""Trying rules out: what the last weeks' decisions would have been."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from store.queries import decisions, tenants
from store.queries.decisions import Stored
from store.unit import ReadTx
from tools.arguments import Days
from tools.governance import versions
from tools.governance.module import module
from tools.governance.reads import VersionNumber
from tools.governance.results import DryRun, Example, Shift
from tools.governance.retaking import Retaken, retake
from tools.inputs import Unreadable
from tools.phrases import plural
from tools.policy import Policy
from tools.policy.versions import Change, changed
from tools.registry import Toolbox
from tools.spec import Args, Audience, Effect, Tool

_NEWEST = 2000
"""How many decisions are taken again at most: about half a second's work."""
_AT_ONCE = 100
"""After so many, other work of the process has its turn."""
_EXAMPLES = 5
_ABOUT = ("order", "return_number", "item", "sku", "ticket")


class PolicyDryRun(Args):
    """Arguments of `policy_dry_run`."""

    version: VersionNumber | None = None
    """Try this version out, past or planned; the one in force when left out."""
    changes: Annotated[list[Change], Field(default_factory=list, max_length=20)]
    """Changes to try out on top of it, such as refunds.staff_limit to 150.00."""
    days: Days = 30
    """How many days back."""


@dataclass(frozen=True, slots=True)
class _Trial:
    policy: Policy
    under: str


async def _trial(tx: ReadTx, args: PolicyDryRun, _ctx: RunContext, policy: Policy) -> _Trial:
    base = policy if args.version is None else await versions.of(tx, args.version)
    if not args.changes:
        if args.version is None:
            raise InvalidInput("name a version or at least one change to try out", field="changes")
        return _Trial(base, f"version {base.version}")
    currency = (await tenants.current(tx)).currency
    return _Trial(changed(base, args.changes, currency), f"{plural(len(args.changes), 'change')} of version {base.version}")


def trying_tools(ruled: Iterable[Tool[Any, Any]]) -> tuple[Tool[Any, Any], ...]:
    """Return the tools of this file over all tools whose decisions can be taken again."""
    toolbox = Toolbox(ruled)

    @module.tool(
        effect=Effect.READ,
        permission=Permission.POLICY_READ,
        audience=Audience.STAFF,
        facts=_trial,
        examples=(
            "what would have happened last month with a refund limit of 200?",
            "try out a margin of 10 percent on the last 30 days",
            "dry run of policy version 3",
            "how many more refunds would we have paid at once under the new rules",
            "simulate a 20 day return window",
            "test the planned rules on the past week",
        ),
    )
    async def policy_dry_run(tx: ReadTx, args: PolicyDryRun, _ctx: RunContext, trial: _Trial) -> DryRun:
        """Try other rules out: take the decisions of the last days again and say which would differ. Changes nothing."""
        total, stored = await decisions.recent(tx, tx.now - timedelta(days=args.days), _NEWEST)
        known = {number: await versions.of(tx, number) for number in {each.policy_version for each in stored}}
        taken = await _again(toolbox, tx, stored, known, trial.policy)
        different = [each for each in taken if each.different]
        shifts = Counter((each.stored.tool, *each.words) for each in different)
        return DryRun(
            under=trial.under,
            days=args.days,
            decisions=total,
            retaken=len(taken),
            different=len(different),
            shifts=[Shift(tool=tool, before=before, after=after, count=count) for (tool, before, after), count in shifts.most_common(12)],
            examples=[_example(each) for each in different[:_EXAMPLES]],
            unreadable=len(stored) - len(taken),
            drifted=sum(each.drifted for each in taken),
        )

    return (policy_dry_run,)


async def _again(toolbox: Toolbox, tx: ReadTx, stored: Sequence[Stored], known: dict[int, Policy], policy: Policy) -> list[Retaken]:
    taken: list[Retaken] = []
    for number, each in enumerate(stored):
        if number % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
        try:
            taken.append(retake(toolbox, each, known[each.policy_version], policy, tx.principal.tenant_id))
        except Unreadable:
            continue
    return taken


def _example(taken: Retaken) -> Example:
    before, after = taken.words
    args = taken.stored.inputs.get("args", {})
    about = next((str(args[name]) for name in _ABOUT if args.get(name)), "")
    return Example(at=taken.stored.at, tool=taken.stored.tool, about="" if about.startswith("~") else about, before=before, after=after)
