"""Calls that have to be made: routing, structured output, and handing a conversation over."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from agents.llm.offline import words
from agents.llm.offline.entities import value_of
from agents.llm.offline.figures import count
from agents.llm.offline.goals import Call
from agents.llm.offline.matching import Matcher
from agents.llm.offline.offer import CONTROL, Slot, Spec
from agents.llm.offline.said import Words
from agents.llm.offline.understand import Offer
from agents.roster import PLACES

_ANY = frozenset({"any", "required", True})
_MATCHERS_KEPT = 8
"""Each is about twelve megabytes: of all places, as a role sees them."""


def is_forced(tools: Sequence[Mapping[str, Any]], choice: Any) -> bool:
    """Return whether a call must be made: it was demanded, or there is nothing to do but to hand over."""
    names = [tool["function"]["name"] for tool in tools]
    return bool(names) and (names == [CONTROL] or choice in _ANY or isinstance(choice, dict) or choice in names)


def call(text: str, tools: Sequence[dict[str, Any]], choice: Any, offer: Offer) -> Call:
    """Return the call of the demanded or the likeliest tool, every required argument filled as well as the text allows."""
    names = [str(tool["function"]["name"]) for tool in tools]
    wanted: Any = cast("dict[str, Any]", choice).get("function", {}).get("name") if isinstance(choice, dict) else choice
    if wanted not in names:
        wanted = next((match.name for match in offer.matcher.rank(text) if match.name in names), names[0])
    spec = offer.specs[wanted]
    tool = next(tool for tool in tools if tool["function"]["name"] == wanted)
    said = Words(text, offer.breaks)
    args: dict[str, Any] = {}
    for slot in spec.slots:
        if slot.kind == "enum":
            args[slot.name] = _likeliest(text, slot, tool, offer)
        elif slot.required or slot.kind != "string":
            value = value_of(slot, said, spec, answering=slot.required)
            if value is not None or slot.required:
                args[slot.name] = _default(slot, text) if value is None else value
    return Call(wanted, args)


def agent_for(text: str, transfer: Mapping[str, Any], offer: Offer, tool: str = "") -> str | None:
    """Return the place that a request is for, or None when no description fits."""
    choices = transfer["function"]["parameters"]["properties"]["agent"].get("enum", [])
    scores = _scores(text, choices, str(transfer["function"].get("description", "")), offer, tool)
    best = max(choices, key=lambda name: scores.get(name, 0.0), default=None)
    return best if best is not None and scores.get(best, 0.0) >= (0.0 if tool else 0.3) else None


def _likeliest(text: str, slot: Slot, tool: Mapping[str, Any], offer: Offer) -> str:
    scores = _scores(text, slot.choices, f"{tool['function'].get('description', '')} {slot.description}", offer, "")
    return max(slot.choices, key=lambda name: scores.get(name, 0.0))


def _scores(text: str, names: Sequence[str], description: str, offer: Offer, tool: str) -> dict[str, float]:
    """Compare a text with what a description says of each name; of places, with their tools' and their own examples as well."""
    owners = [name for name in names if name in PLACES and tool in PLACES[name].tools]
    if owners:
        return {owners[0]: 1.0}
    told = {name: _told(name, names, description) for name in names}
    examples = {name: _examples(name, offer) for name in names}
    matcher = _matcher(tuple(Spec(name, told[name], (), examples[name]) for name in names))
    return {match.name: match.score for match in matcher.rank(text)}


@lru_cache(maxsize=_MATCHERS_KEPT)
def _matcher(specs: tuple[Spec, ...]) -> Matcher:
    """Return the matcher of some descriptions; making that of all places holds everything else up for a quarter of a second."""
    return Matcher(specs)


def _examples(name: str, offer: Offer) -> tuple[str, ...]:
    if name not in PLACES:
        return ()
    tools = [offer.all[tool] for tool in sorted(PLACES[name].tools) if tool in offer.all]
    return (*PLACES[name].examples, *(example for spec in tools for example in spec.examples))


def _told(name: str, names: Sequence[str], description: str) -> str:
    others = "|".join(re.escape(other) for other in names if other != name)
    ends = rf"(?=;\s|\n|$|\b(?:{others})\s*[:=(])" if others else "$"
    found = re.search(rf"\b{re.escape(name)}\b\s*[:=(-]+\s*(.+?){ends}", description, re.DOTALL)
    return f"{name.replace('_', ' ')}. {found.group(1) if found else ''}"


def _default(slot: Slot, text: str) -> Any:
    if slot.kind == "boolean":
        return False
    if slot.kind in {"integer", "number", "quantity", "limit", "days", "delta"}:
        digits = re.search(r"\b\d+\b", words.plain(text))
        return count(digits.group(0)) if digits else 1
    return text[:200]
