"""What tools on items that ran out give back."""

from datetime import datetime

from pydantic import BaseModel

from core.fulfilment import BackorderChoice
from core.money import Money
from tools.phrases import bullets, day, joined, listing, plural
from tools.result import Result

_SHOWN = 5
_LISTED = 10


class Alternative(BaseModel):
    """A variant in stock that could be sent instead, at what the customer pays for it."""

    sku: str
    title: str
    price: Money
    available: int

    @property
    def shown(self) -> str:
        """The alternative in words."""
        return f"{self.title} (`{self.sku}`), {self.price}"


class MissingItem(BaseModel):
    """Units of an item that ran out after the order."""

    sku: str
    title: str
    quantity: int
    expected_at: datetime
    on_order: bool
    """Whether a supplier's delivery with enough units is under way; else the date is an estimate."""
    alternatives: list[Alternative]


class BackorderOptions(Result):
    """What ran out on an order, and what can be done about it."""

    order: str
    items: list[MissingItem]
    waiting: list[str]
    """What the customer agreed to wait for."""

    def text(self) -> str:
        """Return the choice for each missing item."""
        waiting = f"Waited for already: {joined(self.waiting)}." if self.waiting else ""
        if not self.items:
            return f"Nothing of order {self.order} is missing. {waiting}".strip()
        lines = [f"Order {self.order} misses:"]
        for item in self.items[:_SHOWN]:
            when = f"more arrives about {day(item.expected_at)}" if item.on_order else f"perhaps again by {day(item.expected_at)}"
            lines += bullets(
                [f"{item.quantity} x **{item.title}** (`{item.sku}`): wait ({when})" + (", or take:" if item.alternatives else "")]
            )
            lines += [f"  - {each.shown}" for each in item.alternatives[:_SHOWN]]
        return "\n".join([*lines, *([waiting] if waiting else [])])


class Waiting(BaseModel):
    """Units that a customer waits for."""

    order: str
    customer: str
    sku: str
    title: str
    quantity: int
    since: datetime
    expected_at: datetime
    available: int
    """Units of the item that are free now, in all warehouses."""
    arrived: bool
    """Whether that is enough; those who wait longer come first."""

    @property
    def shown(self) -> str:
        """The wait on one line."""
        state = f"**{self.available} available now**" if self.arrived else f"expected {day(self.expected_at)}"
        return f"Order {self.order} ({self.customer}): {self.quantity} x {self.title} (`{self.sku}`), since {day(self.since)}, {state}"


class BackordersListed(Result):
    """Who waits for what, the longest first; `total` counts all of them."""

    total: int
    backorders: list[Waiting]

    def text(self) -> str:
        """Return one line a wait, and what to do with what has come."""
        if not self.backorders:
            return "Nobody waits for anything."
        shown = listing(f"{plural(self.total, 'backorder')}:", [each.shown for each in self.backorders[:_LISTED]], self.total)
        arrived = any(each.arrived for each in self.backorders)
        return f"{shown}\nAllocate an order to send what has arrived." if arrived else shown


class BackorderChosen(Result):
    """What was chosen for an item that ran out."""

    order: str
    choice: BackorderChoice
    title: str
    quantity: int
    instead: str | None
    expected_at: datetime | None
    pay_back: Money
    charge_later: Money

    def text(self) -> str:
        """Return the choice and what it means for the money."""
        if self.instead is not None:
            back = f" {self.pay_back} goes back." if self.pay_back.minor else ""
            return f"Order {self.order}: {self.instead} instead of {self.quantity} x {self.title}.{back}"
        when = f"about {day(self.expected_at)}" if self.expected_at else "as soon as it arrives"
        money = f"{self.charge_later} is charged when it arrives." if self.charge_later.minor else "It is paid for already."
        return f"Order {self.order}: {self.quantity} x {self.title} will be sent {when}. {money}"
