"""What a sentence asks for: one or more of the offered tools, a social act, or nothing that they can do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from agents.llm.offline import lexicon, words
from agents.llm.offline.context import order_numbers
from agents.llm.offline.matching import Match, Matcher
from agents.llm.offline.offer import CONTROL, Spec, of_toolbox, read_spec
from agents.llm.offline.requests import is_long, requests
from tools.registry import Toolbox

_LIKELY, _LIKELY_WRITE = 0.27, 0.33
"""Scores from which a tool is meant; changing something needs more."""
_OUTSIDE = 0.12
"""By how much a tool that is not offered must fit better to say that the request is for somebody else."""
_NAMED, _COMMANDED, _KNOW_NOT_DO = 0.22, 0.3, 0.7
"""What the words of its name in a sentence add to a tool, the more when its verb comes first; and what a question takes from one
that changes something."""
_SAID = 0.24
"""The score from which a tool is meant whose verb is said of things that no tool knows."""
_FOR_GOODS = 0.15
"""By how much a tool must fit better once strange words are taken for goods to be meant instead."""
_CERTAIN = 0.7
"""The score from which an offered tool is meant whatever else there is."""
_NO_PLACE = 0.75
"""What is left of a tool's score that cannot take the order number, or the item of an order, that was named."""
_PURPOSE = re.compile(r"(?<=[a-z]: )[A-Z][^;]+")
"""What an agent looks after, in the description of the tool that hands a conversation over."""
_PLACES = 8
"""Other agents whose work is named when somebody asks what can be done here."""
_NOUNS = frozenset(
    map(words.stem, ("order", "ticket", "open", "create", "stock", "price", "listing", "issue", "request", "purchase", "address", "set"))
)
"""Words of tools' names that are no verbs of their own."""
_WISHING = frozenset(
    map(
        words.stem,
        ("i", "i'd", "we", "want", "wanna", "need", "wish", "would", "like", "to", "please", "can", "could", "you", "let", "me", "just"),
    )
)
"""Stems with which a request begins before it says what."""
_MOST, _MOST_OF_LONG = 3, 8
_SURE = 0.8
"""The score of requests that a long message spells out."""


class Act(StrEnum):
    """What a sentence does."""

    ASK = "ask"
    GREET = "greet"
    THANK = "thank"
    PRAISE = "praise"
    LEAVE = "leave"
    ABOUT = "about"
    CHAT = "chat"
    YES = "yes"
    NO = "no"
    DROP = "drop"
    FORBID = "forbid"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


