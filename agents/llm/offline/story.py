"""A message that tells a story: what somebody bought and what came of it, with wishes, second thoughts and conditions in between."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agents.llm.offline import lexicon

_LONG = 22
"""Words from which a message can be a story."""
_WISHES = re.compile(
    r"\b(?:you|i|we)(?:'d|'ve|'ll| would| just| also| really| have| had| are| am)*(?: \w+ly)? (?:want|wanna|like|wish|prefer|decided?|"
    r"realized?|hope|need|received|bought|ordered|placed|changed?|recently)\b|\b(?:wanna|after placing|decide to|change your mind|"
    r"your order)\b|\b(?:you|i|we)\b[^.;!?]{0,120}\b(?:want to|wanna|would like to|'d like to)\b",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[^.!?;\n]+(?:[.!?;](?!\s|$)[^.!?;\n]*)*(?:[.!?;]+|\n|$)")
_TELLS = re.compile(
    lexicon.TELLS + r"|you (?:name is|like to|do not (?:want to reveal|remember)|don't (?:want to reveal|remember))\b"
    r"|(?:you are|you're) (?:an? )?(?:[\w-]+,? ){0,4}(?:person|guy|customer|friendly|polite)\b",
    re.IGNORECASE,
)
_NOUN = (
    r"(?<!\bthe )(?<!\ba )(?<!\ban )(?<!\byour )(?<!\bmy )(?<!\bof )(?<!\bfull )(?<!\bthis )(?<!\bwhen you )(?<!\bwhen i )(?<!\bfor )"
    r"(?<!\bbe )(?<!\bany )(?<!\bor )"
)
_TO_DO = re.compile(
    rf"(?P<undo>{_NOUN}\b(?:cancel or return|return or cancel)\b)"
    r"|(?P<payment>\b(?:change|modify|switch|update|set)(?: the| your| my)? payment(?: method)?\b)"
    r"|(?P<address>\b(?:change|modify|update|correct|fix|have|get|ship|send|deliver|redirect)\b[^.;!?]{0,70}?"
    r"\b(?:address(?:es)?|(?:to|at) (?:the|your|my) [\w ]{2,24}? (?:home|place|house))\b)"
    rf"|(?P<cancel>{_NOUN}\b(?:cancel(?:l?ing)?|remove)\b|\bnot (?:want to )?receive the (?:item|order|current order|package)s?\b)"
    rf"|(?P<back>{_NOUN}\breturn(?:ing)?\b(?! (?:process|label|polic))|\bsend(?:ing)? (?:it|them|\w+ \w+) back\b)"
    rf"|(?P<swap>{_NOUN}\b(?:exchang(?:e|ing)|swap|replace|modify|adjust|upgrade|switch)\b|\bto be exchanged\b|"
    rf"{_NOUN}\bchang(?:e|ing)\b(?! (?:your |my |of |his |her )?minds?\b))",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:no|not|n't|never|no longer|without|nothing)(?: (?:to|want|wish|really|want to|going to|able to))* ?$", re.IGNORECASE
)
_UNLESS = re.compile(
    r"\bif\b[^.;,]*?\b(?:not|n't|no|cannot|unavailable|impossible|isn't|fails?|issues?|would require|doesn't)\b", re.IGNORECASE
)
_ASKED = re.compile(r"\b(?:if|when|but when|once|before)\b[^.;,]*\b(?:asks?|asked|confirm\w*|confirms)\b", re.IGNORECASE)
_INSTEAD = re.compile(r"\bchanged? (?:your|my) mind\b", re.IGNORECASE)
_NEVERMIND = re.compile(
    r"\b(?:decide|decided) to (?:just )?(?:keep|not)\b|(?<!n't want to )(?<!not want to )\bkeep (?:all|everything|it|them)\b", re.IGNORECASE
)
_MONEY = re.compile(r"\b(?:get|want|wanna|receive|eligible)\b[^.;]{0,24}\b(?:refund|money back)\b", re.IGNORECASE)
"""How somebody asks for their money who does not say what shall become of the goods."""
_ONLY_ASKS = re.compile(r"\b(?:whether|want to know if|check if|able to|eligib\w+)\b[^.;]*$", re.IGNORECASE)


class Deed(StrEnum):
    """What is to be done with orders or items."""

    PAYMENT = "payment"
    ADDRESS = "address"
    SWAP = "swap"
    BACK = "back"
    UNDO = "undo"
    """Cancelled or returned, whichever can still be done."""
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that is wanted, with the part of the story that tells of it."""

    deed: Deed
    begin: int
    end: int
    otherwise: "Wish | None" = None
    """What is wanted when this cannot be had."""
    only: bool = False
    """Whether nothing else of the kind is wanted any more, whatever was told before."""


