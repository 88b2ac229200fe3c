"""Which words of a request name a thing, and what else that thing is called."""

from collections.abc import Iterable

from tools.items import fold, meaning, terms

_ASKING = terms(
    "i you we do does have has sell got get any some something anything everything need want looking look find show me buy recommend "
    "recommendation good best nice great cheap cheapest stuff thing product item what which is are there can could would like give "
    "under below than less more stock available please shop store catalogue all gift present"
)
_SAME = (
    ("headset", "headphone", "earphone", "earbud"),
    ("shoe", "sneaker", "trainer", "boot"),
    ("sweater", "jumper", "pullover", "fleece", "merino"),
    ("tee", "tshirt", "shirt", "top"),
    ("trouser", "pant", "chino", "jean"),
    ("jacket", "coat", "parka", "anorak"),
    ("sofa", "couch"),
    ("mug", "cup"),
    ("lamp", "light", "bulb"),
    ("blanket", "throw"),
    ("powerbank", "power bank", "charger"),
    ("watch", "smartwatch", "wearable"),
    ("webcam", "camera"),
    ("slate", "tablet", "ipad"),
)
"""Words that people use for each other in shops."""


def naming(text: str) -> list[str]:
    """Return the words of a request that name what is wanted, in the singular, in a fixed order."""
    return [word for word in sorted(meaning(text)) if word not in _ASKING and not word.isdigit()]


def related(words: Iterable[str]) -> list[str]:
    """Return other words for the same things."""
    given = {fold(word) for word in words}
    return sorted({other for group in _SAME if given & set(group) for other in group} - given)
