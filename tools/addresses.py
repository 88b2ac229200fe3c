"""Addresses in words."""

from collections.abc import Mapping
from typing import Any


def one_line(address: Mapping[str, Any]) -> str:
    """Return an address in one line."""
    town = f"{address.get('postal_code') or ''} {address.get('city') or ''}".strip()
    parts = (address.get("name"), address.get("line1"), address.get("line2"), town, address.get("region"), address.get("country"))
    return ", ".join(str(part) for part in parts if part)
