"""What the back-office tools give back."""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel

from core.money import Money
from tools.phrases import bullets, day, plural
from tools.result import Result


class Figures(BaseModel):
    """What was sold, refunded and sent back in a period."""

    revenue: Money
    orders: int
    average_order: Money
    refunds: Money
    cancelled: int
    returns: int
    returns_rate_percent: Decimal
    """Returns requested for each hundred orders placed."""


class TopProduct(BaseModel):
    """What a product brought in; `product` is its slug."""

    product: str
    title: str
    units: int
    revenue: Money


class SalesPart(BaseModel):
    """A channel, a category or a day of the sales."""

    part: str
    orders: int | None
    """None for a category: an order may hold goods of several."""
    units: int | None
    """What was sold of a category."""
    revenue: Money

    @property
    def shown(self) -> str:
        """The part on one line."""
        count = plural(self.units or 0, "unit") if self.orders is None else plural(self.orders, "order")
        return f"{self.part}: {self.revenue}, {count}"


class SalesReport(Result):
    """Sales of the last days beside the same number of days before."""

    days: int
    begin: datetime
    until: datetime
    current: Figures
    before: Figures
    revenue_change_percent: Decimal | None = None
    orders_change_percent: Decimal | None = None
    top_products: list[TopProduct]
    parts: list[SalesPart] = []
    """The revenue split up as asked for; categories hold goods alone, without shipping and discounts."""
    other_currency_orders: int = 0
    """Orders in other currencies, which no sum here holds."""

    def text(self) -> str:
        """Show the figures, what changed, and what sold best."""
        now, before = self.current, self.before
        lines = [
            f"**Sales of the last {plural(self.days, 'day')}** ({day(self.begin)} to {day(self.until)})",
            f"- Revenue {now.revenue}{_change(self.revenue_change_percent)}, before: {before.revenue}",
            f"- {plural(now.orders, 'order')}{_change(self.orders_change_percent)}, before: {before.orders}; "
            f"average {now.average_order}, before: {before.average_order}",
            f"- Refunds {now.refunds}, before: {before.refunds}; {plural(now.cancelled, 'order')} cancelled",
            f"- {plural(now.returns, 'return')} requested, {now.returns_rate_percent} % of orders, before: {before.returns_rate_percent} %",
        ]
        if self.other_currency_orders:
            lines.append(f"- Not counted: {plural(self.other_currency_orders, 'order')} in other currencies")
        if self.parts:
            lines += ["", "Split up:"]
            lines += bullets(each.shown for each in self.parts)
        if self.top_products:
            lines += ["", "Best sellers:"]
            lines += bullets(f"{each.title}: {each.revenue}, {plural(each.units, 'unit')}" for each in self.top_products)
        return "\n".join(lines)


class ShopOverview(Result):
    """What needs somebody today."""

    as_of: datetime
    orders_today: int
    revenue_today: Money
    stuck_orders: int
    fraud_reviews: int
    late_parcels: int
    low_stock: int
    listing_issues: int
    tickets_overdue: int
    tickets_open: int
    approvals_open: int
    returns_to_decide: int

    def text(self) -> str:
        """List what needs somebody, and leave out what does not."""
        waiting = [
            (self.stuck_orders, "order", "stuck"),
            (self.fraud_reviews, "order", "waiting for a fraud review"),
            (self.late_parcels, "parcel", "late"),
            (self.tickets_overdue, "ticket", "overdue"),
            (self.returns_to_decide, "return", "to decide"),
            (self.approvals_open, "approval", "open"),
            (self.low_stock, "item", "at or below the reorder point"),
            (self.listing_issues, "listing issue", "open"),
        ]
        todo = [f"**{plural(count, noun)}** {rest}" for count, noun, rest in waiting if count]
        lines = ["Needs attention:", *bullets(todo)] if todo else ["Nothing needs attention right now."]
        lines += ["", f"Last 24 hours: {plural(self.orders_today, 'order')}, {self.revenue_today}. Open tickets: {self.tickets_open}."]
        return "\n".join(lines)


def _change(percent: Decimal | None) -> str:
    return "" if percent is None else f" ({percent:+} %)"


class UndeliveredRecorded(Result):
    """A message that did not reach its provider, and the alert about it."""

    topic: str
    about: str
    alert: str
