"""What of somebody's orders a story is about: which orders and lines a wish means, looked up through the reading tools."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agents.llm.offline import lexicon
from agents.llm.offline.context import Done, Turn, order_numbers, records
from agents.llm.offline.goals import Call
from agents.llm.offline.story import Deed, Story, Wish
from agents.llm.offline.understand import Offer
from tools.items import fold, meaning

ORDERS, ORDER, PRODUCT, METHODS, PROFILE = "find_orders", "get_order", "get_product", "list_payment_methods", "my_profile"
MANY = 50
"""How many of somebody's orders are looked at."""
OPEN, THERE = ("pending", "confirmed", "processing"), ("delivered",)
_STATES: dict[Deed, tuple[str, ...]] = {
    Deed.PAYMENT: OPEN, Deed.ADDRESS: OPEN, Deed.CANCEL: OPEN, Deed.BACK: THERE,
    Deed.SWAP: (*THERE, *OPEN), Deed.UNDO: (*OPEN, *THERE),
}  # fmt: skip
"""In which states of an order a deed can be done."""
ALL_ORDERS = re.compile(
    r"\ball things ordered\b|\b(?:all|every|any|both)(?: of)?(?: the| your| my| possible| pending| delivered| open)* orders?\b", re.I
)
_ALL_ITEMS = re.compile(
    r"\b(?:all|every|both|whole|entire)(?: of)?(?: the| your| my| these)* (?:items?|things|order|products|of (?:it|them))\b|\beverything\b|"
    r"\breturn the items\b",
    re.I,
)
_ALL_SUCH = re.compile(r"\b(?:all|both|every|two|three|2|3)(?: of)?(?: the| your| my| these| pending| received)*(?: [\w-]+)? ?$", re.I)
_ARRIVED = re.compile(r"\b(?:received|arrived|delivered|got)\b", re.I)
_WAITS = re.compile(r"\b(?:pending|just placed|just ordered|placed|on its way)\b", re.I)
_ENDS = re.compile(r"\bends? (?:in|with) #?(\d{1,8})\b", re.I)
SAME_AS = re.compile(r"\b(?:same|as|like|that of)(?: as| in| for| that of)*(?: the| your| my)?(?: order)? ?#\s?(\d{3,18})", re.I)
_LATEST = re.compile(r"\b(?:just|latest|last|newest|recent|recently)\b", re.I)
_OTHER_GOODS = re.compile(
    r"\b(?:return|cancel|exchange|swap|replace|modify)\w* (?:the|your|my|an?|two|both) "
    r"(?!(?:\w+ )?(?:items?|orders?|purchases?|things?|products?|goods|packages?|ones?|it|them|same|money|refund)\b)\w+",
    re.I,
)
"""Goods that are not on any order that is in question: nothing else is taken for them."""
_EXCEPT = re.compile(r"\b(?:except|excluding|other than|besides|apart from|but not)\b[^.;]*$", re.I)
_BREAK = re.compile(r"[,.;]|\band\b")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one of the customer's orders."""

    order: str
    status: str
    sku: str
    title: str
    count: int

    @property
    def name(self) -> str:
        """What the product is called."""
        return self.title.partition(",")[0]


@dataclass(frozen=True, slots=True)
class Named:
    """Goods that a story names: where, and which lines they may be."""

    begin: int
    end: int
    name: str


