"""Reads a conversation: turns with what was called and returned, and what is being talked about."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agents.llm.offline import lexicon, words
from tools.items import fold, terms

_RECENT = 8
"""How many turns back something may be meant by `it`."""
OTHER = re.compile(r"\bother(?:s| one| ones| order| item)?\b")
_REFUSALS = frozenset({"denied", "failed", "pending"})
_PLAIN = frozenset(map(fold, lexicon.STOP | lexicon.NOT_ITEMS))
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in lexicon.PATTERNS.items()}


@dataclass(frozen=True, slots=True)
class Done:
    """A tool call with its outcome."""

    name: str
    args: Mapping[str, Any]
    status: str
    """`ok`, `denied`, `failed` or `pending`."""
    content: str
    data: Any = None
    message: str = ""
    code: str = ""
    allowed: tuple[str, ...] = ()


@dataclass(slots=True)
class Turn:
    """What a person said, and everything until they spoke again."""

    text: str
    done: list[Done] = field(default_factory=list[Done])
    reply: str = ""

    def outcome(self, name: str, args: Mapping[str, Any]) -> Done | None:
        """Return how the last call of a tool with these arguments ended."""
        return next((done for done in reversed(self.done) if done.name == name and same(done.args, args)), None)


@dataclass(frozen=True, slots=True)
class Record:
    """One thing of a list that a tool returned."""

    value: str
    data: Mapping[str, Any]

    @property
    def words(self) -> frozenset[str]:
        """The folded words of its short texts, those of its items included."""
        return frozenset[str]().union(*(terms(text) for text in _strings(self.data)))


@dataclass(frozen=True, slots=True)
class Mention:
    """Values of one format that were named together: one is what we talk about, several are a list to choose from."""

    kind: str
    values: tuple[str, ...]
    records: tuple[Record, ...] = ()


def read(messages: Sequence[BaseMessage]) -> list[Turn]:
    """Return the turns of a conversation; what precedes the first human message is left out."""
    turns: list[Turn] = []
    calls: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for message in messages:
        if isinstance(message, HumanMessage):
            turns.append(Turn(str(message.text)))
        elif isinstance(message, AIMessage):
            calls |= {call["id"] or "": (call["name"], call["args"]) for call in message.tool_calls}
            if turns and not message.tool_calls and not message.invalid_tool_calls:
                turns[-1].reply = str(message.text)
        elif isinstance(message, ToolMessage) and turns:
            name, args = calls.get(message.tool_call_id, (message.name or "", {}))
            turns[-1].done.append(_done(name, args, str(message.text)))
    return turns


def same(left: Mapping[str, object], right: Mapping[str, object]) -> bool:
    """Return whether two calls have the same arguments."""
    return {k: str(v) for k, v in left.items() if v is not None} == {k: str(v) for k, v in right.items() if v is not None}


def records(data: Any, kind: str) -> list[Record]:
    """Return the outermost things of a result's lists that have a value of a format, each value once."""
    level: list[Any] = [data]
    while level:
        listed = [item for value in level for item in _lists(value)]
        things = [cast("Mapping[str, Any]", item) for item in reversed(listed) if isinstance(item, Mapping)]
        found = {value: Record(value, thing) for thing in things if (value := _value(thing, kind))}
        if found:
            return list(reversed(found.values()))
        level = listed
    return []


def subject(data: Any, kind: str) -> str | None:
    """Return the value of a format that a whole result is about."""
    return _value(cast("Mapping[str, Any]", data), kind) if isinstance(data, Mapping) else None


@dataclass(frozen=True, slots=True)
class Recalled:
    """What one turn named, in order, and the results it saw."""

    mentions: tuple[Mention, ...]
    results: tuple[Any, ...]


