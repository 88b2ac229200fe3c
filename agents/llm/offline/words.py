"""Words as the offline model compares them: folded, stemmed, with entities masked and typing errors mended."""

import re
from collections.abc import Iterable
from functools import lru_cache

from agents.llm.offline import lexicon
from tools.items import fold

_PHRASES = tuple((re.compile(pattern), canonical) for pattern, canonical in lexicon.PHRASES)
_CHANNELS = re.compile(rf"\b({'|'.join(map(re.escape, lexicon.CHANNELS))})\b")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
SKU = re.compile(r"\b(?=[A-Z0-9-]*[A-Z])[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)+\b")
NUMBERED = {
    "return-number": re.compile(r"\bR-?(\d{2,18})\b", re.I),
    "ticket-number": re.compile(r"\bT-(\d{2,18})\b|\bticket #?(\d{2,18})\b", re.I),
    "alert-number": re.compile(r"\bA-(\d{3,18})\b", re.I),
    "merchant-number": re.compile(r"\bM-(\d{3,18})\b", re.I),
    "warranty-number": re.compile(r"\bW-(\d{3,18})\b", re.I),
    "inspection-number": re.compile(r"\bQ-(\d{3,18})\b", re.I),
}
ORDER = re.compile(r"(?:#\s?|\b(?:order|orders|commande|nr|no|number)\.?\s*(?:number|nr|no|num)?\.?\s*(?:is\s+)?#?\s?)(\d{3,18})\b", re.I)
BARE = re.compile(r"(?<![\w.,-])(\d{4,18})(?![\w-]|[.,]\d)")
AMOUNT = re.compile(
    r"(?:[€$£]|\b(?:eur|usd|gbp)\b)\s?(\d+(?:[.,]\d{1,2})?)|\b(\d+(?:[.,]\d{1,2})?)\s?(?:[€$£](?!\s?\d)|(?:eur|euros?|usd|dollars?|bucks|gbp|pounds|quid)\b)"
    r"|(?<![\w#-])(\d+[.,]\d{2})(?![\w%])",
    re.I,
)
REFERENCE = re.compile(r"\b[a-z]+(?:_[a-z]+)*_\d+\b|\bpm-[\w-]+\b")
"""What a payment method is filed under."""
ADDRESS = re.compile(
    r"(?P<line1>\d+[a-z]? [^\d,]{3,60}|[A-ZÀ-Þ][^\d,]{3,40} \d+[a-z]?),? +"
    r"(?<!order )(?<!number )(?P<postal_code>(?:[A-Z]{1,2}-)?\d{4,5}(?: ?[A-Z]{2})?)[, ]+"
    r"(?P<city>[A-ZÀ-Þ][^,\d]{1,40})(?:,\s*(?P<country>[A-Za-z ]{2,30}))?"
)
"""An address in one go, such as 12 Rue de la Paix, 75002 Paris, FR."""
_MASKS = (
    (EMAIL, " xcustomer "),
    (REFERENCE, " xmethod "),
    (NUMBERED["return-number"], " xreturn "),
    (NUMBERED["ticket-number"], " xticket "),
    (NUMBERED["alert-number"], " xalert "),
    (NUMBERED["merchant-number"], " xapplication "),
    (NUMBERED["warranty-number"], " xclaim "),
    (NUMBERED["inspection-number"], " xinspection "),
    (SKU, " xitem "),
    (AMOUNT, " xamount "),
    (re.compile(r"#\s?\d{3,18}\b|(?<![\w.,-])\d{4,18}(?![\w-])"), " xorder "),
    (re.compile(r"\b\d+(?:[.,]\d+)?\b"), " xnumber "),
)
_WORD = re.compile(r"[a-zà-ÿ]+(?:'[a-z]+)?")


def plain(text: str) -> str:
    """Return a text in small letters with straight quotes and single spaces."""
    return " ".join(text.replace("\u2019", "'").replace("\u2018", "'").lower().split())


def canonical(text: str) -> str:
    """Return a text in small letters with different words for the same wish made the same."""
    folded = plain(text)
    for pattern, same in _PHRASES:
        folded = pattern.sub(same, folded)
    return folded


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Return a word without its ending: cancelled, cancels and cancelling are the same."""
    word = lexicon.SYNONYMS.get(word, word)
    word = word.removesuffix("'s")
    if word.endswith("ies") and len(word) > 4:
        word = f"{word[:-3]}y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and re.search("[aeiouy]", word[: -len(ending)]):
            word = word[: -len(ending)]
            word = word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "se" else word
            break
    else:
        word = word[:-1] if word.endswith("e") and len(word) > 4 else word
    return lexicon.SYNONYMS.get(word, word)


def tokens(text: str) -> list[str]:
    """Return the words of a small-letter text."""
    return _WORD.findall(text)


def masked(text: str, items: frozenset[str] = frozenset()) -> list[str]:
    """Return the stemmed words of a text; order numbers, amounts, goods and the like become one word a kind."""
    text = text.replace("\u2019", "'")
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    found: list[str] = []
    for word in tokens(_CHANNELS.sub("xchannel", canonical(text))):
        if word in lexicon.GOODS or fold(word) in lexicon.GOODS or fold(word) in items:
            if not found or found[-1] != "xitem":
                found.append("xitem")
        else:
            found.append(stem(word))
    return found


class Speller:
    """Mends words with one typing error against a vocabulary; unknown words stay as they are."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        """Index each word of four letters and more under itself with each letter left out."""
        self._known = frozenset(vocabulary)
        self._near: dict[str, str] = {}
        for word in sorted(self._known, key=lambda word: (len(word), word)):
            if len(word) >= 4:
                for variant in _shortened(word):
                    self._near.setdefault(variant, word)

    def mend(self, word: str) -> str:
        """Return the known word that is one letter away, or the word itself."""
        if len(word) < 4 or word in self._known or word in lexicon.STOP or word in lexicon.NOT_ITEMS:
            return word
        for variant in (word, *_shortened(word)):
            near = self._near.get(variant)
            if near is not None and near[0] == word[0] and len(near) + len(word) > 8:
                return near
        return word


def _shortened(word: str) -> list[str]:
    return [word[:index] + word[index + 1 :] for index in range(len(word))]
