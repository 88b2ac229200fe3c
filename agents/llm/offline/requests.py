"""The requests of a long message: who somebody is and how they feel around what they want, often several things of several orders."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.llm.offline import lexicon, words
from agents.llm.offline.context import order_numbers

_LONG = 16
"""Words from which a message of several sentences is read request by request."""
_PARTS = re.compile(r"(?<=[.!?;])\s+(?=\S)|\n+|\s+(?=(?:for|on) (?:the |my )?(?:order )?#\d{3,18},? )", re.IGNORECASE)
_DESCRIBED = re.compile(r"(?:\b[A-Z][\w/&-]*\s+){1,4}\{[^{}]*\}")
"""A thing by its name, with its options in brackets."""
_QUOTED = re.compile(r"\{[^{}]*\}|\([^()]*\)")
_TELLS = re.compile(lexicon.TELLS, re.IGNORECASE)
_WISH = re.compile(
    r"^(?:.*?\b(?:want|like|wish|need|wanna|please)\b(?: (?:you )?to)? |(?:and|but|also|then|so|now|finally)[, ]+)", re.IGNORECASE
)
"""What stands before the verb of a request."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that is wanted, with all that was said of it."""

    tool: str
    text: str


def is_long(text: str) -> bool:
    """Return whether a message says more than a sentence or two."""
    return bool(_QUOTED.search(text)) or (len(text.split()) >= _LONG and len(_PARTS.split(text.strip())) > 1)


def told(text: str) -> list[str]:
    """Return the parts of a message that can ask for something; what somebody says of themselves is none."""
    parts = [part.strip() for part in _PARTS.split(text) if part.strip()]
    return [part for part in parts if not _TELLS.match(part)] or parts


def requests(text: str, tool_of: Callable[[str], str | None]) -> list[Request]:
    """Return the requests of a message in their order; a part that asks for nothing by itself tells more about the one before."""
    found: list[Request] = []
    preface = ""
    for part in told(text):
        tool = tool_of(bare(part))
        if tool is None or (found and _goes_on(found[-1], tool, part)):
            if found:
                found[-1] = Request(found[-1].tool, f"{found[-1].text} {part}")
            else:
                preface = f"{preface} {part}".strip()
            continue
        found.append(Request(tool, f"{preface} {part}".strip() if not found else part))
    return found


def bare(part: str) -> str:
    """Return a part without options and asides in brackets, which say nothing of what is to be done."""
    return _WISH.sub("", " ".join(_QUOTED.sub(" ", _DESCRIBED.sub(" xitem ", part)).split()))


def _goes_on(last: Request, tool: str, part: str) -> bool:
    """Return whether a part speaks of the same thing again: no other order is named."""
    numbers: Sequence[str] = order_numbers(words.REFERENCE.sub(" ", part))
    return tool == last.tool and (not numbers or set(numbers) <= set(order_numbers(words.REFERENCE.sub(" ", last.text))))
