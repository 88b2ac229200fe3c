"""Products as they are kept: created, described anew, published and archived, each under a lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from core.errors import InvalidInput, NotFound
from store.tables.catalog import Category, Product, Supplier, Variant
from store.tables.marketplace import Channel, Listing
from store.unit import ReadTx, Tx


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing with the code of its channel and its SKU."""

    listing: Listing
    channel: str
    sku: str


async def locked(tx: Tx, product_id: UUID) -> Product:
    """Return a product, locked: before its variants and listings."""
    query = select(Product).where(col(Product.tenant_id) == tx.tenant_id, col(Product.id) == product_id)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()
    if row is None:
        raise NotFound("product")
    return row


async def variants_of(tx: ReadTx, product_id: UUID) -> Sequence[Variant]:
    """Return a product's variants by SKU."""
    query = select(Variant).where(col(Variant.tenant_id) == tx.tenant_id, col(Variant.product_id) == product_id)
    return (await tx.session.exec(query.order_by(col(Variant.sku)))).all()


async def category(tx: ReadTx, slug: str) -> Category:
    """Return the category of a slug that exists."""
    return (await tx.session.exec(select(Category).where(col(Category.tenant_id) == tx.tenant_id, col(Category.slug) == slug))).one()


async def supplier(tx: ReadTx, name: str) -> Supplier:
    """Return the supplier of a name.

    Raises:
        InvalidInput: there is none; the message lists them.
    """
    query = select(Supplier).where(col(Supplier.tenant_id) == tx.tenant_id).order_by(col(Supplier.name)).limit(100)
    rows = (await tx.session.exec(query)).all()
    found = next((row for row in rows if row.name.lower() == name.strip().lower()), None)
    if found is None:
        known = ", ".join(row.name for row in rows) or "none"
        raise InvalidInput(f"there is no supplier “{name}”; there are: {known}", field="supplier", code="unknown_supplier")
    return found


async def taken(tx: ReadTx, slug: str, sku: str) -> str | None:
    """Return which of a slug and a SKU belongs to a product already."""
    with_slug = select(Product.slug).where(col(Product.tenant_id) == tx.tenant_id, col(Product.slug) == slug)
    if (await tx.session.exec(with_slug)).first():
        return slug
    with_sku = select(Variant.sku).where(col(Variant.tenant_id) == tx.tenant_id, col(Variant.sku) == sku)
    return (await tx.session.exec(with_sku)).first()


async def listed(tx: Tx, product_id: UUID) -> list[Listed]:
    """Return the listings of a product that are shown, locked."""
    query = (
        select(Listing, col(Channel.code), col(Variant.sku))
        .join(Variant, (col(Variant.tenant_id) == col(Listing.tenant_id)) & (col(Variant.id) == col(Listing.variant_id)))
        .join(Channel, (col(Channel.tenant_id) == col(Listing.tenant_id)) & (col(Channel.id) == col(Listing.channel_id)))
        .where(
            col(Listing.tenant_id) == tx.tenant_id,
            col(Variant.product_id) == product_id,
            col(Listing.status).not_in(["draft", "inactive"]),
        )
        .order_by(col(Listing.id))
        .with_for_update(of=Listing)
    )
    return [Listed(*row) for row in (await tx.session.exec(query)).all()]
