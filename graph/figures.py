"""Figures in text: amounts, dates, codes, periods, shares and plain numbers, however they are written."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

Value = str | Decimal | tuple[int, int, int]
"""A code as a string, a date as year (0 when not said), month and day, everything else as a number."""


class Kind(StrEnum):
    """What a figure measures."""

    AMOUNT = "amount"
    DATE = "date"
    CODE = "code"
    PERIOD = "period"
    """In hours."""
    SHARE = "share"
    """In percent."""
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `values` are what it may mean: a day may be written before its month or after it."""

    kind: Kind
    shown: str
    values: tuple[Value, ...]
    begin: int = 0
    unit: str = ""
    """The currency of an amount, or the noun after a number."""
    decimals: int = 0
    weekday: int | None = None


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = (
    r"(?P<month>[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|Mar(?:ch)?|[Aa]pr(?:il)?|May|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?|[Ss]ep(?:t(?:ember)?)?|"
    r"[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\b\.?"
)
_WEEKDAY = r"(?:\b(?P<weekday>(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)(?:[a-z]*day)?)\b,?\s+(?:the\s+)?)?"
_DAY = r"\b(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>20\d\d))?\b"
_NAMES = {"€": "EUR", "$": "USD", "us$": "USD", "£": "GBP", "euro": "EUR", "dollar": "USD", "pound": "GBP"}
_CURRENCY = r"(?P<{}>€|US\$|\$|£|\b(?:EUR|USD|GBP|CHF|PLN|SEK|DKK|NOK|CZK)\b|\b(?:euro|dollar|pound)s?\b)"
_SUM = r"\d{1,3}(?:[ ,.'’]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2})?(?!\d)"
_ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety hundred"
_WORDS = {word: place for place, word in enumerate(_ONES.split(), 1)} | {word: 10 * place for place, word in enumerate(_TENS.split(), 1)}
_COUNT = rf"\d{{1,3}}(?:,\d{{3}})+(?![\d,])|\d+(?:\.\d+)?|\b(?:{'|'.join(_WORDS)})\b"
_HOURS = {
    "minute": Decimal(1) / 60,
    "min": Decimal(1) / 60,
    "hour": 1,
    "h": 1,
    "day": 24,
    "week": 168,
    "month": 720,
    "quarter": 2160,
    "year": 8640,
}
_UNIT = r"(?:(?:business|working|calendar|full)[ -])?(?P<unit>(?:minute|min|hour|day|week|month|quarter|year)s?|h)\b"
_I = re.IGNORECASE
_TELLING = re.compile(rf"\d|@|[A-Z]-[A-Z]|\b(?i:{'|'.join(_WORDS)})\b")
"""What every figure has: a digit, an at sign, a dash between capitals, or a number in words."""
_BREAK = re.compile(r"[.!?;]\s+|\n+")


def plain(text: str) -> str:
    """Return a text without Markdown's emphasis, invisible characters and unusual spaces or dashes."""
    text = unicodedata.normalize("NFKC", text.replace("&nbsp;", " ").replace("\u2212", "-"))
    return re.sub(r"\*\*|__|`|[\u200b-\u200f\u2060\ufeff\u00ad]|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)", "", text)


@lru_cache(maxsize=4096)
def figures(text: str) -> tuple[Figure, ...]:
    """Return the figures of a plain text in their order; no character belongs to two."""
    if not _TELLING.search(text):
        return ()
    found: list[Figure] = []
    for pattern, read in _READERS:
        rest = text
        for match in pattern.finditer(text):
            if read_ones := read(match):
                found += read_ones
                rest = rest[: match.start()] + "\0" * (match.end() - match.start()) + rest[match.end() :]
        text = rest
    return tuple(sorted(found, key=lambda figure: figure.begin))


def _amount(match: re.Match[str]) -> list[Figure]:
    named = match.groupdict()
    sign = (named.get("before") or named.get("after") or "").lower()
    currency = _NAMES.get(sign) or _NAMES.get(sign.removesuffix("s")) or sign.upper()
    return [Figure(Kind.AMOUNT, match.group(0).strip(), (decimal(match["sum"]),), match.start(), currency)]


def decimal(written: str) -> Decimal:
    """Read an amount such as `1,248.00`, `1.248,00`, `1 248` or `12,5`."""
    written = re.sub(r"[ '’]", "", written)
    head, mark, tail = written.rpartition("." if written.rfind(".") > written.rfind(",") else ",")
    if mark and len(tail) < 3:
        return Decimal(f"{re.sub(r'[.,]', '', head)}.{tail}")
    return Decimal(re.sub(r"[.,]", "", written))


def _date(match: re.Match[str]) -> list[Figure]:
    named = match.groupdict()
    year = int(named.get("year") or 0)
    if "month" in named:
        pairs = [(_MONTHS.index(named["month"][:3].lower()) + 1, int(named["day"]))]
    else:
        first, second = int(named["first"]), int(named["second"])
        year = year + 2000 if 0 < year < 100 else year
        pairs = [(second, first), (first, second)] if named.get("mark") == "/" else [(second, first)]
    days = tuple((year, month, day) for month, day in pairs if 1 <= month <= 12 and 1 <= day <= 31)
    weekday = _DAYS.index(named["weekday"][:3].lower()) if named.get("weekday") else None
    return [Figure(Kind.DATE, match.group(0).strip(), days, match.start(), weekday=weekday)] if days else []


