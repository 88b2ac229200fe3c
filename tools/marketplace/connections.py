"""How the shop is connected to its channels: connections, the health of the listings, and synchronisations."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.selling import CHANNEL_TRANSITIONS, SYNC_TRANSITIONS, ChannelStatus, SyncStatus, SyncTrigger
from core.statuses import change
from store.queries import channels, counters, listings
from store.queries.channels import HealthRow
from store.tables.channels import SyncRun
from store.tables.marketplace import Channel
from store.unit import ReadTx, Tx
from tools.arguments import ChannelCode, Limit
from tools.marketplace.module import module
from tools.marketplace.outcomes import (
    BlockedOrder,
    ChannelConnections,
    ChannelHealth,
    Connection,
    ListingHealth,
    SyncHistory,
    SyncShown,
    SyncStarted,
)
from tools.policy import Policy
from tools.policy.decision import allow, deny
from tools.policy.listings import decide_connected
from tools.result import Quote
from tools.spec import Args, Audience, Effect


class ChannelConnectionsArgs(Args):
    """Arguments of `channel_connections`."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    examples=(
        "which channels are we connected to",
        "is our cdiscount connection active",
        "show the channel connections",
        "where do we sell",
        "which marketplaces are paused",
        "settings of our sales channels",
    ),
)
async def channel_connections(tx: ReadTx, args: ChannelConnectionsArgs, _ctx: RunContext) -> ChannelConnections:
    """List the shop's sales channels with their status and settings."""
    return await _connections(tx)


class SetChannelConnection(Args):
    """Arguments of `set_channel_connection`."""

    channel: ChannelCode
    status: ChannelStatus | None = None
    """connected, paused (nothing leaves for it) or disconnected."""
    pulls_orders: bool | None = None
    """Whether its orders are taken over."""
    auto_correct: bool | None = None
    """Whether learned corrections apply by themselves there."""
    note: Annotated[str, Field(max_length=300, json_schema_extra={"format": "text"})] | None = None
    """Why, for whoever looks next."""


@dataclass(frozen=True, slots=True)
class _Connecting:
    row: Channel


async def _connecting(tx: Tx, args: SetChannelConnection, _ctx: RunContext, _policy: Policy) -> _Connecting:
    return _Connecting(await channels.locked(tx, args.channel))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_connecting,
    policy=lambda _policy, _facts, _args, _principal: allow("channel.connection"),
    examples=(
        "pause our ebay connection",
        "reconnect amazon",
        "stop taking orders from shopify for now",
        "switch automatic corrections on amazon off",
        "disconnect cdiscount",
        "resume selling on ebay",
    ),
)
async def set_channel_connection(tx: Tx, args: SetChannelConnection, _ctx: RunContext, facts: _Connecting) -> ChannelConnections:
    """Pause, resume or disconnect a sales channel, or change whether its orders are pulled and corrections apply by themselves."""
    row = facts.row
    if args.status is None and args.pulls_orders is None and args.auto_correct is None and args.note is None:
        raise InvalidInput("say what changes: status, pulls_orders, auto_correct or note", code="nothing_to_change")
    if args.status is not None and args.status is not ChannelStatus(row.status):
        row.status = change(f"channel {row.code}", ChannelStatus(row.status), args.status, CHANNEL_TRANSITIONS)
        row.connected = row.status is ChannelStatus.CONNECTED
    row.pulls_orders = row.pulls_orders if args.pulls_orders is None else args.pulls_orders
    row.auto_correct = row.auto_correct if args.auto_correct is None else args.auto_correct
    row.note = row.note if args.note is None else args.note
    tx.session.add(row)
    await tx.session.flush()
    tx.emit("channel.connection.changed", channel=row.code, status=str(row.status))
    return await _connections(tx, row.code)


class ListingHealthArgs(Args):
    """Arguments of `listing_health`."""

    channel: ChannelCode | None = None


@module.tool(
    effect=Effect.READ,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    examples=(
        "how healthy are our listings",
        "listing health by channel",
        "what share of the amazon listings is fine",
        "give me the state of all channels in numbers",
        "how many listings are live on shopify",
        "which channel needs the most work",
    ),
)
async def listing_health(tx: ReadTx, args: ListingHealthArgs, _ctx: RunContext) -> ListingHealth:
    """Show how many listings of each channel are live, in error, out of sync or out of stock."""
    code = (await listings.channel(tx, args.channel)).code if args.channel else None
    rows = [_health(row) for row in await channels.health(tx, code)]
    return ListingHealth(channels=sorted(rows, key=lambda row: (row.healthy_percent, row.channel)))


