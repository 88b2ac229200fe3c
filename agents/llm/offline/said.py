"""A person's words, handed to whoever reads arguments from them."""

from dataclasses import dataclass

from agents.llm.offline import words

Value = str | int | bool | list[str] | list[dict[str, str | int]]
"""An argument."""


@dataclass(frozen=True, slots=True)
class Words:
    """A person's words, with what their reader needs to know about goods."""

    text: str
    breaks: frozenset[str]
    items: frozenset[str] = frozenset()
    whole: str = ""
    """All that was said, where `text` is a part of it."""

    @property
    def plain(self) -> str:
        """The words in small letters."""
        return words.plain(self.text)
