"""How the simulator behaves: what it does wrong, how long it takes, and what it remembers of each request."""

import random
from collections import deque
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

DECLINED = 40002
"""An amount in minor units that is declined."""
Port = Literal["payments", "carrier", "channel", "shopify", "mail"]


class Fault(BaseModel):
    """Something that goes wrong with the next requests of a port."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["status", "cut", "partial", "hang"]
    """Answer with `status`; cut the connection; send half of the answer; say nothing for `seconds`."""
    port: Port
    times: int = Field(default=1, ge=1)
    status: int = 500
    retry_after: float | None = None
    seconds: float = 30
    after_effect: bool = False
    """Do what was asked first, so that only the answer is lost."""


class Behaviour(BaseModel):
    """What the simulator does unless a fault is due."""

    model_config = ConfigDict(extra="forbid")

    decide_seconds: float = 1.0
    """Until a movement of money is decided and reported; 0 decides in the answer."""
    decline: bool = False
    """Decline every movement of money."""
    webhook_copies: int = Field(default=1, ge=0, le=5)
    """How often each report is sent; 0 loses it."""
    shuffle: bool = False
    """Send reports that are due together in any order."""
    requests_per_second: int = Field(default=0, ge=0)
    """What an account may ask of a port in a second before it is told to wait; 0 sets no limit."""
    throttle_queries: int = Field(default=0, ge=0)
    """How many of the next GraphQL queries are told that the budget is used up."""
    seconds_an_hour: float = 1.0
    """Real seconds for an hour of a parcel's way; 0 moves parcels only when told."""


class Accident(Exception):
    """A fault that is due now."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


class Seen(BaseModel):
    """A request that came in."""

    port: str
    method: str
    path: str
    key: str
    account: str


class World:
    """All that the simulator knows. Everything is in memory; the same seed and the same requests give the same answers."""

    def __init__(self, seed: int = 1) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.behaviour = Behaviour()
        self.faults: list[Fault] = []
        self.seen: deque[Seen] = deque(maxlen=10_000)
        self.answers: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        """What was answered under an Idempotency-Key: account and key to a digest of the request and the answer."""
        self.movements: dict[str, dict[str, Any]] = {}
        self.parcels: dict[str, dict[str, Any]] = {}
        self.listings: dict[tuple[str, str], dict[str, Any]] = {}
        self.orders: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.fulfilments: list[dict[str, Any]] = []
        self.refunds: list[dict[str, Any]] = []
        """What channels paid back to buyers."""
        self.spent: dict[tuple[str, str], tuple[int, int]] = {}
        """By account and port: a second, and the requests in it."""
        self.variants: dict[str, dict[str, Any]] = {}
        self.outbox: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}

    def number(self, series: str) -> str:
        """Return the next name of a series, such as mv_000001."""
        self._numbers[series] = self._numbers.get(series, 0) + 1
        return f"{series}_{self._numbers[series]:06d}"

    def left(self, order: dict[str, Any]) -> int:
        """Return what a channel's order can still be refunded, in minor units."""
        sold = sum(line["quantity"] * line["unit_price"]["minor"] for line in order["lines"]) + order["shipping"]["minor"]
        own = (order["account"], order["id"])
        gone = [each for each in self.refunds if (each["account"], each["order"]) == own and each["state"] != "failed"]
        return sold - sum(each["amount"]["minor"] for each in gone)

    def declines(self, minor: int) -> bool:
        """Return whether a movement of money is declined: 40002 minor units always are."""
        return minor == DECLINED or self.behaviour.decline

    def too_many(self, account: str, port: str, second: int) -> bool:
        """Count a request and return whether the account has asked too often in this second."""
        when, count = self.spent.get((account, port), (second, 0))
        self.spent[account, port] = (second, count + 1 if when == second else 1)
        return 0 < self.behaviour.requests_per_second < self.spent[account, port][1]

    def fault(self, port: str, *, after_effect: bool) -> None:
        """Let the fault happen that is due for a port, if one is.

        Raises:
            Accident: one is.
        """
        for fault in self.faults:
            if fault.port == port and fault.after_effect == after_effect:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                raise Accident(fault)
