"""The conversations as they stand in the text files beside this one, and which of them are held back while routing is tuned."""

import re
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
_HEAD = re.compile(r"^\[(customer|merchant)\] (.+)$")
_ARROW = " => "
_HELD_BACK = 3
"""Every third conversation."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A message, and each answer that is right: an agent, two of them for two requests, or what the message asks instead."""

    said: str
    right: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One thread of one person."""

    name: str
    family: str
    who: str
    turns: tuple[Expected, ...]
    held_back: bool


def conversations() -> list[Conversation]:
    """Return all conversations, in a fixed order.

    Raises:
        ValueError: a line is neither a heading nor a message with its answer.
    """
    found: list[Conversation] = []
    for path in sorted(_FOLDER.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            lines = [line for line in block.splitlines() if line and not line.startswith("#")]
            if lines:
                found.append(_conversation(path.stem, lines, len(found)))
    return found


def _conversation(family: str, lines: list[str], number: int) -> Conversation:
    head = _HEAD.match(lines[0])
    if head is None:
        raise ValueError(f"{family}: {lines[0]!r} should name who speaks, as in [customer] late parcel")
    turns: list[Expected] = []
    begun = ""
    for line in lines[1:]:
        said, arrow, right = line.partition(_ARROW)
        begun = f"{begun}\n{said}" if begun else said
        if arrow:
            turns.append(Expected(begun, tuple(frozenset(each.split("+")) for each in right.split("|"))))
            begun = ""
    if begun or not turns:
        raise ValueError(f"{family}, {head[2]}: {begun!r} has no answer")
    return Conversation(head[2], family, head[1], tuple(turns), number % _HELD_BACK == _HELD_BACK - 1)
