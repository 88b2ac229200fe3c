"""The catalogue: products found by words, and one product with its variants and reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from store.queries.orders import like
from store.unit import ReadTx

_DOCUMENT = "to_tsvector('english', p.name || ' ' || p.brand || ' ' || p.description)"
"""The expression of products_search_idx, letter for letter."""
_BY_MEANING = f"""
    SELECT p.id, ts_rank(setweight(to_tsvector('english', p.name || ' ' || p.brand), 'A') || {_DOCUMENT}, q.terms) AS score
    FROM products p, plainto_tsquery('english', :words) AS q(terms)
    WHERE p.tenant_id = :tenant AND p.active AND numnode(q.terms) > 0 AND {_DOCUMENT} @@ q.terms
"""
_BY_ANY_WORD = """
    SELECT id, score FROM (
      SELECT id, score, max(score) OVER () AS best FROM (
        SELECT p.id, sum(4 * (p.name ILIKE w.pattern)::int
          + 3 * (c.name ILIKE w.pattern OR c.slug ILIKE w.pattern OR p.brand ILIKE w.pattern)::int
          + 2 * (EXISTS (SELECT 1 FROM variants v WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id
                         AND (v.sku ILIKE w.pattern OR v.options::text ILIKE w.pattern)))::int
          + (p.description ILIKE w.pattern)::int) AS score
        FROM products p JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id,
             unnest(cast(:patterns AS text[])) AS w(pattern)
        WHERE p.tenant_id = :tenant AND p.active GROUP BY p.id
      ) counted
    ) scored WHERE score >= 2 AND score * 2 >= best
"""
"""A word counts most in the name; one in a description alone is no match."""
_EVERYTHING = "SELECT p.id, 0 AS score FROM products p WHERE p.tenant_id = :tenant AND p.active"
_FOUND = """
    WITH hits AS MATERIALIZED ({hits}), found AS (
      SELECT p.slug, p.name, p.brand, p.description, c.slug AS category, h.score, offers.price_minor, offers.currency, offers.available,
             opinions.rating, opinions.reviews
      FROM hits h JOIN products p ON p.tenant_id = :tenant AND p.id = h.id
      JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
      JOIN LATERAL (
        SELECT min(v.price_minor) AS price_minor, min(v.currency) AS currency, coalesce(sum(s.available), 0)::int AS available
        FROM variants v LEFT JOIN LATERAL (
          SELECT sum(l.on_hand - l.reserved) AS available FROM stock_levels l WHERE l.tenant_id = v.tenant_id AND l.variant_id = v.id
        ) s ON true
        WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id
          AND (cast(:max_price AS bigint) IS NULL OR v.price_minor <= :max_price)
      ) offers ON offers.price_minor IS NOT NULL
      LEFT JOIN LATERAL (
        SELECT avg(r.rating)::float AS rating, count(*)::int AS reviews FROM reviews r
        WHERE r.tenant_id = p.tenant_id AND r.product_id = p.id
      ) opinions ON true
      WHERE (cast(:category AS text) IS NULL OR c.slug = :category) AND (NOT :in_stock_only OR offers.available > 0)
    )
    SELECT *, count(*) OVER ()::int AS total FROM found
    ORDER BY score DESC, (available > 0) DESC, rating DESC NULLS LAST, name LIMIT :limit
