"""A text as a vector by the hashing trick: pure functions, in plain Python because importing scikit-learn takes seconds."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator
from zlib import crc32

_WORD = re.compile(r"\w+")
STOP = frozenset(
    _WORD.findall(
        "a about after all also am an and any are as at be been before but by can could did do does for from get had has have how "
        "i if in into is it its just may me more my no not of on only or our out please shall should so some such than that the "
        "their them then there these they this to up us was we were what when where which who will with would you your"
    )
)
_SUFFIXES = ("ations", "ation", "ements", "ement", "ingly", "ments", "ment", "ings", "ing", "edly", "able", "ed", "ly", "es", "s")
_SHORTEST_STEM = 3
_PAIR_WEIGHT = 0.5
_LETTERS_WEIGHT = 0.15


def vector(text: str, dimensions: int) -> list[float]:
    """Return a vector of unit length; texts that share words, in whatever inflection, point the same way."""
    counts = Counter(_features(text))
    values = [0.0] * dimensions
    for (feature, weight), count in counts.items():
        code = crc32(feature.encode())
        sign = 1.0 if code & 0x8000_0000 else -1.0
        values[(code & 0x7FFF_FFFF) % dimensions] += sign * weight * (1 + math.log(count))
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values] if length else values


def stem(word: str) -> str:
    """Strip English endings lightly, so that `returning`, `returned` and `returns` meet `return`."""
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3]
    else:
        for suffix in _SUFFIXES:
            if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM and not (suffix == "s" and word.endswith("ss")):
                word = word[: -len(suffix)]
                break
    if len(word) > _SHORTEST_STEM and word[-1] in "eyi":
        word = word[:-1]
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1].isalpha():
        word = word[:-1]
    return word


def _features(text: str) -> Iterator[tuple[str, float]]:
    stems = [stem(word) for word in _WORD.findall(text.lower()) if word not in STOP]
    for word in stems:
        yield f"w:{word}", 1.0
        padded = f"<{word}>"
        for start in range(len(padded) - 3):
            yield f"c:{padded[start : start + 4]}", _LETTERS_WEIGHT
    for left, right in itertools.pairwise(stems):
        yield f"p:{left} {right}", _PAIR_WEIGHT
