"""Sales channels: connections, synchronisations, the orders that come from them, and their messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.providers import ProviderKind
from core.selling import ChannelOrderStatus, MessageStatus, SyncStatus
from store.queries import listings
from store.queries.products import titled
from store.tables.channels import ChannelMessage, ChannelOrder, SyncRun
from store.tables.customers import Customer
from store.tables.marketplace import Channel
from store.tables.orders import Order
from store.unit import ReadTx, Tx

_SEEN = text(
    "INSERT INTO channel_orders AS o (tenant_id, id, channel_id, external_id, status, problems, times_seen, first_seen_at, last_seen_at) "
    "VALUES (:tenant, :id, :channel, :external, 'blocked', '[]', 1, :now, :now) "
    "ON CONFLICT (tenant_id, channel_id, external_id) DO UPDATE SET times_seen = o.times_seen + 1, last_seen_at = :now RETURNING o.id"
)
_CUSTOMER = text(
    "INSERT INTO customers (tenant_id, id, email, name, loyalty_tier, store_credit_minor, created_at) "
    "VALUES (:tenant, :id, :email, :name, 'bronze', 0, :now) ON CONFLICT (tenant_id, email) DO NOTHING"
)
_SOLD = text(
    """
    SELECT v.id, v.sku, p.name, v.options, c.slug AS category, v.cost_minor, v.currency,
      coalesce(l.price_minor, v.price_minor) AS listed_minor
    FROM variants v JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
    LEFT JOIN listings l ON l.tenant_id = v.tenant_id AND l.variant_id = v.id AND l.channel_id = :channel
    WHERE v.tenant_id = :tenant AND v.sku = ANY(:skus) ORDER BY v.id
    """
)
_DUE = text(
    """
    SELECT c.code FROM channels c
    WHERE c.tenant_id = :tenant AND c.connected AND c.pulls_orders
      AND EXISTS (SELECT 1 FROM provider_connections p
                  WHERE p.tenant_id = c.tenant_id AND p.kind = :kind AND p.code IN (c.code, :kind) AND p.active)
      AND NOT EXISTS (SELECT 1 FROM sync_runs r WHERE r.tenant_id = c.tenant_id AND r.channel_id = c.id AND r.started_at >= :before)
    ORDER BY c.code LIMIT :limit
    """
)
_PULLED = text("UPDATE channels SET orders_cursor = :cursor WHERE tenant_id = :tenant AND id = :channel")
_CONNECTIONS = text(
    """
    SELECT ch.code, ch.name, ch.status, ch.pulls_orders, ch.auto_correct, ch.note,
      (SELECT count(*) FROM listings l WHERE l.tenant_id = ch.tenant_id AND l.channel_id = ch.id)::int AS listings,
      (SELECT max(r.finished_at) FROM sync_runs r WHERE r.tenant_id = ch.tenant_id AND r.channel_id = ch.id
        AND r.status IN ('succeeded', 'partial')) AS last_sync_at
    FROM channels ch WHERE ch.tenant_id = :tenant ORDER BY ch.code
    """
)
_HEALTH = text(
    """
    SELECT ch.code, count(l.id)::int AS listings, count(*) FILTER (WHERE l.status = 'active')::int AS active,
      count(*) FILTER (WHERE l.status = 'error')::int AS error, count(*) FILTER (WHERE l.status = 'out_of_stock')::int AS out_of_stock,
      count(*) FILTER (WHERE l.status IN ('draft', 'inactive'))::int AS not_shown,
      count(*) FILTER (WHERE l.status NOT IN ('draft', 'inactive')
        AND (l.price_minor <> v.price_minor OR l.quantity <> coalesce(s.units, 0)))::int AS mismatches,
      coalesce(sum(i.issues), 0)::int AS issues, min(l.synced_at) AS oldest_sync
    FROM channels ch
    LEFT JOIN listings l ON l.tenant_id = ch.tenant_id AND l.channel_id = ch.id
    LEFT JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
    LEFT JOIN (SELECT variant_id, sum(on_hand - reserved) AS units FROM stock_levels WHERE tenant_id = :tenant GROUP BY variant_id) s
      ON s.variant_id = l.variant_id
    LEFT JOIN (SELECT listing_id, count(*) AS issues FROM listing_issues
      WHERE tenant_id = :tenant AND status = 'open' GROUP BY listing_id) i ON i.listing_id = l.id
    WHERE ch.tenant_id = :tenant AND (cast(:channel AS text) IS NULL OR ch.code = :channel) GROUP BY ch.code ORDER BY ch.code
    """
)


@dataclass(frozen=True, slots=True)
class Sold:
    """A variant as an order of a channel needs it; `listed_minor` is what the channel's listing costs."""

    id: UUID
    sku: str
    title: str
    category: str
    cost_minor: int
    currency: str
    listed_minor: int


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """How a channel is connected."""

    code: str
    name: str
    status: str
    pulls_orders: bool
    auto_correct: bool
    note: str
    listings: int
    last_sync_at: datetime | None


