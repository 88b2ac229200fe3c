"""How people name a customer, as a text query: beginnings of words of the name or the e-mail address, or digits of the phone number."""

import re

_WORDS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[\d\s()+/.-]+")
_DIGITS = 3
"""Fewer digits than this are no part of a phone number."""
NOBODY = ""
"""A query that finds no one."""


def query_of(wanted: str) -> str:
    """Return the text query that finds who is meant, each word of `wanted` narrowing; `NOBODY` when there are none.

    A number is looked for anywhere in a phone number, without the zeros of its trunk prefix: "06 12 34" finds +33 6 12 34 56 78.
    """
    if _NUMBER.fullmatch(wanted) and len(number := _digits(wanted)) >= _DIGITS:
        return f"{number}:*"
    return " & ".join(_beginning(word) for word in _WORDS.findall(wanted.lower()))


def _beginning(word: str) -> str:
    if word.isdecimal() and len(number := _digits(word)) >= _DIGITS:
        return f"({word}:* | {number}:*)"
    return f"{word}:*"


def _digits(text: str) -> str:
    return "".join(char for char in text if char in "0123456789").lstrip("0")