def _iso(match: re.Match[str]) -> list[Figure]:
    day = (int(match[1]), int(match[2]), int(match[3]))
    return [Figure(Kind.DATE, match[0][:10], (day,), match.start())] if 1 <= day[1] <= 12 and 1 <= day[2] <= 31 else []


def _code(match: re.Match[str]) -> list[Figure]:
    shown = match.group(0).rstrip(".-")
    squeezed = re.sub(r"[\s-]", "", shown).upper()
    digits = sum(letter.isdigit() for letter in squeezed)
    telling = "-" in shown or "@" in shown or len(squeezed) >= 9
    if " " in shown and digits < 8:
        return []
    return [Figure(Kind.CODE, shown, (squeezed,), match.start())] if telling else []


def _share(match: re.Match[str]) -> list[Figure]:
    return [_counted(Kind.SHARE, match, written, Decimal(1)) for written in match.group("low", "count") if written]


def _period(match: re.Match[str]) -> list[Figure]:
    hours = Decimal(_HOURS[match["unit"].lower().removesuffix("s")])
    return [_counted(Kind.PERIOD, match, written, hours) for written in match.group("low", "count") if written]


def _number(match: re.Match[str]) -> list[Figure]:
    found = _counted(Kind.NUMBER, match, match["count"], Decimal(1), match["noun"] or "")
    return [replace(found, shown=match["count"]) if len(match["count"]) >= 3 and match["count"].isdigit() else found]


def _counted(kind: Kind, match: re.Match[str], written: str, factor: Decimal, unit: str = "") -> Figure:
    value = Decimal(_WORDS.get(written.lower()) or written.replace(",", ""))
    return Figure(kind, match.group(0).strip(), (value * factor,), match.start(), unit.lower(), len(written.partition(".")[2]))


_PARTS = r"(?:-[A-Za-z0-9]+)*"
_NOUN = r"(?:\s?(?:[x×](?![\w])\s?)?(?P<noun>[A-Za-z][\w’'-]*))?"
_RANGE = rf"(?:(?P<low>{_COUNT})\s?(?:-|–|to|and|or)\s?)?(?P<count>{_COUNT})"
_READERS = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), _code),
    (re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)(?:T[\d:.]+Z?)?(?![\w-])"), _iso),
    (re.compile(rf"{_WEEKDAY}{_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}"), _date),
    (re.compile(rf"{_WEEKDAY}\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{_YEAR}"), _date),
    (re.compile(rf"{_WEEKDAY}\b(?P<first>\d{{1,2}})(?P<mark>[./])(?P<second>\d{{1,2}})(?P=mark)(?P<year>20\d\d|\d\d)\b"), _date),
    (re.compile(rf"{_CURRENCY.format('before')}\s?(?P<sum>{_SUM})", _I), _amount),
    (re.compile(rf"(?<![\w.,-])(?P<sum>{_SUM})\s?{_CURRENCY.format('after')}", _I), _amount),
    (re.compile(rf"\b(?=[\w-]*[A-Za-z])(?=(?:[\w-]*\d){{2}})[A-Za-z]{{1,6}}{_PARTS}-?[A-Za-z0-9]*\d[A-Za-z0-9]*{_PARTS}\b"), _code),
    (re.compile(r"\b[A-Z0-9]{2,}(?:-[A-Z0-9]{2,})+\b(?<![0-9]-[0-9])"), _code),
    (re.compile(r"\b(?:[A-Z]{2,4} (?:\d{2,6} ){1,6}\d{2,6}|1Z (?:[A-Z0-9]{2,4} ){2,6}[A-Z0-9]{2,4})\b"), _code),
    (re.compile(r"\b(?=(?:[A-Za-z0-9]*\d){4})[A-Za-z0-9]{9,}\b"), _code),
    (re.compile(rf"{_RANGE}\s?(?:%|per ?cent\b|percent\b)", _I), _share),
    (re.compile(rf"(?<![\w.])(?<!\d,){_RANGE}[\s-]?{_UNIT}", _I), _period),
    (re.compile(r"(?<![\w.,-])(?P<sum>\d{1,3}(?:[ ,.'’]\d{3})+[.,]\d\d|\d+[.,]\d\d)(?![\w.,]*\d)"), _amount),
    (re.compile(rf"(?<![\w.,:-])(?P<count>{_COUNT})(?![\w.,:]*\d|(?:st|nd|rd|th)\b){_NOUN}", _I), _number),
)  # fmt: skip
"""Read in this order, so that the most telling way of writing wins."""


def number(figure: Figure) -> Decimal:
    """Return what a figure that is no date and no code comes to."""
    value = figure.values[0]
    return value if isinstance(value, Decimal) else Decimal(0)


def on(day: tuple[int, int, int]) -> int | None:
    """Return the day of the week of a date with its year, Monday being 0."""
    try:
        return date(*day).weekday()
    except ValueError:
        return None


def adds_up(value: Decimal, parts: Iterable[Decimal], times: Iterable[Decimal]) -> bool:
    """Return whether a value is a sum, a difference or a multiple of what is shown beside it."""
    shown = list(parts)
    sums = {sum(shown[begin:end], Decimal(0)) for begin in range(len(shown)) for end in range(begin + 2, len(shown) + 1)}
    differences = {abs(one - other) for one in shown for other in shown if one != other}
    return value in sums or value in differences or any(value == part * count for part in shown for count in times)


@lru_cache(maxsize=64)
def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Return where each sentence or line of a text begins and ends."""
    breaks = [0, *(match.end() for match in _BREAK.finditer(text)), len(text)]
    return tuple((begin, end) for begin, end in pairwise(breaks) if end > begin)