@dataclass(frozen=True, slots=True)
class HealthRow:
    """How the listings of a channel are."""

    channel: str
    listings: int
    active: int
    error: int
    out_of_stock: int
    not_shown: int
    mismatches: int
    issues: int
    oldest_sync: datetime | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """The newest messages of a conversation, oldest first."""

    channel: Channel
    messages: Sequence[ChannelMessage]


async def locked(tx: Tx, code: str) -> Channel:
    """Return a channel, locked against a second synchronisation or change.

    Raises:
        InvalidInput: the shop does not sell there.
    """
    found = await listings.channel(tx, code)
    query = select(Channel).where(col(Channel.tenant_id) == tx.tenant_id, col(Channel.id) == found.id)
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).one()


async def connections(tx: ReadTx) -> list[ConnectionRow]:
    """Return how every channel is connected, by code."""
    return [ConnectionRow(*row) for row in await tx.connection.execute(_CONNECTIONS, {"tenant": tx.tenant_id})]


async def health(tx: ReadTx, channel: str | None) -> list[HealthRow]:
    """Return how the listings of the channels are, by code."""
    return [HealthRow(*row) for row in await tx.connection.execute(_HEALTH, {"tenant": tx.tenant_id, "channel": channel})]


async def seen(tx: Tx, channel: Channel, external_id: str) -> ChannelOrder:
    """Return what is remembered of a channel's order, locked: whoever reports it at the same time waits here."""
    values = {"tenant": tx.tenant_id, "id": new_id(), "channel": channel.id, "external": external_id, "now": tx.now}
    found = (await tx.connection.execute(_SEEN, values)).scalar_one()
    query = select(ChannelOrder).where(col(ChannelOrder.tenant_id) == tx.tenant_id, col(ChannelOrder.id) == found)
    return (await tx.session.exec(query.execution_options(populate_existing=True))).one()


async def sold(tx: ReadTx, channel: Channel, skus: Sequence[str]) -> dict[str, Sold]:
    """Return the variants of some SKUs that the shop has, by SKU."""
    rows = await tx.connection.execute(_SOLD, {"tenant": tx.tenant_id, "channel": channel.id, "skus": list(skus)})
    return {
        row.sku: Sold(row.id, row.sku, titled(row.name, row.options), row.category, row.cost_minor, row.currency, row.listed_minor)
        for row in rows
    }


async def buyer(tx: Tx, email: str, name: str) -> Customer:
    """Return the customer of an e-mail address, who is new when the shop does not know it."""
    same = select(Customer).where(col(Customer.tenant_id) == tx.tenant_id, func.lower(Customer.email) == email.lower()).limit(1)
    known = (await tx.session.exec(same)).first()
    if known is None:
        values = {"tenant": tx.tenant_id, "id": new_id(), "email": email.lower(), "name": name, "now": tx.now}
        await tx.connection.execute(_CUSTOMER, values)
        known = (await tx.session.exec(same)).one()
    return known


async def blocked(tx: ReadTx, channel_id: UUID | None, limit: int) -> tuple[int, list[tuple[str, ChannelOrder]]]:
    """Return how many orders of channels could not be taken over, and the last of them with their channels' codes."""
    where = [col(ChannelOrder.tenant_id) == tx.tenant_id, col(ChannelOrder.status) == ChannelOrderStatus.BLOCKED]
    if channel_id is not None:
        where.append(col(ChannelOrder.channel_id) == channel_id)
    total = (await tx.session.exec(select(func.count()).select_from(ChannelOrder).where(*where))).one()
    same = (col(Channel.tenant_id) == col(ChannelOrder.tenant_id)) & (col(Channel.id) == col(ChannelOrder.channel_id))
    query = select(col(Channel.code), ChannelOrder).join(Channel, same).where(*where).order_by(col(ChannelOrder.last_seen_at).desc())
    return int(total), [(code, row) for code, row in (await tx.session.exec(query.limit(limit))).all()]


