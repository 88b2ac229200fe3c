"""Many listings at once: our prices and stock pushed, fields changed."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.money import Money
from core.selling import BulkKind
from core.statuses import ListingStatus
from store.queries import bulk, bulk_listings, listings, products
from store.queries.bulk import BulkRow
from store.queries.bulk_listings import ListingRow, NewListing, Selection
from store.unit import Tx
from tools.arguments import ChannelCode
from tools.marketplace.bulk_results import ListingsPushed
from tools.marketplace.facts import decimal, status_after, typed
from tools.marketplace.module import module
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.policy.listings import PushTally, decide_bulk_listings
from tools.policy.pricing import PricingPolicy
from tools.products import match
from tools.spec import Args, Audience, Effect

_OURS_ALONE = frozenset({"price", "quantity", "stock", "inventory_quantity"})

Planned = tuple[ListingRow, NewListing | None, str, bool]
"""A listing, what it becomes, the change in words, and whether its floor forbids it."""
Rule = Callable[[ListingRow], tuple[NewListing | None, str, bool]]


class ChosenListings(Args):
    """Which listings are meant."""

    channel: ChannelCode | None = None
    category: Annotated[str, Field(max_length=40, json_schema_extra={"format": "category"})] | None = None
    """A category of the shop, such as shoes."""
    brand: Annotated[str, Field(max_length=80)] | None = None
    """A brand."""
    skus: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=500)] | None = None
    """These SKUs."""

    @property
    def words(self) -> str:
        """The selection in words."""
        chosen = [self.channel, self.category, self.brand, f"{len(self.skus)} SKUs" if self.skus else None]
        return ", ".join(part for part in chosen if part) or "all channels"


@dataclass(frozen=True, slots=True)
class _Bulk:
    selection: Selection
    rule: Rule
    title: str
    tally: PushTally


def _may(policy: Policy, facts: _Bulk, _args: Args, _principal: object) -> Decision:
    return decide_bulk_listings(policy.pricing.bulk_at_once, policy.pricing.bulk_most, facts.title, facts.tally)


class BulkPush(ChosenListings):
    """Arguments of `bulk_push`."""

    prices: bool = True
    """Push our prices."""
    stock: bool = True
    """Push our stock."""


async def _pushing(tx: Tx, args: BulkPush, _ctx: RunContext, policy: Policy) -> _Bulk:
    what = " and ".join(name for name, wanted in (("prices", args.prices), ("stock", args.stock)) if wanted)
    if not what:
        raise InvalidInput("say what is pushed: prices, stock or both", field="prices")
    rule = _ours(policy.pricing, prices=args.prices, stock=args.stock)
    return await _counted(tx, args, rule, f"Push {what} to {args.words}")


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_pushing,
    policy=_may,
    examples=(
        "push all our prices and stock to every channel",
        "update everything on shopify in one go",
        "push the new prices of all shoes to all marketplaces",
        "bring all ebay listings in line with the shop",
        "mass update the stock on amazon",
        "send every changed price to the channels",
    ),
    timeout=300.0,
)
async def bulk_push(tx: Tx, args: BulkPush, _ctx: RunContext, facts: _Bulk) -> ListingsPushed:
    """Push the shop's own prices and stock to many listings at once; a price below a channel's floor is left alone."""
    return await _carry_out(tx, args, facts, BulkKind.PUSH)


class PushStock(ChosenListings):
    """Arguments of `push_stock`."""


async def _stocking(tx: Tx, args: PushStock, _ctx: RunContext, policy: Policy) -> _Bulk:
    return await _counted(tx, args, _ours(policy.pricing, prices=False, stock=True), f"Push stock to {args.words}")


def _may_stock(policy: Policy, facts: _Bulk, _args: Args, _principal: object) -> Decision:
    return decide_bulk_listings(policy.pricing.bulk_most, policy.pricing.bulk_most, facts.title, facts.tally)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_stocking,
    policy=_may_stock,
    examples=(
        "push the stock of AUR-HS1-BLK to all channels",
        "tell the marketplaces how many speakers are left",
        "update quantities on ebay",
        "avoid overselling: send our stock to shopify",
        "send only the stock of the shoes to amazon",
        "correct the quantities that channels show",
    ),
    timeout=300.0,
)
async def push_stock(tx: Tx, args: PushStock, _ctx: RunContext, facts: _Bulk) -> ListingsPushed:
    """Push what the shop has in stock to channels, prices untouched, so that nothing is oversold."""
    return await _carry_out(tx, args, facts, BulkKind.PUSH)


class BulkUpdateListings(ChosenListings):
    """Arguments of `bulk_update_listings`."""

    field: Annotated[str, Field(min_length=1, max_length=40, json_schema_extra={"format": "field"})]
    """Which field, such as return_policy; prices and quantities are pushed instead."""
    value: Annotated[str, Field(min_length=1, max_length=500, json_schema_extra={"format": "text"})]
    """Its new value."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if all(part is None for part in (self.channel, self.category, self.brand, self.skus)):
            raise ValueError("say which listings: a channel, a category, a brand or SKUs")
        return self


