"""Customers with their addresses, and the users who sign in."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from unicodedata import normalize
from uuid import UUID

from store.seed.data.names import FIRST_NAMES, LAST_NAMES, PLACES, STREETS
from store.seed.data.shops import ALL_USERS
from store.seed.model import Batch, Row, Shop

ALICE, BRUNO, CLARA, DAMIAN = range(4)
"""Positions of the first shop's known customers: A, B, the buyer of order 1017 and the buyer of order 1042."""
DAMIAN_JOINED = timedelta(days=2, hours=9)
"""How long ago the buyer of order 1042 opened the account: a few hours before the order."""
_PINNED = (
    ("Alice Moreau", "alice@mail.example", timedelta(days=410), "gold"),
    ("Bruno Keller", "bruno@mail.example", timedelta(days=230), "silver"),
    ("Clara Jensen", "clara.jensen@mail.example", timedelta(days=520), "silver"),
    ("Damian Voss", "damian.voss@mail.example", DAMIAN_JOINED, "bronze"),
)
_TIERS = ("bronze", "silver", "gold", "platinum", "diamond")


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, as far as orders need to know."""

    id: UUID
    name: str
    created_at: datetime
    home: dict[str, Any]
    other: dict[str, Any] | None
    """A second address, where there is one."""


class People:
    """The customers of a shop. The pinned ones come first and take part in no random order."""

    def __init__(self, shop: Shop) -> None:
        rng = shop.rng("customers")
        pinned = _PINNED if shop.first else ()
        joined = sorted(_joined(shop, rng) for _ in range(shop.customers - len(pinned)))
        self._emails: set[str] = set()
        self.rows: list[Row] = []
        self.everyone: list[Person] = []
        for name, email, ago, tier in pinned:
            self._add(shop, rng, name, email, shop.now - ago, tier)
        self.pinned = len(pinned)
        for at in joined:
            name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
            self._add(shop, rng, name, self._email(name), at, rng.choices(_TIERS, (50, 26, 14, 7, 3))[0])
        self._crowd = self.everyone[self.pinned :]
        self._joined = joined

    def somebody(self, rng: Random, at: datetime) -> Person:
        """Return a customer outside the pinned ones who had an account at `at`."""
        return self._crowd[rng.randrange(bisect_right(self._joined, at))]

    def _email(self, name: str) -> str:
        stem = normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace(" ", ".")
        email, number = f"{stem}@mail.example", 1
        while email in self._emails:
            number += 1
            email = f"{stem}{number}@mail.example"
        return email

    def _add(self, shop: Shop, rng: Random, name: str, email: str, created_at: datetime, tier: str) -> None:
        self._emails.add(email)
        credit = rng.choice((500, 1000, 2500)) if rng.random() < 0.12 and len(self.everyone) >= len(_PINNED) else 0
        row = shop.row(
            "customers",
            len(self.rows),
            email=email,
            name=name,
            phone=f"+33 6 {rng.randrange(10, 99)} {rng.randrange(10, 99)} {rng.randrange(10, 99)} {rng.randrange(10, 99)}",
            loyalty_tier=tier,
            store_credit_minor=credit,
            created_at=created_at,
            erased_at=None,
            external_id="",
        )
        self.rows.append(row)
        other = _address(rng, name) if rng.random() < 0.3 else None
        self.everyone.append(Person(row["id"], name, created_at, _address(rng, name), other))


def batches(shop: Shop, people: People) -> Iterator[Batch]:
    """Yield the rows of customers, addresses and users."""
    yield Batch(shop.tenant_id, "customers", people.rows)
    yield Batch(shop.tenant_id, "addresses", list(_addresses(shop, people)))
    yield Batch(shop.tenant_id, "users", list(_users(shop, people)))


def _joined(shop: Shop, rng: Random) -> datetime:
    """Most customers are older than the first order; some joined while the shop was open."""
    window = timedelta(days=shop.size.days + 1)
    if rng.random() < 0.75:
        return shop.now - window - timedelta(hours=rng.uniform(2, 24 * 700))
    return shop.now - window * rng.uniform(0.05, 1)


def _address(rng: Random, name: str) -> dict[str, Any]:
    city, prefix, country = rng.choice(PLACES)
    width = 4 if country in {"BE", "NL", "AT", "PT", "DK"} else 5
    return {
        "name": name,
        "line1": f"{rng.randrange(1, 180)} {rng.choice(STREETS)}",
        "line2": rng.choice(("Apartment 3", "2nd floor", "c/o Reception")) if rng.random() < 0.15 else None,
        "city": city,
        "region": None,
        "postal_code": prefix + "".join(rng.choices("0123456789", k=width - len(prefix))),
        "country": country,
    }


def _addresses(shop: Shop, people: People) -> Iterator[Row]:
    for position, person in enumerate(people.everyone):
        yield shop.row("addresses", position, customer_id=person.id, **person.home)
        if person.other:
            yield shop.row("addresses", f"{position}-other", customer_id=person.id, **person.other)


def _users(shop: Shop, people: People) -> Iterator[Row]:
    customers = {row["email"]: row["id"] for row in people.rows[: people.pinned]}
    for user in ALL_USERS:
        if user.shop == shop.profile.slug:
            yield shop.row(
                "users",
                user.email,
                email=user.email,
                name=user.name,
                password_hash=shop.extras.hash_password(user.password),
                role=user.role.value,
                customer_id=customers.get(user.email),
                created_at=shop.now - timedelta(days=shop.size.days + 30),
            )
