"""Deciding between products: side by side, what customers say, and how prices moved."""

from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.money import Money
from store.queries import pricing, products
from store.queries.products import ProductRow, VariantRow, titled
from store.unit import ReadTx
from tools.arguments import ItemRef, Limit
from tools.products import match
from tools.products.module import module
from tools.products.reads import named
from tools.products.results import Compared, Opinion, PastPrice, PriceHistory, ProductReviews, ProductsCompared, Stars
from tools.result import Quote
from tools.spec import Args, Audience, Effect

_One = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"format": "item"})]


class CompareProducts(Args):
    """Arguments of `compare_products`."""

    products: Annotated[list[_One], Field(min_length=2, max_length=4)]
    """Two to four products: names, slugs or SKUs."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.PRODUCT_READ,
    examples=(
        "compare the Auralis headset and the Hublet headset",
        "what is the difference between the two desks",
        "which is better, the trail shoes or the road shoes",
        "put the keyboard and the travel keyboard side by side",
        "compare the first two for me",
        "headset One versus headset Air, which is rated higher",
    ),
)
async def compare_products(tx: ReadTx, args: CompareProducts, _ctx: RunContext) -> ProductsCompared:
    """Put two to four products side by side: price, options, availability, rating and what they are made for."""
    rows: dict[str, ProductRow] = {}
    for ref in args.products:
        row, _ = await named(tx, ref)
        rows[row.slug] = row
    if len(rows) < 2:
        raise InvalidInput("these words mean the same product; name two different ones", field="products", code="item_unclear")
    return ProductsCompared(products=[await _compared(tx, row) for row in rows.values()])


async def _compared(tx: ReadTx, row: ProductRow) -> Compared:
    variants, said = await products.variants(tx, row.id), await products.reviews(tx, row.id, 1)
    return Compared(
        product=row.slug,
        title=row.name,
        brand=row.brand,
        category=row.category,
        description=row.description,
        price_from=_money(variants[0]) if variants else None,
        price_to=_money(variants[-1]) if variants else None,
        options=_options(variants),
        in_stock=any(each.available > 0 for each in variants),
        rating=round(said.mean, 1) if said.mean is not None else None,
        reviews=said.total,
    )


class ProductReviewsArgs(Args):
    """Arguments of `product_reviews`."""

    product: _One
    """Which product: its name or words of it, its slug, or a SKU."""
    stars: Annotated[int, Field(ge=1, le=5)] | None = None
    """Only reviews with so many stars."""
    limit: Limit = 5


@module.tool(
    effect=Effect.READ,
    permission=Permission.PRODUCT_READ,
    examples=(
        "read me the reviews of the trail shoes",
        "what do one-star reviews of the tablet complain about",
        "show all customer opinions on the speaker",
        "bad reviews of the desk lamp",
        "how many five star reviews does the mug have",
        "what did buyers write about the wool blanket",
    ),
)
async def product_reviews(tx: ReadTx, args: ProductReviewsArgs, _ctx: RunContext) -> ProductReviews:
    """Show what customers wrote about a product, newest first, with how the stars are spread."""
    row, _ = await named(tx, args.product)
    spread = await products.stars(tx, row.id)
    found = await products.reviews(tx, row.id, args.limit, args.stars)
    total = sum(spread.values())
    return ProductReviews(
        product=row.slug,
        title=row.name,
        total=total,
        mean=round(sum(stars * count for stars, count in spread.items()) / total, 1) if total else None,
        spread=[Stars(stars=stars, reviews=count) for stars, count in sorted(spread.items(), reverse=True)],
        shown=found.total,
        opinions=[
            Opinion(author=each.author, rating=each.rating, review=Quote.customer(f"{each.title}. {each.body}")) for each in found.newest
        ],
    )


class PriceHistoryArgs(Args):
    """Arguments of `price_history`."""

    item: ItemRef
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.PRICE_READ,
    audience=Audience.STAFF,
    examples=(
        "price history of AUR-HS1-BLK",
        "when did we last change the price of the tablet",
        "who changed the price of the speaker",
        "how did the price of the power bank develop",
        "what did the desk lamp cost before",
        "past prices of the oak desk",
    ),
)
async def price_history(tx: ReadTx, args: PriceHistoryArgs, _ctx: RunContext) -> PriceHistory:
    """Show how the shop's price of an item changed: before, after, when, and by whom."""
    found = await match.items(tx, args.item)
    total, past = await pricing.history(tx, [item.id for item in found], args.limit)
    return PriceHistory(
        item=found[0].title if len(found) == 1 else args.item,
        total=total,
        changes=[
            PastPrice(
                sku=each.sku,
                title=titled(each.name, each.options),
                before=Money(minor=each.old_minor, currency=each.currency),
                after=Money(minor=each.new_minor, currency=each.currency),
                changed_by=each.changed_by,
                reason=each.reason,
                at=each.changed_at,
            )
            for each in past
        ],
    )


def _money(row: VariantRow) -> Money:
    return Money(minor=row.price_minor, currency=row.currency)


def _options(variants: list[VariantRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in variants:
        for name, value in each.options.items():
            values = found.setdefault(name, [])
            if str(value) not in values:
                values.append(str(value))
    return found
