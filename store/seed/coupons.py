"""The codes that a shop gives away."""

from datetime import timedelta

from store.seed.model import Row, Shop

_CODES = (
    ("WELCOME10", {"percent": 10, "amount_minor": 0, "minimum_minor": 0, "max_uses": 10_000}, -60, 300),
    ("FREE5", {"percent": 0, "amount_minor": 500, "minimum_minor": 4_000, "max_uses": 500}, -20, 40),
    ("SUMMER15", {"percent": 15, "amount_minor": 0, "minimum_minor": 5_000, "max_uses": 200}, -90, -10),
)
"""Code, worth, and from when to when it counts, in days from now; the last one has expired."""


def coupons(shop: Shop) -> list[Row]:
    """Return the shop's codes, none of them used so far."""
    return [
        shop.row(
            "coupons",
            code,
            code=code,
            **worth,
            uses=0,
            created_at=shop.now + timedelta(days=begin),
            expires_at=shop.now + timedelta(days=end),
        )
        for code, worth, begin, end in _CODES
    ]
