"""Which variant of a product somebody wants, told by what it shall be like: options, more or less of something, a price, a preference."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.llm.offline.mentions import says
from tools.items import fold

CUT = re.compile(r"\bchanged? (?:your|my) mind\b|\bbut (?:then|after)\b[^.;]*\bdecide\b", re.I)
_LAST_WORD = re.compile(r"\b(?:eventually|finally|in the end)\b", re.I)
_ALTERNATIVE = re.compile(r"\bif\b[^.;]*?\b(?:no|not|n't|isn't|unavailable|impossible|cannot)\b", re.I)
_WISHED = re.compile(
    r"\b(?:prefer(?:red|ably)?|rather have|would be (?:good|nice)|ideally|like the|if (?:multiple|several|both|more))\b", re.I
)
_NOT_BEFORE = re.compile(r"\b(?:instead of|over|rather than|not|from|than|no)(?: an?| the| your| my)?(?: \w+)? ?$", re.I)
_KEPT = re.compile(
    r"\b(?:same|keep(?:ing)?|retain|match(?:ing)?|without changing|not change|remain)(?: the| its| exact| other| original)* "
    r"([\w -]+(?:(?:, | and )[\w -]+)*)",
    re.I,
)
_SAME_BUT = re.compile(
    r"\bsame (?:exact )?(?:one|item|product|model|thing),? (?:but|just|only)\b|\bwithout changing (?:the |any )?other\b|"
    r"\b(?:all|any) (?:the )?other (?:spec\w*|options?|features?)[^.;]*\b(?:same|unchanged)|\beverything else the same\b",
    re.I,
)
_FREE = re.compile(r"\b(?:don't|do not|doesn't) (?:really )?(?:care|matter)(?: about)? ([\w ,-]+)", re.I)
_CHEAP = re.compile(r"\b(?:cheapest|least expensive|lowest[- ]price\w*|whichever is cheaper|as cheap as)\b", re.I)
_DEAR = re.compile(r"\b(?:most expensive|priciest|highest[- ]price\w*)\b", re.I)
_MORE_BY = re.compile(r"\b(\d+) more\b|\b(\d+) (?:fewer|less)\b", re.I)
_UP = re.compile(
    r"\b(?:bigger|larger|greater|higher|longer|taller|brighter|(?<!once )(?<!no )more|heavier|wider|thicker|faster|stronger)\b", re.I
)
_DOWN = re.compile(r"\b(?:smaller|lower|shorter|less|lighter|thinner|dimmer|fewer|slower)\b", re.I)
_MOST = re.compile(r"\b(?:max(?:imum|imi[sz]ed?)?|largest|biggest|highest|longest|tallest|brightest|most(?! expensive))\b", re.I)
_LEAST = re.compile(r"\b(?:min(?:imum|imi[sz]ed?)?|smallest|lowest|shortest|least(?! expensive))\b", re.I)
_STEP = re.compile(r"\b(?:one size|slightly|a bit|a little|next)\b", re.I)
_LADDERS = (
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("extra small", "small", "medium", "large", "extra large"),
    ("low", "medium", "high"),
    ("beginner", "intermediate", "expert"),
)
_TELLING = {
    "bright": ("brightness",), "tall": ("height",), "short": ("height", "length"), "long": ("length",), "thick": ("thickness",),
    "thin": ("thickness",), "heavy": ("weight",), "light": ("weight", "brightness"), "wide": ("width",), "zoom": ("zoom",),
}  # fmt: skip
"""What adjectives say of which option."""
_SKU = re.compile(r"\b\d{10}\b")

Variant = Mapping[str, Any]


@dataclass
class Wanted:
    """What a variant has to be, and what it had better be."""

    must: dict[str, str] = field(default_factory=dict[str, str])
    rather: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Options by preference, the dearest first."""
    instead: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Options to make do with, where what must be is not there."""
    free: set[str] = field(default_factory=set[str])
    scale: tuple[str, int, bool] | None = None
    """An option by which it is to be more (1) or less (-1), and whether as much as there is."""
    step: bool = False
    by: float | None = None
    price: int = 0
    """-1 for the cheapest, 1 for the dearest."""

    @property
    def says_nothing(self) -> bool:
        """Whether nothing was told of the variant."""
        return not (self.must or self.rather or self.scale or self.price)


def choose(text: str, sku: str, product: Mapping[str, Any]) -> str | None:
    """Return the SKU that a text wants instead of a product's `sku`; None when nothing that is there fits, or nothing was told."""
    variants: list[Variant] = list(product.get("variants") or ())
    own: Mapping[str, str] = next((each["options"] for each in variants if each["sku"] == sku), dict[str, str]())
    known = {str(each["sku"]) for each in variants}
    if given := next((number for number in _SKU.findall(text) if number in known and number != sku), None):
        return given
    told = wanted(text, own, variants)
    if told.says_nothing:
        return sku if re.search(r"\bsame (?:exact )?(?:item|one|product|model)\b", text, re.I) and _is_there(variants, sku) else None
    there = [each for each in variants if each.get("in_stock", True) and each["sku"] != sku]
    for option, value in [("", ""), *told.instead]:
        must = {**told.must, option: value} if option else told.must
        fitting = _scaled([each for each in there if must.items() <= dict(each["options"]).items()], own, told)
        if fitting:
            return str(min(fitting, key=lambda each: _rank(each, own, told))["sku"])
    return None


