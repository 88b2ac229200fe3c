"""What a row of the shop says, as Markdown: articles as they stand, product facts as fields, reviews, solved tickets without persons."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.knowing import SourceKind, Visibility
from core.redact import redact_text, visible
from store.queries import source_rows
from store.queries.source_rows import ProductRow, TicketRow
from store.unit import ReadTx

_SHORTEST_NAME = 3
_MOST_SKUS = 200


@dataclass(frozen=True, slots=True)
class Rendered:
    """A source's text and what goes with it."""

    kind: SourceKind
    slug: str
    title: str
    body: str
    link: str
    visibility: Visibility = Visibility.PUBLIC
    names: tuple[str, ...] = ()
    """Identifiers in capitals by which it is found at once."""
    updated_at: datetime | None = None


async def render(tx: ReadTx, kind: SourceKind, row_id: UUID) -> Rendered | None:
    """Return what a row says today, or None when it is gone, not published or not solved."""
    match kind:
        case SourceKind.ARTICLE | SourceKind.POLICY:
            return await _article(tx, row_id)
        case SourceKind.PRODUCT:
            found = await source_rows.product(tx, row_id)
            return _product(found) if found else None
        case SourceKind.REVIEW:
            return await _review(tx, row_id)
        case SourceKind.TICKET:
            solved = await source_rows.ticket(tx, row_id)
            return _ticket(solved) if solved else None
        case SourceKind.FILE | SourceKind.URL:
            return None


async def _article(tx: ReadTx, row_id: UUID) -> Rendered | None:
    row = await source_rows.article(tx, row_id)
    if row is None:
        return None
    return Rendered(
        kind=SourceKind.POLICY if row.rules else SourceKind.ARTICLE,
        slug=row.slug,
        title=row.title,
        body=visible(row.body),
        link=f"articles/{row.slug}",
        visibility=Visibility.STAFF if row.visibility == "internal" else Visibility.PUBLIC,
        updated_at=row.updated_at,
    )


def _product(row: ProductRow) -> Rendered:
    """Write a product's lasting facts; prices and stock are asked for, since they change by the minute."""
    options: dict[str, dict[str, None]] = {}
    for variant in row.variants:
        for name, value in variant["options"].items():
            options.setdefault(str(name), {})[str(value)] = None
    fields = {"Brand": row.brand, "Category": row.category, **{name.capitalize(): ", ".join(values) for name, values in options.items()}}
    weights = sorted({int(variant["weight"]) for variant in row.variants})
    if weights:
        fields["Weight"] = f"{weights[0]} g" if len(weights) == 1 else f"{weights[0]} to {weights[-1]} g"
    facts = "\n".join(f"- {name}: {value}" for name, value in fields.items() if value)
    return Rendered(
        kind=SourceKind.PRODUCT,
        slug=row.slug,
        title=visible(row.name),
        body=visible(f"{row.description}\n\n{facts}"),
        link=f"products/{row.slug}",
        names=tuple(str(variant["sku"]).upper() for variant in row.variants[:_MOST_SKUS]),
    )


async def _review(tx: ReadTx, row_id: UUID) -> Rendered | None:
    row = await source_rows.review(tx, row_id)
    if row is None:
        return None
    body = redact_text(visible(f"{row.title}\n\n{row.body}"))
    return Rendered(SourceKind.REVIEW, row.slug, f"{row.product}: {row.rating} of 5 stars", body.replace("#", ""), f"products/{row.slug}")


def _ticket(row: TicketRow) -> Rendered:
    asked, done = (_impersonal(part, row.known_by) for part in (f"{row.subject}\n\n{row.body}", row.resolution))
    return Rendered(
        kind=SourceKind.TICKET,
        slug=row.number,
        title=_impersonal(row.subject, row.known_by),
        body=f"{asked.replace('#', '')}\n\nWhat was done: {done.replace('#', '')}",
        link=f"tickets/{row.number}",
        visibility=Visibility.STAFF,
        names=(row.number, *([row.order] if row.order else [])),
    )


def _impersonal(text: str, known_by: list[Any]) -> str:
    """Take out what tells who somebody is: what the customer is known by, and what looks like an address or a number."""
    words = {word for known in known_by for word in (str(known), *str(known).split()) if len(word) >= _SHORTEST_NAME and not word.isdigit()}
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "[customer]", text, flags=re.IGNORECASE)
    return redact_text(visible(text))