async def _updating(tx: Tx, args: BulkUpdateListings, _ctx: RunContext, _policy: Policy) -> _Bulk:
    field = args.field.lower().replace(" ", "_")
    if field in _OURS_ALONE:
        raise InvalidInput("price and quantity are the shop's own; use bulk_push", field="field", code="use_bulk_push")
    return await _counted(tx, args, _filled(field, typed(field, args.value)), f"Set {field.replace('_', ' ')} of {args.words}")


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_updating,
    policy=_may,
    examples=(
        "set the return policy of all ebay listings to 30 days",
        "change the brand field of every Voltmark listing",
        "put lead time 2 days into all mirakl listings",
        "update the description of all listings of the mug",
        "bulk edit the category of the shoe listings on amazon",
        "fill in the same text for every shopify listing",
    ),
    timeout=300.0,
)
async def bulk_update_listings(tx: Tx, args: BulkUpdateListings, _ctx: RunContext, facts: _Bulk) -> ListingsPushed:
    """Set one field of many listings to the same value and publish them."""
    return await _carry_out(tx, args, facts, BulkKind.LISTING)


def _ours(policy: PricingPolicy, *, prices: bool, stock: bool) -> Rule:
    def rule(row: ListingRow) -> tuple[NewListing | None, str, bool]:
        same = row.currency == row.our_currency
        price = row.our_price if prices and same else row.price_minor
        quantity = row.available if stock else row.quantity
        parts: list[str] = []
        if price != row.price_minor:
            parts.append(f"price {Money(minor=row.price_minor, currency=row.currency)} -> {Money(minor=price, currency=row.currency)}")
        if quantity != row.quantity:
            parts.append(f"quantity {row.quantity} -> {quantity}")
        floor = policy.floor(Money(minor=row.cost_minor, currency=row.our_currency), row.channel)
        if price != row.price_minor and price < floor.minor:
            return None, "", True
        if not parts:
            return None, "", False
        fields = {**row.fields}
        if price != row.price_minor:
            fields["price"] = decimal(Money(minor=price, currency=row.currency))
        fields |= {name: quantity for name in ("quantity", "inventory_quantity") if name in fields}
        status = status_after(ListingStatus(row.status), quantity, row.open_issues).value
        return NewListing(row, price, quantity, fields, status), ", ".join(parts), False

    return rule


def _filled(field: str, value: JsonValue) -> Rule:
    def rule(row: ListingRow) -> tuple[NewListing | None, str, bool]:
        before = row.fields.get(field)
        if before == value:
            return None, "", False
        new = NewListing(row, row.price_minor, row.quantity, {**row.fields, field: value}, row.status)
        return new, f"{field.replace('_', ' ')} {before or 'empty'} -> {value}", False

    return rule


async def _counted(tx: Tx, args: ChosenListings, rule: Rule, title: str) -> _Bulk:
    channel = (await listings.channel(tx, args.channel)).code if args.channel else None
    category = None
    if args.category:
        known = await products.categories(tx)
        category = match.category(args.category, known)
        if category is None:
            reason = f"there is no category “{args.category}”; there are: {', '.join(known)}"
            raise InvalidInput(reason, field="category", code="unknown_category")
    skus = [sku.strip().upper() for sku in args.skus] if args.skus else None
    selection, tally = Selection(channel, category, args.brand, skus), PushTally()
    async for chunk in _planned(tx, selection, rule):
        for row, _, words, below in chunk:
            tally.add(row.channel, row.sku, words, below_floor=below)
    return _Bulk(selection, rule, title, tally)


async def _planned(tx: Tx, selection: Selection, rule: Rule) -> AsyncIterator[list[Planned]]:
    """Yield the chosen listings with what becomes of each: the same for the preview and for the effect."""
    async for chunk in bulk_listings.chosen(tx, selection):
        yield [(row, *rule(row)) for row in chunk]


async def _carry_out(tx: Tx, args: ChosenListings, facts: _Bulk, kind: BulkKind) -> ListingsPushed:
    asked, tally, number = facts.tally, PushTally(), 0
    request = args.model_dump(mode="json", exclude_none=True)
    change = await bulk.begin(tx, kind, facts.title, request, selected=asked.selected, changed=asked.changed)
    async for chunk in _planned(tx, facts.selection, facts.rule):
        news = [new for _, new, _, _ in chunk if new is not None]
        await bulk_listings.store(tx, news)
        await bulk.record(tx, change, [_kept(new, kind) for new in news])
        for row, new, words, below in chunk:
            tally.add(row.channel, row.sku, words, below_floor=below)
            if new is not None:
                push(tx, new, {name: value for name, value in new.fields.items() if row.fields.get(name) != value})
        number += 1
        await bulk.send(tx, change, number)
    change.selected, change.changed = tally.selected, tally.changed
    tx.session.add(change)
    tx.emit("listings.updated", bulk_change=change.number, changed=tally.changed, channels=[*sorted(tally.by_channel)])
    return ListingsPushed(bulk_change=change.number, title=facts.title, **tally.model_dump())


def push(tx: Tx, new: NewListing, values: dict[str, JsonValue]) -> None:
    """Send a listing with what is new of it to its channel after the commit."""
    about: dict[str, JsonValue] = {"listing": new.row.external_id, "channel": new.row.channel, "sku": new.row.sku}
    price: JsonValue = {"minor": new.price_minor, "currency": new.row.currency}
    tx.emit("channel.listing.push", **about, fields=values, price=price, quantity=new.quantity)


def _kept(new: NewListing, kind: BulkKind) -> BulkRow:
    row, label = new.row, f"{new.row.sku} on {new.row.channel}"
    if kind is BulkKind.PUSH:
        before = {"minor": row.price_minor, "quantity": row.quantity}
        return BulkRow(row.id, label, before, {"minor": new.price_minor, "quantity": new.quantity})
    field = next(name for name, value in new.fields.items() if row.fields.get(name) != value)
    return BulkRow(row.id, label, {"value": row.fields.get(field)}, {"field": field, "value": new.fields[field]})
