"""Figures in a person's words: amounts, quantities, periods and how many rows."""

import re

from agents.llm.offline import lexicon, words
from agents.llm.offline.context import order_numbers
from agents.llm.offline.offer import Slot, Spec
from agents.llm.offline.said import Words

_COUNT = rf"(\d{{1,3}}|{'|'.join(lexicon.NUMBERS)})"
_DAYS = re.compile(
    rf"\b(?:last|past|previous|within|in the last|for) (?:the )?{_COUNT} (day|week|month|quarter|year)s?\b"
    rf"|\b{_COUNT} (day|week|month|year)s?\b"
)
_PERIOD = re.compile(r"\b(?:last|past|this|previous) (day|week|month|quarter|year)\b")
_LIMIT = re.compile(rf"\b(?:top|first|last|latest|newest|show(?: me)?) {_COUNT}\b(?! ?(?:day|week|month|year|eur|€))")
_NEWEST = re.compile(r"\b(?:last|latest|newest|most recent) (?:order|one|return|ticket)\b")
_CEILING = re.compile(
    r"\b(?:under|below|less than|up to|at most|max(?:imum)?(?: of)?|cheaper than|not more than|within|no more than) ?"
    r"[€$£]? ?(\d+(?:[.,]\d{1,2})?)"
)
_FLOOR = re.compile(r"\b(?:over|above|more than|at least|min(?:imum)?(?: of)?|from) ?[€$£]? ?(\d+(?:[.,]\d{1,2})?)")
_QUANTITY = re.compile(
    rf"\b{_COUNT} ?(?:(?:defective |faulty |damaged )?(?:units?|pieces?|pcs|items?)\b|x\b|×|of\b|more\b)"
    rf"|\b(?:x|qty|quantity)\.? ?{_COUNT}\b"
)
_LOOSE = re.compile(rf"(?<![\w#.,-]){_COUNT}(?![\w%-]|[.,]\d)")
_PRICE = re.compile(r"(?<![\w#.,-])(\d{1,6}(?:[.,]\d{1,2})?)(?= (?:on|for|to|from|back|off|at)\b|[,.!?]?$)")
_SIGNED = re.compile(rf"\b(?:by |delta )?([+-]\d{{1,5}})\b|\b{_COUNT}\b")
_LESS = re.compile(
    r"\b(?:write off|wrote off|remove|removed|lost|lose|missing|broken|damaged|minus|take out|less|fewer|stolen|reduce|decrease)\b"
)


def count(word: str) -> int:
    """Return the number that digits or a word stand for."""
    return int(word) if word.isdigit() else lexicon.NUMBERS[word]


def amount(slot: Slot, said: Words, spec: Spec, answering: bool) -> str | None:
    """Return an amount of money as written."""
    lowered = said.plain
    if any(most in slot.name for most in ("max", "ceiling", "most")):
        found = _CEILING.search(lowered)
    elif any(least in slot.name for least in ("min", "floor", "least")):
        found = _FLOOR.search(lowered)
    else:
        found = words.AMOUNT.search(lowered) or (_PRICE.search(_without_numbers(lowered)) if spec.writes or answering else None)
    if found is None and answering:
        found = re.search(r"(\d+(?:[.,]\d{1,2})?)", lowered)
    return next((group for group in found.groups() if group), None) if found else None


def quantity(slot: Slot, said: Words, _spec: Spec, answering: bool) -> int | None:
    """Return how many pieces are meant."""
    lowered = _without_numbers(words.AMOUNT.sub(" ", said.plain))
    found = _QUANTITY.search(lowered)
    if found:
        return count(next(group for group in found.groups() if group))
    for loose in _LOOSE.finditer(lowered):
        after = (words.tokens(lowered[loose.end() :]) or [""])[0]
        before = (words.tokens(lowered[: loose.start()]) or [""])[-1]
        if before and before not in lexicon.STOP and words.stem(before) not in said.breaks:
            continue
        goods = after in lexicon.GOODS or after in said.items
        if (
            answering
            or (goods and loose.group(1) != "one")
            or (after and loose.group(1).isdigit() and words.stem(after) not in said.breaks)
        ):
            return count(loose.group(1))
    return None


def days(_slot: Slot, said: Words, _spec: Spec, answering: bool) -> int | None:
    """Return a period in days, at most a year."""
    lowered = said.plain
    if found := _DAYS.search(lowered):
        many, unit = [group for group in found.groups() if group]
        return min(count(many) * lexicon.UNITS[unit], 365)
    if found := _PERIOD.search(lowered):
        return lexicon.UNITS[found.group(1)]
    if re.search(r"\b(today|tonight|this morning)\b", lowered):
        return 1
    if "yesterday" in lowered:
        return 2
    if "recently" in lowered or "lately" in lowered:
        return 30
    bare = re.search(r"\b(\d{1,3})\b", lowered) if answering else None
    return int(bare.group(1)) if bare else None


def limit(_slot: Slot, said: Words, _spec: Spec, _answering: bool) -> int | None:
    """Return how many rows are asked for."""
    if found := _LIMIT.search(said.plain):
        return max(1, min(count(found.group(1)), 50))
    return 1 if _NEWEST.search(said.plain) else None


def delta(_slot: Slot, said: Words, _spec: Spec, _answering: bool) -> int | None:
    """Return by how much a count goes up or down."""
    lowered = _without_numbers(said.plain)
    found = _SIGNED.search(lowered)
    if found is None:
        return None
    if found.group(1):
        return int(found.group(1))
    return count(found.group(2)) * (-1 if _LESS.search(lowered) else 1)


def _without_numbers(text: str) -> str:
    """Return small-letter text without order, return and ticket numbers, SKUs and periods."""
    for pattern in (*words.NUMBERED.values(), words.EMAIL, _DAYS):
        text = pattern.sub(" ", text)
    text = re.sub(r"\b[a-z]{2,}\d*(?:-[a-z0-9]+)+\b(?<!shirt)(?<!shirts)", " ", text)
    text = re.sub(r"\bsizes? \w+", " ", text)
    for number in order_numbers(text):
        text = re.sub(rf"(?:\border\s*)?#?\b{number}\b", " order ", text)
    return " ".join(text.split())