class SyncHistoryArgs(Args):
    """Arguments of `sync_history`."""

    channel: ChannelCode | None = None
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.CHANNEL_READ,
    audience=Audience.STAFF,
    examples=(
        "when were the amazon orders pulled last",
        "sync history",
        "did the last synchronisation succeed",
        "which channel orders could not be imported",
        "show failed pulls of ebay",
        "any orders from marketplaces stuck at import",
    ),
)
async def sync_history(tx: ReadTx, args: SyncHistoryArgs, _ctx: RunContext) -> SyncHistory:
    """List synchronisations with channels and their outcome, and orders of channels that could not be taken over."""
    channel = (await listings.channel(tx, args.channel)).id if args.channel else None
    total, rows = await channels.runs(tx, channel, args.limit)
    stuck, blocked = await channels.blocked(tx, channel, args.limit)
    return SyncHistory(
        total=total,
        runs=[_run(code, row) for code, row in rows],
        blocked_total=stuck,
        blocked=[
            BlockedOrder(channel=code, external_id=row.external_id, problems=[*map(str, row.problems)], last_seen_at=row.last_seen_at)
            for code, row in blocked
        ],
    )


class PullOrders(Args):
    """Arguments of `pull_orders`."""

    channel: ChannelCode


@dataclass(frozen=True, slots=True)
class _Pulling:
    row: Channel
    running: SyncRun | None
    name: str
    connected: bool
    busy: str
    """The synchronisation that still runs."""


async def _pulling(tx: Tx, args: PullOrders, _ctx: RunContext, policy: Policy) -> _Pulling:
    row = await channels.locked(tx, args.channel)
    running = await channels.open_run(tx, row)
    fresh = running is not None and running.started_at > tx.now - timedelta(hours=policy.listings.sync_hours)
    return _Pulling(row, running, row.name, row.connected and row.pulls_orders, running.number if running and fresh else "")


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_pulling,
    policy=lambda _policy, facts, _args, _principal: (
        deny("channel.pull_running", f"{facts.busy} still pulls from {facts.name}.", "look at the sync history")
        if facts.busy
        else decide_connected(facts.name, facts.connected, "channel.pull")
    ),
    examples=(
        "pull the new orders from amazon",
        "fetch ebay orders now",
        "import orders from shopify",
        "sync the orders of cdiscount",
        "get the latest marketplace orders from backmarket",
        "start an order pull for amazon",
    ),
)
async def pull_orders(tx: Tx, args: PullOrders, _ctx: RunContext, facts: _Pulling) -> SyncStarted:
    """Start pulling a channel's new orders; each of them is taken over once."""
    if facts.running is not None:
        stale = facts.running
        stale.status = change(f"synchronisation {stale.number}", SyncStatus(stale.status), SyncStatus.FAILED, SYNC_TRANSITIONS)
        stale.finished_at, stale.note = tx.now, "It did not end in time."
        tx.session.add(stale)
        await tx.session.flush()
    run = SyncRun(
        tenant_id=tx.tenant_id,
        number=f"S-{await counters.take(tx, 'sync_run')}",
        channel_id=facts.row.id,
        trigger=SyncTrigger.MANUAL if tx.principal.is_person else SyncTrigger.SCHEDULED,
        started_by=(tx.principal.name or tx.principal.role.value)[:120],
        started_at=tx.now,
    )
    tx.add(run)
    tx.emit("channel.orders.pull", channel=facts.row.code, sync_run=run.number, after=facts.row.orders_cursor)
    return SyncStarted(sync_run=run.number, channel=facts.row.code, status=SyncStatus.PENDING)


async def _connections(tx: ReadTx, only: str | None = None) -> ChannelConnections:
    rows = [row for row in await channels.connections(tx) if only in {None, row.code}]
    return ChannelConnections(
        connections=[
            Connection(
                channel=row.code,
                name=row.name,
                status=ChannelStatus(row.status),
                pulls_orders=row.pulls_orders,
                auto_correct=row.auto_correct,
                note=row.note,
                listings=row.listings,
                last_sync_at=row.last_sync_at,
            )
            for row in rows
        ]
    )


def _health(row: HealthRow) -> ChannelHealth:
    healthy = max(row.active - row.mismatches, 0)
    return ChannelHealth(
        channel=row.channel,
        listings=row.listings,
        active=row.active,
        error=row.error,
        out_of_stock=row.out_of_stock,
        not_shown=row.not_shown,
        mismatches=row.mismatches,
        issues=row.issues,
        healthy_percent=100 * healthy // row.listings if row.listings else 0,
        oldest_sync=row.oldest_sync,
    )


def _run(code: str, row: SyncRun) -> SyncShown:
    return SyncShown(
        sync_run=row.number,
        channel=code,
        trigger=SyncTrigger(row.trigger),
        status=SyncStatus(row.status),
        imported=row.imported,
        known=row.known,
        blocked=row.blocked,
        note=Quote.external(row.note) if row.note else None,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
