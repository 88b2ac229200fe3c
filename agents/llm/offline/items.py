"""Which words of a sentence name goods."""

import re

from agents.llm.offline import lexicon, words
from tools.items import fold

_SPOKEN = re.compile(r"[A-Za-zÀ-ÿ][\w'’-]*|\d+[a-z]*|[,.;:!?]")
_DETERMINERS = frozenset(
    ["the", "my", "a", "an", "this", "that", "these", "those", "our", "some", "any", "his", "her", "their", "two", "three", "four"]
)
_INNER = frozenset(["running", "walking", "hiking", "noise", "trail", "in-ear", "over-ear"])


def item_phrase(text: str, breaks: frozenset[str], known: frozenset[str], *, sure: bool) -> str | None:
    """Return a SKU, or the words that name an item; `known` are words of titles seen before.

    With `sure`, an unknown word counts only after an article or a possessive.
    """
    if found := words.SKU.search(text):
        return found.group(0)
    for pattern in (words.EMAIL, *words.NUMBERED.values(), words.AMOUNT, re.compile(r"#?\b\d{3,18}\b")):
        text = pattern.sub(" , ", text)
    best: tuple[int, int, str] | None = None
    for place, (phrase, determined) in enumerate(_runs(text, breaks, known)):
        weight = max(_weight(word, known) for word in phrase)
        score = weight + (1 if determined else 0)
        if score >= (2 if sure else 1) and (best is None or score > best[0]):
            best = (score, -place, " ".join(phrase))
    return best[2] if best else None


def _runs(text: str, breaks: frozenset[str], known: frozenset[str]) -> list[tuple[list[str], bool]]:
    """Return runs of words that may name goods, and whether an article or a possessive stands before each."""
    runs: list[tuple[list[str], bool]] = []
    run: list[str] = []
    determined = False
    for word in [*_SPOKEN.findall(text), "."]:
        lowered = word.lower()
        if word[0].isalpha() and not _is_break(lowered, breaks, known):
            run.append(word)
            continue
        if run and any(each.lower() not in _INNER for each in run):
            runs.append((run, determined))
        determined = lowered in _DETERMINERS or (
            determined and not run and lowered in {"new", "other", "second", "first", "broken", "defective"}
        )
        run = []
    return runs


def _is_break(word: str, breaks: frozenset[str], known: frozenset[str]) -> bool:
    if word in lexicon.GOODS or fold(word) in lexicon.GOODS or word in _INNER or fold(word) in known:
        return False
    bare = word.removesuffix("'s")
    return (
        word in _DETERMINERS
        or bare in lexicon.STOP
        or bare in lexicon.NOT_ITEMS
        or bare in lexicon.NUMBERS
        or bare in lexicon.CHANNELS
        or words.stem(bare) in breaks
    )


def _weight(word: str, known: frozenset[str]) -> int:
    lowered = word.lower()
    if fold(lowered) in known:
        return 3
    return 2 if lowered in lexicon.GOODS or fold(lowered) in lexicon.GOODS else 1
