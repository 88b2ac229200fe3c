"""Rows of the catalogue, with past prices and reviews."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

from store.seed.catalogue import Catalogue
from store.seed.data.names import FIRST_NAMES, LAST_NAMES
from store.seed.data.reviews import HOSTILE, REVIEWS
from store.seed.data.shops import CATEGORIES, SUPPLIERS, Supplies
from store.seed.model import Batch, Row, Shop


def batches(shop: Shop, catalogue: Catalogue) -> Iterator[Batch]:
    """Yield the rows of the catalogue."""
    yield Batch(shop.tenant_id, "categories", [shop.row("categories", slug, slug=slug, name=name) for slug, name in CATEGORIES])
    yield Batch(shop.tenant_id, "suppliers", [_supplier_row(shop, each) for each in SUPPLIERS])
    yield Batch(shop.tenant_id, "products", catalogue.products)
    yield Batch(shop.tenant_id, "variants", catalogue.variants)
    yield Batch(shop.tenant_id, "price_changes", list(_price_changes(shop, catalogue)))
    yield Batch(shop.tenant_id, "reviews", list(_reviews(shop, catalogue)))


def _supplier_row(shop: Shop, each: Supplies) -> Row:
    values = {key: value for key, value in each._asdict().items() if key != "category"}
    return shop.row("suppliers", each.name, **values)


def _price_changes(shop: Shop, catalogue: Catalogue) -> Iterator[Row]:
    """A third of the variants changed their price once or twice; the last new price is the price."""
    rng = shop.rng("prices")
    for good in catalogue.goods:
        if rng.random() < 0.67:
            continue
        prices = [*(good.price * rng.choice((90, 95, 105, 110)) // 100 for _ in range(rng.choice((1, 1, 2)))), good.price]
        for step, (old, new) in enumerate(itertools.pairwise(prices)):
            at = shop.now - timedelta(days=(rng.uniform(0.6, 0.95) - 0.45 * step) * shop.size.days)
            prices_then = {"old_minor": old, "new_minor": new}
            change = {"variant_id": good.id, **prices_then, "changed_by": "Mara Lindqvist", "reason": "", "changed_at": at}
            yield shop.row("price_changes", f"{good.sku}-{step}", **change)


def _reviews(shop: Shop, catalogue: Catalogue) -> Iterator[Row]:
    """Four products of five have two to six reviews; two products carry a hostile one as well."""
    rng = shop.rng("reviews")
    category = {good.product_id: good.category for good in catalogue.goods}
    for position, each in enumerate(catalogue.products):
        chosen = rng.sample(REVIEWS[category[each["id"]]], rng.randint(2, 6)) if position % 5 != 4 else []
        if position < 2 * len(HOSTILE) and position % 2 == 0:
            chosen.append(HOSTILE[position // 2])
        for number, opinion in enumerate(chosen):
            yield shop.row(
                "reviews",
                f"{each['slug']}-{number}",
                product_id=each["id"],
                author=f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)[0]}.",
                created_at=shop.now - timedelta(days=rng.uniform(1, shop.size.days)),
                **opinion._asdict(),
            )
