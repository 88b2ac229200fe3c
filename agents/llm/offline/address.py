"""Addresses in a person's words: in one go, as it is written in Europe or in America, or field by field."""

import re
from collections.abc import Mapping

from agents.llm.offline import lexicon, words
from agents.llm.offline.offer import Spec
from agents.llm.offline.said import Value

_FIELD = re.compile(r"['\"]?\b(?P<name>[a-z_ ]{3,16}\d?)['\"]?\s*[:=]\s*['\"]?(?P<value>[^'\"{},;]+)", re.IGNORECASE)
_AMERICAN = re.compile(
    r"(?P<line1>\d+ [A-Z][^,\d]{2,40}),\s*(?:(?P<line2>(?:Suite|Apt\.?|Apartment|Unit|Floor|#)\s*[\w-]+),\s*)?"
    r"(?P<city>[A-Z][^,\d]{1,40}),\s*(?P<region>[A-Z]{2}|[A-Z][a-z]+(?: [A-Z][a-z]+)?),?\s+(?P<postal_code>\d{5}(?:-\d{4})?)"
    r"(?:,?\s*(?P<country>USA|US|United States))?"
)
_POLITE = re.compile(r"\s*\b(?:please|instead|thanks?|thank you|asap)\b.*$", re.IGNORECASE)


def address(spec: Spec, text: str) -> dict[str, Value]:
    """Return the parts of an address for the arguments of a tool; street, city and postal code, or nothing."""
    parts = {lexicon.ADDRESS[slot.name]: slot.name for slot in spec.slots if slot.kind == "address"}
    read = _fields(text) or _american(text) or _european(text) if parts else {}
    return {name: read[part] for part, name in parts.items() if read.get(part)}


def _fields(text: str) -> dict[str, str]:
    named = {match["name"].strip().lower().replace(" ", "_"): match["value"].strip() for match in _FIELD.finditer(text)}
    found = {lexicon.ADDRESS[name]: value for name, value in named.items() if name in lexicon.ADDRESS}
    return _whole(found) if {"line1", "city", "postal_code"} <= found.keys() else {}


def _american(text: str) -> dict[str, str]:
    found = _AMERICAN.search(text)
    return _whole({**found.groupdict(""), "country": found["country"] or "US"}, found.group(0)) if found else {}


def _european(text: str) -> dict[str, str]:
    found = words.ADDRESS.search(text)
    return _whole({name: (value or "").strip(" .!") for name, value in found.groupdict().items()}, found.group(0)) if found else {}


def _whole(read: Mapping[str, str], whole: str = "") -> dict[str, str]:
    country = _POLITE.sub("", read.get("country", "")).strip(" .!")
    code = country if re.fullmatch("[A-Z]{2}", country) else lexicon.COUNTRIES.get(country.lower(), "")
    return {**read, "country": code, "whole": whole or ", ".join(read.values())}
