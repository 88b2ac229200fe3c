"""What tools that read orders give back."""

from datetime import datetime
from enum import StrEnum

from core.money import Money
from core.statuses import OrderStatus, PaymentStatus, ReturnStatus, ShipmentStatus
from store.queries.orders import COUNTED
from tools.phrases import bullets, day, joined, listing, plural, words
from tools.result import Quote, Result


class ItemSold(Result):
    """One line of an order."""

    title: str
    sku: str
    quantity: int

    @property
    def shown(self) -> str:
        """The line in words."""
        return f"{self.quantity} × {self.title}"


class Tracking(Result):
    """Where an order's newest parcel is."""

    carrier: str
    tracking_number: str
    status: ShipmentStatus
    promised_at: datetime | None


class OrderFound(Result):
    """An order in a list. `customer` is filled for staff."""

    order: str
    status: OrderStatus
    payment_status: PaymentStatus
    placed_at: datetime
    total: Money
    items: list[ItemSold]
    customer: str | None = None
    on_hold: bool
    tracking: Tracking | None = None

    @property
    def shown(self) -> str:
        """The order on one line."""
        bought = joined([item.shown for item in self.items[:3]]) + (" and more" if len(self.items) > 3 else "")
        held = ", **on hold**" if self.on_hold else ""
        who = f", {self.customer}" if self.customer else ""
        return f"Order {self.order}: {words(self.status)}{held}, {self.total}, {day(self.placed_at)}{who} ({bought})"


class OrdersFound(Result):
    """Orders that match, newest first; `total` counts them, up to a thousand."""

    total: int
    orders: list[OrderFound]

    def text(self) -> str:
        """Return one line an order."""
        if not self.orders:
            return "No order matches."
        many = "At least " if self.total >= COUNTED else ""
        return listing(f"{many}{plural(self.total, 'order')} found:", [order.shown for order in self.orders[:10]], self.total)


class OrderItem(Result):
    """One line of an order with what became of it."""

    sku: str
    title: str
    quantity: int
    unit_price: Money
    delivered: int
    returning: int
    """Units returned or on their way back."""


class PaymentMade(Result):
    """How an order was paid."""

    method: str
    captured: Money
    refunded: Money


class ParcelSeen(Result):
    """A parcel with what its carrier reported last."""

    carrier: str
    tracking_number: str
    status: ShipmentStatus
    promised_at: datetime | None
    delivered_at: datetime | None
    last_event: Quote | None = None
    last_event_at: datetime | None = None


class ReturnOpened(Result):
    """A return of this order."""

    return_number: str
    status: ReturnStatus
    items: list[ItemSold]
    refund: Money


class Happened(Result):
    """One entry of the timeline."""

    at: datetime
    kind: str
    what: Quote


class Next(StrEnum):
    """What can be done with an order now."""

    CANCEL = "cancel"
    CHANGE_ADDRESS = "change the address"
    TRACK = "track"
    RETURN = "return items"
    EXCHANGE = "exchange items"
    REFUND = "refund"


class OrderShown(Result):
    """Everything about one order. `customer` is filled for staff."""

    order: str
    status: OrderStatus
    payment_status: PaymentStatus
    placed_at: datetime
    promised_at: datetime | None
    total: Money
    shipping: Money
    discount: Money
    customer: str | None = None
    ship_to: Quote
    on_hold: bool
    hold_reason: str | None
    items: list[OrderItem]
    payments: list[PaymentMade]
    shipments: list[ParcelSeen]
    returns: list[ReturnOpened]
    timeline: list[Happened]
    can: list[Next]

    def text(self) -> str:
        """Return the state, the items, the parcels and what can be done."""
        who = f" for {self.customer}" if self.customer else ""
        paid = words(self.payment_status)
        lines = [f"Order {self.order}{who} is **{words(self.status)}** ({paid}), placed {day(self.placed_at)}, total **{self.total}**."]
        if self.on_hold:
            lines.append(f"It is **on hold**: {self.hold_reason or 'it is being checked'}.")
        lines += bullets(f"{item.quantity} × {item.title}, {item.unit_price} each" for item in self.items[:5])
        if len(self.items) > 5:
            lines.append(f"and {plural(len(self.items) - 5, 'item')} more.")
        lines += [_parcel(parcel) for parcel in self.shipments[:2]]
        if not self.shipments and self.promised_at and self.status is not OrderStatus.CANCELLED:
            lines.append(f"Delivery is promised for {day(self.promised_at)}.")
        lines += [f"Return {back.return_number} is {words(back.status)}." for back in self.returns[:2]]
        if self.can:
            lines.append(f"Possible now: {joined([step.value for step in self.can])}.")
        return "\n".join(lines)


class StuckKind(StrEnum):
    """Why an order does not move."""

    HELD = "held"
    UNSHIPPED = "unshipped"
    SILENT = "silent"
    UNPAID = "unpaid"


class StuckOrder(Result):
    """An order that does not move, since when, and what to do."""

    order: str
    kind: StuckKind
    why: str
    since: datetime
    what_to_do: str
    total: Money
    customer: str


class StuckOrders(Result):
    """Orders that need a look, the longest stuck first; `totals` counts all of them by kind."""

    total: int
    totals: dict[StuckKind, int]
    orders: list[StuckOrder]

    def text(self) -> str:
        """Return the counts and the longest stuck orders."""
        if not self.orders:
            return "No order is stuck."
        counts = joined([f"{count} {kind}" for kind, count in self.totals.items()])
        shown = [f"Order {each.order} ({each.customer}, {each.total}): {each.why}. {each.what_to_do}." for each in self.orders[:10]]
        return listing(f"**{plural(self.total, 'order')} stuck**: {counts}.", shown, self.total)


def _parcel(parcel: ParcelSeen) -> str:
    when = ""
    if parcel.delivered_at:
        when = f" on {day(parcel.delivered_at)}"
    elif parcel.promised_at:
        when = f", promised for {day(parcel.promised_at)}"
    return f"{parcel.carrier} {parcel.tracking_number}: {words(parcel.status)}{when}."