def _is_there(variants: Sequence[Variant], sku: str) -> bool:
    return any(each["sku"] == sku and each.get("in_stock", True) for each in variants)


def _rank(variant: Variant, own: Mapping[str, str], told: Wanted) -> tuple[float, ...]:
    options: Mapping[str, str] = variant["options"]
    missed = sum(1 << (len(told.rather) - place) for place, (name, value) in enumerate(told.rather) if options.get(name) != value)
    if told.price:
        return (missed, told.price * -_price(variant))
    differing = sum(options.get(name) != value for name, value in own.items() if name not in told.free and name not in told.must)
    return (missed, differing, _price(variant))


def _price(variant: Variant) -> int:
    return int((variant.get("price") or {"minor": 0})["minor"])


def _scaled(fitting: list[Variant], own: Mapping[str, str], told: Wanted) -> list[Variant]:
    """Keep the variants that have more or less of what is to be more or less."""
    if told.scale is None:
        return fitting
    name, way, utmost = told.scale
    here = own.get(name, "")
    ranked = [(value, each) for each in fitting if (value := beyond(each["options"].get(name, ""), here)) is not None]
    if told.by is not None:
        return [each for value, each in ranked if value == told.by]
    left = [(value * way, each) for value, each in ranked if value * way > 0]
    if (utmost or told.step) and left:
        end = (max if utmost else min)(value for value, _ in left)
        left = [(value, each) for value, each in left if value == end]
    return [each for _, each in left]


def beyond(value: str, other: str) -> float | None:
    """Return how much more one value of an option is than another; None when they cannot be compared."""
    numbers = [re.search(r"\d+(?:\.\d+)?", each) for each in (value, other)]
    if numbers[0] and numbers[1]:
        return float(numbers[0].group(0)) - float(numbers[1].group(0))
    ladder = next((each for each in _LADDERS if {value.lower(), other.lower()} <= set(each)), None)
    return float(ladder.index(value.lower()) - ladder.index(other.lower())) if ladder else None


def wanted(text: str, own: Mapping[str, str], variants: Sequence[Variant]) -> Wanted:
    """Return what a text tells of the variant that it wants."""
    told = Wanted()
    if cuts := list(CUT.finditer(text)):
        later = text[cuts[-1].end() :]
        text = later if _values(later, own, variants) else text
    for sentence in re.split(r"(?<=[.;!?])\s+|\n|,\s+(?=(?:and )?(?:you|i) (?:also )?prefer)|(?=\((?:you )?prefer)", text):
        _read(sentence, own, variants, told)
    told.price = -1 if _CHEAP.search(text) else 1 if _DEAR.search(text) else 0
    told.scale, told.step, told.by = _scale(text, own, told)
    for match in _KEPT.finditer(text):
        said = {fold(word) for word in re.findall(r"[a-z]+", match.group(1).lower())}
        told.must |= {
            name: value for name, value in own.items() if {fold(word) for word in name.lower().split()} & said and name not in told.must
        }
    if _SAME_BUT.search(text):
        told.must = {**own, **told.must}
    for match in _FREE.finditer(text):
        told.free |= {name for name, value in own.items() if says(match.group(1), name, value) or name.lower() in match.group(1).lower()}
    if told.scale:
        told.must = {name: value for name, value in told.must.items() if name != told.scale[0]}
    return told


