"""Listings on sales channels: what channels refuse, what differs from the shop, and what is earned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlmodel import col, select

from core.errors import InvalidInput
from core.statuses import IssueStatus
from store.queries.orders import like
from store.queries.products import titled
from store.tables.marketplace import Channel, Listing, ListingIssue
from store.unit import ReadTx

_NAMED = """
    FROM listings l JOIN channels ch ON ch.tenant_id = l.tenant_id AND ch.id = l.channel_id
    JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
"""
_CHOSEN = """
    l.tenant_id = :tenant AND (cast(:channel AS text) IS NULL OR ch.code = :channel)
    AND (cast(:sku AS text) IS NULL OR v.sku = :sku
      OR concat_ws(' ', p.name, p.brand, v.sku, v.options::text) ILIKE ALL (cast(:patterns AS text[])))
"""
_OPEN_ISSUES = f"{_NAMED} JOIN listing_issues i ON i.tenant_id = l.tenant_id AND i.listing_id = l.id WHERE {_CHOSEN} AND i.status = 'open'"
_ISSUES = text(
    "SELECT l.external_id AS listing, l.status AS listing_status, ch.code AS channel, v.sku, p.name, v.options, i.type, i.field, "
    f"i.message, i.suggested_value, i.confidence_pct, i.created_at {_OPEN_ISSUES} ORDER BY i.created_at, l.external_id LIMIT :limit"
)
_ISSUE_TOTALS = text(f"SELECT ch.code, count(*)::int AS issues {_OPEN_ISSUES} GROUP BY ch.code ORDER BY issues DESC, ch.code")
_IN_ERROR = text(f"SELECT count(*)::int {_NAMED} WHERE {_CHOSEN} AND l.status = 'error'")
_MISMATCHES = text(
    f"""
    SELECT l.external_id AS listing, ch.code AS channel, v.sku, p.name, v.options, v.currency AS our_currency, v.price_minor AS our_price,
      l.currency AS channel_currency, l.price_minor AS channel_price, s.available AS our_quantity, l.quantity AS channel_quantity,
      l.synced_at, count(*) OVER ()::int AS total
    {_NAMED}
    JOIN LATERAL (
      SELECT coalesce(sum(k.on_hand - k.reserved), 0)::int AS available FROM stock_levels k
      WHERE k.tenant_id = v.tenant_id AND k.variant_id = v.id
    ) s ON true
    WHERE {_CHOSEN} AND l.status NOT IN ('draft', 'inactive')
      AND ((l.currency = v.currency AND l.price_minor <> v.price_minor) OR l.quantity <> s.available)
    ORDER BY (l.quantity > s.available) DESC, abs(l.price_minor - v.price_minor) DESC, ch.code, v.sku LIMIT :limit
    """
)
_EARNED = f"""
    WITH earned AS (
      SELECT l.external_id AS listing, ch.code AS channel, v.sku, p.name, v.options, l.currency, l.price_minor, v.cost_minor,
        coalesce((cast(:rates AS jsonb) ->> ch.code)::numeric, :rate) AS rate
      {_NAMED} WHERE {_CHOSEN} AND l.status NOT IN ('draft', 'inactive') AND l.price_minor > 0 AND l.currency = v.currency
    ), margins AS (
      SELECT *, 100 - rate - 100.0 * cost_minor / price_minor AS margin,
        price_minor * (100 - rate - :minimum) < 100 * cost_minor AS below_floor
      FROM earned
    )
"""
_MARGINS = text(f"{_EARNED} SELECT *, count(*) OVER ()::int AS total FROM margins ORDER BY margin, channel, sku LIMIT :limit")
_BY_CHANNEL = text(
    f"{_EARNED} SELECT channel, rate, count(*)::int AS listings, avg(margin) AS mean, "
    "count(*) FILTER (WHERE below_floor)::int AS below_floor FROM margins GROUP BY channel, rate ORDER BY mean, channel"
)
_OURS = text(
    """
    SELECT v.id, v.price_minor, v.cost_minor, v.currency, coalesce(sum(k.on_hand - k.reserved), 0)::int AS available
    FROM variants v LEFT JOIN stock_levels k ON k.tenant_id = v.tenant_id AND k.variant_id = v.id
    WHERE v.tenant_id = :tenant AND v.id = ANY(:variants) GROUP BY v.tenant_id, v.id
    """
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which listings are meant: of a channel, of a SKU, of words that all occur; empty means all."""

    channel: str | None = None
    sku: str | None = None
    words: Sequence[str] = ()

    def values(self, tx: ReadTx) -> dict[str, Any]:
        """Return the parameters of a query over the chosen listings."""
        return {"tenant": tx.tenant_id, "channel": self.channel, "sku": self.sku, "patterns": [like(word) for word in self.words]}


@dataclass(frozen=True, slots=True)
class IssueRow:
    """Something that a channel refuses."""

    listing: str
    listing_status: str
    channel: str
    sku: str
    title: str
    type: str
    field: str
    message: str
    suggested_value: str | None
    confidence_pct: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MismatchRow:
    """A listing whose price or quantity is not the shop's."""

    listing: str
    channel: str
    sku: str
    title: str
    our_currency: str
    our_price: int
    channel_currency: str
    channel_price: int
    our_quantity: int
    channel_quantity: int
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class MarginRow:
    """What remains of a listing's price."""

    listing: str
    channel: str
    sku: str
    title: str
    currency: str
    price_minor: int
    cost_minor: int
    rate: Decimal
    below_floor: bool


