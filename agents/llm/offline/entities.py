"""Fills arguments from a person's words by what their schema says they are."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from agents.llm.offline import figures, lexicon, words
from agents.llm.offline.address import address
from agents.llm.offline.context import spoken
from agents.llm.offline.items import item_phrase
from agents.llm.offline.offer import Slot, Spec
from agents.llm.offline.said import Value, Words

_NAME = re.compile(r"\b([A-ZÀ-Þ][\w'’-]+(?: (?:van|von|de|der|la|le|di|el))?(?: [A-ZÀ-Þ][\w'’-]+)+)")
_CALLED = re.compile(r"(?:\b(?:customer|client|from|of|by|for|named|is|has|did|about|does) )([A-ZÀ-Þ][\w'’-]+)|\b([A-ZÀ-Þ][\w]+)['’]s\b")
_PLACE = r"\b(?:{prepositions}) (?:the )?([A-ZÀ-Þ][\w-]+|[A-Z]{{2,5}})\b"
_PREPOSITIONS = {"source": "from|out of", "origin": "from|out of", "target": "to|into", "destination": "to|into"}
_TOKEN = re.compile(r"(?<![\w-])[\w-]*\d[\w-]*(?![\w-])")
_WHY = re.compile(
    r"(?:\bbecause(?: of)?\b|\bsince\b|\bdue to\b|\bas\b(?= the| it| he| she)|[:,;–—]|\s-\s)\s*(?P<why>[^,;:].+)$|(?P<until>\buntil\b.+)$",
    re.I,
)
_WANTED = (
    re.compile(r"\b(?:become|be)\s+(?:an?\s+|the\s+)?(?P<wanted>[^,.;!?]+?)(?:\s+instead)?(?=[,.;!?]|$)", re.I),
    re.compile(
        r"\b(?:for|to|into|with)\s+(?:an?\s+|the\s+|another\s+)?(?P<wanted>(?!order\b|me\b|exchange\b)[^,.;!?]+?)(?:\s+instead)?(?=[,.;!?]|$)",
        re.I,
    ),
    re.compile(
        r"\b(?:in|need|send me|want|rather have|prefer)\s+(?:an?\s+|the\s+)?(?P<wanted>(?!to\b)[^,.;!?]+?)(?:\s+instead)?(?=[,.;!?]|$)",
        re.I,
    ),
)
_METHOD = re.compile(
    r"(?<!instead of )(?<!instead of my )(?<!from )(?<!from my )(?<!not )"
    r"\b(?:paypal|gift ?card|store credit|(?:(?:credit|debit) card|visa|mastercard|amex)(?: (?:ending (?:in )?)?\d{4})?)\b",
    re.I,
)
_ORDER_WORDS = re.compile(
    r"\b(?:of|on|in|from|for)?\s*(?:my |the )?(?:order\s*)?#?\d{3,18}\b|\b(?:of|on|in|from) (?:my|the|that|this) order\b", re.I
)

_TAG = re.compile(
    r"\bthe (?P<named>[a-z0-9][\w-]*) (?:tag|label)\b"
    r"|\b(?:un)?(?:tag|label)(?:ged|led)?\b[ :]*(?:(?:as|with|it|them|this)\b[ :]*)*(?!(?:to|of|from|off|on|for)\b)(?P<tag>[a-z0-9][\w-]*)"
)


def fill(spec: Spec, said: Words) -> dict[str, Value]:
    """Return the arguments that the words name outright."""
    method = spec.of_kind("payment-method")
    paid = replace(said, text=_METHOD.sub(" ", said.text)) if method and value_of(method, said, spec) else said
    words_for = {slot.name: paid if slot.kind == "enum" else said for slot in spec.slots}
    found = {slot.name: value for slot in spec.slots if (value := value_of(slot, words_for[slot.name], spec)) is not None}
    return found | {name: value for name, value in address(spec, said.text).items() if name not in found}


def value_of(slot: Slot, said: Words, spec: Spec, *, answering: bool = False) -> Value | None:
    """Return what the words say for one argument; an answer to our question may be bare."""
    value = _READERS.get(slot.kind, _text)(slot, said, spec, answering)
    return [str(value)] if slot.many and value is not None else value


def choice(slot: Slot, text: str, *, answering: bool = False) -> str | None:
    """Return the choice whose words, or whose known synonyms, the text has; the longest words win."""
    folded = f" {words.plain(text)} "
    best: tuple[int, str] | None = None
    for value in slot.choices:
        own = value.replace("_", " ").lower()
        hints = lexicon.ENUM_HINTS.get(value, ())
        if value == "other" and not answering:
            own, hints = "other reason", ()
        for phrase in (own, *hints):
            if len(phrase) > (best[0] if best else 0) and re.search(
                rf"(?<![\w-])(?<!not )(?<!n't )(?<!not been ){re.escape(phrase)}(?![\w-])", folded
            ):
                best = (len(phrase), value)
    return best[1] if best else None


def _number(slot: Slot, said: Words, _spec: Spec, answering: bool) -> str | None:
    found = next((mention.values[0] for mention in spoken(said.text) if mention.kind == slot.kind), None)
    if found is None and answering and (bare := re.search(r"(?<![\w.,-])#?(\d{1,18})(?![\w-])", said.text)):
        return f"{lexicon.PREFIXES[slot.kind]}{bare.group(1)}"
    return found


def _channel(_slot: Slot, said: Words, _spec: Spec, answering: bool) -> str | None:
    lowered = said.plain
    named = next((code for name, code in lexicon.CHANNELS.items() if re.search(rf"\b{re.escape(name)}\b", lowered)), None)
    bare = re.fullmatch(r"(?:on |the |for )?([a-z][a-z0-9_]{1,19})[.!?]?", lowered) if answering else None
    return named or (bare.group(1) if bare else None)


def _customer(_slot: Slot, said: Words, _spec: Spec, answering: bool) -> str | None:
    if found := words.EMAIL.search(said.text):
        return found.group(0)
    inside = said.text[:1].lower() + said.text[1:] if words.stem(said.text.split(" ")[0].lower()) in said.breaks else said.text
    for pattern in (_NAME, _CALLED):
        for match in pattern.finditer(inside):
            name = next(group for group in match.groups() if group)
            if name.lower() not in lexicon.CHANNELS and words.stem(name.lower()) not in said.breaks:
                return name
    if found := re.search(r"\bcustomer (?!is\b|who\b|with\b|has\b)([a-z]+(?: [a-z]+)?)", said.plain):
        return found.group(1).title()
    return said.text.strip(" .?!") if answering and len(said.text.split()) <= 4 else None


def _item(slot: Slot, said: Words, _spec: Spec, answering: bool) -> str | None:
    return item_phrase(said.text, said.breaks, said.items, sure=not (slot.required or answering))


def _query(_slot: Slot, said: Words, _spec: Spec, _answering: bool) -> str | None:
    text = said.text.strip()
    for pattern in lexicon.QUERY_FILLER:
        text = re.sub(pattern, " ", text, flags=re.I).strip(" ,.!?")
    return " ".join(text.split())[:300] or None


def _enum(slot: Slot, said: Words, _spec: Spec, answering: bool) -> str | None:
    return choice(slot, said.text, answering=answering) or (choice(slot, said.whole) if said.whole else None)


def _boolean(slot: Slot, said: Words, _spec: Spec, answering: bool) -> bool | None:
    lowered = said.plain
    telling = [word for word in slot.name.split("_") if word not in {"only", "is", "with"}]
    if slot.required or answering:
        for decision, known in ((False, lexicon.FALSE_WORDS), (True, (*lexicon.TRUE_WORDS, "fine", "go ahead"))):
            if re.search(rf"\b({'|'.join(known)})\b", lowered):
                return decision
        return None
    spoken_stems = {words.stem(word) for word in words.tokens(lowered)}
    plain_words = {word for word in telling if word not in lexicon.STOP}
    return (
        True
        if (plain_words and all(words.stem(word) in spoken_stems for word in plain_words) and " ".join(telling) in lowered)
        or (plain_words == {"overdue"} and "late" in spoken_stems)
        else None
    )


def _place(slot: Slot, said: Words, _spec: Spec, answering: bool) -> str | None:
    found = re.search(_PLACE.format(prepositions=_PREPOSITIONS.get(slot.name, "in|to|from|at|into")), said.text)
    return found.group(1) if found else said.text.strip(" .?!") if answering else None


def _tag(_slot: Slot, said: Words, _spec: Spec, answering: bool) -> str | None:
    spoken = _ORDER_WORDS.sub(" ", said.plain).strip(" .?!")
    found = _TAG.search(spoken)
    return (found["named"] or found["tag"]) if found else spoken if answering and len(spoken.split()) == 1 else None


def _text(slot: Slot, said: Words, _spec: Spec, answering: bool) -> str | None:
    """Return the person's own words for an argument that takes words."""
    text = said.text.strip()
    if slot.pattern:
        shaped = (token.group(0).upper() for token in _TOKEN.finditer(text))
        return next((token for token in shaped if re.search(slot.pattern, token)), None)
    if answering:
        kept = re.sub(r"[ ,]+(?:please|pls|thanks)[.!]?$", "", text, flags=re.I)
        return None if re.fullmatch(r"(?:order )?#?\d{4,18}", words.plain(kept)) else kept[:1000] or None
    if slot.name == "wanted":
        short = _ORDER_WORDS.sub(" ", text)
        found = next((match["wanted"].strip() for pattern in _WANTED if (match := pattern.search(short))), None)
        return found or None
    if slot.name in {"subject", "title"} and slot.required:
        return " ".join(text.split())[:80].strip(" ,;:")
    if slot.name in {"message", "text", "body"} and slot.required:
        return (said.whole or text)[:1000]
    if slot.name in {"reason", "why"} and slot.required and (found := _WHY.search(text)):
        return (found["why"] or found["until"]).strip(" .!")
    return None


