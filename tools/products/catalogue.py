"""Keeping the catalogue: products come as drafts, are published, described anew and archived."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, JsonValue

from core.errors import Conflict, InvalidInput, NotFound
from core.identity import Permission, RunContext
from core.ids import new_id
from core.money import Money
from core.selling import PRODUCT_TRANSITIONS, ProductStatus
from core.statuses import ListingStatus, change
from store.queries import catalogue, products, tenants
from store.queries.catalogue import Listed
from store.tables.catalog import Product, Variant
from store.unit import Tx
from tools.arguments import Amount
from tools.policy import Policy
from tools.policy.decision import allow
from tools.policy.pricing import may_cost
from tools.policy.products import ArchivePlan, PublishPlan, decide_archive, decide_publish
from tools.products import match
from tools.products.module import module
from tools.products.results import ProductChanged
from tools.spec import Args, Audience, Effect

ProductRef = Annotated[
    str,
    Field(min_length=1, max_length=200, description="Which product: its name, its slug, or a SKU", json_schema_extra={"format": "item"}),
]
_Words = Annotated[str, Field(min_length=1, max_length=2000, json_schema_extra={"format": "text"})]


class CreateProduct(Args):
    """Arguments of `create_product`."""

    title: Annotated[str, Field(min_length=2, max_length=160)]
    """What it is called."""
    brand: Annotated[str, Field(min_length=1, max_length=80)]
    """Its brand."""
    category: Annotated[str, Field(max_length=40, json_schema_extra={"format": "category"})]
    """A category of the shop, such as electronics."""
    supplier: Annotated[str, Field(max_length=120)]
    """The name of who supplies it."""
    sku: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{1,39}$")]
    """Its stock-keeping unit, such as NRD-LMP."""
    price: Amount
    """What customers pay, in the shop's currency."""
    cost: Amount
    """What the shop pays for it."""
    description: _Words | None = None
    """What customers read about it."""
    weight_grams: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """Of one unit, packed."""


@dataclass(frozen=True, slots=True)
class _Creation:
    slug: str
    price: Money
    cost: Money
    title: str


async def _creation(tx: Tx, args: CreateProduct, _ctx: RunContext, _policy: Policy) -> _Creation:
    currency = (await tenants.current(tx)).currency
    slug = "-".join("".join(letter if letter.isalnum() else " " for letter in args.title.lower()).split())[:80]
    if not slug:
        raise InvalidInput("a title needs letters or digits", field="title")
    try:
        return _Creation(slug, Money.parse(args.price, currency), Money.parse(args.cost, currency), args.title)
    except ValueError as error:
        raise InvalidInput(str(error)) from error


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PRODUCT_WRITE,
    audience=Audience.STAFF,
    facts=_creation,
    policy=lambda policy, facts, _args, _principal: may_cost(policy.pricing, facts.title, facts.price, facts.cost),
    examples=(
        "create a product: Nordlys floor lamp, SKU NRD-FLR, price 89, cost 40",
        "add a new product to the catalogue",
        "new article Kelda rain cape by Fjell, category clothing, 59.90, cost 21",
        "we start selling a walnut tray, put it in as a draft",
        "set up a new SKU KLD-CAPE in clothing",
        "add the new kettle to our assortment",
    ),
)
async def create_product(tx: Tx, args: CreateProduct, _ctx: RunContext, facts: _Creation) -> ProductChanged:
    """Add a product with its first variant to the catalogue, as a draft that customers do not see yet."""
    known = await products.categories(tx)
    slug = match.category(args.category, known)
    if slug is None:
        raise InvalidInput(
            f"there is no category “{args.category}”; there are: {', '.join(known)}", field="category", code="unknown_category"
        )
    category, supplier, sku = await catalogue.category(tx, slug), await catalogue.supplier(tx, args.supplier), args.sku.upper()
    if held := await catalogue.taken(tx, facts.slug, sku):
        raise Conflict(f"{held} is in the catalogue already; update it, or choose another name and SKU", code="product_exists")
    row = Product(
        tenant_id=tx.tenant_id,
        id=new_id(),
        slug=facts.slug,
        name=args.title,
        brand=args.brand,
        description=args.description or "",
        category_id=category.id,
        supplier_id=supplier.id,
        status=ProductStatus.DRAFT,
        active=False,
        created_at=tx.now,
    )
    tx.add(row)
    await tx.session.flush()
    tx.add(
        Variant(
            tenant_id=tx.tenant_id,
            product_id=row.id,
            sku=sku,
            price_minor=facts.price.minor,
            cost_minor=facts.cost.minor,
            currency=facts.price.currency,
            weight_grams=args.weight_grams,
        )
    )
    tx.emit("product.created", product=row.slug, sku=sku, status=row.status.value)
    return ProductChanged(product=row.slug, title=row.name, status=ProductStatus.DRAFT, changes=[f"{sku} at {facts.price}"])


