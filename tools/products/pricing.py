"""Setting prices: one, or many at once. Both stop at the floor, keep the history, and say where the new price is to be pushed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.money import Money
from core.selling import BulkKind
from store.queries import bulk, pricing, products, tenants
from store.queries.bulk import BulkRow
from store.queries.pricing import NewPrice, PriceRow, Selection
from store.unit import Tx
from tools.arguments import Amount, ItemRef
from tools.policy import Policy
from tools.policy.pricing import PricePlan, PriceTally, PricingPolicy, Reprice, Repriced, decide_bulk_prices, decide_price, repriced
from tools.products import match
from tools.products.module import module
from tools.products.results import PriceSet, PricesSet
from tools.spec import Args, Audience, Effect


class SetPrice(Args):
    """Arguments of `set_price`."""

    item: ItemRef
    price: Amount
    """The new price in the shop's currency, such as 129.90."""


@dataclass(frozen=True, slots=True)
class _Pricing:
    row: PriceRow
    plan: PricePlan


async def _pricing(tx: Tx, args: SetPrice, _ctx: RunContext, _policy: Policy) -> _Pricing:
    item = await match.one(tx, args.item)
    [row] = await pricing.locked(tx, [item.id])
    plan = PricePlan(
        sku=item.sku,
        title=item.title,
        old=Money(minor=row.price_minor, currency=row.currency),
        new=_parsed(args.price, row.currency, "price"),
        cost=Money(minor=row.cost_minor, currency=row.currency),
        channels=row.channels,
    )
    return _Pricing(row, plan)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PRICE_WRITE,
    audience=Audience.STAFF,
    facts=_pricing,
    policy=lambda policy, facts, _args, principal: decide_price(policy.pricing, facts.plan, principal),
    examples=(
        "set the price of AUR-HS1-BLK to 139.90",
        "make the power bank cost 24.90",
        "change our price for the desk lamp to 35",
        "the speaker should be 89 euros from now on",
        "raise the price of the oak desk to 420",
        "lower NVM-T11 to 299",
    ),
)
async def set_price(tx: Tx, args: SetPrice, _ctx: RunContext, facts: _Pricing) -> PriceSet:
    """Set the shop's own price of one item, never below its floor; channels follow when it is pushed."""
    plan = facts.plan
    await pricing.set_prices(tx, [NewPrice(facts.row, plan.new.minor)])
    tx.emit("price.changed", sku=plan.sku, before=plan.old.model_dump(), after=plan.new.model_dump())
    return PriceSet(sku=plan.sku, title=plan.title, before=plan.old, price=plan.new, push_to=plan.channels)


