"""Reading channels: what they refuse, what differs from the shop, what is earned."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import IssueType, ListingStatus
from store.queries import listings
from store.queries.listings import Chosen, Commissions, IssueRow, MarginRow, MismatchRow
from store.unit import ReadTx
from tools.arguments import ChannelCode, ItemRef, Limit
from tools.items import meaning
from tools.marketplace.module import module
from tools.marketplace.results import (
    ChannelEarning,
    ChannelIssues,
    ChannelMismatches,
    Issue,
    ListingIssues,
    ListingMargin,
    Mismatch,
    NetMargin,
)
from tools.policy import Policy
from tools.policy.pricing import PricingPolicy
from tools.result import Quote
from tools.spec import Args, Audience, Effect


async def _policy(_tx: ReadTx, _args: Any, _ctx: RunContext, policy: Policy) -> PricingPolicy:
    return policy.pricing


async def _chosen(tx: ReadTx, channel: str | None, item: str | None) -> Chosen:
    """Return which listings are meant; an unknown channel is refused rather than found empty."""
    code = (await listings.channel(tx, channel)).code if channel else None
    return Chosen(code, item.strip().upper(), sorted(meaning(item))) if item else Chosen(code)


class ListingIssuesArgs(Args):
    """Arguments of `listing_issues`."""

    channel: ChannelCode | None = None
    item: ItemRef | None = None
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    examples=(
        "what's wrong on amazon?",
        "which listings have errors",
        "show open listing issues",
        "why was the headset rejected on amazon",
        "amazon listing problems pls",
        "what does ebay complain about",
        "are any products missing required fields",
        "listing errors for NVM-T11",
    ),
)
async def listing_issues(tx: ReadTx, args: ListingIssuesArgs, _ctx: RunContext) -> ListingIssues:
    """List what sales channels refuse in our listings, with the channel's words and the fix that is suggested."""
    totals, in_error, rows = await listings.issues(tx, await _chosen(tx, args.channel, args.item), args.limit)
    return ListingIssues(
        total=sum(totals.values()),
        listings_in_error=in_error,
        channels=[ChannelIssues(channel=code, open=count) for code, count in totals.items()],
        issues=[_issue(row) for row in rows],
    )


class ChannelMismatchesArgs(Args):
    """Arguments of `channel_mismatches`."""

    channel: ChannelCode | None = None
    item: ItemRef | None = None
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    examples=(
        "which prices differ on ebay?",
        "are our channel prices in sync",
        "stock mismatches on shopify",
        "compare amazon with our prices",
        "what is out of sync",
        "can we oversell anything on a marketplace",
        "our ebay prices are off, which ones?",
    ),
)
async def channel_mismatches(tx: ReadTx, args: ChannelMismatchesArgs, _ctx: RunContext) -> ChannelMismatches:
    """List listings whose price or quantity on a channel differs from the shop's own."""
    total, rows = await listings.mismatches(tx, await _chosen(tx, args.channel, args.item), args.limit)
    return ChannelMismatches(total=total, mismatches=[_mismatch(row) for row in rows])


class NetMarginArgs(Args):
    """Arguments of `net_margin`."""

    channel: ChannelCode | None = None
    item: ItemRef | None = None
    limit: Limit = 8


@module.tool(
    effect=Effect.READ,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    facts=_policy,
    examples=(
        "how much do we earn on amazon after fees?",
        "net margin by channel",
        "which listings lose money",
        "margin of the headset on ebay",
        "what's left after commission",
        "least profitable products on marketplaces",
        "do we sell anything below its floor price",
    ),
)
async def net_margin(tx: ReadTx, args: NetMarginArgs, _ctx: RunContext, policy: PricingPolicy) -> NetMargin:
    """Show what remains of channel prices after commission and cost, the worst listings first."""
    commissions = Commissions(policy.commission_percent, policy.commission_by_channel, policy.minimum_margin_percent)
    channels, rows = await listings.margins(tx, await _chosen(tx, args.channel, args.item), commissions, args.limit)
    return NetMargin(
        total=sum(each.listings for each in channels),
        channels=[
            ChannelEarning(
                channel=each.channel,
                listings=each.listings,
                commission_percent=each.rate.normalize(),
                mean_margin_percent=_tenth(each.mean),
                below_floor=each.below_floor,
            )
            for each in channels
        ],
        listings=[_margin(row, policy) for row in rows],
    )


def _issue(row: IssueRow) -> Issue:
    return Issue(
        listing=row.listing,
        channel=row.channel,
        sku=row.sku,
        title=row.title,
        type=IssueType(row.type),
        field=row.field,
        message=Quote.external(row.message),
        suggested_value=row.suggested_value,
        confidence=row.confidence_pct / 100,
        listing_status=ListingStatus(row.listing_status),
        since=row.created_at,
    )


def _mismatch(row: MismatchRow) -> Mismatch:
    return Mismatch(
        listing=row.listing,
        channel=row.channel,
        sku=row.sku,
        title=row.title,
        our_price=Money(minor=row.our_price, currency=row.our_currency),
        channel_price=Money(minor=row.channel_price, currency=row.channel_currency),
        our_quantity=row.our_quantity,
        channel_quantity=row.channel_quantity,
        oversells=row.channel_quantity > row.our_quantity,
        synced_at=row.synced_at,
    )


def _margin(row: MarginRow, policy: PricingPolicy) -> ListingMargin:
    price, cost = Money(minor=row.price_minor, currency=row.currency), Money(minor=row.cost_minor, currency=row.currency)
    commission, floor = price.percent(row.rate), policy.floor(cost, row.channel)
    margin = price - commission - cost
    return ListingMargin(
        listing=row.listing,
        channel=row.channel,
        sku=row.sku,
        title=row.title,
        price=price,
        commission=commission,
        cost=cost,
        margin=margin,
        margin_percent=_tenth(Decimal(100 * margin.minor) / price.minor),
        floor=floor,
        below_floor=price < floor,
    )


def _tenth(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
