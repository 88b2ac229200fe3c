"""Channels, listings on them, and what the channels complain about."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from core.money import Money, exponent
from core.selling import ChannelStatus
from core.statuses import IssueStatus, IssueType, ListingStatus
from store.seed.catalogue import Catalogue, Good
from store.seed.data.shops import CHANNELS
from store.seed.model import Batch, Row, Shop

_LISTED_PCT = {"amazon": 45, "ebay": 30, "shopify": 80}
_TROUBLES: tuple[tuple[str, IssueType, str, int], ...] = (
    ("title", IssueType.MISSING_REQUIRED_FIELD, "Error 8560: the attribute 'title' is required and was not supplied.", 92),
    ("brand", IssueType.MISSING_REQUIRED_FIELD, "Error 90220: 'brand' is required but missing for this product type.", 88),
    ("images", IssueType.MISSING_REQUIRED_FIELD, "Error 20001: at least one main image is required.", 64),
    ("category", IssueType.INVALID_FORMAT, "Error 99001: the browse node of 'category' does not exist in this marketplace.", 71),
)
"""What Amazon refuses: field, kind, its own words, and how sure the suggestion is."""
_PRICE_MISMATCHES, _STOCK_MISMATCHES = 2, 3


def batches(shop: Shop, catalogue: Catalogue, available: dict[UUID, int]) -> Iterator[Batch]:
    """Yield channels, listings and issues."""
    yield Batch(shop.tenant_id, "channels", [_channel(shop, code, name) for code, name in CHANNELS])
    listings: list[Row] = []
    issues: list[Row] = []
    for code, _ in CHANNELS:
        for position, good in enumerate(_listed(shop, catalogue, code)):
            listing = _listing(shop, code, good, available[good.id])
            if code == "amazon" and position < len(_TROUBLES):
                issues.append(_trouble(shop, listing, good, position))
            elif code == "ebay" and position < _PRICE_MISMATCHES:
                listing["price_minor"] = listing["price_minor"] * (90 if position else 108) // 100
                listing["fields"]["price"] = _decimal(shop, listing["price_minor"])
            elif code == "shopify" and position < _STOCK_MISMATCHES:
                listing["quantity"] += 3 + position
                listing["fields"]["inventory_quantity"] = listing["quantity"]
            listings.append(listing)
    issues.extend(_history(shop, listings))
    yield Batch(shop.tenant_id, "listings", listings)
    yield Batch(shop.tenant_id, "listing_issues", issues)


def _channel(shop: Shop, code: str, name: str) -> Row:
    state = {
        "connected": True,
        "status": ChannelStatus.CONNECTED.value,
        "pulls_orders": True,
        "auto_correct": True,
        "note": "",
        "orders_cursor": "",
    }
    return shop.row("channels", code, code=code, name=name, **state)


def _listed(shop: Shop, catalogue: Catalogue, code: str) -> list[Good]:
    rng = shop.rng(f"listed:{code}")
    return rng.sample(catalogue.goods, max(len(catalogue.goods) * _LISTED_PCT[code] // 100, 8))


def _listing(shop: Shop, code: str, good: Good, available: int) -> Row:
    number = shop.id_of("listings", f"{code}-{good.sku}")
    return shop.row(
        "listings",
        f"{code}-{good.sku}",
        channel_id=shop.id_of("channels", code),
        variant_id=good.id,
        external_id=f"{code[:3].upper()}-{number.hex[:10].upper()}",
        status=(ListingStatus.ACTIVE if available else ListingStatus.OUT_OF_STOCK).value,
        price_minor=good.price,
        currency=shop.profile.currency,
        quantity=available,
        fields=_fields(shop, code, good, available),
        synced_at=shop.now - timedelta(minutes=15 + number.int % 360),
    )


def _fields(shop: Shop, code: str, good: Good, available: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"title": good.title, "price": _decimal(shop, good.price)}
    if code == "shopify":
        return fields | {"inventory_quantity": available}
    fields |= {"description": good.description, "category": good.category}
    if code == "ebay":
        return fields | {"return_policy": "See the shop's returns policy"}
    return fields | {"brand": good.brand, "images": [f"https://images.{shop.profile.slug}.example/{good.sku}.jpg"]}


def _decimal(shop: Shop, minor: int) -> str:
    digits = exponent(shop.profile.currency)
    return str(Money(minor=minor, currency=shop.profile.currency)).lstrip("€$£").replace(",", "") if digits else str(minor)


def _trouble(shop: Shop, listing: Row, good: Good, position: int) -> Row:
    """Put a listing into error and return the issue that explains it."""
    field, kind, message, confidence = _TROUBLES[position]
    suggestions = {"title": good.title, "brand": good.brand, "category": f"{good.category.title()} > General"}
    listing["status"] = ListingStatus.ERROR.value
    if kind is IssueType.MISSING_REQUIRED_FIELD:
        del listing["fields"][field]
    else:
        listing["fields"][field] = f"{good.category}/misc-99"
    return _issue(
        shop,
        listing,
        field,
        kind,
        message,
        suggestions.get(field, f"https://images.{shop.profile.slug}.example/{good.sku}-main.jpg"),
        confidence,
        20 + 9 * position,
    )


def _history(shop: Shop, listings: list[Row]) -> Iterator[Row]:
    """Yield issues that are over: some fixed, one whose suggestion was rejected."""
    calm = [listing for listing in listings if listing["status"] == ListingStatus.ACTIVE]
    for position, listing in enumerate(calm[5:9]):
        message = "Error 18299: the price is outside the allowed range." if position == 3 else "Error 5665: the description is too short."
        kind = IssueType.BUSINESS_RULE_VIOLATION if position == 3 else IssueType.CHANNEL_SPECIFIC
        row = _issue(shop, listing, "price" if position == 3 else "description", kind, message, None, 55, 300 + 40 * position)
        row["status"] = (IssueStatus.REJECTED if position == 3 else IssueStatus.FIXED).value
        row["fixed_at"] = None if position == 3 else row["created_at"] + timedelta(hours=7)
        yield row


def _issue(shop: Shop, listing: Row, field: str, kind: IssueType, message: str, value: str | None, confidence: int, hours: int) -> Row:
    return shop.row(
        "listing_issues",
        f"{listing['external_id']}-{field}",
        listing_id=listing["id"],
        type=kind.value,
        field=field,
        message=message,
        suggested_value=value,
        confidence_pct=confidence,
        source=field if value is not None and field in {"title", "brand"} else "",
        rejected_value=None,
        corrected_by="",
        status=IssueStatus.OPEN.value,
        created_at=shop.now - timedelta(hours=hours),
        fixed_at=None,
    )
