"""Products with their variants, categories, prices over time and reviews."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.selling import ProductStatus
from store.tables.base import TenantRow, belongs, instant, json_column, long_text, word, words_check


class Category(TenantRow, table=True):
    """A category; its `slug` is the key of category rules in the policy (such as the return window)."""

    __tablename__ = "categories"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"),)
    slug: str = Field(max_length=40)
    name: str = Field(max_length=80)


class Supplier(TenantRow, table=True):
    """Who the store buys from."""

    __tablename__ = "suppliers"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)
    name: str = Field(max_length=120)
    email: str = Field(max_length=200)
    lead_days: int = 7
    max_lead_days: int = 10
    defect_rate_bp: int = Field(default=100, ge=0, le=10_000)
    """Defects in basis points (1 % = 100)."""


class Product(TenantRow, table=True):
    """Something the store sells, in one or more variants."""

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("tenant_id", "slug"),
        belongs("category_id", "categories"),
        belongs("supplier_id", "suppliers"),
        words_check("status", ProductStatus, "products_status_check"),
        CheckConstraint("active = (status = 'published')", name="products_active_check"),
        Index(
            "products_search_idx",
            text("to_tsvector('english', name || ' ' || brand || ' ' || description)"),
            postgresql_using="gin",
        ),
    )
    slug: str = Field(max_length=80)
    name: str = Field(max_length=160)
    brand: str = Field(max_length=80)
    description: str = long_text()
    category_id: UUID = Field(index=True)
    supplier_id: UUID
    status: ProductStatus = word(ProductStatus, ProductStatus.PUBLISHED)
    active: bool = True
    """Whether it is published: what searches read."""
    created_at: datetime = instant()


class Variant(TenantRow, table=True):
    """What is put into a basket: a SKU with its options and price."""

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("tenant_id", "sku"),
        belongs("product_id", "products"),
        CheckConstraint("price_minor >= 0 AND cost_minor >= 0", name="variants_price_check"),
    )
    product_id: UUID = Field(index=True)
    sku: str = Field(max_length=40)
    options: dict[str, Any] = json_column()
    """Option name to value, such as {"size": "42", "colour": "black"}."""
    price_minor: int
    cost_minor: int
    currency: str = Field(max_length=3)
    price_revision: int = 0
    """How often the price was set: a trigger counts."""
    weight_grams: int = 500
    reorder_point: int = 0
    mean_daily_sales: float = 0
    max_daily_sales: float = 0


class PriceChange(TenantRow, table=True):
    """One change of a variant's price."""

    __tablename__ = "price_changes"
    __table_args__ = (
        belongs("variant_id", "variants", on_delete="CASCADE"),
        Index("price_changes_recent_idx", "tenant_id", "changed_at"),
    )
    variant_id: UUID = Field(index=True)
    old_minor: int
    new_minor: int
    changed_by: str = Field(max_length=120)
    reason: str = Field(default="", max_length=160)
    changed_at: datetime = instant()


class Review(TenantRow, table=True):
    """What a customer wrote about a product: text that nobody vouches for."""

    __tablename__ = "reviews"
    __table_args__ = (
        belongs("product_id", "products", on_delete="CASCADE"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="reviews_rating_check"),
    )
    product_id: UUID = Field(index=True)
    author: str = Field(max_length=80)
    rating: int
    title: str = Field(max_length=160)
    body: str = long_text()
    created_at: datetime = instant()
