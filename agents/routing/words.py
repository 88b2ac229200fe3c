"""What a message is made of: clean text, features, separate requests, and whether it leans on what was said before."""

import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from zlib import crc32

from memory.hashing import STOP, stem

LONGEST = 600
"""Letters of a message that routing reads: what comes first says what it is about."""
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_LOOKALIKES = str.maketrans("аеорсухіјѕԁӏαοερνικ", "aeopcyxijsdlaoepvik")
"""Cyrillic and Greek letters that pass for Latin ones."""
_MIXED = re.compile(r"\b(?=\w*[a-z])(?=\w*[\u0370-\u04ff])\w+\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_SPACES = re.compile(r"[^\S\n]+")
_MASKS = (
    (re.compile(r"\b[rt]-\d+\b"), " returnnumber "),
    (re.compile(r"#?\b\d{3,}\b"), " ordernumber "),
    (re.compile(r"\d+"), " number "),
)
_JOINTS = re.compile(
    r"(?:[?.;!\n]|\b(?:also|plus|by the way|btw|besides)\b|"
    r",?\s*\b(?:and|but|or)\s+(?:also\s+)?(?=(?:what|which|where|why|how|who|when|show|cancel|refund|return|list|check|is|are|do|does|can|"
    r"could|will|would|i|send|please|tell|give|put|set|create|change)\b)|"
    r",\s*(?=(?:what|which|where|why|how|who|when|do|does|is|are|can|please|show|cancel|refund|return|list)\b))",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"^(?:and|but|or|so|then|also|ok|okay|no|not|yes|sorry|oops|actually|instead|what about|how about|i mean|i meant|wrong)\b|"
    r"\b(?:it|its|that|this|those|these|them|they|one|ones|there|he|him|his|she|her|first|second|third|last one|same|other|i meant?)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\b\d{3,}\b")
_SAYS_LITTLE = 5
"""Words up to which a number is all that a message is about."""
_FILLER = re.compile(
    r"^(?:(?:ok|okay|k|well|so|and|but|or|then|also|now|no|yes|yeah|sorry|oops|anyway|thanks|thank you|thx|great|fine|good|hi|hello|"
    r"hey|haha|hang on|wait|please|pls|plz|actually|btw|by the way|got it|sir|madam|mam|bro|bhai|dear|good (?:morning|evening))"
    r"\b[\s,.;:!-]*)+",
    re.IGNORECASE,
)
_SHORTHAND = {
    "u": "you", "ur": "your", "r": "are", "pls": "please", "plz": "please", "wen": "when", "wil": "will", "hav": "have", "wat": "what",
    "wats": "what is", "whats": "what is", "wheres": "where is", "hw": "how", "cn": "can", "dnt": "do not", "dont": "do not",
    "cant": "cannot", "wanna": "want to", "gimme": "give me", "abt": "about", "recieve": "receive", "recieved": "received", "nt": "not",
    "n": "and", "yr": "your", "thr": "there", "nd": "and", "wich": "which", "tht": "that", "msg": "message", "amt": "amount",
}  # fmt: skip
_SHORTEST, _LONGEST = 2, 5
_MENDABLE = 4
"""Letters from which on a word can be told to be misspelt."""
_OFTEN = 4
"""Examples that have to use a word before others are taken for it."""
_STOP_WEIGHT, _GROUP_WEIGHT, _PAIR_WEIGHT, _WISH_WEIGHT = 0.5, 0.3, 0.3, 0.6
_WISH = re.compile(
    r"^(?:please |kindly )?(?:(?:i|we) (?:just |really |still )?(?:want|need|wish|would like|wanted|have|am trying) to |"
    r"(?:i'd|we'd) like to |(?:can|could|may|should) (?:i|we) |how (?:do|can|should) (?:i|we) |(?:can|could|would|will) you (?:please )?|"
    r"let me |help me (?:to )?)(?:please |just )?(?P<act>[a-z]+)(?: (?P<end>back|off|out|up))?\b"
)
"""What somebody wants to do, whatever they want to do it to."""


def clean(text: str) -> str:
    """Return the part of a message that routing reads: one form of each letter, nothing invisible, at most `LONGEST` letters."""
    plain = unicodedata.normalize("NFKC", text[: LONGEST * 4])
    plain = "".join(each if each == "\n" else " " if each.isspace() else each for each in plain if _seen(each))
    plain = _MIXED.sub(lambda word: word[0].translate(_LOOKALIKES), plain)
    return _SPACES.sub(" ", plain).strip()[:LONGEST]


def gist(text: str) -> str:
    """Return a clean message without the words that only lead up to it, shorthand written out."""
    rest = _FILLER.sub("", text)
    words = (rest if len(rest.split()) >= 2 else text).split()
    return " ".join(_SHORTHAND.get(word.lower(), word) for word in words)


class Spelling:
    """Mends words that nobody has used before and that are one letter away from one that somebody has."""

    def __init__(self, texts: Iterable[str]) -> None:
        counts = Counter(word for text in texts for word in _WORD.findall(text.lower()))
        self._known = frozenset(counts)
        self._near: dict[str, str] = {}
        for word in sorted(counts, key=counts.__getitem__):
            if len(word) >= _MENDABLE and word.isalpha() and counts[word] >= _OFTEN:
                for form in (word, *_without_one(word)):
                    self._near[form] = word

    def mended(self, text: str) -> str:
        """Return a text with its misspelt words as they are meant."""
        return _WORD.sub(lambda found: self._meant(found[0]), text)

    def _meant(self, word: str) -> str:
        low = word.lower()
        if len(low) < _MENDABLE or low in self._known or not low.isalpha():
            return word
        for form in (low, *_without_one(low)):
            meant = self._near.get(form)
            if meant and meant[0] == low[0]:
                return meant
        return word


def _without_one(word: str) -> Iterator[str]:
    return (word[:index] + word[index + 1 :] for index in range(len(word)))


def features(text: str) -> dict[int, float]:
    """Return a clean text's features by their codes: stems, pairs of them, and groups of two to five letters, which survive typos."""
    masked = text.lower()
    for pattern, word in _MASKS:
        masked = pattern.sub(word, masked)
    words = _WORD.findall(masked)
    stems = [stem(word) for word in words]
    counts: defaultdict[str, float] = defaultdict(float)
    for word, root in zip(words, stems, strict=True):
        counts[f"w{root}"] += _STOP_WEIGHT if word in STOP else 1.0
        if word not in STOP:
            padded = f"<{word}>"
            for size in range(_SHORTEST, _LONGEST + 1):
                for start in range(len(padded) - size + 1):
                    counts[f"c{padded[start : start + size]}"] += _GROUP_WEIGHT
    for left, right in itertools.pairwise(stems):
        counts[f"p{left} {right}"] += _PAIR_WEIGHT
    if wish := _WISH.match(masked):
        counts[f"a{stem(wish['act'])} {wish['end'] or ''}"] += _WISH_WEIGHT
    return {crc32(name.encode()): weight for name, weight in counts.items()}


def clauses(text: str) -> list[str]:
    """Return the separate requests of a message; a piece of one word is none."""
    pieces: list[str] = []
    for part in _JOINTS.split(text):
        piece = part.strip(" ,:-")
        if len(piece.split()) >= 2:
            pieces.append(piece)
    return pieces


def leans(text: str) -> bool:
    """Return whether a message can be understood only with what was said before."""
    size = len(_WORD.findall(text))
    return _LEANS.search(text) is not None or size <= 2 or (size <= _SAYS_LITTLE and _NUMBERED.search(text) is not None)


def _seen(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) not in _HIDDEN
