"""Records at cents: the form in which two states or two observations are compared and hashed."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast

Record = dict[str, Any]
_MONEY = frozenset({"price", "amount", "balance", "exchange_price_difference"})
_CENT = Decimal("0.01")
KINDS = ("users", "orders", "products")


def cents(value: object) -> str:
    """Return an amount as text with two decimals, rounded half up."""
    rounded = Decimal(str(value)).quantize(_CENT, rounding=ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded)


def amount(minor: int) -> str:
    """Return minor units of a currency with cents as the domain writes them at cents."""
    return cents(Decimal(minor).scaleb(-2))


def canonical(value: Any, name: str = "") -> Any:
    """Return a record without nulls and with every amount at cents."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return {key: canonical(item, key) for key, item in pairs if item is not None}
    if isinstance(value, list):
        return [canonical(item) for item in cast("list[Any]", value)]
    if name in _MONEY and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return cents(value)
    return value


def text_of(record: Any) -> str:
    """Return the one text of a record that is hashed."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"))


class Hashed:
    """A whole state as the texts of its records, so that the hash after a change costs milliseconds."""

    def __init__(self, state: Mapping[str, Mapping[str, Record]]) -> None:
        self._texts = {kind: {key: text_of(record) for key, record in state[kind].items()} for kind in KINDS}

    def digest(self, changed: Mapping[str, Mapping[str, Record]] | None = None) -> str:
        """Return the SHA-256 of the state with some records replaced."""
        parts: list[str] = []
        for kind in sorted(KINDS):
            texts = self._texts[kind] | {key: text_of(record) for key, record in (changed or {}).get(kind, {}).items()}
            inner = ",".join(f"{json.dumps(key)}:{texts[key]}" for key in sorted(texts))
            parts.append(f"{json.dumps(kind)}:{{{inner}}}")
        return hashlib.sha256(f"{{{','.join(parts)}}}".encode()).hexdigest()


def unlike(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Yield where two records differ, and how."""
    if isinstance(expected, dict) and isinstance(found, dict):
        left, right = cast("Record", expected), cast("Record", found)
        for key in sorted(left.keys() | right.keys()):
            yield from unlike(left.get(key), right.get(key), f"{path}.{key}" if path else key)
    elif isinstance(expected, list) and isinstance(found, list) and len(cast("list[Any]", expected)) == len(cast("list[Any]", found)):
        for index, (left, right) in enumerate(zip(cast("list[Any]", expected), cast("list[Any]", found), strict=True)):
            yield from unlike(left, right, f"{path}[{index}]")
    elif expected != found:
        yield f"{path}: expected {json.dumps(expected)[:160]}, found {json.dumps(found)[:160]}"
