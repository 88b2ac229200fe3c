"""Markdown articles as chunks that are small enough to find and large enough to quote."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Visibility = Literal["public", "internal"]
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")
_CHUNK_CHARACTERS = 800


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an article under one heading. `id` is the article's and its place in it, the same at every split."""

    id: str
    article_id: UUID
    visibility: Visibility
    title: str
    heading: str
    text: str


def split(article_id: UUID, title: str, body_markdown: str, *, visibility: Visibility) -> list[Chunk]:
    """Return an article's chunks in order: by heading, then by paragraph, up to about 800 characters each."""
    pieces = [(heading, piece) for heading, text in _sections(body_markdown) for piece in _pieces(text)]
    return [
        Chunk(f"{article_id}:{number}", article_id, visibility, title, heading, piece) for number, (heading, piece) in enumerate(pieces)
    ]


def _sections(body: str) -> Iterator[tuple[str, str]]:
    heading, lines, fenced = "", list[str](), False
    for line in body.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        if not fenced and (match := _HEADING.match(line)):
            yield heading, "\n".join(lines)
            heading, lines = match[1], []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)


def _pieces(text: str) -> Iterator[str]:
    """Join neighbouring paragraphs while they fit together."""
    current = ""
    for part in (part for paragraph in re.split(r"\n\s*\n", text) for part in _fitting(paragraph.strip())):
        if current and len(current) + len(part) > _CHUNK_CHARACTERS:
            yield current
            current = part
        else:
            current = f"{current}\n\n{part}" if current else part
    if current:
        yield current


def _fitting(paragraph: str) -> Iterator[str]:
    """Cut a long paragraph after sentences, and a sentence without end where it must be."""
    if len(paragraph) <= _CHUNK_CHARACTERS:
        if paragraph:
            yield paragraph
        return
    current = ""
    for sentence in _SENTENCE_END.split(paragraph):
        for start in range(0, len(sentence), _CHUNK_CHARACTERS):
            part = sentence[start : start + _CHUNK_CHARACTERS]
            if current and len(current) + len(part) >= _CHUNK_CHARACTERS:
                yield current
                current = part
            else:
                current = f"{current} {part}" if current else part
    if current:
        yield current