def _read(sentence: str, own: Mapping[str, str], variants: Sequence[Variant], told: Wanted) -> None:
    found = _values(sentence, own, variants)
    if _ALTERNATIVE.search(sentence):
        told.instead += _values(re.split(r",|\bthen\b", sentence)[-1], own, variants)
    elif _WISHED.search(sentence):
        told.rather += [each for each in found if each not in told.rather and each[0] not in told.must]
    else:
        for name, value in found:
            if name not in told.must or told.must[name] == own.get(name) or _LAST_WORD.search(sentence):
                told.must[name] = value


def _values(text: str, own: Mapping[str, str], variants: Sequence[Variant]) -> list[tuple[str, str]]:
    """Return the options that a text names, in its order; the item's own value only where it is the only one named."""
    known: dict[str, set[str]] = {}
    for each in variants:
        for name, value in dict(each["options"]).items():
            known.setdefault(name, set()).add(str(value))
    found: list[tuple[int, str, str]] = []
    for name, values in known.items():
        spoken = {value: place for value in values if (place := _said(text, name, value, values)) is not None}
        longest = [
            value for value in spoken if not any(value != other and f" {value} ".lower() in f" {other} ".lower() for other in spoken)
        ]
        meant = [value for value in longest if not _NOT_BEFORE.search(text[: spoken[value]])]
        others = [value for value in meant if value != own.get(name)]
        found += [(spoken[value], name, value) for value in others or meant]
    return [(name, value) for _, name, value in sorted(found)]


def _has_scale(value: str) -> bool:
    return beyond(value, value) is not None


def _said(text: str, name: str, value: str, values: set[str]) -> int | None:
    """Return where a value is named: whole, by a word that only it has, or as the lack of the option."""
    place = says(text, name, value)
    if place is not None:
        return place
    if value.lower() in {"none", "no"}:
        lack = re.search(rf"\b(?:no|without(?: an?)?) {re.escape(name.split(maxsplit=1)[0].lower())}", text, re.I)
        return lack.start() if lack else None
    for word in re.findall(r"[^\W\d_]{4,}", value):
        alone = not any(word.lower() in other.lower() for other in values - {value})
        if alone and " " in value and (found := re.search(rf"\b{word}\b", text, re.I)):
            return found.start()
    return None


def _scale(text: str, own: Mapping[str, str], told: Wanted) -> tuple[tuple[str, int, bool] | None, bool, float | None]:
    """Return by which option the variant is to be more or less, how far, and by how much exactly."""
    if exact := _MORE_BY.search(text):
        by = float(exact.group(1) or -float(exact.group(2)))
        if name := _about(text, own, told):
            return (name, 1 if by > 0 else -1, False), False, by
    for pattern, way, utmost in ((_MOST, 1, True), (_LEAST, -1, True), (_DOWN, -1, False), (_UP, 1, False)):
        if pattern.search(text) and (name := _about(text, own, told)):
            return (name, way, utmost), bool(_STEP.search(text)), None
    return None, False, None


def _about(text: str, own: Mapping[str, str], told: Wanted) -> str | None:
    """Return the option that more or less is said of."""
    scalable = [name for name, value in own.items() if _has_scale(value) and (name not in told.must or told.must[name] == value)]
    lowered = text.lower()
    given = any(_has_scale(own.get(name, "")) and told.must[name] != own.get(name) for name in told.must)
    named = [name for name in scalable if any(re.search(rf"\b{fold(word)}", lowered) for word in name.lower().split() if len(word) > 2)]
    told_of = [
        name
        for stem, names in _TELLING.items()
        if re.search(rf"\b{stem}", lowered)
        for name in scalable
        if any(each in name for each in names)
    ]
    if re.search(r"\bresol|\bpiece", lowered):
        named = [name for name in scalable if re.search("resol|piece", name)] or named
    return next(iter(told_of or ([] if given else named)), scalable[0] if scalable and not given else None)
