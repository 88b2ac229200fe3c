"""Takes a goal about items of an order further: reads the order, finds which lines are meant, and which variants are wanted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from agents.llm.offline import lexicon, mentions
from agents.llm.offline.context import Turn, records
from agents.llm.offline.goals import Ask, Call, Goal, Step, Stuck
from agents.llm.offline.offer import Spec
from agents.llm.offline.said import Value
from agents.llm.offline.understand import Offer

_SEVERAL = re.compile(r";|\{|\b(?:and|both|all|every|as well|everything)\b", re.IGNORECASE)
_WORDY = 14
"""Words from which what is said of an item is looked up instead of being handed over as it is."""


def is_itemized(goal: Goal) -> bool:
    """Return whether a goal may be about several items of an order, or tells more of them than a tool can read."""
    takes = not goal.settled and goal.spec.slot("more") is not None and goal.spec.of_kind("item") is not None
    return takes and bool(_SEVERAL.search(goal.text) or len(goal.text.split()) >= _WORDY)


def itemize(goal: Goal, turn: Turn, offer: Offer) -> Goal | Step:
    """Return the goal with the lines that are meant, for the tool that suits the order's state; else the step that has to come first."""
    reading = _about_order(offer, goal)
    if reading is None:
        return goal
    order = turn.outcome(reading.name, reading.args)
    if order is None:
        return reading
    if order.status != "ok":
        return Stuck(goal, order)
    spec = other_way(goal.spec, str(cast("Mapping[str, Any]", order.data).get("status")), offer)
    goal = replace(goal, spec=spec, args={name: value for name, value in goal.args.items() if spec.slot(name)})
    lines = records(order.data, "item")
    named = mentions.mentioned(goal.text, lines)
    if not named and (mentions.speaks_of_all(goal.text) or len(lines) == 1):
        named = [mentions.Mention(line, goal.text) for line in lines]
    slot = goal.spec.of_kind("item")
    if not named:
        return goal if slot is None or slot.name in goal.args else Ask(goal, slot, choices=tuple(lines))
    if goal.spec.slot("wanted"):
        return _pairs(goal, named, turn, offer)
    return _with(goal, [{"item": each.line.value} for each in named])


def _pairs(goal: Goal, named: Sequence[mentions.Mention], turn: Turn, offer: Offer) -> Goal | Step:
    pairs: list[dict[str, str | int]] = []
    for each in named:
        call = _about_item(offer, each.line.value)
        product = turn.outcome(call.name, call.args) if call else None
        if call and product is None:
            return call
        data: Mapping[str, Any] = product.data if product and product.status == "ok" else {}
        said = each.text if len(named) > 1 or "{" in each.text else goal.text
        given = str(goal.args.get("wanted") or "")
        known = (mentions.wanted_variant(words, each.line.value, data) for words in (said, given))
        wanted = next(filter(None, known), None) or mentions.wanted_words(each.text) or given
        if wanted:
            pairs.append({"item": each.line.value, "wanted": wanted, "quantity": 1})
    slot = goal.spec.slot("wanted")
    assert slot is not None
    return _with(goal, pairs) if pairs else Ask(goal.having({"item": named[0].line.value}), slot)


def _with(goal: Goal, items: Sequence[dict[str, str | int]]) -> Goal:
    """Return a goal about some lines: the first as arguments of its own, the others as what comes with it."""
    args: dict[str, Value] = {name: value for name, value in goal.args.items() if name not in {"quantity", "wanted"}}
    more: dict[str, Value] = {"more": list(items[1:])} if len(items) > 1 else {}
    return replace(goal, args={**args, **items[0], **more}, settled=True)


def _about_order(offer: Offer, goal: Goal) -> Call | None:
    """Return the call that shows an order with its lines."""
    slot = goal.spec.of_kind("order-number")
    number = goal.args.get(slot.name) if slot else None
    spec = _reader(offer, "order-number", "item")
    return Call(spec.name, {spec.required[0].name: number}) if spec and number else None


def _about_item(offer: Offer, sku: str) -> Call | None:
    """Return the call that shows a product with its variants."""
    spec = _reader(offer, "item", "item")
    return Call(spec.name, {spec.required[0].name: sku}) if spec else None


def _reader(offer: Offer, given: str, listed: str) -> Spec | None:
    """Return the tool that shows one thing by its number alone, with what it consists of."""
    fitting = [
        spec
        for spec in offer.tools.values()
        if not spec.writes and spec.name.startswith("get_") and [slot.kind for slot in spec.required] == [given] and listed in spec.returns
    ]
    return min(fitting, key=lambda spec: (len(spec.name), spec.name), default=None)


def other_way(spec: Spec, status: str, offer: Offer) -> Spec:
    """Return the tool that does the same for an order in another state: what is on its way is exchanged, what is not yet is changed."""
    for ways in lexicon.WAYS:
        if spec.name in ways and status not in ways[spec.name]:
            other = next((name for name, statuses in ways.items() if status in statuses and name in offer.tools), None)
            return offer.tools[other] if other else spec
    return spec
