"""Reports: what was sold, and what needs somebody today."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import figures, fraud, inventory, kpis, reports, shipments, stuck, tenants, tickets
from store.queries.kpis import Split
from store.queries.reports import PeriodRow
from store.queries.stuck import Deadlines
from store.unit import ReadTx
from tools.arguments import Days
from tools.backoffice.module import module
from tools.backoffice.results import Figures, SalesPart, SalesReport, ShopOverview, TopProduct
from tools.policy import Policy
from tools.policy.service import ServicePolicy
from tools.spec import Args, Audience, Effect

_PARTS = 31
"""At most this many channels, categories or days are shown."""


class SalesReportArgs(Args):
    """Arguments of `sales_report`."""

    days: Days = 7
    """How many days back; the same number before them is compared."""
    by: Split | None = None
    """Also split the revenue up by channel, category or day."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.REPORT_READ,
    audience=Audience.STAFF,
    examples=(
        "how were sales this week?",
        "revenue of the last 30 days",
        "sales report",
        "what sold best last month",
        "how much did we make in the past 14 days",
        "are we doing better than last week",
        "top products this quarter",
        "average order value lately",
        "how many refunds in the last 7 days",
        "sales by channel this month",
        "revenue per category",
        "sales for each day of the last week",
    ),
)
async def sales_report(tx: ReadTx, args: SalesReportArgs, _ctx: RunContext) -> SalesReport:
    """Report revenue, orders, refunds, returns and best sellers of the last days, beside the days before."""
    currency = (await tenants.current(tx)).currency
    begin = tx.now - timedelta(days=args.days)
    current = await reports.period(tx, currency, begin, tx.now)
    before = await reports.period(tx, currency, begin - timedelta(days=args.days), begin)
    top = await figures.top_products(tx, currency, begin, tx.now)
    parts = await kpis.split(tx, args.by, currency, begin, tx.now, _PARTS) if args.by else []
    return SalesReport(
        days=args.days,
        begin=begin,
        until=tx.now,
        current=_figures(current, currency),
        before=_figures(before, currency),
        revenue_change_percent=_change(current.revenue_minor, before.revenue_minor),
        orders_change_percent=_change(current.orders, before.orders),
        top_products=[
            TopProduct(product=row.product, title=row.title, units=row.units, revenue=Money(minor=row.revenue_minor, currency=currency))
            for row in top
        ],
        parts=[
            SalesPart(part=row.part, orders=row.orders, units=row.units, revenue=Money(minor=row.revenue_minor, currency=currency))
            for row in parts
        ],
        other_currency_orders=current.other_currency,
    )


class ShopOverviewArgs(Args):
    """Arguments of `shop_overview`: none."""


async def _service(_tx: ReadTx, _args: ShopOverviewArgs, _ctx: RunContext, policy: Policy) -> ServicePolicy:
    return policy.service


@module.tool(
    effect=Effect.READ,
    permission=Permission.REPORT_READ,
    audience=Audience.STAFF,
    facts=_service,
    examples=(
        "what needs attention in the shop today?",
        "give me an overview",
        "how is the shop doing",
        "morning briefing please",
        "what's on my plate",
        "dashboard",
        "anything urgent right now?",
        "daily summary",
    ),
)
async def shop_overview(tx: ReadTx, args: ShopOverviewArgs, _ctx: RunContext, service: ServicePolicy) -> ShopOverview:
    """Count what needs somebody today: stuck orders, reviews, late parcels, tickets, returns, approvals, stock, listings."""
    currency = (await tenants.current(tx)).currency
    today = await reports.period(tx, currency, tx.now - timedelta(days=1), tx.now)
    deadlines = Deadlines(
        held_before=tx.now - timedelta(hours=service.hold_hours),
        paid_before=tx.now - timedelta(days=service.unshipped_days),
        silent_before=tx.now - timedelta(days=service.silent_days),
        unpaid_before=tx.now - timedelta(hours=service.unpaid_hours),
    )
    stuck_by_kind, _ = await stuck.find(tx, deadlines, 1)
    reviews, _ = await fraud.queue(tx, 1)
    late, _ = await shipments.late(tx, 1)
    unsettled, overdue, _ = await tickets.find(tx, status=None, overdue_only=False, limit=1)
    waiting = await reports.waiting(tx)
    return ShopOverview(
        as_of=tx.now,
        orders_today=today.orders,
        revenue_today=Money(minor=today.revenue_minor, currency=currency),
        stuck_orders=sum(stuck_by_kind.values()),
        fraud_reviews=reviews,
        late_parcels=late,
        low_stock=await inventory.count_low(tx),
        listing_issues=waiting.listing_issues,
        tickets_overdue=overdue,
        tickets_open=unsettled,
        approvals_open=waiting.approvals,
        returns_to_decide=waiting.returns,
    )


def _figures(row: PeriodRow, currency: str) -> Figures:
    average = (Decimal(row.revenue_minor) / row.orders).quantize(Decimal(1), rounding=ROUND_HALF_UP) if row.orders else Decimal(0)
    return Figures(
        revenue=Money(minor=row.revenue_minor, currency=currency),
        orders=row.orders,
        average_order=Money(minor=int(average), currency=currency),
        refunds=Money(minor=row.refunded_minor, currency=currency),
        cancelled=row.cancelled,
        returns=row.returns,
        returns_rate_percent=_tenth(Decimal(100 * row.returns) / row.orders) if row.orders else Decimal(0),
    )


def _change(now: int, before: int) -> Decimal | None:
    """Return the change in per cent, None when there is nothing to compare with."""
    return _tenth(Decimal(100 * (now - before)) / before) if before else None


def _tenth(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
