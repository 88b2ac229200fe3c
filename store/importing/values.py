"""Reads single values of a row: amounts, instants, numbers, addresses."""

import re
from datetime import UTC, datetime
from typing import Any

from core.money import Money
from store.importing.reading import Refused, Row

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
_UNITS_AT_MOST = 1_000_000


def text(row: Row, name: str, length: int) -> str:
    """Return a column's text, cut to a length; empty when the file has no such column."""
    return row.get(name, "")[:length]


def email(row: Row, name: str = "Email", *, at: int = 0) -> str:
    """Return an e-mail address in small letters."""
    value = row.get(name, "").lower()
    if not _MAIL.fullmatch(value) or len(value) > 200:
        raise Refused(name, f"“{value[:60]}” is no e-mail address", "give an address such as clara@mail.example", row=at)
    return value


def amount(row: Row, name: str, currency: str, *, at: int = 0, default: str | None = None) -> int:
    """Return an amount in minor units, never below zero."""
    value = row.get(name, "") or default
    try:
        minor = Money.parse(value or "", currency).minor
    except ValueError as error:
        raise Refused(name, f"“{value}” is no amount in {currency}", "write it like 12.50", row=at) from error
    if not 0 <= minor <= 2_000_000_000:
        raise Refused(name, f"{value} is out of range", "give an amount from 0.00 to 20,000,000.00", row=at)
    return minor


def number(row: Row, name: str, *, at: int = 0, least: int = 0) -> int:
    """Return a whole number of at least `least`."""
    value = row.get(name, "")
    if not value.isdecimal() or not least <= int(value) <= _UNITS_AT_MOST:
        raise Refused(name, f"“{value[:40]}” is no number of units", f"give a whole number from {least} on", row=at)
    return int(value)


def instant(row: Row, name: str, *, at: int = 0) -> datetime:
    """Return an instant; without a time zone it is UTC."""
    found = instant_or_none(row, name, at=at)
    if found is None:
        raise Refused(name, "it is empty", "give a date such as 2026-03-01 12:00:00 +0100", row=at)
    return found


def instant_or_none(row: Row, name: str, *, at: int = 0) -> datetime | None:
    """Return an instant, or None when the column is empty or missing."""
    value = row.get(name, "")
    if not value:
        return None
    for form in _FORMATS:
        try:
            found = datetime.strptime(value, form)  # noqa: DTZ007 a zone is added below where there is none
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    raise Refused(name, f"“{value[:40]}” is no date", "write it like 2026-03-01 12:00:00 +0100", row=at)


def address(row: Row, prefix: str, name: str) -> dict[str, Any]:
    """Return an order's address from the columns of a prefix, such as Shipping."""
    return {
        "name": text(row, f"{prefix} Name", 120) or name,
        "line1": text(row, f"{prefix} Address1", 160) or text(row, f"{prefix} Street", 160),
        "line2": text(row, f"{prefix} Address2", 160) or None,
        "city": text(row, f"{prefix} City", 80),
        "postal_code": text(row, f"{prefix} Zip", 16).lstrip("'"),
        "country": text(row, f"{prefix} Country", 2).upper(),
    }
