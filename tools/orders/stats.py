"""Orders in figures."""

from collections import Counter
from datetime import timedelta

from pydantic import BaseModel

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import OrderStatus
from store.queries import figures, tenants
from store.queries.figures import OrdersRow
from store.unit import ReadTx
from tools.arguments import Days
from tools.orders.module import module
from tools.phrases import bullets, plural
from tools.result import Result
from tools.spec import Args, Audience, Effect


class OrderStatsArgs(Args):
    """Arguments of `order_stats`."""

    days: Days = 30
    """The period: the last so many days."""


class Share(BaseModel):
    """Orders of one status or channel."""

    name: str
    orders: int
    total: Money
    """In the store's currency; of cancelled orders too."""


class OrderStats(Result):
    """Orders of a period by status and by channel."""

    days: int
    orders: int
    cancelled_percent: float
    mean_value: Money
    """Of orders that were not cancelled."""
    by_status: list[Share]
    by_channel: list[Share]
    other_currency: int
    """Orders in other currencies, which the amounts leave out."""

    def text(self) -> str:
        """Sum up the period."""
        if not self.orders:
            return f"No orders in the last {plural(self.days, 'day')}."
        head = (
            f"**{plural(self.orders, 'order')}** in the last {plural(self.days, 'day')}, {self.cancelled_percent:g} % cancelled, "
            f"{self.mean_value} on average."
        )
        return "\n".join([head, "By status:", *bullets(map(_shown, self.by_status)), "By channel:", *bullets(map(_shown, self.by_channel))])


@module.tool(
    effect=Effect.READ,
    permission=Permission.REPORT_READ,
    audience=Audience.STAFF,
    examples=(
        "how many orders by status this month",
        "order statistics of the last 7 days",
        "orders per channel in the last 90 days",
        "what share of orders is cancelled",
        "average order value this week",
        "how many orders came from amazon compared to the web shop",
        "order stats please",
    ),
)
async def order_stats(tx: ReadTx, args: OrderStatsArgs, _ctx: RunContext) -> OrderStats:
    """Count the orders of a period by status and by channel, with average value and cancelled share."""
    currency = (await tenants.current(tx)).currency
    rows = await figures.orders(tx, tx.now - timedelta(days=args.days), tx.now)
    own = [row for row in rows if row.currency == currency]
    kept = [row for row in own if row.status != OrderStatus.CANCELLED]
    total, count = sum(row.orders for row in rows), sum(row.orders for row in kept)
    cancelled = sum(row.orders for row in rows if row.status == OrderStatus.CANCELLED)
    return OrderStats(
        days=args.days,
        orders=total,
        cancelled_percent=round(100 * cancelled / total, 1) if total else 0,
        mean_value=Money(minor=sum(row.total_minor for row in kept) // count if count else 0, currency=currency),
        by_status=_shares([(row.status, row) for row in own], currency),
        by_channel=_shares([(row.channel, row) for row in own], currency),
        other_currency=total - sum(row.orders for row in own),
    )


def _shares(rows: list[tuple[str, OrdersRow]], currency: str) -> list[Share]:
    orders: Counter[str] = Counter()
    minor: Counter[str] = Counter()
    for name, row in rows:
        orders[name] += row.orders
        minor[name] += row.total_minor
    return [Share(name=name, orders=count, total=Money(minor=minor[name], currency=currency)) for name, count in orders.most_common()]


def _shown(share: Share) -> str:
    return f"{share.name.replace('_', ' ')}: {share.orders} ({share.total})"