class Holdings:
    """Somebody's orders, as far as one turn has shown them, read with their story."""

    def __init__(self, story: Story, turn: Turn, offer: Offer) -> None:
        """Take the story, the turn's results and the tools."""
        self.story, self.turn, self.offer = story, turn, offer
        self.calls: list[Call] = []
        """What has to be looked up first."""

    def look(self, name: str, args: Mapping[str, Any]) -> Done | None:
        """Return what a reading tool showed; None when it has to be called first, or cannot be."""
        if name not in self.offer.tools:
            return None
        done = self.turn.outcome(name, args)
        if done is None:
            call = Call(name, args)
            if call not in self.calls:
                self.calls.append(call)
        return done

    @cached_property
    def lines(self) -> list[Line]:
        """The lines of all orders, the newest order first; none for staff, who see everybody's orders."""
        done = self.look(ORDERS, {"limit": MANY})
        if done is None or done.status != "ok":
            return []
        return [
            Line(
                order.value,
                str(order.data.get("status")),
                line.value,
                str(line.data.get("title") or line.value),
                int(line.data.get("quantity") or 1),
            )
            for order in records(done.data, "order-number")
            if order.data.get("customer") is None
            for line in records(order.data, "item")
        ]

    @cached_property
    def _names(self) -> list[Named]:
        """The goods that the story names, in its order."""
        return list(_named(self.story.text, {line.name for line in self.lines}))

    # Which orders and lines

    def numbers(self, wish: Wish) -> list[str]:
        """Return the orders that a wish names: in its own words, else the only one that was named before."""
        mine = {line.order for line in self.lines}
        own = [number for number in order_numbers(SAME_AS.sub(" ", self.story.of(wish))) if number in mine]
        if own:
            return own
        if ends := _ENDS.search(self.story.text):
            return [number for number in sorted(mine) if number.endswith(ends.group(1))]
        before = [number for number in order_numbers(self.story.text[: wish.begin]) if number in mine]
        every = [number for number in order_numbers(self.story.text) if number in mine]
        return before[-1:] if before else every[:1] if len(set(every)) == 1 else []

    def pool(self, wish: Wish) -> list[Line]:
        """Return the lines that a wish can be about."""
        lines = [line for line in self.lines if line.status in _STATES[wish.deed]]
        if numbers := self.numbers(wish):
            return [line for line in self.lines if line.order in numbers]
        said = self.story.of(wish)
        if wish.deed in {Deed.SWAP, Deed.UNDO}:
            near = self.story.text[max(0, wish.begin - 80) : wish.end]
            hints = (_WAITS, OPEN), (_ARRIVED, THERE)
            told = [states for pattern, states in hints if pattern.search(said)] or [
                states for pattern, states in hints if pattern.search(near)
            ]
            if len(told) == 1:
                return [line for line in lines if line.status in told[0]] or lines
        return lines

    def meant(self, wish: Wish) -> list[tuple[Line, str]]:
        """Return the lines that a wish is about, each with what is said of it."""
        pool, said = self.pool(wish), self.story.of(wish)
        every = _ALL_ITEMS.search(said)
        if ALL_ORDERS.search(said):
            kept = self._excepted(wish)
            return [(line, said) for line in pool if line.name not in kept]
        spots = [spot for spot in self._names if wish.begin <= spot.begin < wish.end and any(line.name == spot.name for line in pool)]
        if spots and every and wish.begin + every.start() < spots[0].begin and every.group(0).lower() != "everything":
            return [(line, said) for line in (pool if self.numbers(wish) or "all your" in said else self._of_one_order(pool))]
        if not spots:
            spots = self._named_before(wish, pool)
            if every and spots and not self.numbers(wish):
                lines = [line for line in pool if line.name == spots[0].name][:1]
                return [(line, said) for line in pool if lines and line.order == lines[0].order]
            if every or not spots:
                return [
                    (line, said)
                    for line in (pool if every and self.numbers(wish) else self._of_one_order(pool))
                    if self._is_clear(wish, pool)
                ]
            if _OTHER_GOODS.search(said):
                return []
        wanted = {spot.name for spot in spots}
        told: dict[str, list[str]] = {}
        near: dict[str, str] = {}
        for place, spot in enumerate(spots):
            end = spots[place + 1].begin if place + 1 < len(spots) else max(wish.end, spot.end)
            since = max(wish.begin, spots[place - 1].end if place else 0)
            breaks = [match.end() for match in _BREAK.finditer(self.story.text, since, max(since, spot.begin))] if place else []
            begin = breaks[-1] if breaks else spot.begin if place else wish.begin
            key = f"{spot.name} {place}" if "{" in self.story.text[begin:end] else spot.name
            told.setdefault(key, []).append(self.story.text[begin:end])
            near[key] = near.get(key, "") + self.story.text[max(0, spot.begin - 30) : spot.begin]
        found: dict[Line, str] = {}
        for key, parts in told.items():
            name = next(spot.name for spot in spots if key.startswith(spot.name))
            for line in self._lines_of(name, pool, wanted, near[key], " ".join(parts)):
                found[line] = ". ".join(parts)
        only = {
            spot.name
            for each in self.story.wishes
            if each.only and each.deed is wish.deed
            for spot in self._names
            if each.begin <= spot.begin < each.end
        }
        return [(line, told) for line, told in found.items() if not only or line.name in only]

    def _named_before(self, wish: Wish, pool: Sequence[Line]) -> list[Named]:
        """Return the goods that were spoken of last before a wish that names none."""
        fitting = [spot for spot in self._names if any(line.name == spot.name for line in pool)]
        before = [spot for spot in fitting if spot.begin < wish.begin]
        return before[-1:] or (fitting[:1] if wish.deed is not Deed.SWAP else [])

    def _excepted(self, wish: Wish) -> set[str]:
        """Return the goods that a wish leaves out."""
        return {spot.name for spot in self._names if wish.begin <= spot.begin and _EXCEPT.search(self.story.text[: spot.begin][-30:])}

    def _lines_of(self, name: str, pool: Sequence[Line], wanted: set[str], around: str, told: str) -> list[Line]:
        lines = [line for line in pool if line.name == name]
        if _ALL_SUCH.search(around):
            return lines
        described = meaning(f"{around} {told}")
        company = {line.order: len({each.name for each in pool if each.order == line.order} & wanted) for line in lines}

        def fits(line: Line) -> tuple[int, int, int]:
            return company[line.order], len(described & meaning(line.title.partition(",")[2])), -lines.index(line)

        return [max(lines, key=fits)]

    def _is_clear(self, wish: Wish, pool: Sequence[Line]) -> bool:
        """Return whether a wish that names no goods can mean only one order."""
        said = self.story.of(wish)
        one = len({line.order for line in pool}) == 1 and (len(pool) == 1 or "order" in said.lower())
        return bool(self.numbers(wish) or _ALL_ITEMS.search(said)) or one or (_LATEST.search(said) is not None and "order" in said.lower())

    def _of_one_order(self, pool: Sequence[Line]) -> list[Line]:
        """Return the lines of the only order, or of the newest."""
        return [line for line in pool if line.order == pool[0].order] if pool else []


