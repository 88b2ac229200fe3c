"""What an answer may rely on: lines of results with the figures in each, and which lines speak of different things."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, cast

from core.money import exponent
from graph.figures import Figure, Kind, Value, figures, on, plain, sentences
from tools.items import fold

_WORD = re.compile(r"[^\W_]+(?:[-.@]\w+)*")
EMPTY = frozenset(
    "a an and are at be been but by can for from has have i in is it its may no not of on one or so that the there this to until was we "
    "were will with within you your here".split()
) | {""}
"""Words that say nothing of what a text is about."""
_STATE = re.compile(r"(?:status|state|kind|type|reason|level|decision|method|query)$")
"""Fields whose words say nothing of what a record is about."""
_DECIMAL = re.compile(r"-?\d{1,9}(?:\.\d{1,6})?")
_LEAST_SPOKEN = 4
"""Words from which a string of a result is read as text rather than as a value."""
_HOURS_OF = {
    "minutes": Decimal(1) / 60,
    "hours": Decimal(1),
    "days": Decimal(24),
    "day": Decimal(24),
    "weeks": Decimal(168),
    "months": Decimal(720),
}


@dataclass(frozen=True)
class Line:
    """Something that was said together: a record of a result, or a line of text."""

    words: frozenset[str]
    figures: tuple[Figure, ...]
    places: Mapping[str, int]
    """Which element of which list it belongs to."""
    names: frozenset[str]
    """Those of its words that say what it is about; a status is none of them."""
    source: str = ""
    """The text that it is a line of; a record has none."""

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """What its figures measure."""
        return frozenset(figure.kind for figure in self.figures)

    def rivals(self, other: "Line") -> bool:
        """Return whether the other speaks of something else of the same sort: texts do, except two fields of one record."""
        if self.source and other.source:
            return self.source == other.source or self.places != other.places or not self.places
        return any(other.places.get(name, place) != place for name, place in self.places.items())


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """Return the folded words of a text that say what it is about."""
    return frozenset(fold(word) for word in _WORD.findall(text.lower()) if word not in EMPTY)


@lru_cache(maxsize=512)
def of_text(text: str) -> tuple[Line, ...]:
    """Return the lines of a text; what stands under a heading speaks of that, too."""
    return tuple(_spoken(text, frozenset(), {}))


@lru_cache(maxsize=256)
def of_result(content: str) -> tuple[Line, ...]:
    """Return the records and texts of a tool's result as the model reads it."""
    try:
        data = json.loads(content)
    except ValueError:
        return of_text(content)
    return tuple(_records(data, frozenset(), {"": 0}, ""))


def holds(line: Line, claim: Figure) -> bool:
    """Return whether a line says what a figure claims."""
    return any(_same(claim, known) for known in line.figures)


def _same(claim: Figure, known: Figure) -> bool:
    if claim.kind is Kind.DATE:
        return known.kind is Kind.DATE and any(_same_day(claim, one, other) for one in claim.values for other in known.values)
    if claim.kind is Kind.AMOUNT:
        fits = known.kind is Kind.AMOUNT and (not claim.unit or not known.unit or claim.unit == known.unit)
        return (fits or (known.kind is Kind.NUMBER and not claim.unit)) and claim.values[0] == known.values[0]
    if claim.kind is Kind.CODE or known.kind is Kind.CODE:
        return bool(set(map(str, claim.values)) & set(map(str, known.values)))
    if claim.kind is not known.kind:
        return False
    value, exact = claim.values[0], known.values[0]
    assert isinstance(value, Decimal)
    assert isinstance(exact, Decimal)
    return value == exact or (
        exact % 1 != 0 and claim.kind is not Kind.PERIOD and abs(exact - value) <= Decimal(5).scaleb(-claim.decimals - 1)
    )


def _same_day(claim: Figure, one: Value, other: Value) -> bool:
    assert isinstance(one, tuple)
    assert isinstance(other, tuple)
    if one[1:] != other[1:] or (one[0] and other[0] and one[0] != other[0]):
        return False
    dated = (one[0] or other[0], *one[1:])
    return claim.weekday is None or not dated[0] or on(dated) == claim.weekday


