"""Suggestions: what is wrong with a listing, how it can be mended, and what people decide about it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.money import Money
from core.selling import RULE_TRANSITIONS, FixSource, RuleStatus
from core.statuses import IssueStatus, IssueType, change
from store.queries import corrections, listings
from store.tables.channels import CorrectionRule
from store.tables.marketplace import ListingIssue
from store.unit import ReadTx, Tx
from tools.arguments import ChannelCode, ItemRef, Limit
from tools.marketplace import corrections as mending
from tools.marketplace.facts import InForce, Offer, in_force, offer, publish, typed
from tools.marketplace.module import module
from tools.marketplace.outcomes import (
    CorrectionRules,
    FixDecided,
    FixSuggestions,
    ListingChecked,
    RuleRevoked,
    RuleShown,
    Suggestion,
)
from tools.marketplace.results import Change
from tools.policy import Policy
from tools.policy.decision import allow
from tools.policy.listings import FixPlan, ListingsPolicy, Problem, decide_revoke_rule, problems
from tools.policy.listings import decide_fix as decided
from tools.result import Quote
from tools.spec import Args, Audience, Effect

_Field = Annotated[str, Field(min_length=1, max_length=40, json_schema_extra={"format": "field"})]


class OneListing(Args):
    """Arguments of tools about one listing."""

    channel: ChannelCode
    item: ItemRef


@module.tool(
    effect=Effect.READ,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    facts=in_force,
    examples=(
        "check the ebay listing of the speaker before we publish it",
        "would amazon accept the tablet as it is",
        "validate our shopify listing of the mug",
        "is anything missing in the mirakl listing of the desk",
        "does the title of the headset fit ebay",
        "run a listing check for NVM-T11 on amazon",
    ),
)
async def validate_listing(tx: ReadTx, args: OneListing, _ctx: RunContext, facts: InForce) -> ListingChecked:
    """Check a listing against what its channel requires: fields, formats, price floor and stock, without changing anything."""
    found = await offer(tx, args.channel, args.item, lambda _: True)
    wrong = _problems(found, facts.policy)
    return ListingChecked(
        listing=found.listing.external_id,
        channel=found.channel.code,
        sku=found.item.sku,
        title=found.item.title,
        required=facts.policy.listings.required(found.channel.code),
        problems=wrong,
    )


class SuggestFix(OneListing):
    """Arguments of `suggest_fix`."""

    field: _Field | None = None
    """Only for this field, such as brand."""


@dataclass(frozen=True, slots=True)
class _Suggesting:
    offer: Offer
    policy: Policy


async def _suggesting(tx: Tx, args: SuggestFix, _ctx: RunContext, policy: Policy) -> _Suggesting:
    return _Suggesting(await offer(tx, args.channel, args.item, lambda each: bool(each.issues)), policy)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    facts=_suggesting,
    policy=lambda _policy, _facts, _args, _principal: allow("listing.suggest"),
    examples=(
        "how could we mend the amazon listing of the camera",
        "suggest a fix for the missing brand of the tablet on amazon",
        "propose corrections for the rejected ebay listing",
        "what would you put into the empty category on amazon for the headset",
        "find a solution for the listing error of the power bank",
        "come up with a better title for the ebay listing of the desk",
    ),
)
async def suggest_fix(tx: Tx, args: SuggestFix, _ctx: RunContext, facts: _Suggesting) -> FixSuggestions:
    """Look for the cause of a listing's issues and suggest values from the shop's own data, each with its confidence."""
    found, policy = facts.offer, facts.policy
    about = (await corrections.about(tx, [found.item.id]))[found.item.id]
    issues = list(found.issues)
    named = {issue.field for issue in issues}
    for each in _problems(found, policy):
        if each.field not in named and each.type is not IssueType.BUSINESS_RULE_VIOLATION:
            issues.append(corrections.report(tx, found.listing, each.field, each.type, each.message))
            named.add(each.field)
    await tx.session.flush()
    wanted = [issue for issue in issues if args.field is None or issue.field == args.field.lower().replace(" ", "_")]
    limit = policy.listings.title_most(found.channel.code)
    for issue in wanted:
        for source, value in mending.candidates(issue.field, about, found.listing.fields, limit):
            if value == issue.rejected_value or (issue.suggested_value and issue.suggested_value != value):
                continue
            rule = await corrections.rule(tx, found.channel, issue.field, IssueType(issue.type), source)
            first = policy.listings.first_confidence
            issue.confidence_pct = max(issue.confidence_pct if issue.suggested_value else 0, rule.confidence_pct if rule else first)
            issue.suggested_value, issue.source = value, source
            tx.session.add(issue)
            break
    return FixSuggestions(
        listing=found.listing.external_id,
        channel=found.channel.code,
        sku=found.item.sku,
        title=found.item.title,
        suggestions=[
            Suggestion(
                field=issue.field,
                type=IssueType(issue.type),
                cause=Quote.external(issue.message),
                value=issue.suggested_value,
                taken_from=str(FixSource(issue.source)),
                confidence=issue.confidence_pct / 100,
            )
            for issue in wanted
        ],
    )


class FixDecision(StrEnum):
    """What a person says to a suggestion."""

    APPROVE = "approve"
    REJECT = "reject"


class DecideFix(OneListing):
    """Arguments of `decide_fix`."""

    decision: FixDecision
    """Whether the suggestion is right."""
    field: _Field | None = None
    """Which field, when several have a suggestion."""


@dataclass(frozen=True, slots=True)
class _Deciding:
    offer: Offer
    issue: ListingIssue
    listings: ListingsPolicy
    plan: FixPlan


async def _deciding(tx: Tx, args: DecideFix, _ctx: RunContext, policy: Policy) -> _Deciding:
    found = await offer(tx, args.channel, args.item, lambda each: any(issue.suggested_value for issue in each.issues))
    wanted = args.field.lower().replace(" ", "_") if args.field else None
    fitting = [issue for issue in found.issues if issue.suggested_value and wanted in {None, issue.field}]
    if not fitting:
        raise InvalidInput(
            f"there is no suggestion for {found.item.title} on {found.channel.name}; ask for one first", code="no_suggestion"
        )
    if len(fitting) > 1:
        fields = ", ".join(issue.field for issue in fitting)
        raise InvalidInput(f"several fields have a suggestion: {fields}; which one?", field="field", code="field_unclear")
    issue = fitting[0]
    await _trace(tx, found, issue, policy.listings)
    plan = FixPlan(
        sku=found.item.sku,
        title=found.item.title,
        channel=found.channel.code,
        field=issue.field,
        before=str(found.listing.fields.get(issue.field) or ""),
        after=issue.suggested_value or "",
        approves=args.decision is FixDecision.APPROVE,
        confidence=issue.confidence_pct,
    )
    return _Deciding(found, issue, policy.listings, plan)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_deciding,
    policy=lambda policy, facts, _args, principal: decided(policy.listings, facts.plan, principal),
    examples=(
        "yes, that brand suggestion for the tablet on amazon is right",
        "reject the suggested title for the ebay listing of the desk",
        "the proposed category on amazon for the headset is wrong",
        "approve the proposed correction for the camera listing",
        "decline that suggestion, keep the listing of the mug as it is",
        "agree with the suggested description on amazon for the power bank",
    ),
)
async def decide_fix(tx: Tx, args: DecideFix, _ctx: RunContext, facts: _Deciding) -> FixDecided:
    """Approve a suggested correction, which publishes it and makes it surer, or reject it; sure ones apply by themselves."""
    found, issue, plan = facts.offer, facts.issue, facts.plan
    rule = await mending.learn(tx, found.channel, issue, facts.listings, approved=plan.approves)
    if plan.approves:
        issue.status, issue.fixed_at = IssueStatus.FIXED, tx.now
        values: dict[str, JsonValue] = {issue.field: typed(issue.field, plan.after)}
        publish(tx, found, [Change(field=issue.field, before=plan.before, after=plan.after)], values, 1)
    else:
        issue.rejected_value, issue.suggested_value, issue.source = issue.suggested_value, None, FixSource.NONE
    tx.session.add(issue)
    tx.emit("listing.fix.approved" if plan.approves else "listing.fix.rejected", listing=found.listing.external_id, field=issue.field)
    learned = rule is not None and RuleStatus(rule.status) is RuleStatus.ACTIVE
    return FixDecided(
        listing=found.listing.external_id,
        channel=found.channel.code,
        sku=plan.sku,
        title=plan.title,
        field=plan.field,
        value=plan.after,
        approved=plan.approves,
        confidence=issue.confidence_pct / 100,
        rule=rule.number if rule is not None and learned else None,
    )


class CorrectionRulesArgs(Args):
    """Arguments of `correction_rules`."""

    channel: ChannelCode | None = None
    limit: Limit = 20


@module.tool(
    effect=Effect.READ,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    examples=(
        "which corrections apply by themselves",
        "what have we learned about amazon listings",
        "show the correction rules",
        "list the automatic listing fixes",
        "how often was a learned correction applied",
        "correction rules of ebay",
    ),
)
async def correction_rules(tx: ReadTx, args: CorrectionRulesArgs, _ctx: RunContext) -> CorrectionRules:
    """List learned corrections of listings with their confidence, and which of them apply by themselves."""
    channel = await listings.channel(tx, args.channel) if args.channel else None
    total, rows = await corrections.find(tx, channel.id if channel else None, args.limit)
    return CorrectionRules(total=total, rules=[_shown(code, row) for code, row in rows])


class RevokeCorrectionRule(Args):
    """Arguments of `revoke_correction_rule`."""

    rule: Annotated[str, Field(pattern=r"^C-[0-9]{1,18}$", json_schema_extra={"format": "rule-number"})]
    """Number of the rule, such as C-1001."""


@dataclass(frozen=True, slots=True)
class _Revoking:
    row: CorrectionRule
    number: str
    status: RuleStatus


async def _revoking(tx: Tx, args: RevokeCorrectionRule, _ctx: RunContext, _policy: Policy) -> _Revoking:
    row = await corrections.by_number(tx, args.rule)
    return _Revoking(row, row.number, RuleStatus(row.status))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_revoking,
    policy=lambda _policy, facts, _args, _principal: decide_revoke_rule(facts.number, facts.status),
    examples=(
        "revoke correction rule C-1001",
        "stop applying C-1002 by itself",
        "that learned correction is wrong, switch C-1001 off",
        "take back the automatic fix C-1003",
        "do not correct brands by yourself any more, C-1001",
        "forget rule C-1004",
    ),
)
async def revoke_correction_rule(tx: Tx, args: RevokeCorrectionRule, _ctx: RunContext, facts: _Revoking) -> RuleRevoked:
    """Take a learned correction back, so that it no longer applies by itself."""
    row = facts.row
    row.status = change(f"correction rule {row.number}", facts.status, RuleStatus.REVOKED, RULE_TRANSITIONS)
    row.revoked_at, row.revoked_by = tx.now, (tx.principal.name or tx.principal.role.value)[:120]
    tx.session.add(row)
    tx.emit("listing.rule.revoked", rule=row.number, field=row.field)
    return RuleRevoked(rule=row.number, field=row.field, applied=row.applied)


def _problems(found: Offer, policy: Policy) -> list[Problem]:
    price, cost = found.price, Money(minor=found.ours.cost_minor, currency=found.ours.currency)
    floor = policy.pricing.floor(cost, found.channel.code)
    fields = {**found.listing.fields}
    oversold = found.listing.quantity - found.ours.available
    same = price.currency == floor.currency
    return problems(policy.listings, found.channel.code, fields, price, floor if same else price, oversold)


async def _trace(tx: Tx, found: Offer, issue: ListingIssue, policy: ListingsPolicy) -> None:
    """Find where a suggestion that came without a source has its value from."""
    if FixSource(issue.source) is not FixSource.NONE:
        return
    about = (await corrections.about(tx, [found.item.id]))[found.item.id]
    for source, value in mending.candidates(issue.field, about, found.listing.fields, policy.title_most(found.channel.code)):
        if value == issue.suggested_value:
            issue.source = source


def _shown(code: str, row: CorrectionRule) -> RuleShown:
    return RuleShown(
        rule=row.number,
        channel=code,
        field=row.field,
        type=IssueType(row.type),
        taken_from=str(FixSource(row.source)),
        confidence=row.confidence_pct / 100,
        status=RuleStatus(row.status),
        applied=row.applied,
    )
