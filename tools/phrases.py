"""How results speak to a reader: dates, lists and status words."""

from collections.abc import Iterable, Sequence
from datetime import date


def day(at: date) -> str:
    """Return a date as people write it, such as 18 November 2026."""
    return f"{at.day} {at:%B %Y}"


def words(status: str) -> str:
    """Return a status or a reason in words, such as partially refunded."""
    return status.replace("_", " ")


def bullets(items: Iterable[str]) -> list[str]:
    """Return each item as a line of a Markdown list."""
    return [f"- {item}" for item in items]


def listing(heading: str, items: Sequence[str], total: int) -> str:
    """Return a headed list that says how many more there are than it shows."""
    more = total - len(items)
    return "\n".join([heading, *bullets(items), *([f"and {more} more."] if more > 0 else [])])


def joined(items: Sequence[str]) -> str:
    """Return items as prose: a, b and c."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as 1 order or 3 orders."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
