"""Which item of the catalogue somebody means by a SKU, a product or a few words."""

from collections.abc import Mapping

from core.errors import InvalidInput
from store.queries import products
from store.queries.products import Item
from store.unit import ReadTx
from tools.items import choices, fold, meaning

_ASKED_ABOUT = 6


async def items(tx: ReadTx, ref: str, limit: int = 20) -> list[Item]:
    """Return the variants that `ref` means: one for a SKU, several for a product or for words.

    Raises:
        InvalidInput: nothing fits.
    """
    found = await products.items(tx, ref.strip(), sorted(meaning(ref)), limit)
    if not found:
        raise InvalidInput(f"nothing in the catalogue is “{ref}”; give a SKU, or words of its title", field="item", code="item_unknown")
    return found[:1] if found[0].sku.lower() == ref.strip().lower() else found


async def one(tx: ReadTx, ref: str) -> Item:
    """Return the one variant that `ref` means.

    Raises:
        InvalidInput: nothing or more than one fits; the message lists the choices.
    """
    return only(ref, await items(tx, ref))


def only(ref: str, found: list[Item]) -> Item:
    """Return the single item, or ask which one is meant."""
    whole = [item for item in found if item.title.lower() == ref.strip().lower()]
    if len(found) == 1 or whole:
        return (whole or found)[0]
    more = "" if len(found) <= _ASKED_ABOUT else ", …"
    asked = f"“{ref}” fits several items; which one: {choices(found[:_ASKED_ABOUT])}{more}?"
    raise InvalidInput(asked, field="item", code="item_unclear")


def category(word: str, known: Mapping[str, str]) -> str | None:
    """Return the slug of the category that a word means, by its slug or its name."""
    wanted = fold(word)
    return next((slug for slug, name in known.items() if wanted in {fold(slug), fold(name)}), None)
