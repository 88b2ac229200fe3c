"""How a product is written down before it becomes rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

COLOURS = {
    "Black": "BLK", "White": "WHT", "Sand": "SND", "Navy": "NVY", "Olive": "OLV", "Grey": "GRY", "Rust": "RST",
    "Forest": "FOR", "Cream": "CRM", "Charcoal": "CHR", "Sky": "SKY", "Oak": "OAK", "Walnut": "WAL", "Ash": "ASH",
    "Graphite": "GPH", "Silver": "SLV", "Berry": "BRY", "Terracotta": "TRC", "Linen": "LIN", "Tan": "TAN",
}  # fmt: skip
"""Colour or finish to the code that a SKU carries."""

APPAREL = ("S", "M", "L", "XL")
FEET = ("39", "40", "41", "42", "43", "44")


@dataclass(frozen=True)
class Goods:
    """One product as the catalogue describes it. Prices are minor units of the shop's currency."""

    code: str
    """Stem of its SKUs."""
    name: str
    brand: str
    price: int
    cost_pct: int
    grams: int
    description: str
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Option name to its values; every combination is a variant."""
    surcharge: Mapping[str, int] = field(default_factory=dict[str, int])
    """What an option value adds to the price."""
