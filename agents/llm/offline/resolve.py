"""Takes one goal a step further: from the conversation, by looking it up with another tool, else by asking."""

import re
from collections.abc import Mapping, Sequence

from agents.llm.offline import lexicon, words
from agents.llm.offline.context import OTHER, Done, Memory, Record, Turn, records
from agents.llm.offline.entities import missing
from agents.llm.offline.goals import Ask, Call, Finished, Goal, Step, Stuck
from agents.llm.offline.itemized import is_itemized, itemize
from agents.llm.offline.offer import Slot, Spec
from agents.llm.offline.said import Value
from agents.llm.offline.understand import Offer
from tools.items import meaning

_POINTS = re.compile(r"\b(it|its|that|this|them|those|these|the same|there)\b")
_NOT_THAT = re.compile(r"\b(my|all|any|which|what) orders\b|\b(another|a different|a new|some other) order\b")
_NEWEST = re.compile(r"\b(last|latest|newest|most recent)\b(?! (?:day|week|month|year))")
_UNCLEAR = re.compile(r"^(?P<field>[a-z_]+): (?P<why>.+)$", re.DOTALL)
_LOOKED_UP = (*lexicon.PREFIXES, "item")


def advance(goal: Goal, memory: Memory, turn: Turn, offer: Offer) -> Step:
    """Return the goal's outcome when it has one, else its next step."""
    if is_itemized(goal):
        found = _on_order(goal, memory, turn, offer)
        if not isinstance(found, Goal):
            return found
        goal = found
    known = dict(goal.args)
    for slot in missing(goal.spec, known):
        found = _fill(slot, goal, known, memory, turn, offer)
        if not isinstance(found, str):
            return found
        known[slot.name] = found
    ready = goal.having(known)
    done = turn.outcome(goal.spec.name, known)
    return _outcome(ready, done) if done else Call(goal.spec.name, known)


def _on_order(goal: Goal, memory: Memory, turn: Turn, offer: Offer) -> Goal | Step:
    """Return a goal with the lines of its order that are meant."""
    slot = goal.spec.of_kind("order-number")
    if slot and slot.name not in goal.args:
        found = _fill(slot, goal, dict(goal.args), memory, turn, offer)
        if not isinstance(found, str):
            return found
        goal = goal.having({slot.name: found})
    return itemize(goal, turn, offer)


def _fill(slot: Slot, goal: Goal, known: dict[str, Value], memory: Memory, turn: Turn, offer: Offer) -> str | Step:
    """Return a missing argument from the conversation or from what is on record, else the step that brings it."""
    value = from_conversation(slot, goal, known, memory)
    if value is not None:
        return value
    if slot.kind in lexicon.KEYS and OTHER.search(words.plain(goal.text)) and (left := memory.others(slot.kind)):
        fitting = _fitting(slot, goal, left, named=True)
        return fitting[0].value if len(fitting) == 1 else Ask(goal.having(known), slot, choices=tuple(fitting))
    if slot.kind in _LOOKED_UP and (helper := _helper(slot, goal, known, offer)):
        return _look_up(slot, goal.having(known), helper, turn)
    return Ask(goal.having(known), slot)


def from_conversation(slot: Slot, goal: Goal, known: Mapping[str, Value], memory: Memory) -> str | None:
    """Return what the conversation says a missing argument is, without guessing among several."""
    if slot.kind not in lexicon.KEYS:
        return None
    text = words.plain(goal.text)
    if referred := memory.refer(slot.kind, text):
        return referred
    if slot.kind == "item":
        return _item_meant(text, known, memory)
    focus = memory.focus(slot.kind)
    if focus is None or len(focus.values) != 1 or _NOT_THAT.search(text) or OTHER.search(text):
        return None
    if slot.kind == "order-number" and (item := _named_item(goal)):
        return _order_with(item, focus.values[0], memory)
    return focus.values[0]


def _item_meant(text: str, known: Mapping[str, Value], memory: Memory) -> str | None:
    order = known.get("order")
    if isinstance(order, str) and len(lines := memory.items_of(order)) == 1:
        return lines[0].value
    focus = memory.focus("item")
    return focus.values[0] if focus and len(focus.values) == 1 and _POINTS.search(text) else None


