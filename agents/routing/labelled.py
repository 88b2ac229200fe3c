"""CSV files of labelled messages, and of the intents' routes."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from agents.routing.sayings import LABELS
from core.errors import InvalidInput

_TEXT, _LABEL = ("sentence", "text", "message"), ("label", "intent")
_LONGEST = 2000
_MOST_BYTES = 50_000_000


def read_messages(path: Path) -> list[tuple[str, str]]:
    """Return each message with its intent: columns `sentence` (or text, message) and `label` (or intent).

    Raises:
        InvalidInput: the file is not such a CSV file.
    """
    rows: list[tuple[str, str]] = []
    for line, row in _rows(path):
        said, intent = _one(row, _TEXT, path), _one(row, _LABEL, path)
        if said and not intent:
            raise InvalidInput(f"{path}, line {line}: a message without a label", field="messages")
        if said:
            rows.append((said.replace("\x00", "")[:_LONGEST], intent))
    return rows


def read_routes(path: Path, intents: Sequence[str], shop: str | None = None) -> dict[str, str]:
    """Return the route of each intent: columns `intent` and `route`, and `shop` in a file for several shops.

    Args:
        intents: those that have to be there; they tell which shop is meant when `shop` does not.

    Raises:
        InvalidInput: an intent has no route, or a route is none.
    """
    shops: dict[str, dict[str, str]] = {}
    for line, row in _rows(path):
        intent, route = _one(row, ("intent", "label"), path), _one(row, ("route",), path)
        if route not in LABELS:
            raise InvalidInput(f"{path}, line {line}: {route!r} is no route; these are: {', '.join(sorted(LABELS))}", field="routes")
        shops.setdefault((row.get("shop") or "").strip(), {})[intent] = route
    wanted = set(intents)
    if shop is not None and shop not in shops:
        raise InvalidInput(f"{path} has no shop {shop}; it has: {', '.join(sorted(shops))}", field="shop")
    likeliest = max(shops, key=lambda name: len(wanted & shops[name].keys()), default="")
    routes = shops.get(likeliest if shop is None else shop, {})
    if missing := sorted(wanted - routes.keys()):
        raise InvalidInput(f"{path} has no route for {', '.join(missing[:5])}", field="routes")
    return routes


def with_routes(messages: Sequence[tuple[str, str]], routes: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each message with the route of its intent."""
    return [(said, routes[intent]) for said, intent in messages]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise InvalidInput(f"{path} is not a file", field="file")
    if path.stat().st_size > _MOST_BYTES:
        raise InvalidInput(f"{path} is larger than 50 MB", field="file")
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text.replace("\x00", "")), strict=False)
        for row in reader:
            yield (
                reader.line_num,
                {(name or "").strip().lower(): value or "" for name, value in row.items() if isinstance(value, str | None)},
            )
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path} is not a CSV file in UTF-8: {error}", field="file") from error


def _one(row: Mapping[str, str], names: Sequence[str], path: Path) -> str:
    for name in names:
        if name in row:
            return row[name].strip()
    raise InvalidInput(f"{path} has no column {names[0]}", field="file")