def by_order(meant: Sequence[tuple[Line, str]]) -> dict[str, list[tuple[Line, str]]]:
    """Return lines with what is said of each, order by order."""
    found: dict[str, list[tuple[Line, str]]] = {}
    for line, told in meant:
        found.setdefault(line.order, []).append((line, told))
    return found


def _named(text: str, names: set[str]) -> Iterator[Named]:
    """Yield where goods are named: by the last word of their name, of several with that word the one whose other words stand before it."""
    spots = [(match.start(), match.end(), match.group(0).lower()) for match in _WORD.finditer(text)]
    plain = [fold(word.replace("-", "")) for _, _, word in spots]
    heads: dict[str, list[tuple[str, list[str]]]] = {}
    for name in sorted(names):
        words = [fold(word) for word in re.findall(r"[^\W_]+", name.lower())]
        for form in {words[-1], "".join(words[-2:]), *_called(name)}:
            if len(form) > 2:
                heads.setdefault(form, []).append((name, words))
    for place, word in enumerate(plain):
        pair = word + plain[place + 1] if place + 1 < len(plain) else ""
        found = heads.get(pair) or heads.get(word)
        if not found:
            continue
        before = set(plain[max(0, place - 3) : place])
        shared = [len(before & set(words[:-1])) for _, words in found]
        best = [name for (name, _), share in zip(found, shared, strict=True) if share == max(shared)]
        for name in best:
            yield Named(spots[place][0], spots[place][1], name)


def _called(name: str) -> list[str]:
    """Return what else people call goods."""
    return [fold(word) for word in lexicon.ALSO_CALLED.get(name.lower(), ())]
