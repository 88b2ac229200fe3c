"""What tools on customers give back."""

from datetime import datetime

from core.money import Money
from core.statuses import OrderStatus
from tools.phrases import bullets, day, joined, plural, words
from tools.result import Result


class LastOrder(Result):
    """One of a customer's newest orders."""

    order: str
    status: OrderStatus
    placed_at: datetime
    total: Money


class CustomerShown(Result):
    """A customer at a glance."""

    customer: str
    email: str
    since: datetime
    loyalty_tier: str
    store_credit: Money
    orders: int
    cancelled: int
    lifetime_value: list[Money]
    """Paid and not paid back, one amount a currency."""
    return_rate_percent: int
    """Orders with a return, of those not cancelled."""
    open_tickets: int
    last_orders: list[LastOrder]

    def text(self) -> str:
        """Return the figures and the newest orders."""
        value = joined([str(amount) for amount in self.lifetime_value]) or "nothing yet"
        head = f"**{self.customer}** ({self.email}), {self.loyalty_tier}, customer since {day(self.since)}."
        counts = f"{plural(self.orders, 'order')}, {self.cancelled} cancelled, worth **{value}**."
        back = f"Returns something of {self.return_rate_percent} % of orders."
        open_now = f"{plural(self.open_tickets, 'open ticket')}, store credit {self.store_credit}."
        shown = bullets(f"Order {each.order}: {words(each.status)}, {each.total}, {day(each.placed_at)}" for each in self.last_orders)
        return "\n".join([head, counts, back, open_now, *shown])
