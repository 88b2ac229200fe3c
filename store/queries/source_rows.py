"""The shop's own rows that knowledge is made of, each as it stands now; None when there is nothing to tell of it."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from store.unit import ReadTx

_ARTICLE = text(
    "SELECT slug, title, body, category = 'policy' AS rules, visibility, updated_at FROM articles "
    "WHERE tenant_id = :tenant AND id = :id AND status = 'published'"
)
_PRODUCT = text(
    "SELECT p.slug, p.name, p.brand, p.description, c.name AS category, (SELECT coalesce(jsonb_agg(jsonb_build_object('sku', v.sku, "
    "'options', v.options, 'weight', v.weight_grams) ORDER BY v.sku), '[]') FROM variants v WHERE v.tenant_id = p.tenant_id "
    "AND v.product_id = p.id) AS variants FROM products p JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id "
    "WHERE p.tenant_id = :tenant AND p.id = :id AND p.active"
)
_REVIEW = text(
    "SELECT r.rating, r.title, r.body, p.name, p.slug FROM reviews r JOIN products p ON p.tenant_id = r.tenant_id "
    "AND p.id = r.product_id WHERE r.tenant_id = :tenant AND r.id = :id AND p.active"
)
_TICKET = text(
    "SELECT t.number, t.subject, t.body, t.resolution, o.number AS order_number, array_remove(ARRAY[c.name, c.email, c.phone, "
    "o.ship_to ->> 'name', o.ship_to ->> 'line1', o.bill_to ->> 'name', o.bill_to ->> 'line1'], NULL) AS known_by FROM tickets t "
    "JOIN customers c ON c.tenant_id = t.tenant_id AND c.id = t.customer_id LEFT JOIN orders o ON o.tenant_id = t.tenant_id "
    "AND o.id = t.order_id WHERE t.tenant_id = :tenant AND t.id = :id AND t.status IN ('resolved', 'closed') AND t.resolution <> ''"
)


class ArticleRow(NamedTuple):
    """A published article; `rules` when it states the policy."""

    slug: str
    title: str
    body: str
    rules: bool
    visibility: str
    updated_at: Any


class ProductRow(NamedTuple):
    """A product on sale with its variants: `{"sku", "options", "weight"}` each."""

    slug: str
    name: str
    brand: str
    description: str
    category: str
    variants: list[dict[str, Any]]


class ReviewRow(NamedTuple):
    """What a customer wrote about a product on sale."""

    rating: int
    title: str
    body: str
    product: str
    slug: str


class TicketRow(NamedTuple):
    """A solved ticket, with what its customer is known by."""

    number: str
    subject: str
    body: str
    resolution: str
    order: str | None
    known_by: list[str]


async def article(tx: ReadTx, row_id: UUID) -> ArticleRow | None:
    """Return a published article."""
    row = (await tx.connection.execute(_ARTICLE, {"tenant": tx.tenant_id, "id": row_id})).first()
    return ArticleRow(*row) if row else None


async def product(tx: ReadTx, row_id: UUID) -> ProductRow | None:
    """Return a product on sale."""
    row = (await tx.connection.execute(_PRODUCT, {"tenant": tx.tenant_id, "id": row_id})).first()
    return ProductRow(*row) if row else None


async def review(tx: ReadTx, row_id: UUID) -> ReviewRow | None:
    """Return a review of a product on sale."""
    row = (await tx.connection.execute(_REVIEW, {"tenant": tx.tenant_id, "id": row_id})).first()
    return ReviewRow(*row) if row else None


async def ticket(tx: ReadTx, row_id: UUID) -> TicketRow | None:
    """Return a ticket that was solved, and of which it was noted how."""
    row = (await tx.connection.execute(_TICKET, {"tenant": tx.tenant_id, "id": row_id})).first()
    return TicketRow(*row) if row else None
