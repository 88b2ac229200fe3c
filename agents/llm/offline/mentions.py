"""Which lines of an order a text speaks of, what is said of each, and which variant of a product is wanted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.llm.offline.context import Record
from tools.items import fold, meaning

_TOKEN = re.compile(r"[^\W_]+(?:\.\d+)?%?|[{};:,.]")
_TURN = re.compile(r"\b(?:to|for|into|instead|with|should be|be|want|prefer)\b", re.IGNORECASE)
_INSTEAD = re.compile(
    r"\b(?:for|into|to|in|with|become|it|be) (?:an? |the )?(?P<wanted>(?!order\b|#)(?:(?!\b(?:for|into|to|in)\b)[^,.;!?]){1,60}?)"
    r"(?: (?:instead|please|pls))*(?=[,.;!?]|$)",
    re.I,
)
_PAIR = re.compile(r"['\"]?([\w][\w /-]*?)['\"]?\s*:\s*['\"]([^'\"]*)['\"]")
_BRACES = re.compile(r"\{([^{}]*)\}")
_ALL = re.compile(
    r"\b(?:all(?: of)?(?: the| my| of the)*|every|both|whole|entire|the) (?:items?|things|order|products|of (?:it|them))\b|\beverything\b",
    re.I,
)
_BEFORE = 4
"""So many words before a product's name may describe it."""
_SPOKEN = re.compile(r"[^\W_]+(?:['\u2019][a-z]+)?")
_UNITS = {"feet": "ft", "foot": "ft", "liter": "l", "liters": "l", "litre": "l", "litres": "l", "inches": "inch", "gray": "grey"}
_SAYS_LITTLE = frozenset({"yes", "no", "none", "not", "with", "without"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A line of an order with what was said of it."""

    line: Record
    text: str
    """From its name to the next thing."""


def mentioned(text: str, lines: Sequence[Record]) -> list[Mention]:
    """Return the lines that a text names, each once, in the order in which they are named first."""
    places = _places(text, lines)
    said: dict[int, list[str]] = {}
    for place, (begin, _, found) in enumerate(places):
        end = places[place + 1][0] if place + 1 < len(places) else len(text)
        said.setdefault(found, []).append(text[begin:end])
    return [Mention(lines[line], " ".join(parts)) for line, parts in said.items()]


def speaks_of_all(text: str) -> bool:
    """Return whether a text means every item of an order."""
    return bool(_ALL.search(text))


def count_of(text: str, titles: Sequence[str]) -> int:
    """Return how many of some titles a text names."""
    return sum(bool(_where(text, _head(title))) for title in titles)


def _places(text: str, lines: Sequence[Record]) -> list[tuple[int, int, int]]:
    """Return where lines are named: begin, end and line; of lines with one name the one whose options stand nearest."""
    heads: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        heads.setdefault(_head(_title(line)), []).append(number)
    spots = sorted((begin, end, head) for head in heads for begin, end in _where(text, head))
    found: list[tuple[int, int, int]] = []
    for place, (begin, end, head) in enumerate(spots):
        after = spots[place + 1][0] if place + 1 < len(spots) else len(text)
        own = _described(text[max(0, begin - 40) : begin], text[end:after])
        taken = [line for _, _, line in found]
        found.append((begin, end, _best(heads[head], lines, own, taken)))
    return found


def _best(numbers: Sequence[int], lines: Sequence[Record], own: frozenset[str], taken: Sequence[int]) -> int:
    def fits(number: int) -> tuple[int, bool, int]:
        return len(own & meaning(_title(lines[number]))), number not in taken, -number

    return max(numbers, key=fits)


def _described(before: str, after: str) -> frozenset[str]:
    """Return the words around a name that describe the item as it is: the ones before it, and after it up to what is wanted."""
    if braces := _BRACES.match(after.strip()):
        return meaning(" ".join(value for _, value in _PAIR.findall(braces.group(1))))
    close = " ".join(before.split()[-_BEFORE:])
    turn = _TURN.search(after)
    return meaning(f"{close} {after[: turn.start()] if turn else after[:60]}")


def _where(text: str, head: str) -> list[tuple[int, int]]:
    """Return where a product is named by its last word, or by the whole of its name."""
    tokens = [(match.start(), match.end(), fold(match.group(0))) for match in _TOKEN.finditer(text)]
    return [(begin, end) for begin, end, word in tokens if word == head]


def _title(line: Record) -> str:
    return str(line.data.get("title") or line.value)


def _head(title: str) -> str:
    """Return the word that a product's name ends with: the noun by which people call it."""
    name = title.split(",", maxsplit=1)[0]
    return fold(next(iter(reversed(re.findall(r"[^\W_]+", name))), name))


def wanted_words(said: str) -> str:
    """Return the words for what is wanted instead, where the catalogue is not at hand to look them up."""
    turns = list(_INSTEAD.finditer(said))
    return turns[-1]["wanted"].strip() if turns else ""


def wanted_variant(said: str, sku: str, product: Mapping[str, Any]) -> str | None:
    """Return the SKU of the variant that is wanted instead of `sku`; None when nothing of it is said or nothing fits."""
    variants: list[Mapping[str, Any]] = list(product.get("variants") or ())
    own: Mapping[str, str] = next((each["options"] for each in variants if each["sku"] == sku), dict[str, str]())
    named = _named(said, own, variants)
    if not named:
        return None if named is None else sku
    fitting = [each for each in variants if named.items() <= dict(each["options"]).items() and each.get("in_stock", True)]
    if not fitting:
        return None
    return str(max(fitting, key=lambda each: (_shared(each["options"], own), -_price(each)))["sku"])


def _named(said: str, own: Mapping[str, str], variants: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """Return the options that are named for what is wanted; the item's own are what it is, not what it shall be."""
    turn = _TURN.search(_BRACES.sub(lambda match: "_" * len(match.group(0)), said))
    text = said[turn.end() :] if turn else said
    if braces := _BRACES.search(text):
        pairs = {name.strip().lower(): value for name, value in _PAIR.findall(braces.group(1))}
        return {name: pairs[name.lower()] for name in own if name.lower() in pairs}
    values: dict[str, set[str]] = {}
    for each in variants:
        for name, value in dict(each["options"]).items():
            values.setdefault(name, set()).add(str(value))
    found: dict[str, str] = {}
    for name, known in values.items():
        spoken = [value for value in known if says(text, name, value) is not None]
        longest = [value for value in spoken if not any(value != other and value in other for other in spoken)]
        others = [value for value in longest if value != own.get(name)]
        if len(others) == 1:
            found[name] = others[0]
        elif not others and longest:
            found[name] = longest[0]
    return found or None


def says(text: str, name: str, value: str) -> int | None:
    """Return where a text names an option's value; yes and no are never said alone, and a single letter stands beside the option's name."""
    plain = [_unit(word) for word in re.findall(r"[^\W_]+", value.lower())]
    spots = list(_SPOKEN.finditer(text))
    tokens = [_unit(match.group(0).lower()) for match in spots]
    if not plain or set(plain) <= _SAYS_LITTLE:
        return None
    near = fold(name.rsplit(maxsplit=1)[-1].lower())
    for place, word in enumerate(tokens):
        if tokens[place : place + len(plain)] == plain or word == "".join(plain):
            if len(word) > 1 or word.isdigit() or near in tokens[max(0, place - 2) : place + 3] or spots[place].group(0).isupper():
                return spots[place].start()
        elif word == plain[0] and word.isdigit() and len(plain) > 1 and near in tokens:
            return spots[place].start()
    return None


def _unit(word: str) -> str:
    return _UNITS.get(word) or fold(word)


def _shared(options: Mapping[str, str], own: Mapping[str, str]) -> int:
    return sum(own.get(name) == value for name, value in options.items())


def _price(variant: Mapping[str, Any]) -> int:
    price: Mapping[str, Any] | None = variant.get("price")
    return int(price["minor"]) if price else 0