def _order_with(item: str, focus: str, memory: Memory) -> str | None:
    """Return the order talked about when it has the named item, or the only one of a list that has."""
    wanted = meaning(item)
    lines = memory.items_of(focus)
    if any(wanted & line.words for line in lines):
        return focus
    listed = next((mention.records for mention in reversed(memory.mentions) if mention.kind == "order-number" and mention.records), ())
    fitting = [record.value for record in listed if wanted & record.words]
    if len(fitting) == 1:
        return fitting[0]
    return None if lines or fitting else focus


def _named_item(goal: Goal) -> str | None:
    slot = goal.spec.of_kind("item")
    value = goal.args.get(slot.name) if slot else None
    return value if isinstance(value, str) else None


def _helper(slot: Slot, goal: Goal, known: Mapping[str, Value], offer: Offer) -> Call | None:
    """Return the call of a reading tool that lists candidates, the one that narrows them most."""
    best: tuple[int, str, Call] | None = None
    for spec in offer.tools.values():
        if spec.writes or slot.kind not in spec.returns or spec.name == goal.spec.name:
            continue
        args = _shared(spec, slot, goal, known)
        if missing(spec, args) or (slot.kind == "item" and not args):
            continue
        rank = (2 * len(args) + len(spec.slots) + (3 if spec.name.startswith(("find_", "list_", "search_")) else 0), spec.name)
        if best is None or rank > best[:2]:
            best = (*rank, Call(spec.name, args))
    return best[2] if best else None


def _shared(spec: Spec, slot: Slot, goal: Goal, known: Mapping[str, Value]) -> dict[str, Value]:
    """Return what is known of the goal in the words of the helper's arguments, and the status that suits the goal."""
    kinds = {each.name: each.kind for each in goal.spec.slots}
    args: dict[str, Value] = {}
    for name, value in known.items():
        target = spec.of_kind(kinds.get(name, ""))
        if target and target.kind in lexicon.KEYS and target.kind != slot.kind:
            args[target.name] = value
    status = spec.slot("status")
    suited = suited_to(goal.spec)
    if (
        status
        and slot.kind == "order-number"
        and len(suited) == 1
        and suited[0] in status.choices
        and suited[0] == "delivered"
        and not args
    ):
        args["status"] = suited[0]
    if goal.spec.stems & {"release", "hold"} and spec.slot("on_hold") and "release" in goal.spec.stems:
        args["on_hold"] = True
    return args


def suited_to(spec: Spec) -> tuple[str, ...]:
    """Return the statuses of orders that a tool is likely meant for, by its name's words."""
    return next(
        (
            statuses
            for stems, statuses in lexicon.SUITED
            if stems & {words.stem(word) for word in spec.name.split("_")} or stems & set(spec.name.split("_"))
        ),
        (),
    )


def _look_up(slot: Slot, goal: Goal, helper: Call, turn: Turn) -> str | Step:
    done = turn.outcome(helper.name, helper.args)
    if done is None:
        return helper
    if done.status != "ok":
        return Stuck(goal, done)
    found = records(done.data, slot.kind)
    narrowed = any(value == _named_item(goal) for value in helper.args.values())
    fitting = _fitting(slot, goal, found, named=not narrowed)
    if len(fitting) == 1 or (fitting and _NEWEST.search(words.plain(goal.text))):
        return fitting[0].value
    return Ask(goal, slot, choices=tuple(fitting or found)) if found else Stuck(goal, done)


def _fitting(slot: Slot, goal: Goal, found: Sequence[Record], *, named: bool) -> list[Record]:
    """Narrow candidates by the item that was named and by the statuses that suit the goal, as long as any are left."""
    left = list(found)
    if slot.kind == "order-number":
        if named and (item := _named_item(goal)):
            left = [record for record in left if meaning(item) & record.words] or left
        suited = suited_to(goal.spec)
        left = [record for record in left if record.data.get("status") in suited] or left
        if "shipped" in suited and len(left) > 1:
            left = [record for record in left if record.data.get("status") in lexicon.IN_PROGRESS] or left
    return left


def _outcome(goal: Goal, done: Done) -> Step:
    """Return how a call ended; when it lacks or misread one argument, ask for that."""
    if (
        done.status == "failed"
        and done.code not in {"not_executed", "not_found", "repeated_call"}
        and (match := _UNCLEAR.match(done.message))
    ):
        slot = goal.spec.slot(match["field"])
        if slot is not None:
            return Ask(goal, slot, why=match["why"])
    return Finished(goal, done)