@dataclass(frozen=True, slots=True)
class ChannelMargin:
    """The mean margin of a channel's listings, in per cent of the price."""

    channel: str
    rate: Decimal
    listings: int
    mean: Decimal
    below_floor: int


@dataclass(frozen=True, slots=True)
class OursRow:
    """What the shop itself asks for a variant, paid for it, and has of it."""

    price_minor: int
    cost_minor: int
    currency: str
    available: int


@dataclass(frozen=True, slots=True)
class Commissions:
    """Commission and minimum margin in per cent, from the policy."""

    rate: Decimal
    by_channel: Mapping[str, Decimal]
    minimum: Decimal

    def values(self) -> dict[str, Any]:
        """Return the parameters of a query over margins."""
        rates = {code: str(rate) for code, rate in self.by_channel.items()}
        return {"rate": self.rate, "rates": orjson.dumps(rates).decode(), "minimum": self.minimum}


async def issues(tx: ReadTx, chosen: Chosen, limit: int) -> tuple[dict[str, int], int, list[IssueRow]]:
    """Return the open issues by channel, how many listings are in error, and the `limit` oldest issues."""
    values = chosen.values(tx)
    totals = {row.code: row.issues for row in await tx.session.execute(_ISSUE_TOTALS, values)}
    in_error = int((await tx.session.execute(_IN_ERROR, values)).scalar_one())
    rows = (await tx.session.execute(_ISSUES, {**values, "limit": limit})).mappings() if totals else ()
    return totals, in_error, [IssueRow(title=_title(row), **_fields(row, IssueRow)) for row in rows]


async def mismatches(tx: ReadTx, chosen: Chosen, limit: int) -> tuple[int, list[MismatchRow]]:
    """Return how many listings differ from the shop, and the `limit` that matter most: overselling first, then by price."""
    rows = (await tx.session.execute(_MISMATCHES, {**chosen.values(tx), "limit": limit})).mappings().all()
    return (rows[0]["total"] if rows else 0), [MismatchRow(title=_title(row), **_fields(row, MismatchRow)) for row in rows]


async def margins(tx: ReadTx, chosen: Chosen, commissions: Commissions, limit: int) -> tuple[list[ChannelMargin], list[MarginRow]]:
    """Return the mean margin by channel, and the `limit` listings with the worst."""
    values = {**chosen.values(tx), **commissions.values()}
    channels = [ChannelMargin(**row) for row in (await tx.session.execute(_BY_CHANNEL, values)).mappings()]
    rows = (await tx.session.execute(_MARGINS, {**values, "limit": limit})).mappings()
    return channels, [MarginRow(title=_title(row), **_fields(row, MarginRow)) for row in rows]


async def channel(tx: ReadTx, code: str) -> Channel:
    """Return the channel of a code.

    Raises:
        InvalidInput: the shop does not sell there; the message lists where it does.
    """
    rows = (await tx.session.exec(select(Channel).where(col(Channel.tenant_id) == tx.tenant_id).order_by(col(Channel.code)))).all()
    found = next((row for row in rows if row.code == code), None)
    if found is None:
        known = ", ".join(row.code for row in rows) or "none"
        raise InvalidInput(f"the shop does not sell on “{code}”; its channels: {known}", field="channel", code="unknown_channel")
    return found


async def on_channel(tx: ReadTx, channel_id: UUID, variants: Sequence[UUID], *, lock: bool = True) -> Sequence[Listing]:
    """Return the listings of some variants on a channel; locked when `lock`, in a fixed order."""
    query = (
        select(Listing)
        .where(col(Listing.tenant_id) == tx.tenant_id, col(Listing.channel_id) == channel_id, col(Listing.variant_id).in_(variants))
        .order_by(col(Listing.id))
    )
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).all()


async def open_issues(tx: ReadTx, listings: Sequence[UUID]) -> Sequence[ListingIssue]:
    """Return the open issues of some listings, the surest suggestion first."""
    query = (
        select(ListingIssue)
        .where(
            col(ListingIssue.tenant_id) == tx.tenant_id,
            col(ListingIssue.listing_id).in_(listings),
            col(ListingIssue.status) == IssueStatus.OPEN,
        )
        .order_by(col(ListingIssue.confidence_pct).desc(), col(ListingIssue.id))
    )
    return (await tx.session.exec(query)).all()


async def ours(tx: ReadTx, variants: Sequence[UUID]) -> dict[UUID, OursRow]:
    """Return the shop's own price, cost and stock of some variants."""
    rows = (await tx.session.execute(_OURS, {"tenant": tx.tenant_id, "variants": list(variants)})).mappings()
    return {row["id"]: OursRow(**_fields(row, OursRow)) for row in rows}


def _title(row: RowMapping) -> str:
    return titled(row["name"], row["options"])


def _fields(row: RowMapping, kind: type[Any]) -> dict[str, Any]:
    return {name: row[name] for name in kind.__slots__ if name != "title"}
