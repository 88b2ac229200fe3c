"""Products with their variants, prices and sales."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate, groupby, product
from math import ceil
from random import Random
from uuid import UUID

from core.selling import ProductStatus
from store.seed.data.clothing import CLOTHING
from store.seed.data.electronics import ELECTRONICS
from store.seed.data.furniture import FURNITURE
from store.seed.data.goods import COLOURS, Goods
from store.seed.data.home import HOME
from store.seed.data.shoes import SHOES
from store.seed.data.shops import CATEGORIES, SUPPLIERS, Supplies
from store.seed.model import Row, Shop

UNITS_AN_ORDER = 1.9
"""Units in an average order, so that declared sales agree with the orders that follow."""
REPLENISH_SKU = "MST-FLT"
"""The variant of the replenishment story: 5 left, reorder point 10, 3 sold a day, 5 days of lead time."""
_FIRST_SHELF = 42
"""How many of the written products are the first shop's; the others are the second's."""
_SHELF: list[tuple[str, Goods]] = [
    (slug, goods)
    for row in zip(ELECTRONICS, CLOTHING, FURNITURE, SHOES, HOME, strict=True)
    for (slug, _), goods in zip(CATEGORIES, row, strict=True)
]


@dataclass(frozen=True, slots=True)
class Good:
    """A variant, as far as orders, stock and listings need to know."""

    id: UUID
    product_id: UUID
    supplier_id: UUID
    sku: str
    title: str
    brand: str
    description: str
    category: str
    price: int
    cost: int
    mean_daily: float
    max_daily: float
    reorder_point: int


class Catalogue:
    """What a shop sells."""

    def __init__(self, shop: Shop) -> None:
        shelf = _SHELF[:_FIRST_SHELF] if shop.first else _SHELF[_FIRST_SHELF:]
        self.products: list[Row] = []
        self.variants: list[Row] = []
        self.goods: list[Good] = []
        written = [(*shelf[index % len(shelf)], index // len(shelf) + 1) for index in range(shop.products)]
        combinations = [[dict(zip(goods.axes, values, strict=True)) for values in product(*goods.axes.values())] for _, goods, _ in written]
        fame = [1 / (1 + (position * 7) % shop.products) ** 0.6 for position in range(shop.products)]
        daily = shop.orders / shop.size.days * UNITS_AN_ORDER / sum(fame)
        for (slug, goods, series), options, weight in zip(written, combinations, fame, strict=True):
            self._add(shop, slug, goods, series, options, weight * daily / len(options))
        self._weights = list(accumulate(max(good.mean_daily, 0.001) for good in self.goods))
        self.by_sku = {good.sku: good for good in self.goods}
        families = {key: list(kin) for key, kin in groupby(self.goods, lambda good: good.product_id)}
        self._siblings = {key: (kin[0], kin[min(1, len(kin) - 1)]) for key, kin in families.items()}

    def pick(self, rng: Random) -> Good:
        """Return a variant; popular ones come up more often."""
        return rng.choices(self.goods, cum_weights=self._weights)[0]

    def sibling(self, good: Good) -> Good:
        """Return another variant of the same product, or the same where there is only one."""
        first, second = self._siblings[good.product_id]
        return second if first.id == good.id else first

    def first_of(self, category: str, *, skip: int = 0) -> Good:
        """Return the first variant of the product at position `skip` of a category."""
        products = dict.fromkeys(good.product_id for good in self.goods if good.category == category)
        wanted = list(products)[skip % len(products)]
        return next(good for good in self.goods if good.product_id == wanted)

    def _add(self, shop: Shop, slug: str, goods: Goods, series: int, options: list[dict[str, str]], mean: float) -> None:
        mark, name = (f"-N{series}", f"{goods.name}, series {series}") if series > 1 else ("", goods.name)
        supplies = _supplier(slug, goods)
        row = shop.row(
            "products",
            f"{goods.code}{mark}",
            slug=_slug(name),
            name=name,
            brand=goods.brand,
            description=goods.description,
            category_id=shop.id_of("categories", slug),
            supplier_id=shop.id_of("suppliers", supplies.name),
            status=ProductStatus.PUBLISHED.value,
            active=True,
            created_at=shop.now - timedelta(days=shop.size.days + 40),
        )
        self.products.append(row)
        for chosen in options:
            sku = "-".join([f"{goods.code}{mark}", *(_abbreviation(value) for value in chosen.values())])
            price = goods.price + sum(goods.surcharge.get(value, 0) for value in chosen.values())
            sales = _sales(sku, mean, supplies)
            cost = price * goods.cost_pct // 100
            self.variants.append(
                shop.row(
                    "variants",
                    sku,
                    product_id=row["id"],
                    sku=sku,
                    options=chosen,
                    price_minor=price,
                    cost_minor=cost,
                    currency=shop.profile.currency,
                    price_revision=0,
                    weight_grams=goods.grams,
                    reorder_point=sales[2],
                    mean_daily_sales=sales[0],
                    max_daily_sales=sales[1],
                )
            )
            title = ", ".join([name, *chosen.values()])
            self.goods.append(
                Good(
                    self.variants[-1]["id"],
                    row["id"],
                    row["supplier_id"],
                    sku,
                    title,
                    goods.brand,
                    goods.description,
                    slug,
                    price,
                    cost,
                    *sales,
                )
            )


def _supplier(category: str, goods: Goods) -> Supplies:
    """Voltmark and Hublet come through a trader with more defects; everything else from its category's maker."""
    name = "Eastgate Electronics Trading" if goods.brand in {"Voltmark", "Hublet"} else None
    return next(each for each in SUPPLIERS if each.name == name or (name is None and each.category == category))


def _sales(sku: str, mean: float, supplies: Supplies) -> tuple[float, float, int]:
    """Return mean and maximal daily sales, and the reorder point: maximal sales over the longest lead time."""
    if sku == REPLENISH_SKU:
        return 3.0, 5.0, 10
    average = round(mean, 2)
    most = round(average * 2 + 0.3, 1)
    return average, most, ceil(most * supplies.max_lead_days)


def _abbreviation(value: str) -> str:
    return COLOURS.get(value) or "".join(letter for letter in value.upper() if letter.isalnum())[:5]


def _slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
