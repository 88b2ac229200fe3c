"""A question as it is searched: in the words of the articles, clause by clause when it is long, with the identifiers it names."""

import re

_LONG = 200
"""Up to so many characters a question is looked for as a whole."""
_MOST_CLAUSES = 160
_LONGEST_CLAUSE = 400
_SHORTEST_CLAUSE = 3
_SENTENCE_END = re.compile(r"(?<=[.!?;])[\"'”’)*]*\s+")
_MARKS = " \t-*#>•"
_NAME = re.compile(r"\b(?=[\w-]*\d)[A-Za-z]{1,12}(?:-[A-Za-z0-9]+){1,5}\b|\b[A-Z]{2,}(?:-[A-Z0-9]+)+\b|#?\b\d{4,}\b")
_MOST_NAMES = 10


def clauses(question: str) -> list[str]:
    """Return what a question asks one by one, each thing once: a short question is one clause, a long one its sentences.

    A story of many sentences as one vector, or as one bag of words, resembles everything a little; its sentences do not.
    """
    text = question.strip()
    if len(text) <= _LONG:
        return [text] if text else []
    parts = (part.strip(_MARKS) for line in text.splitlines() for part in _SENTENCE_END.split(line.strip(_MARKS)))
    found = dict.fromkeys(part[:_LONGEST_CLAUSE] for part in parts if len(part) >= _SHORTEST_CLAUSE)
    return list(found)[:_MOST_CLAUSES]


def names(question: str) -> list[str]:
    """Return what looks like an identifier, such as a SKU or an order's number, in capitals."""
    return list(dict.fromkeys(match[0].lstrip("#").upper() for match in _NAME.finditer(question)))[:_MOST_NAMES]
