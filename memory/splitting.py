"""Markdown as pieces that are small enough to find and large enough to quote. Structure decides where one ends."""

import re
from collections.abc import Iterator

from store.queries.passages import Piece

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")
_CHARACTERS = 800
_TABLE_CHARACTERS = 2400
"""A table up to this length stays whole; a longer one is cut between rows, and each part begins with the head."""
_QUOTED = 4
"""So many pieces of one heading are quoted together at most."""
_LONGEST_NAME = 200


def split(title: str, body_markdown: str) -> list[Piece]:
    """Return a page's pieces in order: by heading, then by paragraph, up to about 800 characters each; tables stay whole."""
    pieces, number = list[Piece](), 0
    for heading, body in _sections(body_markdown):
        for place, part in enumerate(_pieces(body)):
            number += place % _QUOTED == 0
            pieces.append(Piece(number - 1, title[:_LONGEST_NAME], heading[:_LONGEST_NAME], part))
    return pieces


def _sections(body: str) -> Iterator[tuple[str, str]]:
    heading, lines, fenced = "", list[str](), False
    for line in body.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        if not fenced and (match := _HEADING.match(line)):
            yield heading, "\n".join(lines)
            heading, lines = match[2], []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)


def _pieces(text: str) -> Iterator[str]:
    """Join neighbouring paragraphs while they fit together."""
    current = ""
    for part in (part for paragraph in re.split(r"\n\s*\n", text) for part in _fitting(paragraph.strip())):
        if current and len(current) + len(part) > _CHARACTERS:
            yield current
            current = part
        else:
            current = f"{current}\n\n{part}" if current else part
    if current:
        yield current


def _fitting(paragraph: str) -> Iterator[str]:
    """Cut a long paragraph after sentences, a long table between rows, and a sentence without end where it must be."""
    if len(paragraph) <= _CHARACTERS:
        if paragraph:
            yield paragraph
        return
    lines = paragraph.splitlines()
    if len(lines) > 2 and lines[0].lstrip().startswith("|") and _RULE.match(lines[1]):
        yield from _rows(lines)
        return
    current = ""
    for sentence in _SENTENCE_END.split(paragraph):
        for start in range(0, len(sentence), _CHARACTERS):
            part = sentence[start : start + _CHARACTERS]
            if current and len(current) + len(part) >= _CHARACTERS:
                yield current
                current = part
            else:
                current = f"{current} {part}" if current else part
    if current:
        yield current


def _rows(lines: list[str]) -> Iterator[str]:
    head, current = lines[:2], list[str]()
    for line in lines[2:]:
        if current and sum(map(len, [*head, *current, line])) > _TABLE_CHARACTERS:
            yield "\n".join([*head, *current])
            current = []
        current.append(line)
    yield "\n".join([*head, *current])