async def open_run(tx: Tx, channel: Channel) -> SyncRun | None:
    """Return the synchronisation of a channel that has not ended, locked."""
    query = select(SyncRun).where(
        col(SyncRun.tenant_id) == tx.tenant_id,
        col(SyncRun.channel_id) == channel.id,
        col(SyncRun.status).in_([SyncStatus.PENDING, SyncStatus.RUNNING]),
    )
    return (await tx.session.exec(query.with_for_update())).first()


async def due(tx: ReadTx, begun_before: datetime, limit: int) -> list[str]:
    """Return the codes of connected channels that a provider serves and that no pull of orders began for since an instant."""
    values = {"tenant": tx.tenant_id, "before": begun_before, "kind": ProviderKind.CHANNEL.value, "limit": limit}
    return list((await tx.connection.execute(_DUE, values)).scalars())


async def pulled_up_to(tx: Tx, channel_id: UUID, cursor: str) -> None:
    """Remember where the next pull of a channel begins."""
    await tx.connection.execute(_PULLED, {"tenant": tx.tenant_id, "channel": channel_id, "cursor": cursor})


async def sold_on(tx: ReadTx, order: Order) -> Channel | None:
    """Return the sales channel that an order was placed on, None for the shop's own orders."""
    query = select(Channel).where(col(Channel.tenant_id) == tx.tenant_id, col(Channel.code) == order.channel)
    return (await tx.session.exec(query)).first()


async def run_by_number(tx: Tx, number: str) -> SyncRun:
    """Return a synchronisation, locked.

    Raises:
        NotFound: unknown, or of another shop.
    """
    query = select(SyncRun).where(col(SyncRun.tenant_id) == tx.tenant_id, col(SyncRun.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()
    if row is None:
        raise NotFound("synchronisation", number)
    return row


async def runs(tx: ReadTx, channel_id: UUID | None, limit: int) -> tuple[int, list[tuple[str, SyncRun]]]:
    """Return how many synchronisations there were, and the last of them with their channels' codes."""
    where = [col(SyncRun.tenant_id) == tx.tenant_id]
    if channel_id is not None:
        where.append(col(SyncRun.channel_id) == channel_id)
    total = (await tx.session.exec(select(func.count()).select_from(SyncRun).where(*where))).one()
    same = (col(Channel.tenant_id) == col(SyncRun.tenant_id)) & (col(Channel.id) == col(SyncRun.channel_id))
    query = select(col(Channel.code), SyncRun).join(Channel, same).where(*where).order_by(col(SyncRun.started_at).desc())
    return int(total), [(code, row) for code, row in (await tx.session.exec(query.limit(limit))).all()]


async def inbox(tx: ReadTx, channel_id: UUID | None, status: MessageStatus, limit: int) -> tuple[int, list[tuple[str, ChannelMessage]]]:
    """Return how many messages have a status, and the oldest of them with their channels' codes."""
    where = [col(ChannelMessage.tenant_id) == tx.tenant_id, col(ChannelMessage.status) == status]
    if channel_id is not None:
        where.append(col(ChannelMessage.channel_id) == channel_id)
    total = (await tx.session.exec(select(func.count()).select_from(ChannelMessage).where(*where))).one()
    same = (col(Channel.tenant_id) == col(ChannelMessage.tenant_id)) & (col(Channel.id) == col(ChannelMessage.channel_id))
    query = select(col(Channel.code), ChannelMessage).join(Channel, same).where(*where).order_by(col(ChannelMessage.created_at))
    return int(total), [(code, row) for code, row in (await tx.session.exec(query.limit(limit))).all()]


async def conversation(tx: Tx, code: str, name: str) -> Conversation:
    """Return a conversation on a channel, its channel locked.

    Raises:
        InvalidInput: there is no such conversation.
    """
    channel = await locked(tx, code)
    query = select(ChannelMessage).where(
        col(ChannelMessage.tenant_id) == tx.tenant_id,
        col(ChannelMessage.channel_id) == channel.id,
        col(ChannelMessage.conversation) == name,
    )
    rows = (await tx.session.exec(query.order_by(col(ChannelMessage.created_at).desc()).limit(50))).all()
    if not rows:
        raise InvalidInput(f"there is no conversation “{name}” on {channel.name}", field="conversation", code="unknown_conversation")
    return Conversation(channel, list(reversed(rows)))


async def known_message(tx: Tx, channel: Channel, external_id: str) -> bool:
    """Return whether a channel's message was recorded before; the channel is locked."""
    query = select(ChannelMessage.id).where(
        col(ChannelMessage.tenant_id) == tx.tenant_id,
        col(ChannelMessage.channel_id) == channel.id,
        col(ChannelMessage.external_id) == external_id,
    )
    return (await tx.session.exec(query)).first() is not None
