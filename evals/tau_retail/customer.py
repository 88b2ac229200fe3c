"""A scripted customer: says what is wanted, answers questions from it, and agrees to what fits it. No model, no knowledge of the shop."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tools.items import meaning

_NUMBER = re.compile(r"#?\bW(\d{7})\b")
_ORDER = re.compile(r"(?:#|\border )(\d{7})\b", re.IGNORECASE)
_METHOD = re.compile(r"\b(?:credit_card|paypal|gift_card)_\d+\b")
_PERSON = re.compile(r"^(?:Your name is|You are (?!\w+ing\b)[\w, ]+$|You're (?!\w+ing\b)[\w, ]+$)")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_CHOICE = re.compile(r"^- \**([^*:\n]+?)\**(?::|$)", re.MULTILINE)
_WHY = re.compile(
    r"\b(?:because|since|mistake|accident\w*|no longer|don't need|faulty|broken|damaged|missing|too \w+|wrong|doesn't|disappointed)\b"
)
_ASKS = re.compile(r"\?\s*(?:\n|$)|\?\s+[A-Z-]|needs? (?:one more thing|to know)", re.IGNORECASE)
_CONFIRM = re.compile(r"\b(?:confirm|shall I|should I|go ahead|proceed|would you like me to|is that (?:right|correct|ok))\b", re.IGNORECASE)
_LEAST_SHARED = 2


@dataclass(frozen=True)
class Customer:
    """Wants what one paragraph says, which is written to the customer in the second person."""

    paragraph: str

    @cached_property
    def wish(self) -> str:
        """The paragraph with the shop's own order numbers."""
        return _NUMBER.sub(r"#\1", self.paragraph)

    @cached_property
    def _sentences(self) -> list[str]:
        return [part for part in _SENTENCE.split(self.wish) if part.strip() and not _PERSON.match(part)]

    def answer(self, said: str) -> str | None:
        """Return what the customer says to the shop's words; None when nothing was asked."""
        if not _ASKS.search(said):
            return None
        asked = said[said.rfind("\n", 0, said.rindex("?")) + 1 :] if "?" in said else said
        if choices := _CHOICE.findall(asked):
            return self._choice(asked, choices)
        lowered = asked.lower()
        if _CONFIRM.search(asked):
            return "Yes, please."
        if "reason" in lowered or "why" in lowered:
            about = set(_ORDER.findall(asked))
            told = (part for part in self._sentences if _WHY.search(part.lower()) and about >= set(_ORDER.findall(part)))
            return next(told, "No particular reason.")
        if "order" in lowered and (numbers := _ORDER.findall(self.wish)):
            return f"Order #{numbers[0]}."
        if re.search(r"pay|refund|method", lowered) and (methods := _METHOD.findall(self.wish)):
            return f"With {methods[0]}."
        words = meaning(asked)
        best = max(self._sentences, key=lambda part: len(words & meaning(part)), default="")
        return best if len(words & meaning(best)) >= _LEAST_SHARED else "I have nothing to add, please do what I asked for."

    def agrees(self, args: Mapping[str, Any], preview: str) -> bool:
        """Return whether a call fits what is wanted: no other order and no other payment method, and items that were spoken of."""
        numbers, methods = set(_ORDER.findall(self.wish)), set(_METHOD.findall(self.wish))
        if numbers and str(args.get("order", "")) not in numbers | {""}:
            return False
        if methods and any(found not in methods for found in _METHOD.findall(" ".join(map(str, args.values())))):
            return False
        items = [str(args.get("item") or ""), *(str(each.get("item", "")) for each in args.get("more", ()))]
        spoken = meaning(self.wish)
        return all(not item or item.isdigit() or meaning(item) & spoken for item in items) and bool(preview or args)

    def _choice(self, said: str, choices: list[str]) -> str:
        lines = [line for line in said.splitlines() if line.startswith("- ")]
        spoken = meaning(self.wish)
        shared = [len(meaning(line) & spoken) for line in lines]
        most = max(shared, default=0)
        return f"{choices[shared.index(most)]}, please." if most else "I have nothing to add, please do what I asked for."
