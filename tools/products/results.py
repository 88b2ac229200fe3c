"""What the product tools give back."""

from datetime import datetime

from pydantic import BaseModel

from core.money import Money
from core.selling import ProductStatus
from tools.phrases import bullets, day, joined, listing, plural, words
from tools.policy.pricing import Step
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


class Compared(BaseModel):
    """One product of a comparison."""

    product: str
    title: str
    brand: str
    category: str
    description: str
    price_from: Money | None = None
    price_to: Money | None = None
    options: dict[str, list[str]]
    in_stock: bool
    rating: float | None = None
    reviews: int = 0


class ProductsCompared(Result):
    """Products side by side."""

    products: list[Compared]

    def text(self) -> str:
        """Describe each product by what decides between them, then name the cheapest and the best rated."""
        lines: list[str] = []
        for each in self.products:
            price = f"from {each.price_from}" if each.price_from != each.price_to else str(each.price_from)
            rated = f", rated {each.rating:.1f} of 5 in {plural(each.reviews, 'review')}" if each.rating else ""
            lines.append(f"**{each.title}** ({each.brand}): {price}, {'in stock' if each.in_stock else 'out of stock'}{rated}.")
            lines.append(_short(each.description))
            lines += bullets(f"{name}: {', '.join(values[:8])}" for name, values in each.options.items())
            lines.append("")
        priced = [each for each in self.products if each.price_from]
        rated_ones = [each for each in self.products if each.rating]
        if priced:
            lines.append(f"Cheapest: {min(priced, key=lambda each: each.price_from.minor if each.price_from else 0).title}.")
        if rated_ones:
            lines.append(f"Best rated: {max(rated_ones, key=lambda each: each.rating or 0).title}.")
        return "\n".join(lines)


class Stars(BaseModel):
    """How many reviews gave how many stars."""

    stars: int
    reviews: int


class ProductReviews(Result):
    """What customers wrote about a product, the newest first."""

    product: str
    title: str
    total: int
    mean: float | None = None
    spread: list[Stars]
    shown: int
    """How many fit what was asked for."""
    opinions: list[Opinion]

    def text(self) -> str:
        """Say how the stars are spread, then quote."""
        if not self.total:
            return f"Nobody has reviewed **{self.title}** yet."
        spread = joined([f"{each.reviews} with {plural(each.stars, 'star')}" for each in self.spread])
        head = f"**{self.title}**: {plural(self.total, 'review')}, {self.mean} of 5 on average ({spread})."
        quotes = [f"{each.rating}/5, {each.author}: “{_short(each.review.text)}”" for each in self.opinions]
        return listing(head, quotes, self.shown) if quotes else f"{head} None of them is what you asked for."


class PastPrice(BaseModel):
    """One change of a price."""

    sku: str
    title: str
    before: Money
    after: Money
    changed_by: str
    reason: str = ""
    at: datetime


class PriceHistory(Result):
    """How prices changed, the last change first."""

    item: str
    total: int
    changes: list[PastPrice]

    def text(self) -> str:
        """List the changes."""
        if not self.total:
            return f"The price of “{self.item}” was never changed."
        shown = [
            f"{day(each.at)}: **{each.title}** (`{each.sku}`) {each.before} → {each.after}, by {each.changed_by}"
            + (f" ({each.reason})" if each.reason else "")
            for each in self.changes[:10]
        ]
        return listing(f"{plural(self.total, 'change')} of the price of {self.item}:", shown, self.total)


class ProductChanged(Result):
    """A product of the catalogue after a change."""

    product: str
    title: str
    status: ProductStatus
    changes: list[str] = []
    taken_from: list[str] = []
    """Channels on which its listings are taken down."""

    def text(self) -> str:
        """Confirm the change and say whether customers see the product."""
        changed = f" Changed: {joined(self.changes)}." if self.changes else ""
        down = f" Its listings on {joined(self.taken_from)} are being taken down." if self.taken_from else ""
        seen = {ProductStatus.DRAFT: "customers do not see it yet", ProductStatus.PUBLISHED: "customers see it"}
        return f"**{self.title}** is {words(self.status)}: {seen.get(self.status, 'it is no longer sold')}.{changed}{down}"


class PriceSet(Result):
    """An item with its new price."""

    sku: str
    title: str
    before: Money
    price: Money
    push_to: list[str]
    """Channels that show the item and still have the old price."""

    def text(self) -> str:
        """Confirm the price and say where it is not shown yet."""
        push = (
            f" {joined([code.capitalize() for code in self.push_to])} still show the old price until it is pushed." if self.push_to else ""
        )
        return f"**{self.title}** (`{self.sku}`) costs {self.price} now, before {self.before}.{push}"


class PricesSet(Result):
    """What a bulk change of prices did."""

    bulk_change: str
    title: str
    selected: int
    changed: int
    at_floor: int
    lowest: Money | None = None
    highest: Money | None = None
    biggest: list[Step]
    listings_to_push: int

    def text(self) -> str:
        """Give the totals and the biggest changes."""
        head = f"Bulk change **{self.bulk_change}**, {self.title}: {self.changed} of {plural(self.selected, 'price')} changed"
        floor = f", {self.at_floor} stopped at their floor" if self.at_floor else ""
        lines = [f"{head}{floor}. New prices from {self.lowest} to {self.highest}. Biggest changes:"]
        lines += bullets(f"`{step.sku}`: {step.before} → {step.after}" for step in self.biggest)
        if self.listings_to_push:
            lines.append(f"{plural(self.listings_to_push, 'listing')} on channels show the old price until they are pushed.")
        return "\n".join([*lines, f"It can be taken back as {self.bulk_change}."])


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
