"""Decides the next step of a conversation, from its messages alone."""

import re
from collections.abc import Sequence
from functools import cached_property

from agents.llm.offline import lexicon, words
from agents.llm.offline.context import OTHER, Memory, Record, Turn, order_numbers, recall
from agents.llm.offline.entities import fill, value_of
from agents.llm.offline.goals import Ask, Call, Finished, Frame, Goal, Plan, Step
from agents.llm.offline.offer import CONTROL, Slot, Spec
from agents.llm.offline.resolve import advance
from agents.llm.offline.said import Value, Words
from agents.llm.offline.story import story
from agents.llm.offline.telling import Teller
from agents.llm.offline.understand import Act, Meaning, Offer, understand
from tools.items import fold, meaning

_BACK = 6
"""How many turns are read again to know what an answer or a follow-up belongs to."""
_SURELY_NEW = 0.62
"""From this score a reply to our question is a new request instead."""
_ITS_OWN = 0.6
_LISTED = re.compile(r"\b(?:one|ones|the|a|an|my|is|it's|it|that|this|order|number|item|please|#)\b")
_SHORT = 3
"""Words of an answer that is nothing but a choice, at most."""


class Planner:
    """Plans the turns of one conversation for one set of offered tools."""

    def __init__(self, turns: Sequence[Turn], offer: Offer) -> None:
        """Read the last turns of a conversation."""
        self._turns = turns[-_BACK:]
        self._offer = offer
        self._plans: dict[int, Plan] = {}
        recalled = [recall(turn, offer.kinds) for turn in self._turns[:-1]]
        self._memories = [Memory(recalled[:place]) for place in range(len(self._turns))]

    @cached_property
    def now(self) -> Plan:
        """The plan for the last turn."""
        return self._plan(len(self._turns) - 1)

    def _plan(self, place: int) -> Plan:
        if place not in self._plans:
            turn, before = self._turns[place], self._memories[place]
            steps: list[Step] = []
            frame = self._told(place, steps) or self._frame(place)
            for goal in frame.goals:
                step = advance(goal, before, turn, self._offer)
                if step not in steps:
                    steps.append(step)
            done = [step.done for step in steps if isinstance(step, Finished)]
            others = tuple(each for each in turn.done if each not in done and each.name != CONTROL)
            self._plans[place] = Plan(frame, tuple(steps), others)
        return self._plans[place]

    def _told(self, place: int, steps: list[Step]) -> Frame | None:
        """Return what a story asks for, once the shop knows enough of it; until then `steps` gets what has to be looked up."""
        before = self._plan(place - 1) if place else None
        told = None if before and before.question else story(self._turns[place].text)
        teller = Teller(told, self._turns[place], self._offer) if told else None
        if teller is None or not teller.can:
            return None
        goals = teller.goals()
        steps += teller.calls
        if goals or teller.calls:
            return Frame(Act.ASK, () if teller.calls else tuple(goals))
        read = self._frame(place)
        return Frame(Act.UNKNOWN) if teller.sees_orders and any(goal.spec.writes for goal in read.goals) else read

    def _frame(self, place: int) -> Frame:
        text = self._turns[place].text
        memory = self._memories[place]
        meant = understand(text, self._offer, memory.item_words)
        before = self._plan(place - 1) if place else None
        if before and before.question and self._turns[place - 1].reply:
            return self._reply(text, meant, before, before.question, memory)
        if before and meant.follows and (meant.act is not Act.ASK or meant.score < _ITS_OWN):
            goal = next((step.goal for step in reversed(before.steps) if isinstance(step, Finished)), None)
            if goal and (again := self._again(goal, text, memory)):
                return Frame(Act.ASK, (again,))
        if before and meant.act is Act.UNKNOWN and len(text.split()) <= 4:
            goal = next((step.goal for step in reversed(before.steps) if isinstance(step, Finished)), None)
            if goal and not goal.spec.writes and (again := self._again(goal, text, memory)):
                return Frame(Act.ASK, (again,))
        return self._fresh(meant, text, memory)

    def _fresh(self, meant: Meaning, text: str, memory: Memory) -> Frame:
        goals: list[Goal] = []
        for name, part in meant.asks:
            spec = self._offer.tools[name]
            named = fill(spec, self._words(part, memory, text if len(meant.asks) == 1 else ""))
            earlier = next((goal.args["order"] for goal in reversed(goals) if "order" in goal.args), None)
            if earlier and spec.slot("order") and "order" not in named and re.search(r"\b(it|that|this|them)\b", words.plain(part)):
                named["order"] = earlier
            slot = spec.of_kind("order-number")
            if slot and slot.required and slot.name not in named and len(meant.asks) == 1 and len(numbers := order_numbers(text)) == 1:
                named[slot.name] = numbers[0]
            goals += _split(Goal(spec, self._pointed(spec, named, part, memory), part))
        return Frame(meant.act, tuple(goals), meant.elsewhere)

    def _pointed(self, spec: Spec, named: dict[str, Value], text: str, memory: Memory) -> dict[str, Value]:
        """Add the order and the item talked about to a tool that can do without them, when the words point at them."""
        slot = spec.of_kind("order-number")
        focus = memory.focus("order-number")
        points = re.search(r"\b(it|this order|that order|the order|my order)\b", words.plain(text))
        if slot and not slot.required and slot.name not in named and points and focus and len(focus.values) == 1:
            named[slot.name] = focus.values[0]
        item, thing = spec.of_kind("item"), memory.focus("item")
        pronoun = re.search(r"\b(it|them|this|that|this one|that one)\b", words.plain(text))
        if slot and item and not item.required and item.name not in named and pronoun and thing and len(thing.values) == 1:
            named[item.name] = thing.values[0]
        return named

    def _reply(self, text: str, meant: Meaning, before: Plan, asked: Ask, memory: Memory) -> Frame:
        """Understand what was said to our question: an answer, something else, or nothing we know."""
        if meant.act in {Act.DROP, Act.NO, Act.FORBID} and asked.slot.kind != "boolean":
            return Frame(Act.DROP, dropped=asked.goal)
        bare = self._is_bare(text) or (asked.slot.name == "wanted" and _is_choice(text))
        if meant.act is Act.ASK and not bare and meant.score >= _SURELY_NEW and meant.asks[0][0] != asked.goal.spec.name:
            return self._fresh(meant, text, memory)
        if meant.act in {Act.GREET, Act.THANK, Act.PRAISE, Act.LEAVE, Act.ABOUT, Act.CHAT}:
            return Frame(meant.act)
        said = self._words(text, memory)
        value = self._answer(asked, said, memory, yes=meant.act is Act.YES)
        named = fill(asked.goal.spec, said)
        kept = {slot.name for slot in asked.goal.spec.slots if slot.kind == "item" and slot is not asked.slot} & asked.goal.args.keys()
        slot = asked.goal.spec.of_kind("order-number")
        if slot and slot is not asked.slot and slot.name in asked.goal.args and not words.ORDER.search(text):
            kept.add(slot.name)
        named = {name: given for name, given in named.items() if name not in kept}
        news = {name for name, given in named.items() if name != asked.slot.name and asked.goal.args.get(name) != given}
        value = named.get(asked.slot.name) or self._answer(asked, said, memory, yes=meant.act is Act.YES)
        if (
            value is None
            and not news
            and "other" in asked.slot.choices
            and (re.search(lexicon.NO_REASON, said.plain) or _explains(said.plain))
        ):
            value = "other"
        if value is not None:
            return Frame(Act.ASK, (asked.goal.having({**named, asked.slot.name: value}), *_left(before, asked)))
        if meant.act is Act.ASK and (meant.asks[0][0] != asked.goal.spec.name or asked.slot.name in named):
            return self._fresh(meant, text, memory)
        if (meant.act is Act.ELSEWHERE and not news) or before.frame.repeated:
            return self._fresh(meant, text, memory)
        return Frame(Act.ASK, (asked.goal.having(named), *_left(before, asked)), repeated=not news)

    def _answer(self, asked: Ask, said: Words, memory: Memory, *, yes: bool) -> Value | None:
        slot, text = asked.slot, said.plain
        if asked.choices:
            if chosen := _chosen(asked.choices, text, yes=yes):
                return chosen
        elif slot.kind in lexicon.KEYS and (referred := memory.refer(slot.kind, text)):
            return referred
        if yes and slot.kind != "boolean":
            return None
        value = value_of(slot, said, asked.goal.spec, answering=True)
        if value is None and slot.kind == "item" and asked.why:
            return said.text.strip(" .!?")[:120]
        return value

    def _again(self, goal: Goal, text: str, memory: Memory) -> Goal | None:
        """Return the last goal with what a follow-up replaces, or None when it replaces nothing."""
        folded = words.plain(text)
        rest = re.sub(lexicon.FOLLOW, "", folded).strip()
        named = fill(goal.spec, self._words(text[len(text) - len(rest) :] if rest else text, memory))
        for slot in goal.spec.slots:
            if slot.kind in lexicon.NAMES and slot.name not in named and (referred := memory.refer(slot.kind, folded)):
                named[slot.name] = referred
        fresh = {name: value for name, value in named.items() if goal.args.get(name) != value}
        if not fresh:
            slot = next((slot for slot in goal.spec.slots if slot.kind in lexicon.NAMES and slot.name in goal.args), None)
            if slot is None or not OTHER.search(folded):
                return None
            return Goal(goal.spec, {name: value for name, value in goal.args.items() if name != slot.name}, text)
        kept = goal.having(fresh)
        replaced = {slot.kind for slot in goal.spec.slots if slot.name in fresh}
        stale = {
            slot.name
            for slot in goal.spec.slots
            if slot.kind in {"item", "quantity"} and "order-number" in replaced and slot.name not in fresh
        }
        return Goal(kept.spec, {name: value for name, value in kept.args.items() if name not in stale}, text)

    def _words(self, text: str, memory: Memory, whole: str = "") -> Words:
        return Words(text, self._offer.breaks, memory.item_words, whole)

    def _is_bare(self, text: str) -> bool:
        """Return whether words are nothing but a value, such as `1042` or `the order 1042 please`."""
        left = [word for word in words.masked(_LISTED.sub(" ", words.plain(text))) if word not in lexicon.STOP]
        return all(word.startswith("x") for word in left)


