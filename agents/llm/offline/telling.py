"""From a story's wishes to goals: what is to be done with which lines, with which variants, and what pays."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from agents.llm.offline import variants, words
from agents.llm.offline.context import Turn
from agents.llm.offline.entities import choice
from agents.llm.offline.goals import Call, Goal
from agents.llm.offline.holdings import ALL_ORDERS, MANY, METHODS, OPEN, ORDERS, PRODUCT, THERE, Holdings, Line, by_order
from agents.llm.offline.mentions import wanted_variant
from agents.llm.offline.said import Value
from agents.llm.offline.story import Deed, Story, Wish
from agents.llm.offline.understand import Offer
from agents.llm.offline.whereto import moved

_ORDER_OF_DEEDS = (Deed.PAYMENT, Deed.ADDRESS, Deed.SWAP, Deed.BACK, Deed.UNDO, Deed.CANCEL)
"""What is changed before what else: an order whose items changed takes no other change any more."""
_TOOLS: dict[Deed, tuple[str, ...]] = {
    Deed.PAYMENT: ("change_payment_method",), Deed.ADDRESS: ("change_address", "update_address"), Deed.BACK: ("request_return",),
    Deed.SWAP: ("request_exchange", "modify_order_items"), Deed.UNDO: ("request_return", "cancel_order"), Deed.CANCEL: ("cancel_order",),
}  # fmt: skip
_MISTAKE = re.compile(r"\b(?:mistake|mistakenly|accident\w*)\b", re.I)
_METHOD = re.compile(
    r"\b(?P<paypal>paypal)\b|\b(?P<gift_card>gift ?cards?|gc|website credit)\b|\b(?P<card>(?:credit|debit) ?cards?|visa|mastercard)\b|"
    r"\b(?P<original>original (?:payment|method|form))|\b(?P<other>other card)\b",
    re.I,
)
_NOT_METHOD = re.compile(r"\b(?:not|n't|instead of|rather than|than|from|isn't|if)(?: \w+){0,4} ?$", re.I)
_WHOLE = re.compile(
    r"\bcancel\w* (?:the |that |this |your |my |whole |entire |all |pending |current |other )*(?:orders?|it|them)\b|"
    r"\border (?:immediately|be cancell?ed)\b",
    re.I,
)
_IF = re.compile(r"\bif\b[^,.;]*,", re.I)


class Teller:
    """Takes the wishes of one story further with what one turn has shown so far."""

    def __init__(self, told: Story, turn: Turn, offer: Offer) -> None:
        """Take the story, the turn's results and the tools."""
        self._had = Holdings(told, turn, offer)

    @property
    def calls(self) -> list[Call]:
        """What has to be looked up first."""
        return self._had.calls

    @property
    def can(self) -> bool:
        """Whether the tools at hand can do all that is wanted."""
        return (
            all(set(_TOOLS[wish.deed]) & self._had.offer.tools.keys() for wish in self._had.story.wishes)
            and ORDERS in self._had.offer.tools
        )

    @property
    def sees_orders(self) -> bool:
        """Whether the customer has orders to speak of."""
        return bool(self._had.lines)

    def goals(self) -> list[Goal]:
        """Return the goals of all wishes; while `calls` has something, they are not whole."""
        if self._had.look(ORDERS, {"limit": MANY}) is None:
            return []
        wishes = sorted(self._had.story.wishes, key=lambda wish: _ORDER_OF_DEEDS.index(wish.deed))
        found: list[Goal] = []
        for wish in wishes:
            found += self._goals(wish)
        return _merged(found)

    def _goals(self, wish: Wish) -> list[Goal]:
        """Return the goals of a wish, or of what is wanted when it cannot be had."""
        by_deed = {
            Deed.CANCEL: self._cancelled, Deed.BACK: self._returned, Deed.SWAP: self._swapped, Deed.ADDRESS: self._moved,
            Deed.PAYMENT: self._paid, Deed.UNDO: self._undone,
        }  # fmt: skip
        goals = by_deed[wish.deed](wish)
        if wish.otherwise is None or self._had.calls:
            return goals
        refused = [
            goal for goal in goals if (done := self._had.turn.outcome(goal.spec.name, goal.args)) and done.status in {"denied", "failed"}
        ]
        return [*[goal for goal in goals if goal not in refused], *self._goals(wish.otherwise)] if refused or not goals else goals

    def _cancelled(self, wish: Wish) -> list[Goal]:
        spec = self._had.offer.tools.get("cancel_order")
        pool, said = self._had.pool(wish), self._had.story.of(wish)
        if spec is None or not pool:
            return []
        if ALL_ORDERS.search(said) or self._had.numbers(wish):
            orders = list(dict.fromkeys(line.order for line in pool))
        else:
            meant = [line for line, _ in self._had.meant(wish)]
            orders = [order for order in dict.fromkeys(line.order for line in meant) if self._is_whole(order, meant, said)]
        story = self._had.story
        mistaken = _MISTAKE.search(said) or (len(story.wishes) == 1 and _MISTAKE.search(story.text))
        reason = "ordered_by_mistake" if mistaken else "no_longer_needed"
        return [Goal(spec, {"order": order, "reason": reason}, said, settled=True) for order in orders]

    def _is_whole(self, order: str, meant: Sequence[Line], said: str) -> bool:
        """Return whether cancelling an order takes away nothing but what was meant."""
        return _WHOLE.search(_IF.sub(" ", said)) is not None or all(line in meant for line in self._had.lines if line.order == order)

    def _returned(self, wish: Wish) -> list[Goal]:
        spec = self._had.offer.tools.get("request_return")
        if spec is None:
            return []
        said = self._had.story.of(wish)
        reason = spec.slot("reason")
        why = (choice(reason, said) or choice(reason, self._had.story.text)) if reason else None
        goals: list[Goal] = []
        for order, lines in by_order(self._had.meant(wish)).items():
            items = [{"item": line.sku, **({"quantity": 1} if line.count > 1 else {})} for line, _ in lines]
            args = {**_items(order, items), "reason": why or "changed_mind"}
            goals.append(Goal(spec, args | self._method("refund_to", wish, order), said, settled=True))
        return goals

    def _swapped(self, wish: Wish) -> list[Goal]:
        goals: list[Goal] = []
        for order, lines in by_order(self._had.meant(wish)).items():
            spec = self._had.offer.tools.get("request_exchange" if lines[0][0].status in THERE else "modify_order_items")
            pairs: list[dict[str, str | int]] = []
            for line, told in lines:
                product = self._had.look(PRODUCT, {"product": line.sku})
                if spec and product and product.status == "ok":
                    data = cast("Mapping[str, Any]", product.data)
                    new = wanted_variant(told, line.sku, data) if "{" in told else variants.choose(told, line.sku, data)
                    pairs += [{"item": line.sku, "wanted": new, "quantity": 1}] if new else []
            if spec and pairs:
                goals.append(
                    Goal(spec, _items(order, pairs) | self._method("payment_method", wish, order), self._had.story.of(wish), settled=True)
                )
        return goals

    def _moved(self, wish: Wish) -> list[Goal]:
        return moved(self._had, wish)

    def _undone(self, wish: Wish) -> list[Goal]:
        goals: list[Goal] = []
        meant = self._had.meant(wish)
        cancel = self._had.offer.tools.get("cancel_order")
        for order, lines in by_order(meant).items():
            if lines[0][0].status in OPEN:
                args: dict[str, Value] = {"order": order, "reason": "no_longer_needed"}
                goals += [Goal(cancel, args, self._had.story.of(wish), settled=True)] if cancel else []
            elif spec := self._had.offer.tools.get("request_return"):
                given = _items(order, [{"item": line.sku} for line, _ in lines])
                goals.append(
                    Goal(
                        spec,
                        {**given, "reason": "changed_mind"} | self._method("refund_to", wish, order),
                        self._had.story.of(wish),
                        settled=True,
                    )
                )
        return goals

    def _paid(self, wish: Wish) -> list[Goal]:
        spec = self._had.offer.tools.get("change_payment_method")
        orders = (
            dict.fromkeys(line.order for line in self._had.pool(wish))
            if self._had.numbers(wish)
            else dict.fromkeys(line.order for line, _ in self._had.meant(wish))
        )
        goals: list[Goal] = []
        for order in orders:
            method = self._method("payment_method", wish, order)
            if spec and method:
                goals.append(Goal(spec, {"order": order, **method}, self._had.story.of(wish), settled=True))
        return goals

    def _method(self, slot: str, wish: Wish, order: str) -> dict[str, Value]:
        """Return the payment method that a story names for a wish, the next one it names when a call with the first was refused."""
        said = self._had.story.of(wish)
        known = {"paypal", "gift_card", "credit_card", "card", "pm"}
        if given := next((match.group(0) for match in words.REFERENCE.finditer(said) if match.group(0).rpartition("_")[0] in known), None):
            return {slot: given}
        spots = list(_METHOD.finditer(said)) or (list(_METHOD.finditer(self._had.story.text)) if wish.deed is not Deed.PAYMENT else [])
        text = said if _METHOD.search(said) else self._had.story.text
        if cut := next((match.end() for match in variants.CUT.finditer(text) if any(each.start() > match.end() for each in spots)), 0):
            spots = [match for match in spots if match.start() > cut]
        kinds = [match.lastgroup or "" for match in spots if not _NOT_METHOD.search(text[: match.start()][-40:])]
        if not kinds or kinds[0] == "original":
            return {}
        done = self._had.look(METHODS, {})
        listed: Sequence[Mapping[str, Any]] = done.data.get("methods", ()) if done and done.status == "ok" else ()
        refused = {
            each.args.get(slot)
            for each in self._had.turn.done
            if each.args.get("order") == order and each.status in {"denied", "failed"} and slot in each.args
        }
        for kind in kinds:
            for method in listed:
                reference = str(method.get("reference") or method.get("method"))
                if (method.get("kind") == kind or (kind == "other" and method.get("kind") == "card")) and reference not in refused:
                    return {slot: reference}
        return {}