_SOCIAL = tuple(
    (re.compile(rf"(?:{pattern})[ .!?,]*"), act)
    for pattern, act in (
        (lexicon.DROP, Act.DROP), (lexicon.YES, Act.YES), (lexicon.NO, Act.NO), (lexicon.GREETING, Act.GREET), (lexicon.THANKS, Act.THANK),
        (lexicon.PRAISE, Act.PRAISE), (lexicon.BYE, Act.LEAVE), (lexicon.ABOUT, Act.ABOUT), (lexicon.SMALLTALK, Act.CHAT),
    )
)  # fmt: skip
_EMPTY = frozenset(map(words.stem, lexicon.STOP)) - frozenset(map(words.stem, ("where", "why", "when", "how")))
_GREETING = re.compile(rf"^{lexicon.GREETING}[ ,.!:-]+(?=\w)")
_WAIT = re.compile(lexicon.WAIT)
_NEGATED = re.compile(rf"{lexicon.NEGATED}(?!been|yet|be )(?P<rest>[^,.;!?]*?)(?=[,.;!?]|\bbut\b|\b(?:just|instead) |$)")
_NOT_DONE = re.compile(r"(?:\bnot|n't|\bnever|\bstill no)(?: yet)?(?: been| being)? (\w+)")
_JOINTS = re.compile(lexicon.JOINTS)
_FOLLOW = re.compile(lexicon.FOLLOW)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a sentence was understood as."""

    act: Act
    asks: tuple[tuple[str, str], ...] = ()
    """Tools with the part of the sentence that asks for each."""
    score: float = 0.0
    follows: bool = False
    """Whether it goes on with what was asked before."""
    elsewhere: str = ""
    """A tool that fits and is not offered."""


class Offer:
    """A set of offered tools, read once and kept for all conversations that have it."""

    def __init__(self, offered: Sequence[Mapping[str, Any]], toolbox: Toolbox) -> None:
        """Weigh words over the whole toolbox, so that a small offer judges like a large one."""
        self.specs = {spec.name: spec for spec in (read_spec(tool, toolbox) for tool in offered)}
        others = [spec for spec in of_toolbox(toolbox) if spec.name not in self.specs]
        self.tools = {name: spec for name, spec in self.specs.items() if name != CONTROL}
        self.all = {**self.tools, **{spec.name: spec for spec in others}}
        self.matcher = Matcher(self.all.values())
        self.kinds = {name: {slot.name: slot.kind for slot in spec.slots} for name, spec in self.all.items()}

    @cached_property
    def elsewhere(self) -> tuple[str, ...]:
        """What the agents look after who could take over."""
        control = self.specs.get(CONTROL)
        return tuple(purpose.rstrip(".") for purpose in _PURPOSE.findall(control.purpose)[:_PLACES]) if control else ()

    @cached_property
    def writing(self) -> frozenset[str]:
        """The verbs in the names of tools that change something."""
        return frozenset[str]().union(*(spec.stems for spec in self.all.values() if spec.writes)) - _NOUNS

    @cached_property
    def breaks(self) -> frozenset[str]:
        """Stems that are never part of an item's name: the tools' own words and the verbs of their examples."""
        found = {words.stem(word) for spec in self.all.values() for word in words.tokens(spec.purpose.lower())}
        found |= {words.stem(each.split()[0].lower()) for spec in self.all.values() for each in spec.examples}
        return frozenset(found | {words.stem(word) for word in lexicon.STOP | lexicon.NOT_ITEMS}) - {
            words.stem(word) for word in lexicon.GOODS
        }


def understand(text: str, offer: Offer, items: frozenset[str] = frozenset()) -> Meaning:
    """Return what `text` means to the offered tools; `items` are words of goods known from the conversation."""
    said = words.plain(text)
    for pattern, act in _SOCIAL:
        if pattern.fullmatch(said):
            return Meaning(act)
    start = _GREETING.match(said)
    kept = text.strip()[start.end() :] if start and len(words.plain(text)) == len(text.strip()) else text
    kept, forbidden = _without_negated(kept, offer)
    left = words.plain(kept).strip(" ,.!?")
    if forbidden and not set(offer.matcher.mended(left)) - _EMPTY:
        return Meaning(Act.FORBID)
    for pattern, act in _SOCIAL:
        if pattern.fullmatch(left):
            return Meaning(Act.FORBID if forbidden else act)
    if re.search(rf"\b(?:{lexicon.DROP})$", left) and len(left.split()) <= 6:
        return Meaning(Act.DROP)
    return _asked(kept, offer, items, forbidden)


def _asked(text: str, offer: Offer, items: frozenset[str], forbidden: frozenset[str]) -> Meaning:
    if is_long(text) and (wanted := requests(text, lambda part: _change(part, offer, items))):
        return Meaning(Act.ASK, tuple((each.tool, each.text) for each in wanted[:_MOST_OF_LONG]), _SURE)
    whole = _ranked(text, offer, items, forbidden)
    follows = bool(_FOLLOW.match(words.plain(text)))
    best = next((match for match in whole if match.name in offer.tools), None)
    named = any(stem.startswith("x") for stem in offer.matcher.mended(text, items))
    goods = (
        next((match for match in _ranked(text, offer, items, forbidden, goods=True) if match.name in offer.tools), None) if named else None
    )
    if named and not (best and _is_likely(best, offer) and (goods is None or goods.score <= best.score + _FOR_GOODS)):
        spoken = set(offer.matcher.mended(text, items))
        said = goods is not None and bool(_verbs(offer.tools[goods.name]) & spoken) and goods.score >= _SAID
        best = goods if goods and (said or _is_likely(goods, offer)) else best
        if said and goods:
            return Meaning(Act.ASK, ((goods.name, text),), goods.score, bool(_FOLLOW.match(words.plain(text))))
    other = next((match for match in whole if match.name not in offer.tools), None)
    score = best.score if best else 0.0
    if other and _fits_better(text, best, other, offer):
        return Meaning(Act.ELSEWHERE, score=other.score, follows=follows, elsewhere=other.name)
    asks = _several(text, offer, items, forbidden)
    if len(asks) > 1:
        return Meaning(Act.ASK, asks, score, follows)
    if best and _is_likely(best, offer):
        return Meaning(Act.ASK, ((best.name, text),), score, follows)
    return Meaning(Act.ASK, asks, _LIKELY, follows) if asks else Meaning(Act.UNKNOWN, score=score, follows=follows)


def _verbs(spec: Spec) -> frozenset[str]:
    """Return the verbs of a tool's name and of its examples."""
    return (spec.stems | spec.verbs) - _NOUNS


def _fits_better(text: str, best: Match | None, other: Match, offer: Offer) -> bool:
    """Return whether a tool that is not offered is meant: it fits far better, or it alone can take the order that was named."""
    score = best.score if best else 0.0
    if other.score < _LIKELY_WRITE:
        return False
    if best and order_numbers(text) and not offer.all[best.name].of_kind("order-number") and offer.all[other.name].of_kind("order-number"):
        return other.score > score
    return other.score > score + _OUTSIDE and score < _CERTAIN


