"""What the generator is asked for, what it hands out, and the shop that every part of it fills."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha1
from random import Random
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from store.seed.data.shops import Profile

Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""Table name to rows."""

_MARKS = 0xF000_C000_0000_0000_0000
_VERSION_5 = 0x5000_8000_0000_0000_0000
"""The bits of a UUID that name its version and variant: `uuid5`, whose own code takes most of the time of a large shop."""
_ORDERS_A_CUSTOMER, _ORDERS_A_DAY, _THREE_YEARS = 20, 400, 1095
_FIRST_SHARE = 70
"""Of a hundred products, customers and orders, how many are the first shop's."""


@dataclass(frozen=True)
class Size:
    """How much there is of everything, over both shops, and over how many days the orders spread."""

    products: int = 60
    customers: int = 200
    orders: int = 1500
    days: int = 90

    def __post_init__(self) -> None:
        """Refuse a size that has no room for the special orders and customers."""
        for name, least in (("products", 45), ("customers", 40), ("orders", 150), ("days", 45)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: must be at least {least} to hold the demo's special cases")

    @classmethod
    def of(cls, orders: int, *, products: int | None = None, customers: int | None = None, days: int | None = None) -> "Size":
        """Return the size of a shop with so many orders, and of everything else as much as suits it unless it is given.

        A customer orders twenty times; a small shop looks back on a season, one of a million orders on three years.
        """
        least = cls()
        return cls(
            products or least.products,
            customers or max(least.customers, orders // _ORDERS_A_CUSTOMER),
            orders,
            days or min(max(least.days, orders // _ORDERS_A_DAY), _THREE_YEARS),
        )


class ArticleText(NamedTuple):
    """A policy page, rendered by the layer that owns the policy."""

    slug: str
    title: str
    body: str
    visibility: str = "public"


@dataclass(frozen=True)
class Extras:
    """What belongs to higher layers and is handed in: the policy, its pages, and the way to hash a password."""

    policy_body: dict[str, Any]
    policy_articles: Sequence[ArticleText]
    hash_password: Callable[[str], str]


class Batch(NamedTuple):
    """Rows of one table and one tenant. Batches come in the order that foreign keys need."""

    tenant_id: UUID
    table: str
    rows: list[Row]


@dataclass(frozen=True)
class Shop:
    """One shop to fill: its share of the size, its ids and its streams of chance."""

    seed: int
    profile: Profile
    first: bool
    now: datetime
    size: Size
    extras: Extras

    @cached_property
    def tenant_id(self) -> UUID:
        """The tenant's id, derived from the seed and the slug."""
        return uuid5(NAMESPACE_URL, f"storehand:{self.seed}:{self.profile.slug}")

    @property
    def products(self) -> int:
        """How many products this shop sells."""
        return self._share(self.size.products)

    @property
    def customers(self) -> int:
        """How many customers this shop has."""
        return self._share(self.size.customers)

    @property
    def orders(self) -> int:
        """How many orders this shop took."""
        return self._share(self.size.orders)

    def _share(self, total: int) -> int:
        first = total * _FIRST_SHARE // 100
        return first if self.first else total - first

    def rng(self, stream: str) -> Random:
        """Return a stream of chance of its own, so that a change in one part leaves the others' rows alone."""
        return Random(f"{self.seed}:{self.profile.slug}:{stream}")

    def id_of(self, table: str, key: object) -> UUID:
        """Return the id of the row `key` of `table`: the same for the same seed, shop, table and key."""
        hashed = sha1(self._namespace + f"{table}:{key}".encode(), usedforsecurity=False)
        return UUID(int=int.from_bytes(hashed.digest()[:16]) & ~_MARKS | _VERSION_5)

    @cached_property
    def _namespace(self) -> bytes:
        return self.tenant_id.bytes

    def row(self, table: str, key: object, **values: Any) -> Row:
        """Return a row of `table` with its tenant and its id."""
        return {"tenant_id": self.tenant_id, "id": self.id_of(table, key), **values}