class BulkSetPrices(Args):
    """Which prices change, and how: give one of `percent`, `amount` and `to`."""

    category: Annotated[str, Field(max_length=40, json_schema_extra={"format": "category"})] | None = None
    """A category of the shop, such as shoes."""
    brand: Annotated[str, Field(max_length=80)] | None = None
    """A brand."""
    skus: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=500)] | None = None
    """These SKUs."""
    margin_below_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] | None = None
    """Only items whose margin (price less cost, in per cent of the price) is lower."""
    percent: Annotated[Decimal, Field(ge=-90, le=500, decimal_places=2)] | None = None
    """By how many per cent: -10 lowers."""
    amount: Annotated[str, Field(pattern=r"^[+-]?[0-9]{1,7}([.,][0-9]{1,3})?$")] | None = None
    """By which amount: -2.50 lowers."""
    to: Amount | None = None
    """To which price."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if sum(value is not None for value in (self.percent, self.amount, self.to)) != 1:
            raise ValueError("give exactly one of percent, amount and to")
        if all(value is None for value in (self.category, self.brand, self.skus, self.margin_below_percent)):
            raise ValueError("say which items: a category, a brand, SKUs, or a margin that they are below")
        return self


@dataclass(frozen=True, slots=True)
class _BulkPricing:
    selection: Selection
    change: Reprice
    pricing: PricingPolicy
    title: str
    tally: PriceTally


async def _bulk_pricing(tx: Tx, args: BulkSetPrices, _ctx: RunContext, policy: Policy) -> _BulkPricing:
    currency = (await tenants.current(tx)).currency
    selection = Selection(currency, await _category(tx, args.category), args.brand, _upper(args.skus), args.margin_below_percent)
    change = Reprice(
        percent=args.percent,
        by_minor=_parsed(args.amount.lstrip("+"), currency, "amount").minor if args.amount else None,
        to_minor=_parsed(args.to, currency, "to").minor if args.to else None,
    )
    tally = PriceTally(currency=currency)
    async for chunk in _changes(tx, selection, change, policy.pricing):
        for row, new in chunk:
            tally.add(row.sku, row.price_minor, new)
    return _BulkPricing(selection, change, policy.pricing, _title(args, selection), tally)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PRICE_WRITE,
    audience=Audience.STAFF,
    facts=_bulk_pricing,
    policy=lambda policy, facts, _args, principal: decide_bulk_prices(policy.pricing, facts.title, facts.tally, principal),
    examples=(
        "lower all shoe prices by 10 percent",
        "raise every Voltmark price by 5 %",
        "put 2 euros on everything with a margin below 20 percent",
        "bulk change: all furniture 15 % off",
        "set prices of these SKUs to 19.90",
        "increase the prices of the whole clothing category by 3 percent",
    ),
    timeout=300.0,
)
async def bulk_set_prices(tx: Tx, args: BulkSetPrices, _ctx: RunContext, facts: _BulkPricing) -> PricesSet:
    """Change many prices at once by a percentage, an amount or to a value: a category, a brand, SKUs or low margins."""
    planned = facts.tally
    request = args.model_dump(mode="json", exclude_none=True)
    change = await bulk.begin(tx, BulkKind.PRICE, facts.title, request, selected=planned.selected, changed=planned.changed)
    done, listed = PriceTally(currency=planned.currency), 0
    async for chunk in _changes(tx, facts.selection, facts.change, facts.pricing):
        prices = [NewPrice(row, new.minor) for row, new in chunk if new.minor != row.price_minor]
        revisions = await pricing.set_prices(tx, prices, f"Bulk change {change.number}")
        await bulk.record(tx, change, [_kept(price, revisions[price.row.id]) for price in prices])
        for row, new in chunk:
            done.add(row.sku, row.price_minor, new)
        listed += sum(len(price.row.channels) for price in prices)
    change.selected, change.changed = done.selected, done.changed
    tx.session.add(change)
    tx.emit("prices.changed", bulk_change=change.number, changed=done.changed, selected=done.selected)
    return PricesSet(
        bulk_change=change.number,
        title=facts.title,
        selected=done.selected,
        changed=done.changed,
        at_floor=done.at_floor,
        lowest=done.lowest,
        highest=done.highest,
        biggest=done.biggest,
        listings_to_push=listed,
    )


async def _changes(tx: Tx, selection: Selection, change: Reprice, policy: PricingPolicy) -> AsyncIterator[list[tuple[PriceRow, Repriced]]]:
    """Yield the chosen prices with what becomes of each: the same for the preview and for the effect."""
    async for chunk in pricing.chosen(tx, selection):
        yield [(row, repriced(change, row.price_minor, floor_of(policy, row).minor)) for row in chunk]


def floor_of(policy: PricingPolicy, row: PriceRow) -> Money:
    """Return the lowest price of a variant that holds wherever it is listed."""
    return policy.floor_everywhere(Money(minor=row.cost_minor, currency=row.currency), row.channels)


def _kept(price: NewPrice, revision: int) -> BulkRow:
    return BulkRow(price.row.id, price.row.sku, {"minor": price.row.price_minor}, {"minor": price.minor, "revision": revision})


async def _category(tx: Tx, wanted: str | None) -> str | None:
    if wanted is None:
        return None
    known = await products.categories(tx)
    found = match.category(wanted, known)
    if found is None:
        raise InvalidInput(f"there is no category “{wanted}”; there are: {', '.join(known)}", field="category", code="unknown_category")
    return found


def _upper(skus: list[str] | None) -> list[str] | None:
    return [sku.strip().upper() for sku in skus] if skus else None


def _parsed(value: str, currency: str, field: str) -> Money:
    try:
        return Money.parse(value, currency)
    except ValueError as error:
        raise InvalidInput(str(error), field=field) from error


def _title(args: BulkSetPrices, selection: Selection) -> str:
    chosen = [selection.category or "", args.brand or "", f"{len(args.skus)} SKUs" if args.skus else ""]
    if args.margin_below_percent is not None:
        chosen.append(f"margin below {args.margin_below_percent.normalize():f} %")
    if args.percent is not None:
        how = f"{args.percent.normalize():+f} %"
    else:
        how = f"to {args.to} {selection.currency}" if args.to else f"{args.amount} {selection.currency}"
    return f"Prices of {', '.join(part for part in chosen if part)}: {how}"
