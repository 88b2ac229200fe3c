"""Reading the catalogue: a need in words, and one product in full."""

from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput, NotFound
from core.identity import Permission, RunContext
from core.money import Money
from store.queries import products, tenants
from store.queries.products import Found, ProductRow
from store.unit import ReadTx
from tools.arguments import Amount, Limit, Query
from tools.items import terms
from tools.products import match
from tools.products.module import module
from tools.products.results import Availability, Opinion, ProductDetail, ProductFound, ProductsFound
from tools.products.words import naming, related
from tools.result import Quote
from tools.spec import Args, Effect

_FEW = 5
"""From here down a customer is told that only a few are left."""


class SearchProducts(Args):
    """Arguments of `search_products`."""

    query: Query
    category: Annotated[str, Field(max_length=40, json_schema_extra={"format": "category"})] | None = None
    """A category of the shop, such as electronics."""
    max_price: Amount | None = None
    """The most that it may cost."""
    in_stock_only: bool = False
    """Leave out what is sold out."""
    limit: Limit = 5


@module.tool(
    effect=Effect.READ,
    permission=Permission.PRODUCT_READ,
    examples=(
        "do you sell waterproof jackets?",
        "headsets under 150",
        "looking for a desk lamp",
        "got any running shoes in stock",
        "show me electronics below 100 euros",
        "I need a gift for a coffee lover, max 60",
        "which tablet would you recommend",
        "warm sweater, something in wool",
        "find products with noise cancelling",
        "what chairs do we sell",
    ),
)
async def search_products(tx: ReadTx, args: SearchProducts, _ctx: RunContext) -> ProductsFound:
    """Find products that fit a need in words, within a category, a price or what is in stock."""
    known = await products.categories(tx)
    words = naming(args.query)
    category = match.category(args.category, known) if args.category else None
    if args.category and category is None:
        raise InvalidInput(
            f"there is no category “{args.category}”; there are: {', '.join(known)}", field="category", code="unknown_category"
        )
    limit = Money.parse(args.max_price, (await tenants.current(tx)).currency) if args.max_price else None
    total, found = await _search(tx, words, category, known, limit, args)
    shown = [_found(row, words, limit) for row in found]
    return ProductsFound(query=args.query, total=total, products=shown, categories=[] if shown else list(known.values()))


async def _search(
    tx: ReadTx, words: list[str], category: str | None, known: dict[str, str], limit: Money | None, args: SearchProducts
) -> tuple[int, list[Found]]:
    """Search within a category that the words name, then with all words everywhere, then with other words for the same things."""
    ceiling = limit.minor if limit else None
    named = category or next((slug for word in words if (slug := match.category(word, known))), None)
    tries = [(words, category)]
    if named is not None:
        tries.insert(0, ([word for word in words if match.category(word, known) != named], named))
    if others := related(words):
        tries.append((others, category))
    if not words and named is None and limit is None and not args.in_stock_only:
        return 0, []
    for chosen, within in tries:
        total, found = await products.search(
            tx, chosen, category=within, max_price=ceiling, in_stock_only=args.in_stock_only, limit=args.limit
        )
        if found:
            return total, found
    return 0, []


class GetProduct(Args):
    """Arguments of `get_product`."""

    product: Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"format": "item"})]
    """Which product: its name or words of it, its slug, or a SKU."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.PRODUCT_READ,
    examples=(
        "tell me more about the Auralis headset",
        "is the Novamere tablet in stock?",
        "what do people say about the power bank",
        "reviews of the camera",
        "how much is AUR-HS1-BLK",
        "which sizes do you have of the trail shoes",
        "does the keyboard come in cream",
        "details of the first one",
        "price and colours of the speaker pls",
    ),
)
async def get_product(tx: ReadTx, args: GetProduct, _ctx: RunContext) -> ProductDetail:
    """Show a product with its variants, prices, availability and reviews."""
    product, similar = await named(tx, args.product)
    rows = await products.variants(tx, product.id)
    said = await products.reviews(tx, product.id)
    opinions = [
        Opinion(author=each.author, rating=each.rating, review=Quote.customer(f"{each.title}. {each.body}")) for each in said.newest
    ]
    customer = tx.principal.is_customer
    return ProductDetail(
        product=product.slug,
        title=product.name,
        brand=product.brand,
        category=product.category,
        description=product.description,
        on_sale=product.active,
        variants=[
            Availability(
                sku=row.sku,
                options={name: str(value) for name, value in row.options.items()},
                price=Money(minor=row.price_minor, currency=row.currency),
                in_stock=row.available > 0,
                few_left=0 < row.available <= _FEW,
                available=None if customer else row.available,
            )
            for row in rows
        ],
        rating=round(said.mean, 1) if said.mean is not None else None,
        reviews=said.total,
        opinions=opinions,
        similar=similar,
    )


async def named(tx: ReadTx, ref: str) -> tuple[ProductRow, list[str]]:
    """Return the product that is meant, and the slugs of others that the words fit as well.

    Raises:
        NotFound: nothing fits.
    """
    product = await products.named(tx, ref)
    if product is not None:
        return product, []
    found: list[Found] = []
    for words in (naming(ref), related(naming(ref))):
        if words and not found:
            _, found = await products.search(tx, words, category=None, max_price=None, in_stock_only=False, limit=4)
    best = await products.named(tx, found[0].slug) if found else None
    if best is None:
        raise NotFound("product", f"“{ref}”")
    return best, [row.slug for row in found[1:]]


def _found(row: Found, words: list[str], limit: Money | None) -> ProductFound:
    price = Money(minor=row.price_minor, currency=row.currency)
    return ProductFound(
        product=row.slug,
        title=row.name,
        brand=row.brand,
        category=row.category,
        price_from=price,
        in_stock=row.available > 0,
        rating=round(row.rating, 1) if row.rating is not None else None,
        reason=_reason(row, words, limit),
    )


def _reason(row: Found, words: list[str], limit: Money | None) -> str:
    """Quote the sentence of the description that has most of the wanted words."""
    sentences = [sentence.strip() for sentence in row.description.split(". ") if sentence.strip()]
    best = max(sentences, key=lambda sentence: len(terms(sentence) & set(words)), default="").rstrip(".")
    within = f"Within {limit}. " if limit else ""
    return f"{within}{best}." if best else within.strip()
