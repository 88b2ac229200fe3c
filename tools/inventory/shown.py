"""What the tools that look into stock's past and future give back."""

from datetime import datetime

from pydantic import BaseModel

from core.money import Money
from core.statuses import PurchaseOrderStatus
from tools.phrases import day, listing, plural, words
from tools.result import Quote, Result


class ReasonTotal(BaseModel):
    """What one reason did to the stock."""

    reason: str
    movements: int
    delta: int


class MovementSeen(BaseModel):
    """One change of what is on a shelf."""

    at: datetime
    warehouse: str
    delta: int
    reason: str
    reference: Quote | None
    """An order, a purchase order, or who did it."""


class MovementsShown(Result):
    """How an item's stock changed."""

    sku: str
    title: str
    days: int
    total: int
    net: int
    by_reason: list[ReasonTotal]
    movements: list[MovementSeen]

    def text(self) -> str:
        """Sum up by reason, then list the newest."""
        if not self.total:
            return f"Nothing moved of {self.title} (`{self.sku}`) in the last {plural(self.days, 'day')}."
        reasons = ", ".join(f"{words(each.reason)} {each.delta:+d}" for each in self.by_reason)
        shown = [
            f"{day(each.at)}: {each.delta:+d} in {each.warehouse}, {words(each.reason)}"
            + (f" ({each.reference.text})" if each.reference else "")
            for each in self.movements[:10]
        ]
        heading = f"**{self.title}** (`{self.sku}`), last {plural(self.days, 'day')}: {self.net:+d} in all ({reasons})."
        return listing(heading, shown, self.total)


class Proposal(BaseModel):
    """When and how much to reorder of an item, with the figures that it follows from."""

    sku: str
    title: str
    supplier: str
    mean_daily_sales: float
    max_daily_sales: int
    lead_days: int
    max_lead_days: int
    safety_stock: int
    reorder_point: int
    """Computed from sales."""
    current_reorder_point: int
    """What is in force."""
    order_quantity: int
    available: int
    on_order: int
    days_left: int | None
    """How many days the available units last; none when nothing sells."""
    order_now: bool
    unit_cost: Money
    cost: Money
    """Of the proposed quantity."""

    @property
    def shown(self) -> str:
        """The proposal in words."""
        lasts = f"lasts {plural(self.days_left, 'day')}" if self.days_left is not None else "does not sell"
        verdict = f"**order {self.order_quantity}** from {self.supplier} for {self.cost}" if self.order_now else "nothing to order yet"
        figures = f"{self.mean_daily_sales:.1f} sold a day (at most {self.max_daily_sales}), {lasts}"
        points = f"Reorder point {self.reorder_point} (in force: {self.current_reorder_point}), safety stock {self.safety_stock}"
        return (
            f"**{self.title}** (`{self.sku}`): {self.available} available, {self.on_order} on order, {figures}. "
            f"{points}, lead {plural(self.lead_days, 'day')}: {verdict}."
        )


class ReorderProposed(Result):
    """What to reorder, from the sales of a period."""

    sales_days: int
    total: int
    items: list[Proposal]

    def text(self) -> str:
        """List the proposals."""
        if not self.items:
            return "Nothing needs reordering."
        heading = f"Reorder proposal from the sales of the last {plural(self.sales_days, 'day')}:"
        return listing(heading, [item.shown for item in self.items[:8]], self.total)


class PurchaseSeen(BaseModel):
    """An order to a supplier in a list."""

    purchase_order: str
    status: PurchaseOrderStatus
    sku: str
    title: str
    supplier: str
    warehouse: str
    quantity: int
    received: int
    total: Money
    ordered_at: datetime
    expected_at: datetime
    overdue: bool

    @property
    def shown(self) -> str:
        """The order on one line."""
        came = f", {self.received} received" if self.received else ""
        due = "overdue since" if self.overdue else "expected"
        when = f", {due} {day(self.expected_at)}" if self.status is PurchaseOrderStatus.ORDERED else ""
        return (
            f"**{self.purchase_order}** ({self.status}): {self.quantity} x {self.title} (`{self.sku}`) from {self.supplier}, "
            f"{self.total}{came}{when}"
        )


class PurchasesFound(Result):
    """Orders to suppliers, the open ones first."""

    total: int
    purchase_orders: list[PurchaseSeen]

    def text(self) -> str:
        """List the orders."""
        if not self.total:
            return "No purchase order matches."
        return listing(f"{plural(self.total, 'purchase order')} found:", [each.shown for each in self.purchase_orders[:12]], self.total)
