"""Changing channels: corrections that a channel asked for, and our price and stock. Both leave through the outbox."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, JsonValue

from core.errors import InvalidInput
from core.identity import Permission, Principal, RunContext
from core.statuses import IssueStatus
from store.tables.marketplace import ListingIssue
from store.unit import Tx
from tools.arguments import ChannelCode, ItemRef
from tools.marketplace.corrections import learn
from tools.marketplace.facts import Offer, decimal, offer, publish, typed
from tools.marketplace.module import module
from tools.marketplace.results import Change, ListingUpdated
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.policy.listings import ListingsPolicy
from tools.policy.pricing import ListingPlan, decide_listing
from tools.spec import Args, Audience, Effect

_OURS_ALONE = frozenset({"price", "quantity", "stock", "inventory_quantity"})
"""Fields whose value is the shop's own; no argument can set them."""


@dataclass(frozen=True, slots=True)
class _Correction:
    offer: Offer
    changes: list[Change]
    values: dict[str, JsonValue]
    fixes: list[ListingIssue]
    plan: ListingPlan
    learning: ListingsPolicy


def _may_publish(policy: Policy, facts: Any, _args: Args, principal: Principal) -> Decision:
    return decide_listing(policy.pricing, facts.plan, principal)


class FixListing(Args):
    """Arguments of `fix_listing`."""

    channel: ChannelCode
    item: ItemRef
    field: Annotated[str, Field(min_length=1, max_length=40, json_schema_extra={"format": "field"})] | None = None
    """Which field to correct, such as title; without it, every field with an open issue and a suggestion."""
    value: Annotated[str, Field(min_length=1, max_length=500, json_schema_extra={"format": "text"})] | None = None
    """The new value; without it, the value that is suggested."""


async def _correction(tx: Tx, args: FixListing, _ctx: RunContext, policy: Policy) -> _Correction:
    found = await offer(tx, args.channel, args.item, lambda each: bool(each.issues))
    wanted = _wanted(args, found)
    changes = [
        Change(field=field, before=_shown(found.listing.fields.get(field)), after=_shown(value))
        for field, value in wanted.items()
        if found.listing.fields.get(field) != value or any(issue.field == field for issue in found.issues)
    ]
    fixes = [issue for issue in found.issues if issue.field in wanted]
    return _Correction(found, changes, wanted, fixes, found.plan(changes, found.price), policy.listings)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_correction,
    policy=_may_publish,
    examples=(
        "fix the amazon listing of the tablet",
        "apply the suggested fix for AUR-HS1-BLK on amazon",
        "set the brand on amazon to Voltmark for the power bank",
        "change the title of the headset on ebay to Auralis One, black",
        "correct the missing title on amazon for NVM-T11",
        "accept the suggestion for the camera listing on amazon",
        "repair that listing",
    ),
)
async def fix_listing(tx: Tx, args: FixListing, _ctx: RunContext, correction: _Correction) -> ListingUpdated:
    """Correct fields of a listing that a channel refuses, with the suggested or a given value, and publish it."""
    for issue in correction.fixes:
        if args.value is None or args.value == issue.suggested_value:
            await learn(tx, correction.offer.channel, issue, correction.learning, approved=True)
        issue.status, issue.fixed_at = IssueStatus.FIXED, tx.now
        tx.session.add(issue)
    return publish(tx, correction.offer, correction.changes, correction.values, len(correction.fixes))


class PushPrice(Args):
    """Arguments of `push_price`."""

    channel: ChannelCode
    item: ItemRef


@dataclass(frozen=True, slots=True)
class _Push:
    offer: Offer
    changes: list[Change]
    plan: ListingPlan


async def _push(tx: Tx, args: PushPrice, _ctx: RunContext, _policy: Policy) -> _Push:
    found = await offer(tx, args.channel, args.item, lambda each: each.differs)
    if found.price.currency != found.our_price.currency:
        reason = f"{found.channel.name} lists {found.item.sku} in {found.price.currency}, the shop sells in {found.our_price.currency}"
        raise InvalidInput(f"{reason}; a price is never converted here", code="other_currency")
    changes: list[Change] = []
    if found.price != found.our_price:
        changes.append(Change(field="price", before=str(found.price), after=str(found.our_price)))
    if found.listing.quantity != found.ours.available:
        changes.append(Change(field="quantity", before=str(found.listing.quantity), after=str(found.ours.available)))
    return _Push(found, changes, found.plan(changes, found.our_price))


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CHANNEL_WRITE,
    audience=Audience.STAFF,
    facts=_push,
    policy=_may_publish,
    examples=(
        "push our price of the headset to ebay",
        "sync the price to shopify for AUR-HS1-BLK",
        "update the stock of the power bank on shopify",
        "make ebay show our price for the tablet",
        "correct the ebay price of the speaker",
        "send the right quantity of MST-FLT to shopify",
    ),
)
async def push_price(tx: Tx, args: PushPrice, _ctx: RunContext, push: _Push) -> ListingUpdated:
    """Set a listing's price and quantity on a channel to the shop's own."""
    row, price = push.offer.listing, push.offer.our_price
    row.price_minor, row.quantity = price.minor, push.offer.ours.available
    values: dict[str, JsonValue] = {"price": decimal(price)}
    values |= {name: row.quantity for name in ("quantity", "inventory_quantity") if name in row.fields}
    return publish(tx, push.offer, push.changes, values, 0)


def _wanted(args: FixListing, found: Offer) -> dict[str, JsonValue]:
    """Return the new value of each field that is to be corrected."""
    suggested = {issue.field: issue.suggested_value for issue in found.issues}
    field = args.field.lower().replace(" ", "_") if args.field else None
    if field in _OURS_ALONE:
        raise InvalidInput("price and quantity are the shop's own; use push_price", field="field", code="use_push_price")
    if field is None and args.value is not None:
        if len(suggested) != 1:
            known = ", ".join(suggested) or "title, brand, category"
            raise InvalidInput(f"which field gets “{args.value}”, such as {known}?", field="field", code="field_unclear")
        field = next(iter(suggested))
    fields = [field] if field else [name for name in suggested if name not in _OURS_ALONE]
    values = {name: args.value or suggested.get(name) for name in fields}
    chosen: dict[str, JsonValue] = {name: typed(name, value) for name, value in values.items() if value is not None}
    if fields and not chosen:
        raise InvalidInput(f"there is no suggestion for {', '.join(fields)}; give a value", field="value", code="value_missing")
    return chosen


def _shown(value: Any) -> str:
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