def _nothing(_slot: Slot, _said: Words, _spec: Spec, _answering: bool) -> None:
    return None


def _method(_slot: Slot, said: Words, _spec: Spec, _answering: bool) -> str | None:
    """Return a payment method: what it is filed under, else what it is called; not the one that is to be replaced."""
    if found := words.REFERENCE.search(said.text):
        return found.group(0)
    found = _METHOD.search(said.plain)
    return found.group(0) if found else None


_READERS: dict[str, Callable[[Slot, Words, Spec, bool], Value | None]] = {
    **dict.fromkeys(lexicon.PREFIXES, _number),
    "amount": figures.amount, "quantity": figures.quantity,
    "days": figures.days, "limit": figures.limit, "delta": figures.delta, "channel": _channel, "customer": _customer,
    "item": _item, "tag": _tag, "payment-method": _method,
    "query": _query, "enum": _enum, "boolean": _boolean, "warehouse": _place, "address": _nothing, "category": _nothing,
    "integer": _nothing, "number": _nothing, "array": _nothing, "object": _nothing,
}  # fmt: skip


def missing(spec: Spec, args: Sequence[str] | dict[str, Value]) -> list[Slot]:
    """Return the required arguments that are not known yet, what identifies the object first."""
    order = (*lexicon.PREFIXES, "customer", "channel", "item")
    left = [slot for slot in spec.required if slot.name not in args]
    return sorted(left, key=lambda slot: order.index(slot.kind) if slot.kind in order else len(order))