def _spoken(text: str, about: frozenset[str], places: Mapping[str, int]) -> Iterator[Line]:
    text = plain(text)
    heading = frozenset[str]()
    for row in text.splitlines():
        if row.startswith("#"):
            heading = words(row)
        for begin, end in sentences(row):
            part = row[begin:end]
            if found := figures(part):
                said = words(part) | heading | about
                yield Line(said, tuple(found), places, said, text)


def _records(value: Any, about: frozenset[str], places: dict[str, int], key: str) -> Iterator[Line]:
    if isinstance(value, Mapping):
        yield from _record(cast("Mapping[str, Any]", value), about, places, key)
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        name = f"{key}:{len(places)}:{sorted(places.items())}"
        for place, item in enumerate(items):
            yield from _records(item, about, {**places, name: place}, key)
        if rows := [cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping)]:
            yield Line(about | words(key), tuple(_counted(rows)), places, about)
    elif isinstance(value, str):
        yield from _spoken(value, about, places)


def _record(value: Mapping[str, Any], about: frozenset[str], places: dict[str, int], key: str) -> Iterator[Line]:
    inside: dict[str, object] = {name: each for name, each in value.items() if _is_nested(each)}
    scalars = {name: each for name, each in value.items() if name not in inside and each is not None}
    texts = {name: each for name, each in scalars.items() if isinstance(each, str) and len(each.split()) >= _LEAST_SPOKEN}
    short = {name: each for name, each in scalars.items() if name not in texts}
    names = about | words(" ".join(str(each) for name, each in scalars.items() if isinstance(each, str) and not _STATE.search(name)))
    said = names | words(" ".join([key, *scalars, *(str(each) for each in short.values())]).replace("_", " "))
    yield Line(said, tuple(figure for name, each in short.items() for figure in _scalar(name, each)), places, names)
    for each in texts.values():
        yield from _spoken(each, about | words(" ".join(str(one) for one in short.values() if isinstance(one, str))), places)
    for name, each in inside.items():
        yield from _records(each, names, places, name)


def _scalar(name: str, value: Any) -> Iterator[Figure]:
    if isinstance(value, Mapping):
        money = cast("Mapping[str, Any]", value)
        currency = str(money["currency"])
        yield Figure(Kind.AMOUNT, "", (abs(Decimal(money["minor"]).scaleb(-exponent(currency))),), unit=currency)
    elif isinstance(value, bool):
        return
    elif isinstance(value, int | float):
        yield from _measured(name, abs(Decimal(str(value))))
    elif isinstance(value, str):
        yield from figures(plain(value))
        if _DECIMAL.fullmatch(value):
            yield from _measured(name, abs(Decimal(value)))


def _measured(name: str, value: Decimal) -> Iterator[Figure]:
    """Read a number by what its field's name says that it measures."""
    parts = name.lower().split("_")
    if hours := next((_HOURS_OF[part] for part in parts if part in _HOURS_OF), None):
        yield Figure(Kind.PERIOD, "", (value * hours,))
    if parts[-1] == "bp":
        yield Figure(Kind.SHARE, "", (value / 100,))
    elif {"percent", "pct"} & set(parts):
        yield Figure(Kind.SHARE, "", (value,))
    elif value <= 1 and value != value.to_integral():
        yield Figure(Kind.SHARE, "", (value * 100,))
    if parts[-1] == "minor":
        yield Figure(Kind.AMOUNT, "", (value / 100,))
    yield Figure(Kind.NUMBER, "", (value,))


def _counted(rows: list[Mapping[str, Any]]) -> Iterator[Figure]:
    """Count records: all, by equal values of a field, and what its whole numbers come to."""
    counts = {len(rows)}
    for name in {name for row in rows for name in row}:
        cells = [row.get(name) for row in rows]
        counts |= set(Counter(cell for cell in cells if isinstance(cell, str | bool)).values())
        whole = [cell for cell in cells if isinstance(cell, int) and not isinstance(cell, bool)]
        counts |= {sum(whole)} if len(whole) > 1 else set()
    yield from (Figure(Kind.NUMBER, "", (Decimal(count),)) for count in counts)


def _is_nested(value: object) -> bool:
    """Return whether a value holds others; money does not."""
    if isinstance(value, Mapping):
        return set(cast("Mapping[str, object]", value)) != {"minor", "currency"}
    return isinstance(value, list)
