"""Which other variant of a product somebody wants, by a SKU or by options such as size 43 black."""

from core.errors import InvalidInput
from store.queries.exchanges import Sibling
from tools.items import meaning, terms

_OFFERED = 8
"""Variants that are named when the wanted one is not clear."""


def variant(ref: str, title: str, siblings: list[Sibling], quantity: int) -> Sibling:
    """Return the one variant that `ref` means and that is in stock.

    Raises:
        InvalidInput: none or several fit; the message lists what is in stock.
    """
    stocked = [each for each in siblings if each.available >= quantity]
    offer = _offer(stocked)
    exact = [each for each in siblings if each.sku.lower() == ref.strip().lower()]
    wanted = meaning(ref) - terms(title.split(",", maxsplit=1)[0])
    fitting = exact or [each for each in siblings if wanted and wanted <= terms(" ".join(each.values))]
    available = [each for each in fitting if each in stocked]
    if len(available) > 1:
        available = _closest(available, title)
    if len(available) == 1:
        return available[0]
    if available:
        raise InvalidInput(f"“{ref}” fits several variants; which one: {_offer(available)}?", field="wanted", code="variant_unclear")
    if fitting:
        raise InvalidInput(f"{fitting[0].title} is out of stock; in stock: {offer}", field="wanted", code="out_of_stock")
    raise InvalidInput(f"there is no “{ref}” of {title}; in stock: {offer}", field="wanted", code="variant_unknown")


def _offer(variants: list[Sibling]) -> str:
    """Return variants as a person would be asked about them, a handful at most."""
    shown = [f"{', '.join(each.values)} ({each.sku})" for each in variants[:_OFFERED]]
    more = [f"{len(variants) - _OFFERED} more"] if len(variants) > _OFFERED else []
    return ", ".join([*shown, *more]) or "no other variant"


def _closest(variants: list[Sibling], title: str) -> list[Sibling]:
    """Keep the variants that share most options with the item: somebody who says size 43 keeps the colour."""
    bought = terms(title)
    shared = [len(bought & terms(" ".join(each.values))) for each in variants]
    return [each for each, count in zip(variants, shared, strict=True) if count == max(shared)]
