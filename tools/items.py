"""Which line of an order somebody means by a SKU or by a few words. The same words always mean the same line, or nothing."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from core.errors import InvalidInput

_WORD = re.compile(r"[^\W_]+")
_FILLER = frozenset(
    {"a", "an", "the", "my", "your", "our", "this", "that", "these", "those", "one", "ones", "it", "of", "in", "on", "for", "with"}
    | {"and", "or", "item", "items", "product", "pair", "please", "size", "colour", "color"}
)
"""Words that tell no item from another."""


class Line(Protocol):
    """What a line is known by."""

    @property
    def sku(self) -> str:
        """Its stock-keeping unit."""
        ...

    @property
    def title(self) -> str:
        """What it is called."""
        ...

    @property
    def category(self) -> str:
        """The category that it belongs to."""
        ...


L = TypeVar("L", bound=Line)


def fold(word: str) -> str:
    """Return a word in the singular, in small letters: shoes and Shoe are the same."""
    word = word.lower()
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 2 else word


def terms(text: str) -> frozenset[str]:
    """Return the folded words of a text."""
    return frozenset(fold(word) for word in _WORD.findall(text))


def meaning(text: str) -> frozenset[str]:
    """Return the folded words of a text that tell one thing from another; all of them when none does."""
    every = _WORD.findall(text.lower())
    return frozenset(fold(word) for word in every if word not in _FILLER) or frozenset(map(fold, every))


def resolve(ref: str | None, lines: Sequence[L], order: str) -> L:
    """Return the one line that `ref` means: its SKU, else the words of its title or category. A single line needs no ref.

    Raises:
        InvalidInput: nothing or more than one line fits; the message lists the choices.
    """
    if ref is None:
        if len(lines) == 1:
            return lines[0]
        raise InvalidInput(f"order {order} has several items; which one: {choices(lines)}?", field="item", code="item_unclear")
    exact = [line for line in lines if ref.strip().lower() in {line.sku.lower(), line.title.lower()}]
    if exact:
        return exact[0]
    wanted = meaning(ref)
    shared = {id(line): len(wanted & (terms(line.title) | terms(line.category) | terms(line.sku))) for line in lines}
    most = max(shared.values(), default=0)
    best = [line for line in lines if shared[id(line)] == most] if most else []
    if len(best) == 1:
        return best[0]
    if best:
        raise InvalidInput(f"“{ref}” fits several items of order {order}; which one: {choices(best)}?", field="item", code="item_unclear")
    raise InvalidInput(f"nothing on order {order} is “{ref}”; which one: {choices(lines)}?", field="item", code="item_unknown")


def choices(lines: Iterable[Line]) -> str:
    """Return lines as a person would be asked about them."""
    return ", ".join(f"{line.title} ({line.sku})" for line in lines)
