"""Personal data: patterns that must not reach logs, and invisible characters that must not reach a model."""

import re
import unicodedata

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_CARD = re.compile(r"\b(?:\d[ -]?){13,19}\b")
_PHONE = re.compile(r"(?<![\w-])\+\d[\d ().-]{7,}\d")
_KEY = re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}")
_URL_SECRET = re.compile(r"(\w+://[^:/\s@]+:)[^@\s]+@")

_UNUSUAL = re.compile(r"[^\n\t\x20-\x7e]+")
"""What has to be looked at one by one: anything but printable ASCII, line ends and tabs."""


def redact_text(text: str) -> str:
    """Replace e-mail addresses, card and phone numbers, keys and passwords in URLs by their class."""
    text = _URL_SECRET.sub(r"\1[secret]@", text)
    text = _EMAIL.sub("[email]", text)
    text = _KEY.sub("[key]", text)
    text = _PHONE.sub("[phone]", text)
    return _CARD.sub("[number]", text)


def visible(text: str) -> str:
    """Return `text` in NFC without what a reader cannot see: controls, format characters, tags, lone surrogates, private use.

    Zero-width joiners go too: they carry hidden instructions as well as joined emoji (Unicode TR 36, section 2).
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _UNUSUAL.sub(_only_visible, composed)


def _only_visible(match: re.Match[str]) -> str:
    return "".join(ch for ch in match.group() if not _invisible(ch))


def _invisible(ch: str) -> bool:
    if unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
        return True
    code = ord(ch)
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or code in {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