"""
_MODES = {mode: text(_FOUND.format(hits=hits)) for mode, hits in (("meaning", _BY_MEANING), ("words", _BY_ANY_WORD), ("all", _EVERYTHING))}
_ONE = text(
    """
    SELECT p.id, p.slug, p.name, p.brand, p.description, c.slug AS category, p.active FROM products p
    JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
    WHERE p.tenant_id = :tenant AND (p.slug = :slug OR lower(p.name) = lower(:name)
      OR p.id = (SELECT v.product_id FROM variants v WHERE v.tenant_id = :tenant AND v.sku = :sku))
      AND (p.status <> 'draft' OR :drafts)
    ORDER BY p.active DESC LIMIT 1
    """
)
_SKU = text("SELECT sku FROM variants WHERE tenant_id = :tenant AND id = :variant")
_VARIANTS = text(
    """
    SELECT v.sku, v.options, v.price_minor, v.currency, coalesce(sum(l.on_hand - l.reserved), 0)::int AS available
    FROM variants v LEFT JOIN stock_levels l ON l.tenant_id = v.tenant_id AND l.variant_id = v.id
    WHERE v.tenant_id = :tenant AND v.product_id = :product GROUP BY v.tenant_id, v.id ORDER BY v.price_minor, v.sku LIMIT :limit
    """
)
_OPINIONS = text(
    "SELECT author, rating, title, body, created_at, count(*) OVER ()::int AS total, avg(rating) OVER ()::float AS mean "
    "FROM reviews WHERE tenant_id = :tenant AND product_id = :product AND (cast(:stars AS int) IS NULL OR rating = :stars) "
    "ORDER BY created_at DESC, id LIMIT :limit"
)
_STARS = text("SELECT rating, count(*)::int AS reviews FROM reviews WHERE tenant_id = :tenant AND product_id = :product GROUP BY rating")
_CATEGORIES = text("SELECT slug, name FROM categories WHERE tenant_id = :tenant ORDER BY name LIMIT 100")
_CATEGORIES_OF = text(
    "SELECT DISTINCT c.name FROM products p JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id, "
    "(SELECT cast(replace(cast(plainto_tsquery('english', :words) AS text), ' & ', ' | ') AS tsquery) AS terms) q "
    f"WHERE p.tenant_id = :tenant AND p.active AND numnode(q.terms) > 0 AND {_DOCUMENT} @@ q.terms "
    "AND to_tsvector('english', p.name) @@ q.terms LIMIT 5"
)
_CATALOGUE = text(
    """
    SELECT v.id, v.sku, p.name, p.slug, c.slug AS category, v.options FROM variants v
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
    WHERE v.tenant_id = :tenant AND p.active AND (v.sku = :sku OR p.slug = :slug
      OR (concat_ws(' ', p.name, p.brand, v.sku, c.slug, v.options::text) ILIKE ALL (cast(:patterns AS text[]))))
    ORDER BY (v.sku = :sku) DESC, (p.slug = :slug) DESC, p.name, v.sku LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class Found:
    """A product that a search found, with its lowest price that fits."""

    slug: str
    name: str
    brand: str
    description: str
    category: str
    price_minor: int
    currency: str
    available: int
    rating: float | None
    reviews: int


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One product."""

    id: UUID
    slug: str
    name: str
    brand: str
    description: str
    category: str
    active: bool


@dataclass(frozen=True, slots=True)
class VariantRow:
    """One variant with what is left of it."""

    sku: str
    options: dict[str, str]
    price_minor: int
    currency: str
    available: int


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """What a customer wrote."""

    author: str
    rating: int
    title: str
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reviews:
    """The newest reviews of a product, and the mean and number of all."""

    total: int
    mean: float | None
    newest: list[ReviewRow]


@dataclass(frozen=True, slots=True)
class Item:
    """A variant as people name it; it satisfies `tools.items.Line`."""

    id: UUID
    sku: str
    title: str
    category: str
    product: str


def titled(name: str, options: Mapping[str, Any]) -> str:
    """Return a variant's title: the product's name and its options."""
    return ", ".join([name, *(str(value) for value in options.values())])


async def search(
    tx: ReadTx, words: Sequence[str], *, category: str | None, max_price: int | None, in_stock_only: bool, limit: int
) -> tuple[int, list[Found]]:
    """Return how many products match all `words` (else any of them), and the best `limit`. Without words, all of the category."""
    values: dict[str, object] = {
        "tenant": tx.tenant_id,
        "words": " ".join(words),
        "patterns": [like(word) for word in words],
        "category": category,
        "max_price": max_price,
        "in_stock_only": in_stock_only,
        "limit": limit,
    }
    for mode in ("meaning", "words") if words else ("all",):
        rows = (await tx.session.execute(_MODES[mode], values)).mappings().all()
        if rows:
            return rows[0]["total"], [Found(**{name: row[name] for name in Found.__slots__}) for row in rows]
    return 0, []


async def categories(tx: ReadTx) -> dict[str, str]:
    """Return the names of the categories by slug."""
    return {row.slug: row.name for row in await tx.session.execute(_CATEGORIES, {"tenant": tx.tenant_id})}


async def categories_of(tx: ReadTx, words: str) -> list[str]:
    """Return the names of the categories of products whose name has one of the words."""
    return list((await tx.session.execute(_CATEGORIES_OF, {"tenant": tx.tenant_id, "words": words})).scalars())


async def named(tx: ReadTx, ref: str) -> ProductRow | None:
    """Return the product that a slug, a SKU or a whole name means; customers do not see drafts."""
    values = {"tenant": tx.tenant_id, "slug": ref.lower(), "sku": ref.upper(), "name": ref, "drafts": not tx.principal.is_customer}
    row = (await tx.session.execute(_ONE, values)).mappings().first()
    return ProductRow(**row) if row else None


async def sku_of(tx: ReadTx, variant_id: UUID) -> str:
    """Return the SKU of a variant that a row points to."""
    return str((await tx.connection.execute(_SKU, {"tenant": tx.tenant_id, "variant": variant_id})).scalar_one())


async def variants(tx: ReadTx, product_id: UUID, limit: int = 40) -> list[VariantRow]:
    """Return a product's variants, the cheapest first."""
    rows = await tx.session.execute(_VARIANTS, {"tenant": tx.tenant_id, "product": product_id, "limit": limit})
    return [VariantRow(**row) for row in rows.mappings()]


async def reviews(tx: ReadTx, product_id: UUID, limit: int = 3, stars: int | None = None) -> Reviews:
    """Return what customers say of a product, or only those who gave so many stars."""
    values = {"tenant": tx.tenant_id, "product": product_id, "limit": limit, "stars": stars}
    found = (await tx.session.execute(_OPINIONS, values)).all()
    newest = [ReviewRow(row.author, row.rating, row.title, row.body, row.created_at) for row in found]
    return Reviews(found[0].total, found[0].mean, newest) if found else Reviews(0, None, [])


async def stars(tx: ReadTx, product_id: UUID) -> dict[int, int]:
    """Return how many reviews of a product gave how many stars."""
    return {row.rating: row.reviews for row in await tx.session.execute(_STARS, {"tenant": tx.tenant_id, "product": product_id})}


async def items(tx: ReadTx, ref: str, words: Sequence[str], limit: int = 20) -> list[Item]:
    """Return the variants that a SKU, a product's slug or words mean; every word must occur. An exact SKU comes first."""
    patterns = [like(word) for word in words] or [like(ref)]
    values = {"tenant": tx.tenant_id, "sku": ref.upper(), "slug": ref.lower(), "patterns": patterns, "limit": limit}
    rows = await tx.session.execute(_CATALOGUE, values)
    return [Item(row.id, row.sku, titled(row.name, row.options), row.category, row.slug) for row in rows]