class Memory:
    """What was talked about up to some point, the newest last."""

    def __init__(self, recalled: Sequence[Recalled]) -> None:
        """Join what was recalled of the last turns."""
        self.mentions = [mention for turn in recalled[-_RECENT:] for mention in turn.mentions]
        self.results = [data for turn in recalled[-_RECENT:] for data in turn.results]

    def focus(self, kind: str) -> Mention | None:
        """Return what was named last."""
        return next((mention for mention in reversed(self.mentions) if mention.kind == kind), None)

    def refer(self, kind: str, text: str) -> str | None:
        """Return what `the other one`, `the second one` or `the next one` means in the last list."""
        listed, touched = self._last_list(kind)
        if listed is None:
            return None
        values = listed.values
        if OTHER.search(text):
            left = self.others(kind)
            return left[0].value if len(left) == 1 else None
        if re.search(r"\bnext( one)?\b", text):
            after = values.index(touched[-1]) + 1 if touched and touched[-1] in values else 0
            return values[after] if after < len(values) else None
        noun = rf"one|{lexicon.NAMES[kind]}" + ("|product" if kind == "item" else "")
        match = re.search(rf"\b({'|'.join(lexicon.ORDINALS)})(?: ({noun}))?\b(?! \w*(?:day|week|month|year))", text)
        if match and (match.group(2) or len(text.split()) <= 3):
            index = lexicon.ORDINALS[match.group(1)]
            return values[index] if index < len(values) else None
        return None

    def others(self, kind: str) -> list[Record]:
        """Return what is left of the last list besides what was talked about since."""
        listed, touched = self._last_list(kind)
        if listed is None:
            return []
        known = {record.value: record for record in listed.records}
        return [known.get(value, Record(value, {})) for value in listed.values if value not in touched]

    def _last_list(self, kind: str) -> tuple[Mention | None, list[str]]:
        """Return the last list of a format, and what was talked about after it."""
        touched: list[str] = []
        for mention in reversed(self.mentions):
            if mention.kind == kind and len(mention.values) > 1:
                return mention, touched[::-1]
            if mention.kind == kind:
                touched += mention.values
        return None, []

    def items_of(self, order: str) -> list[Record]:
        """Return the items of an order as far as results showed them, the newest result first."""
        for data in reversed(self.results):
            if subject(data, "order-number") == order and (found := records(data, "item")):
                return found
            for record in records(data, "order-number"):
                if record.value == order and (found := records(record.data, "item")):
                    return found
        return []

    @cached_property
    def item_words(self) -> frozenset[str]:
        """The folded words of the titles and SKUs that results named."""
        found = (record.data.get(key) for data in self.results for record in records(data, "item") for key in ("title", "sku", "product"))
        return frozenset[str]().union(*(terms(text) for text in found if isinstance(text, str))) - _PLAIN


def recall(turn: Turn, kinds: Mapping[str, Mapping[str, str]]) -> Recalled:
    """Return what a turn named; `kinds` gives the format of each argument of each tool."""
    return Recalled(tuple(_mentions(turn, kinds)), tuple(done.data for done in turn.done if done.status == "ok"))


def _mentions(turn: Turn, kinds: Mapping[str, Mapping[str, str]]) -> Iterator[Mention]:
    yield from spoken(turn.text)
    for done in turn.done:
        for name, value in done.args.items():
            kind = kinds.get(done.name, {}).get(name, "")
            if kind in lexicon.KEYS and isinstance(value, str):
                yield Mention(kind, (value,))
        if done.status != "ok":
            continue
        for kind in lexicon.KEYS:
            if whole := subject(done.data, kind):
                yield Mention(kind, (whole,))
            elif found := records(done.data, kind):
                yield Mention(kind, tuple(record.value for record in found), tuple(found))


def spoken(text: str) -> Iterator[Mention]:
    """Yield the numbers that a text names."""
    for kind, pattern in words.NUMBERED.items():
        if found := pattern.search(text):
            yield Mention(kind, (f"{lexicon.PREFIXES[kind]}{next(group for group in found.groups() if group)}",))
    if numbers := order_numbers(text):
        yield Mention("order-number", numbers)
    if found := words.EMAIL.search(text):
        yield Mention("customer", (found.group(0),))


def order_numbers(text: str) -> tuple[str, ...]:
    """Return the order numbers of a text: those called so, else the first bare number, with those listed beside it."""
    for pattern in (words.ADDRESS, *words.NUMBERED.values(), words.SKU, words.EMAIL, words.AMOUNT):
        text = pattern.sub(" ", text)
    named = words.ORDER.findall(text)
    listed = re.search(r"(?<![\w.,-])#?\d{3,18}(?:\s*(?:,|and|&|or|\+)\s*(?:order )?#?\d{3,18})+\b", text)
    together = re.findall(r"\d{3,18}", listed.group(0)) if listed else []
    found = [*named, *(together if not named or set(named) & set(together) else [])] or words.BARE.findall(text)[:1]
    return tuple(dict.fromkeys(found))


def _done(name: str, args: Mapping[str, Any], content: str) -> Done:
    try:
        data = json.loads(content)
    except ValueError:
        return Done(name, args, "ok", content, None)
    if isinstance(data, dict):
        told = cast("dict[str, Any]", data)
        if told.get("status") in _REFUSALS and "message" in told and {"code", "rule", "approval_id"} & told.keys():
            allowed = tuple(str(way) for way in told.get("allowed") or ())
            return Done(name, args, str(told["status"]), content, told, str(told["message"]), str(told.get("code") or ""), allowed)
    return Done(name, args, "ok", content, data)


def _value(data: Mapping[str, Any], kind: str) -> str | None:
    for key in lexicon.KEYS[kind]:
        value = data.get(key)
        if isinstance(value, str) and _PATTERNS[kind].match(value):
            return value
    return None


def _lists(value: Any) -> Iterator[Any]:
    """Yield the elements of the lists nearest below a value."""
    if isinstance(value, Mapping):
        for inner in cast("Mapping[str, Any]", value).values():
            yield from _lists(inner)
    elif isinstance(value, list):
        yield from cast("list[Any]", value)


def _strings(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, str) and len(value) <= 120 and key not in {"text", "what", "note", "message", "description", "review"}:
        yield value
    elif isinstance(value, Mapping) and "provenance" not in value:
        for name, inner in cast("Mapping[str, Any]", value).items():
            yield from _strings(inner, name)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _strings(inner, key)