@dataclass(frozen=True, slots=True)
class Story:
    """A story without what somebody says of themselves, which is blanked out, and its wishes."""

    text: str
    wishes: tuple[Wish, ...]

    def of(self, wish: Wish) -> str:
        """Return the part that tells of a wish."""
        return self.text[wish.begin : wish.end]


def story(text: str) -> Story | None:
    """Return the story that a message tells; None when it is plain requests, or none."""
    if len(text.split()) < _LONG or not _WISHES.search(text):
        return None
    return _read(_without_persons(text))


def _without_persons(text: str) -> str:
    return _SENTENCES.sub(lambda part: " " * len(part.group(0)) if _TELLS.match(part.group(0).strip()) else part.group(0), text)


def _read(text: str) -> Story | None:
    found: list[Wish] = []
    for sentence in [match for match in _SENTENCES.finditer(text) if match.group(0).strip()]:
        begin, said = sentence.start(), sentence.group(0)
        deeds = list(_TO_DO.finditer(said))
        if never := _NEVERMIND.search(said):
            earlier = any(match.start() < never.start() for match in deeds)
            found = found if earlier else _dropped(found, deeds)
            text = f"{text[:begin]}{' ' * len(said)}{text[begin + len(said) :]}"
            continue
        for place, match in enumerate(deeds):
            before = said[: match.start()]
            since = max(before.rfind(mark) for mark in (",", " and ", " but ", ";")) + 1 if place else 0
            if _NOT.search(before) or _ONLY_ASKS.search(before[since:]):
                rest = max(since, before.rfind(".")) + begin
                text = f"{text[:rest]}{' ' * (begin + len(said) - rest)}{text[begin + len(said) :]}"
            else:
                found = _joined(found, Wish(Deed(match.lastgroup or ""), begin + since, len(text)), before)
    if not found and (money := _MONEY.search(text)):
        found = [Wish(Deed.UNDO, money.start(), len(text))]
    return Story(text, _bounded(found, len(text))) if found else None


def _joined(found: list[Wish], wish: Wish, before: str) -> list[Wish]:
    """Add a wish to those before it: as another one, instead of the last of its kind, or in case the last one cannot be had."""
    if _UNLESS.search(before) and found:
        last = found[-1]
        return [*found[:-1], _with_last(last, wish)]
    if re.search(r"\bonly\s*$", before) and any(each.deed is wish.deed for each in found):
        return [*found, replace(wish, only=True)]
    if _INSTEAD.search(before):
        kept = [each for each in found if each.deed is not wish.deed]
        if len(kept) < len(found):
            return [*kept, wish]
    return [*found, wish]


def _with_last(wish: Wish, otherwise: Wish) -> Wish:
    return replace(wish, otherwise=otherwise if wish.otherwise is None else _with_last(wish.otherwise, otherwise))


def _dropped(found: list[Wish], deeds: Sequence[re.Match[str]]) -> list[Wish]:
    """Take back the last wish of the kind that is named, or all when none is."""
    named = {Deed(match.lastgroup or "") for match in deeds}
    if not named:
        return []
    last = next((place for place in reversed(range(len(found))) if found[place].deed in named), None)
    return found if last is None else [*found[:last], *found[last + 1 :]]


def _bounded(found: Sequence[Wish], end: int) -> tuple[Wish, ...]:
    """Let each wish end where the next one begins."""
    begins = sorted({begin for wish in found for begin in _begins(wish)})

    def bounded(wish: Wish) -> Wish:
        after = next((begin for begin in begins if begin > wish.begin), end)
        return replace(wish, end=after, otherwise=bounded(wish.otherwise) if wish.otherwise else None)

    return tuple(bounded(wish) for wish in found)


def _begins(wish: Wish) -> list[int]:
    return [wish.begin, *(_begins(wish.otherwise) if wish.otherwise else [])]
