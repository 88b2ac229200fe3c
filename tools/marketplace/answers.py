"""How a push went, as the channel answers it; what was learned applies at once. Only the process itself calls it."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from core.statuses import (
    IssueStatus,
    IssueType,
    ListingStatus,
)
from store.queries import corrections, listings
from store.queries.products import Item
from store.unit import Tx
from tools.arguments import ChannelCode
from tools.marketplace.corrections import mend
from tools.marketplace.facts import InForce, Offer, in_force, publish
from tools.marketplace.module import module
from tools.marketplace.outcomes import ChannelResultRecorded
from tools.marketplace.results import Change
from tools.policy import Policy
from tools.policy.decision import Decision, allow
from tools.spec import Args, Audience, Effect

_TYPES = {each.value: each for each in IssueType}


def reported(_policy: Policy, _facts: object, _args: Args, _principal: object) -> Decision:
    """Let a report of a channel be recorded: it is a fact, whatever the shop thinks of it."""
    return allow("channel.report")


class ChannelProblem(Args):
    """Something that a channel refuses."""

    field: Annotated[str, Field(max_length=40)]
    """Which field of the listing."""
    message: Annotated[str, Field(max_length=300)]
    """The channel's own words."""
    code: Annotated[str, Field(max_length=40)] = "channel_specific"
    """What kind of problem it is, as far as the channel says."""


class RecordChannelResult(Args):
    """How a push of a listing went."""

    channel: ChannelCode
    listing: Annotated[str, Field(max_length=40)]
    """The channel's number of the listing."""
    accepted: bool
    """Whether the channel shows what was sent."""
    problems: Annotated[list[ChannelProblem], Field(default_factory=list[ChannelProblem], max_length=50)]
    """What it refuses."""


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    facts=in_force,
    policy=reported,
    examples=(
        "amazon accepted the pushed listing",
        "ebay rejected the push: title too long",
        "the channel refused the listing for a missing brand",
        "the push of AMZ-1 went through",
        "shopify reports a problem with a pushed field",
        "the marketplace answered the push with errors",
    ),
)
async def record_channel_result(tx: Tx, args: RecordChannelResult, _ctx: RunContext, facts: InForce) -> ChannelResultRecorded:
    """Record whether a channel accepted a pushed listing, or with what issues it refused; learned corrections apply at once."""
    channel = await listings.channel(tx, args.channel)
    row = await corrections.listing_of(tx, channel, args.listing)
    issues = list(await listings.open_issues(tx, [row.id]))
    row.synced_at = tx.now
    if args.accepted:
        for issue in issues:
            issue.status, issue.fixed_at = IssueStatus.FIXED, tx.now
            tx.session.add(issue)
        if ListingStatus(row.status) is ListingStatus.ERROR:
            row.status = ListingStatus.ACTIVE if row.quantity else ListingStatus.OUT_OF_STOCK
        tx.session.add(row)
        tx.emit("listing.accepted", listing=row.external_id, channel=channel.code)
        return ChannelResultRecorded(listing=row.external_id, channel=channel.code, accepted=True, issues_open=0)
    known = {issue.field: issue for issue in issues}
    for problem in args.problems:
        issue = known.get(problem.field)
        if issue is None:
            issue = corrections.report(tx, row, problem.field, _type(problem, row.fields), problem.message)
            known[problem.field] = issue
        issue.message = problem.message
        tx.session.add(issue)
    await tx.session.flush()
    row.status = ListingStatus.ERROR
    about = (await corrections.about(tx, [row.variant_id]))[row.variant_id]
    item = Item(about.id, about.sku, about.title, about.category_slug, about.product)
    found = Offer(channel, item, row, [*known.values()], (await listings.ours(tx, [row.variant_id]))[row.variant_id])
    values = await mend(tx, channel, found.issues, about, row.fields, facts.policy.listings)
    left = sum(issue.status == IssueStatus.OPEN for issue in known.values())
    if values:
        changes = [Change(field=field, before=str(row.fields.get(field) or ""), after=str(value)) for field, value in values.items()]
        publish(tx, found, changes, values, len(values))
    else:
        tx.session.add(row)
    tx.emit("listing.rejected", listing=row.external_id, channel=channel.code, fields=[*known], corrected=[*values])
    return ChannelResultRecorded(listing=row.external_id, channel=channel.code, accepted=False, issues_open=left, corrected=[*values])


def _type(problem: ChannelProblem, fields: Mapping[str, object]) -> IssueType:
    """Return the kind of an issue: the channel's own, else missing where the field is empty."""
    if problem.code in _TYPES and problem.code != IssueType.CHANNEL_SPECIFIC:
        return _TYPES[problem.code]
    return IssueType.MISSING_REQUIRED_FIELD if fields.get(problem.field) in (None, "", []) else IssueType.CHANNEL_SPECIFIC
