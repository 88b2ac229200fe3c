"""Where an order shall go: an address that is written out, or that is on record with another order or in the profile."""

import re
from collections.abc import Mapping

from agents.llm.offline.address import address
from agents.llm.offline.goals import Goal
from agents.llm.offline.holdings import ALL_ORDERS, ORDER, PROFILE, SAME_AS, Holdings
from agents.llm.offline.offer import Spec
from agents.llm.offline.said import Value
from agents.llm.offline.story import Wish

_CITIES = {
    "nyc": "new york",
    "big apple": "new york",
    "la": "los angeles",
    "sf": "san francisco",
    "dc": "washington",
    "philly": "philadelphia",
}
_ADDRESS = re.compile(
    r"(?P<name>[^,]+), (?P<line1>[^,]+), (?:(?P<line2>[^,]+), )?(?P<postal_code>\d{4,5}\S*) (?P<city>[^,]+)(?:, (?P<region>[^,]+))?, "
    r"(?P<country>[A-Z]{2})$"
)
"""An address as our own results show it."""
_OWN_ADDRESS = re.compile(r"\b(?:user|default|profile|account|home)(?: default)? address\b", re.I)
_TO_OWN = re.compile(
    r"\b(?:to|same as|with|match|as)(?: \w+){0,2} (?:user|default|profile|account|home)\b[\w ]* ?(?:address|home|one)?", re.I
)


def moved(had: Holdings, wish: Wish) -> list[Goal]:
    """Return the goals of a wish for another address: of orders, of the profile, or of both."""
    said = had.story.of(wish)
    change, own = had.offer.tools.get("change_address"), had.offer.tools.get("update_address")
    new = _new_address(had, wish)
    if new is None:
        return []
    goals: list[Goal] = []
    asks_own = _OWN_ADDRESS.search(_TO_OWN.sub(" ", said))
    if own and asks_own:
        goals.append(Goal(own, {"which": "1", **_known(new, own)}, said, settled=True))
    orders = _orders_to_move(had, wish, new)
    if change and (not asks_own or re.search(r"\borders?\b", said, re.I)):
        goals += [Goal(change, {"order": order, **_known(new, change)}, said, settled=True) for order in orders]
    return goals


def _orders_to_move(had: Holdings, wish: Wish, new: Mapping[str, str]) -> list[str]:
    said, pool = had.story.of(wish), had.pool(wish)
    orders = list(dict.fromkeys(line.order for line in pool))
    if had.numbers(wish) or ALL_ORDERS.search(said):
        return orders
    where = {order: _goes_to(had, order) for order in orders}
    for order, place in where.items():
        city = place.get("city", "").lower() if place else ""
        if (
            city
            and city != new.get("city", "").lower()
            and any(re.search(rf"\b{word}\b(?: \w+)? order", said, re.I) for word in _city_words(city))
        ):
            return [order]
    meant = list(dict.fromkeys(line.order for line, _ in had.meant(wish)))
    elsewhere = [order for order in orders if (place := where[order]) and place.get("line1") != new.get("line1")]
    return [order for order in meant if order in elsewhere] or elsewhere[:1]


def _goes_to(had: Holdings, order: str) -> Mapping[str, str] | None:
    done = had.look(ORDER, {"order": order})
    ship_to = done.data.get("ship_to") if done and done.status == "ok" else None
    return _parts(str(ship_to.get("text"))) if ship_to else None


def _new_address(had: Holdings, wish: Wish) -> Mapping[str, str] | None:
    """Return where an order shall go: written out, as another order, as the profile says, or as something on record in the city."""
    said = had.story.of(wish)
    spec = had.offer.tools.get("change_address")
    if spec and (written := address(spec, said)):
        return {name: str(value) for name, value in written.items()}
    if other := SAME_AS.search(said):
        return _goes_to(had, other.group(1))
    profile = had.look(PROFILE, {})
    listed = profile.data.get("addresses", ()) if profile and profile.status == "ok" else ()
    own = [parts for each in listed if (parts := _parts(str(each["address"]["text"])))]
    if _TO_OWN.search(said) and own:
        return own[0]
    every = [place for order in dict.fromkeys(line.order for line in had.lines) if (place := _goes_to(had, order))]
    for place in [*own, *every]:
        if any(
            re.search(rf"\b(?:to|your|my|same as) (?:[\w']+ ){{0,2}}{word}\b(?! order)", said, re.I)
            for word in _city_words(place.get("city", ""))
        ):
            return place
    pending = had.pool(wish)[:1]
    now = _goes_to(had, pending[0].order) if pending else None
    return next((place for place in [*own, *every] if now and place.get("line1") != now.get("line1")), None)


def _city_words(city: str) -> list[str]:
    return [re.escape(word) for word in (city.lower(), *(short for short, full in _CITIES.items() if full == city.lower())) if word]


def _parts(text: str) -> Mapping[str, str] | None:
    found = _ADDRESS.match(text)
    return {name: value for name, value in found.groupdict().items() if value and name != "name"} if found else None


def _known(parts: Mapping[str, str], spec: Spec) -> dict[str, Value]:
    return {name: value for name, value in parts.items() if value and spec.slot(name)}