def _items(order: str, items: Sequence[dict[str, str | int]]) -> dict[str, Value]:
    """Return the arguments of a call about items of an order: the first by itself, the others as more."""
    more: dict[str, Value] = {"more": list(items[1:])} if len(items) > 1 else {}
    return {"order": order, **items[0], **more}


def _merged(goals: Sequence[Goal]) -> list[Goal]:
    """Join goals that one call does: items of one order that come back, or are exchanged, in one request."""
    found: dict[tuple[str, Value | None], Goal] = {}
    rest: list[Goal] = []
    for goal in goals:
        key = (goal.spec.name, goal.args.get("order"))
        before = found.get(key)
        if before is None:
            found[key] = goal
            rest.append(goal)
            continue
        if goal.spec.slot("more"):
            joined = _joined(before, goal)
            rest[rest.index(before)] = found[key] = joined
    return rest


def _joined(left: Goal, right: Goal) -> Goal:
    """Return a goal about the items of two; what is said later of an item counts."""
    items: dict[str, dict[str, Any]] = {}
    for goal in (left, right):
        first = {name: goal.args[name] for name in ("item", "quantity", "wanted") if name in goal.args}
        for each in [first, *cast("list[dict[str, Any]]", goal.args.get("more") or [])]:
            items[str(each["item"])] = each
    listed = list(items.values())
    plain = {name: value for name, value in {**left.args, **right.args}.items() if name not in {"item", "quantity", "wanted", "more"}}
    return Goal(left.spec, {**plain, **listed[0], **({"more": listed[1:]} if len(listed) > 1 else {})}, left.text, settled=True)
