"""Writes what the offline model says: from typed results, never beyond them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError

from agents.llm.offline import lexicon
from agents.llm.offline.context import Done, Record
from agents.llm.offline.goals import Ask, Finished, Frame, Plan, Stuck
from agents.llm.offline.offer import Slot, Spec
from agents.llm.offline.understand import Act, Offer
from core.money import Money
from tools.registry import Toolbox
from tools.result import describe

_ME = "I am Storehand's offline assistant: I work without a language model, by the shop's own tools."
_SHOWN = 5
_OWN = 3
"""Abilities that are named of the agent at work, when others could take over."""


_EXAMPLE = re.compile(r",? such as [^.]*$")
"""An example in a description could pass for something that is on record."""


def write(plan: Plan, offer: Offer, toolbox: Toolbox) -> str:
    """Return the whole answer for a plan that has nothing left to call."""
    if plan.frame.act is not Act.ASK or not plan.steps:
        return _social(plan.frame, offer)
    finished = [step for step in plan.steps if isinstance(step, Finished)]
    parts = [_outcome(step.done, toolbox, alone=len(finished) == 1) for step in finished]
    if len(parts) > 1:
        parts = [f"### {_title(step.done.name, step.done.args)}\n{part}" for step, part in zip(finished, parts, strict=True)]
    parts += [_stuck(step, toolbox, offer) for step in plan.steps if isinstance(step, Stuck)]
    if question := plan.question:
        parts.append(_question(question, again=plan.frame.repeated, named=len(plan.frame.goals) > 1))
    return "\n\n".join(parts)


def abilities(specs: Iterable[Spec], most: int = _SHOWN) -> list[str]:
    """Return what tools can do, a short phrase each, reading first."""
    ordered = sorted(specs, key=lambda spec: (spec.name.startswith("list_"), len(spec.purpose)))
    reading, writing = [s for s in ordered if not s.writes], [s for s in ordered if s.writes]
    chosen = [*reading[: most - min(2, len(writing))], *writing[:2]]
    return [re.split(r"[:;(]|, (?:by|newest|the |with |what )", spec.purpose)[0].strip().rstrip(".") for spec in chosen[:most]]


def shown(done: Done, toolbox: Toolbox) -> str:
    """Return a successful result as Markdown."""
    tool = toolbox.get(done.name)
    if tool is not None:
        try:
            return tool.result.model_validate_json(done.content).text()
        except ValidationError:
            pass
    return describe(cast("object", done.data)) if isinstance(done.data, (Mapping, list)) else done.content


def _outcome(done: Done, toolbox: Toolbox, *, alone: bool = True) -> str:
    if done.status == "ok":
        tool = toolbox.get(done.name)
        lead = "Done.\n\n" if tool is not None and tool.writes else "Here is what I found.\n\n" if alone else ""
        return f"{lead}{shown(done, toolbox)}"
    if done.status == "denied":
        ways = f"\n\nWhat is possible instead: {_joined(done.allowed)}." if done.allowed else ""
        return f"That is not possible. {_sentence(done.message)}{ways}"
    if done.status == "pending":
        return f"This is not done yet: it waits for a confirmation or an approval. {_sentence(done.message)}".strip()
    if done.code == "not_executed":
        return "Nothing was changed: that step was not carried out. Tell me if you want it after all."
    if done.code in {"timeout", "unavailable", "database_unavailable"}:
        return f"That did not work just now. {_sentence(done.message)} Please try again in a moment."
    ways = f" Possible: {_joined(done.allowed)}." if done.allowed else ""
    return f"That did not work. {_sentence(done.message)}{ways}"


def _stuck(step: Stuck, toolbox: Toolbox, offer: Offer) -> str:
    if step.done.status != "ok":
        return _outcome(step.done, toolbox)
    named = ", ".join(str(value).replace("_", " ") for value in step.done.args.values() if not isinstance(value, bool))
    what = f" for “{named}”" if named else ""
    said = _sentence(shown(step.done, toolbox))
    return f"I looked{what} and found nothing that fits. {said} A number helps me most, such as an order number."


def _question(ask: Ask, *, again: bool, named: bool) -> str:
    """Ask for one argument; with `named`, say about which order, because there are several requests."""
    lead = "I did not understand that. " if again else ""
    slot = ask.goal.spec.of_kind("order-number")
    if named and slot and slot is not ask.slot and slot.name in ask.goal.args:
        lead = f"{lead}About order {ask.goal.args[slot.name]}: "
    if ask.why:
        return f"{lead}I need one more thing: {ask.why if ask.why.endswith(('?', '.')) else f'{ask.why}. What shall it be?'}"
    if ask.choices:
        lines = "\n".join(f"- {_choice(record)}" for record in ask.choices[:_SHOWN])
        return f"{lead}Which {lexicon.NAMES.get(ask.slot.kind, 'one')} do you mean?\n\n{lines}"
    return f"{lead}{prompt(ask.slot)}"


def prompt(slot: Slot) -> str:
    """Return the short question for one argument."""
    if slot.kind == "enum":
        words = [lexicon.LABELS.get(choice, choice.replace("_", " ")) for choice in slot.choices]
        asked = lexicon.ASKS.get(slot.name, f"Which {slot.name.replace('_', ' ')}?")
        return f"{asked} {', '.join(words[:-1])} or {words[-1]}?" if len(words) > 1 else asked
    asked = lexicon.ASKS.get(slot.name) or lexicon.PROMPTS.get(slot.kind)
    described = _EXAMPLE.sub("", slot.description).rstrip(".")
    return asked or (
        f"One thing is missing: {described[:1].lower()}{described[1:]}?" if described else f"What is the {slot.name.replace('_', ' ')}?"
    )


def _choice(record: Record) -> str:
    data = record.data
    items = cast("list[dict[str, Any]]", data["items"]) if isinstance(data.get("items"), list) else []
    titles = [str(item["title"]) for item in items if "title" in item]
    told = [data[key] for key in ("title", "status", "kind", "why") if isinstance(data.get(key), str) and data[key] != record.value]
    extra = [str(word).replace("_", " ") for word in told]
    total: Any = data.get("total") or data.get("price_from")
    if isinstance(total, dict) and cast("dict[str, Any]", total).keys() == {"minor", "currency"}:
        extra.append(str(Money.model_validate(total)))
    return f"**{record.value}**: {', '.join([*extra, *titles[:3]])}" if extra or titles else f"**{record.value}**"


def _social(frame: Frame, offer: Offer) -> str:
    can = "\n".join(f"- {phrase}" for phrase in [*abilities(offer.tools.values(), _OWN if offer.elsewhere else _SHOWN), *offer.elsewhere])
    help_text = f"I can help with:\n\n{can}" if can else "I have no tools to work with in this conversation."
    match frame.act:
        case Act.GREET:
            return f"Hello! {_ME}\n\n{help_text}"
        case Act.ABOUT | Act.CHAT:
            return f"{_ME} I only say what the shop's records say.\n\n{help_text}"
        case Act.THANK | Act.PRAISE:
            return "You are welcome. Tell me if there is anything else."
        case Act.LEAVE:
            return "Goodbye!"
        case Act.DROP | Act.NO | Act.FORBID:
            return "All right, I leave it as it is. Nothing was changed."
        case Act.YES:
            return f"There is nothing that waits for a yes from me at the moment. {help_text}"
        case _:
            return f"I did not understand that, or it is not something I can do here, so I do not guess. {_ME}\n\n{help_text}"


def _title(name: str, args: Mapping[str, Any]) -> str:
    about = next((str(value) for value in args.values() if isinstance(value, str) and len(value) <= 30), "")
    words = name.replace("_", " ").capitalize()
    return f"{words}: {about}" if about else words


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}" + ("" if not text or text.endswith((".", "!", "?", "”")) else ".")


def _joined(ways: Sequence[str]) -> str:
    return ", ".join(way.replace("_", " ") for way in ways[:8])
