"""What the product tools give back."""

from pydantic import BaseModel

from core.money import Money
from tools.phrases import joined, listing, plural
from tools.result import Quote, Result


class ProductFound(BaseModel):
    """One product of a search; `product` is its slug."""

    product: str
    title: str
    brand: str
    category: str
    price_from: Money
    in_stock: bool
    rating: float | None = None
    reason: str
    """Why it was chosen, from the shop's own data."""


class ProductsFound(Result):
    """Products for a need in words, the best first."""

    query: str
    total: int
    products: list[ProductFound]
    categories: list[str] = []
    """Where to look instead, when nothing was found."""

    def text(self) -> str:
        """List the products with what decides between them."""
        if not self.products:
            hint = f" Try other words, or one of our categories: {joined(self.categories)}." if self.categories else ""
            return f"Nothing in the shop matches “{self.query}”.{hint}"
        shown = [
            f"**{found.title}** ({found.brand}) — from {found.price_from}, {'in stock' if found.in_stock else 'out of stock'}"
            f"{f', rated {found.rating:.1f} of 5' if found.rating else ''}. {found.reason}"
            for found in self.products
        ]
        return listing(f"{plural(self.total, 'product')} for “{self.query}”:", shown, self.total)


class Availability(BaseModel):
    """A variant with its price. Customers see whether there is any; staff see how many."""

    sku: str
    options: dict[str, str]
    price: Money
    in_stock: bool
    few_left: bool = False
    available: int | None = None


class Opinion(BaseModel):
    """A review by a customer."""

    author: str
    rating: int
    review: Quote


class ProductDetail(Result):
    """A product with its variants and what customers say of it."""

    product: str
    title: str
    brand: str
    category: str
    description: str
    on_sale: bool
    variants: list[Availability]
    rating: float | None = None
    reviews: int = 0
    opinions: list[Opinion] = []
    similar: list[str] = []
    """Slugs of other products that the words fit."""

    def text(self) -> str:
        """Describe the product."""
        head = f"**{self.title}** by {self.brand} ({self.category})"
        lines = [head if self.on_sale else f"{head} — no longer sold", self.description, ""]
        shown = self.variants[:6]
        lines += [f"- {_options(each)} (`{each.sku}`): {each.price}, {_left(each)}" for each in shown]
        if len(self.variants) > len(shown):
            lines.append(f"- and {len(self.variants) - len(shown)} more variants")
        if self.rating is not None:
            lines += ["", f"Rated {self.rating:.1f} of 5 in {plural(self.reviews, 'review')}:"]
            lines += [f"- {each.rating}/5, {each.author}: “{_short(each.review.text)}”" for each in self.opinions]
        return "\n".join(lines)


def _options(each: Availability) -> str:
    return ", ".join(each.options.values()) or "One version"


def _left(each: Availability) -> str:
    if not each.in_stock:
        return "out of stock"
    if each.available is not None:
        return f"{each.available} available"
    return "only a few left" if each.few_left else "in stock"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 160 else f"{flat[:157].rsplit(' ', 1)[0]}…"