class UpdateProduct(Args):
    """Arguments of `update_product`."""

    product: ProductRef
    title: Annotated[str, Field(min_length=2, max_length=160, json_schema_extra={"format": "text"})] | None = None
    """What it is called from now on."""
    brand: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Its brand."""
    category: Annotated[str, Field(max_length=40, json_schema_extra={"format": "category"})] | None = None
    """Another category of the shop."""
    description: _Words | None = None
    """What customers read about it from now on."""


@dataclass(frozen=True, slots=True)
class _Kept:
    row: Product


async def _kept(tx: Tx, args: UpdateProduct, _ctx: RunContext, _policy: Policy) -> _Kept:
    return _Kept(await _product(tx, args.product))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PRODUCT_WRITE,
    audience=Audience.STAFF,
    facts=_kept,
    policy=lambda _policy, _facts, _args, _principal: allow("product.update"),
    examples=(
        "rewrite the description of the desk lamp product",
        "rename the product Oak Desk to Oak Writing Desk",
        "move the blanket to the category home in our catalogue",
        "correct the brand of the keyboard in our catalogue",
        "update the product text of the travel mug",
        "change the catalogue entry of NVM-T11",
    ),
)
async def update_product(tx: Tx, args: UpdateProduct, _ctx: RunContext, facts: _Kept) -> ProductChanged:
    """Change a product's title, brand, category or description in the catalogue."""
    row, changes = facts.row, list[str]()
    if args.category:
        known = await products.categories(tx)
        slug = match.category(args.category, known)
        if slug is None:
            raise InvalidInput(
                f"there is no category “{args.category}”; there are: {', '.join(known)}", field="category", code="unknown_category"
            )
        row.category_id = (await catalogue.category(tx, slug)).id
        changes.append("category")
    for field, value in (("name", args.title), ("brand", args.brand), ("description", args.description)):
        if value and getattr(row, field) != value:
            setattr(row, field, value)
            changes.append("title" if field == "name" else field)
    if not changes:
        raise InvalidInput("say what changes: title, brand, category or description", code="nothing_to_change")
    tx.session.add(row)
    tx.emit("product.updated", product=row.slug, changed=[*changes])
    return ProductChanged(product=row.slug, title=row.name, status=ProductStatus(row.status), changes=changes)


class OneProduct(Args):
    """Arguments of tools about one product."""

    product: ProductRef


@dataclass(frozen=True, slots=True)
class _Publishing:
    row: Product
    plan: PublishPlan


async def _publishing(tx: Tx, args: OneProduct, _ctx: RunContext, _policy: Policy) -> _Publishing:
    row = await _product(tx, args.product)
    offers = [
        (each.sku, Money(minor=each.price_minor, currency=each.currency), Money(minor=each.cost_minor, currency=each.currency))
        for each in await catalogue.variants_of(tx, row.id)
    ]
    status = ProductStatus(row.status)
    return _Publishing(row, PublishPlan(product=row.slug, title=row.name, status=status, description=row.description, offers=offers))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PRODUCT_WRITE,
    audience=Audience.STAFF,
    facts=_publishing,
    policy=lambda policy, facts, _args, principal: decide_publish(policy.pricing, facts.plan, principal),
    examples=(
        "publish the Nordlys floor lamp",
        "put the new kettle online",
        "make the walnut tray visible to customers",
        "the rain cape is ready, go live with it",
        "bring the archived chair back into the shop",
        "release the draft product KLD-CAPE to the storefront",
    ),
)
async def publish_product(tx: Tx, args: OneProduct, _ctx: RunContext, facts: _Publishing) -> ProductChanged:
    """Show a product to customers; it needs a description and prices above their floor."""
    return _move(tx, facts.row, ProductStatus.PUBLISHED, [])


@dataclass(frozen=True, slots=True)
class _Archiving:
    row: Product
    listings: list[Listed]
    plan: ArchivePlan


async def _archiving(tx: Tx, args: OneProduct, _ctx: RunContext, _policy: Policy) -> _Archiving:
    row = await _product(tx, args.product)
    listings = await catalogue.listed(tx, row.id)
    plan = ArchivePlan(product=row.slug, title=row.name, status=ProductStatus(row.status), listings=[each.channel for each in listings])
    return _Archiving(row, listings, plan)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PRODUCT_WRITE,
    audience=Audience.STAFF,
    facts=_archiving,
    policy=lambda _policy, facts, _args, principal: decide_archive(facts.plan, principal),
    examples=(
        "archive the old travel mug",
        "take the wool rug out of the shop",
        "we no longer sell the travel lamp, retire it",
        "discontinue the Voltmark charger",
        "remove the cushion from our assortment",
        "delist the product OAK-STL everywhere",
    ),
)
async def archive_product(tx: Tx, args: OneProduct, _ctx: RunContext, facts: _Archiving) -> ProductChanged:
    """Take a product out of the shop and off every channel; its orders and its history stay."""
    for each in facts.listings:
        listing = each.listing
        listing.status, listing.quantity = ListingStatus.INACTIVE, 0
        tx.session.add(listing)
        price: JsonValue = {"minor": listing.price_minor, "currency": listing.currency}
        about: dict[str, JsonValue] = {"listing": listing.external_id, "channel": each.channel, "sku": each.sku}
        tx.emit("channel.listing.push", **about, fields={}, price=price, quantity=0)
    return _move(tx, facts.row, ProductStatus.ARCHIVED, sorted({each.channel for each in facts.listings}))


def _move(tx: Tx, row: Product, wanted: ProductStatus, taken_from: list[str]) -> ProductChanged:
    row.status = change(f"product {row.slug}", ProductStatus(row.status), wanted, PRODUCT_TRANSITIONS)
    row.active = wanted is ProductStatus.PUBLISHED
    tx.session.add(row)
    tx.emit(f"product.{wanted.value}", product=row.slug)
    return ProductChanged(product=row.slug, title=row.name, status=wanted, taken_from=taken_from)


async def _product(tx: Tx, ref: str) -> Product:
    found = await products.named(tx, ref)
    if found is None:
        raise NotFound("product", f"“{ref}”")
    return await catalogue.locked(tx, found.id)