def _chosen(choices: Sequence[Record], text: str, *, yes: bool) -> str | None:
    """Return the choice that an answer means: by value, by place, or by words that only it has."""
    if len(choices) == 1 and yes:
        return choices[0].value
    for record in choices:
        if re.search(rf"(?<![\w-]){re.escape(record.value.lower())}(?![\w-])", text):
            return record.value
    for word, index in lexicon.ORDINALS.items():
        if re.search(rf"\b{word}\b", text) and index < len(choices) and not re.search(r"\blast (week|month|year)\b", text):
            return choices[index].value
    said = {fold(word) for word in meaning(text)} - {"order", "one"}
    shared = [len(said & record.words) for record in choices]
    most = max(shared, default=0)
    return choices[shared.index(most)].value if most and shared.count(most) == 1 else None


def _is_choice(text: str) -> bool:
    """Return whether words may only name what is wanted, such as `olive` or `the white one`."""
    spoken = words.tokens(words.canonical(text))
    return len(spoken) <= _SHORT and not lexicon.OPENERS & set(spoken)


def _left(before: Plan, asked: Ask) -> tuple[Goal, ...]:
    """Return what else has been asked for and waits for an answer of its own."""
    return tuple(step.goal for step in before.steps if isinstance(step, Ask) and step is not asked)


def _explains(text: str) -> bool:
    """Return whether an answer is a reason in other words than ours."""
    return len(text.split()) >= 4 and "?" not in text


def _split(goal: Goal) -> list[Goal]:
    """Return one goal for each order of a list such as `1042 and 1043`."""
    slot: Slot | None = goal.spec.of_kind("order-number")
    numbers = order_numbers(goal.text)
    if slot is None or slot.many or len(numbers) < 2 or any(each.kind == "address" for each in goal.spec.slots):
        return [goal]
    return [goal.having({slot.name: number}) for number in numbers[:3]]


__all__ = ["Call", "Planner"]