def _change(part: str, offer: Offer, items: frozenset[str]) -> str | None:
    """Return the offered tool by which a part of a long message wants something changed."""
    if not offer.writing & set(offer.matcher.mended(part, items)):
        return None
    ranked = (match for match in _ranked(part, offer, items, frozenset(), goods=True) if match.name in offer.tools)
    best = next((match for match in ranked if offer.tools[match.name].writes), None)
    return best.name if best and _is_likely(best, offer) else None


def _several(text: str, offer: Offer, items: frozenset[str], forbidden: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return the asks of a sentence with several requests; the same request twice counts once."""
    parts = clauses(text)
    if len(parts) < 2:
        return ()
    found: dict[tuple[str, tuple[str, ...]], tuple[str, str]] = {}
    for part in parts:
        if words.plain(part).startswith("if "):
            continue
        best = next((match for match in _ranked(part, offer, items, forbidden) if match.name in offer.tools), None)
        if best and _is_likely(best, offer):
            found.setdefault((best.name, order_numbers(part)), (best.name, part))
    return tuple(found.values())[:_MOST]


def clauses(text: str) -> list[str]:
    """Return the requests of a sentence; what is no request by itself stays with the one before, or the first."""
    parts: list[str] = []
    for part in _JOINTS.split(text):
        spoken = words.tokens(words.canonical(part))
        asks = len(part.split()) >= 2 and _opens(spoken)
        if parts and not asks:
            parts[-1] = f"{parts[-1]}, {part}"
        elif part.strip():
            parts.append(part)
    while len(parts) > 1 and not _opens(words.tokens(words.canonical(parts[0]))):
        parts[:2] = [f"{parts[0]}, {parts[1]}"]
    return parts


def _opens(spoken: Sequence[str]) -> bool:
    """Return whether words start like a request; what somebody only tells about themselves does not."""
    if spoken[:1] in (["i"], ["we"]):
        return spoken[1:2] in (["want"], ["need"], ["wish"])
    return bool(spoken) and spoken[0] in lexicon.OPENERS


def _ranked(text: str, offer: Offer, items: frozenset[str], forbidden: frozenset[str], *, goods: bool = False) -> list[Match]:
    stems = offer.matcher.mended(text, items)
    asks_to_know = (
        bool(stems) and words.tokens(words.canonical(text))[:1] != [] and words.tokens(words.canonical(text))[0] in lexicon.QUESTIONS
    )
    undone = forbidden | {words.stem(word) for word in _NOT_DONE.findall(words.canonical(text))}
    things = {stem for stem in stems if stem.startswith("x")}
    found = [
        Match(match.name, _judged(match, offer.all[match.name], stems, asks_to_know))
        for match in offer.matcher.rank(text, items, goods=goods)
        if not (
            offer.all[match.name].writes
            and (
                undone & offer.all[match.name].stems & offer.writing
                or (len(stems) < 4 and not (things or offer.all[match.name].verbs & set(stems)))
            )
        )
    ]
    return sorted(found, key=lambda match: (-match.score, match.name))


def _judged(match: Match, spec: Spec, stems: Sequence[str], asks_to_know: bool) -> float:
    telling = spec.stems - {"get", "find", "list", "order", "show", "search", "open"}
    shared = telling & set(stems)
    bonus = _NAMED * len(shared) / len(telling) if telling and len(stems) <= 12 else 0.0
    wanted = next((stem for stem in stems if stem not in _WISHING), "")
    if spec.writes and wanted in telling and wanted not in _NOUNS:
        bonus = max(bonus, _COMMANDED)
    score = match.score + bonus * (1 - match.score)
    if "xorder" in stems and spec.of_kind("order-number") is None:
        score *= _NO_PLACE
    if "xitem" in stems and "xorder" in stems and spec.writes and telling - set(stems) and not spec.of_kind("item"):
        score *= _NO_PLACE
    return score * _KNOW_NOT_DO if asks_to_know and spec.writes and match.score < 0.75 else score


def _is_likely(match: Match, offer: Offer) -> bool:
    return match.score >= (_LIKELY_WRITE if offer.tools[match.name].writes else _LIKELY)


def _without_negated(text: str, offer: Offer) -> tuple[str, frozenset[str]]:
    """Take out what shall not be done; return the rest and the stems of what was forbidden."""
    folded = words.plain(text)
    forbidden: set[str] = set()

    def cut(match: re.Match[str]) -> str:
        near = {words.stem(word) for word in words.tokens(match["rest"])[:5]} & offer.writing
        forbidden.update(near)
        return " " if near else match.group(0)

    rest = _NEGATED.sub(cut, folded)
    if not forbidden and not _WAIT.match(folded):
        return text, frozenset()
    original = text if not forbidden else rest
    shortened = _WAIT.sub("", words.plain(original)).strip(" ,.;!")
    place = words.plain(text).find(shortened)
    spoken = (
        " ".join(text.split())[place : place + len(shortened)]
        if place >= 0 and len(words.plain(text)) == len(" ".join(text.split()))
        else shortened
    )
    return spoken, frozenset(forbidden)
