"""Reading the rules: what holds, what held, and what differs."""

from typing import Annotated

from pydantic import BaseModel, Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from store.queries import policies, tenants
from store.queries.policies import Version
from store.unit import ReadTx
from tools.arguments import Limit
from tools.governance import versions
from tools.governance.module import module
from tools.governance.results import PolicyDiff, PolicyHistory, RuleShown, RulesShown, VersionShown, VersionState
from tools.policy import Policy
from tools.policy.figures import differences, figures
from tools.spec import Args, Audience, Effect

_AREAS = [name for name in Policy.model_fields if name != "version"]
_MANY = 100

VersionNumber = Annotated[int, Field(ge=0, le=1_000_000, json_schema_extra={"format": "policy-version"})]


class RulesInForce(Args):
    """Arguments of `rules_in_force`."""

    area: Annotated[str, Field(max_length=40, json_schema_extra={"enum": list(_AREAS)})] | None = None
    """Only one area; all of them when left out."""


async def _policy(_tx: ReadTx, _args: Args, _ctx: RunContext, policy: Policy) -> Policy:
    return policy


@module.tool(
    effect=Effect.READ,
    permission=Permission.POLICY_READ,
    audience=Audience.STAFF,
    facts=_policy,
    examples=(
        "which rules are in force?",
        "what are our refund limits right now",
        "show the fraud thresholds we use",
        "who has to approve what",
        "list the shop's policy figures for stock",
        "what is configured as minimum margin",
        "current policy settings",
    ),
)
async def rules_in_force(tx: ReadTx, args: RulesInForce, _ctx: RunContext, policy: Policy) -> RulesShown:
    """Show the figures of the shop's rules in force - limits, windows, thresholds, approvers - of one area or of all."""
    currency = (await tenants.current(tx)).currency
    _, stored = await policies.history(tx, _MANY)
    return RulesShown(
        version=policy.version,
        since=next((each.effective_at for each in stored if each.version == policy.version), None),
        planned=sorted(each.version for each in stored if each.version > policy.version),
        rules=[
            RuleShown(path=figure.path, label=figure.label, value=figure.shown)
            for figure in figures(policy, currency)
            if args.area is None or figure.path.partition(".")[0] == _known(args.area)
        ],
    )


class PolicyHistoryArgs(Args):
    """Arguments of `policy_history`."""

    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.POLICY_READ,
    audience=Audience.STAFF,
    facts=_policy,
    examples=(
        "who changed our rules and when?",
        "history of the policy",
        "show the versions of the rules",
        "is a rule change planned",
        "when did the last policy change take effect",
        "past versions of our policy",
    ),
)
async def policy_history(tx: ReadTx, args: PolicyHistoryArgs, _ctx: RunContext, policy: Policy) -> PolicyHistory:
    """List versions of the shop's rules, the newest first: who changed them, why, and from when on."""
    total, stored = await policies.history(tx, _MANY)
    shown = [VersionShown(**each._asdict(), state=_state(each, stored, policy.version)) for each in stored[: args.limit]]
    return PolicyHistory(total=total, versions=shown)


class PolicyDiffArgs(Args):
    """Arguments of `policy_diff`."""

    after: VersionNumber | None = None
    """The later version; the one in force when left out."""
    before: VersionNumber | None = None
    """The earlier version; the one that `after` was based on when left out."""


class DiffFacts(BaseModel):
    """The two versions."""

    before: Policy
    after: Policy


async def _two(tx: ReadTx, args: PolicyDiffArgs, _ctx: RunContext, policy: Policy) -> DiffFacts:
    after = policy if args.after is None else await versions.of(tx, args.after)
    _, stored = await policies.history(tx, _MANY)
    based_on = next((each.based_on for each in stored if each.version == after.version), 0)
    return DiffFacts(before=await versions.of(tx, based_on if args.before is None else args.before), after=after)


@module.tool(
    effect=Effect.READ,
    permission=Permission.POLICY_READ,
    audience=Audience.STAFF,
    facts=_two,
    examples=(
        "what changed in the rules last time?",
        "compare policy version 1 and 3",
        "difference between the rules of version 2 and today's",
        "what did the last rule change do",
        "what will be different under version 4",
        "diff the policy versions",
    ),
)
async def policy_diff(tx: ReadTx, args: PolicyDiffArgs, _ctx: RunContext, facts: DiffFacts) -> PolicyDiff:
    """Say what two versions of the shop's rules do not share, figure by figure."""
    currency = (await tenants.current(tx)).currency
    return PolicyDiff(before=facts.before.version, after=facts.after.version, differences=differences(facts.before, facts.after, currency))


def _known(area: str) -> str:
    if area not in _AREAS:
        raise InvalidInput(f"there is no area {area}; there is: {', '.join(_AREAS)}", field="area")
    return area


def _state(version: Version, stored: list[Version], in_force: int) -> VersionState:
    if version.version == in_force:
        return VersionState.IN_FORCE
    if version.version > in_force:
        return VersionState.PLANNED
    replaced = any(later.version > version.version and later.effective_at <= version.effective_at for later in stored)
    return VersionState.NEVER if replaced else VersionState.PAST
