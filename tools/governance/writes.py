"""Changing the rules: a new version, validated as a whole, decided on like everything else that matters."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from core.identity import Permission, RunContext
from store.queries import policies, tenants
from store.queries.policies import Version
from store.unit import Tx
from tools.arguments import Note
from tools.governance import versions
from tools.governance.module import module
from tools.governance.reads import VersionNumber
from tools.governance.results import PolicyChanged
from tools.policy import Policy
from tools.policy.changes import ChangePlan, decide_change
from tools.policy.figures import differences
from tools.policy.versions import Change, changed
from tools.spec import Args, Audience, Effect

Instant = Annotated[datetime, AfterValidator(lambda at: at if at.tzinfo else at.replace(tzinfo=UTC))]


class ChangePolicy(Args):
    """Arguments of `change_policy`."""

    changes: Annotated[list[Change], Field(min_length=1, max_length=20)]
    """Which figures change, such as refunds.staff_limit to 150.00."""
    based_on: VersionNumber
    """The version of the rules that the author looked at, from `rules_in_force`."""
    effective_at: Instant | None = None
    """From when on it holds, such as 2026-12-01T00:00:00Z; at once when left out."""
    note: Note = ""
    """Why, for the history."""


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """A change's plan with the rules that it leads to."""

    plan: ChangePlan
    policy: Policy


async def change_facts(tx: Tx, args: ChangePolicy, _ctx: RunContext, _policy: Policy) -> ChangeFacts:
    """Apply the changes to the version that they are based on; nobody else adds a version before the commit."""
    newest = await policies.newest(tx, lock=True)
    in_force = await policies.current_version(tx)
    known = args.based_on in {in_force, newest.version if newest else 0}
    base = await versions.of(tx, args.based_on if known else in_force)
    currency = (await tenants.current(tx)).currency
    wanted = changed(base, args.changes, currency)
    plan = ChangePlan(
        based_on=args.based_on,
        in_force=in_force,
        newest=newest.version if newest else 0,
        newest_effective_at=newest.effective_at if newest else None,
        effective_at=args.effective_at,
        now=tx.now,
        differences=differences(base, wanted, currency),
    )
    return ChangeFacts(plan, wanted)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.POLICY_WRITE,
    audience=Audience.STAFF,
    facts=change_facts,
    policy=lambda _policy, facts, _args, principal: decide_change(facts.plan, principal),
    examples=(
        "raise the refund limit for staff to 150 euros",
        "give clothing a return window of 90 days from December on",
        "set the minimum margin to 8 percent",
        "change our rules: block orders from a fraud score of 80",
        "lower the purchase limit to 500",
        "let customers no longer cancel by themselves",
        "add a category garden with a 45 day return window to the policy",
    ),
)
async def change_policy(tx: Tx, args: ChangePolicy, _ctx: RunContext, facts: ChangeFacts) -> PolicyChanged:
    """Change figures of the shop's rules, at once or from a date on, as a new version."""
    plan, author = facts.plan, tx.principal.name or tx.principal.role.value
    version = Version(plan.version, plan.based_on, author[:120], args.note, tx.now, plan.begins)
    await policies.add(tx, version, facts.policy.model_dump(mode="json", exclude={"version"}))
    tx.emit(
        "policy.changed",
        version=plan.version,
        based_on=plan.based_on,
        effective_at=plan.begins.isoformat(),
        by=author,
        paths=[each.path for each in plan.differences],
    )
    return PolicyChanged(
        version=plan.version,
        based_on=plan.based_on,
        effective_at=plan.begins,
        at_once=plan.effective_at is None,
        dropped=list(plan.dropped),
        differences=plan.differences,
    )
