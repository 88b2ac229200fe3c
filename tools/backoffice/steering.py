"""Reports to steer by: key figures, what changed, and the suppliers."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, Field

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import changes, inventory, kpis, reports, suppliers, tenants
from store.queries.changes import ChangeRow
from store.unit import ReadTx
from tools.arguments import Days, Limit
from tools.backoffice.module import module
from tools.phrases import day, listing, plural, words
from tools.policy import Policy
from tools.policy.service import ServicePolicy
from tools.result import Quote, Result
from tools.spec import Args, Audience, Effect

_RATES = {
    "return_rate": "Return rate",
    "refund_rate": "Refund rate",
    "late_rate": "Late deliveries",
    "on_time_dispatch": "Dispatched on time",
    "gross_margin": "Gross margin",
}


class Kpis(BaseModel):
    """Key figures of a period; rates are per cent, None where there is nothing to measure."""

    revenue: Money
    orders: int
    average_order: Money
    return_rate: Decimal | None
    """Returns requested for each hundred orders."""
    refund_rate: Decimal | None
    """Paid back, of the revenue."""
    late_rate: Decimal | None
    """Parcels after their promised date, of those promised in the period."""
    on_time_dispatch: Decimal | None
    """Orders shipped within the time of the policy, of those that had to be."""
    gross_margin: Decimal | None
    """Goods sold after discounts less their cost, of the former."""


class KpiReport(Result):
    """Key figures beside those of the period before."""

    days: int
    begin: datetime
    until: datetime
    dispatch_days: int
    """Within this many days an order is dispatched on time."""
    current: Kpis
    before: Kpis

    def text(self) -> str:
        """Return one line a figure."""
        now, then = self.current, self.before
        lines = [
            f"**Key figures of the last {plural(self.days, 'day')}** ({day(self.begin)} to {day(self.until)}), in brackets those before",
            f"- Revenue {now.revenue} ({then.revenue}), {plural(now.orders, 'order')} ({then.orders})",
            f"- Average order {now.average_order} ({then.average_order})",
        ]
        for name, label in _RATES.items():
            lines.append(f"- {label} {_percent(getattr(now, name))} ({_percent(getattr(then, name))})")
        return "\n".join(lines)


class KpiReportArgs(Args):
    """Arguments of `kpi_report`."""

    days: Days = 30
    """How many days back; the same number before them is compared."""


async def _service(_tx: ReadTx, _args: KpiReportArgs, _ctx: RunContext, policy: Policy) -> ServicePolicy:
    return policy.service


@module.tool(
    effect=Effect.READ,
    permission=Permission.REPORT_READ,
    audience=Audience.STAFF,
    facts=_service,
    examples=(
        "show our kpis",
        "what is our gross margin",
        "return rate of the last 30 days",
        "how many parcels arrive late, in percent",
        "key figures for this quarter",
        "are we shipping on time",
        "kpi report for 90 days",
    ),
)
async def kpi_report(tx: ReadTx, args: KpiReportArgs, _ctx: RunContext, service: ServicePolicy) -> KpiReport:
    """Report key figures beside the period before: revenue, average order, return, refund and late rates, dispatch, gross margin."""
    currency = (await tenants.current(tx)).currency
    begin = tx.now - timedelta(days=args.days)
    return KpiReport(
        days=args.days,
        begin=begin,
        until=tx.now,
        dispatch_days=service.unshipped_days,
        current=await _kpis(tx, currency, begin, tx.now, service.unshipped_days),
        before=await _kpis(tx, currency, begin - timedelta(days=args.days), begin, service.unshipped_days),
    )


class Change(BaseModel):
    """Something that happened."""

    kind: str
    at: datetime
    subject: str
    """Order, return or alert number, SKU or version."""
    detail: Quote | None
    """Channel, reason, title or person."""
    before: Money | None
    after: Money | None

    @property
    def shown(self) -> str:
        """The change on one line."""
        amounts = f" {self.before} -> {self.after}" if self.before else f" {self.after}" if self.after else ""
        about = f" ({words(self.detail.text)})" if self.detail else ""
        return f"{self.at:%d %b %H:%M} {words(self.kind.replace('.', ' '))} {self.subject}{amounts}{about}"


class WhatChanged(Result):
    """What happened since an instant, the newest first."""

    since: datetime
    counts: dict[str, int]
    low_stock_now: int
    """Items at or below their reorder point at this moment."""
    changes: list[Change]

    def text(self) -> str:
        """Sum up, then list the newest."""
        parts = [f"{count} {words(kind.replace('.', ' '))}" for kind, count in self.counts.items()]
        low = f"{plural(self.low_stock_now, 'item')} low on stock now."
        if not parts:
            return f"Nothing changed since {day(self.since)}, {self.since:%H:%M} UTC. {low}"
        head = f"Since {day(self.since)}, {self.since:%H:%M} UTC: {', '.join(parts)}. {low}"
        return listing(head, [each.shown for each in self.changes[:20]], sum(self.counts.values()))


class WhatChangedArgs(Args):
    """Arguments of `what_changed`."""

    hours: Annotated[int, Field(ge=1, le=24 * 31, description="How many hours back")] = 24
    limit: Limit = 20


@module.tool(
    effect=Effect.READ,
    permission=Permission.REPORT_READ,
    audience=Audience.STAFF,
    examples=(
        "what changed since yesterday",
        "what is new today",
        "what happened overnight in the shop",
        "anything new since I left",
        "what was changed in the last 48 hours",
        "show me the latest events of the shop",
    ),
)
async def what_changed(tx: ReadTx, args: WhatChangedArgs, _ctx: RunContext) -> WhatChanged:
    """List what changed lately by time: orders placed and cancelled, returns, alerts, prices, policy, and low stock now."""
    begin = tx.now - timedelta(hours=args.hours)
    counts, rows = await changes.since(tx, begin, args.limit)
    return WhatChanged(since=begin, counts=counts, low_stock_now=await inventory.count_low(tx), changes=[_change(row) for row in rows])


class SupplierListed(BaseModel):
    """A supplier in a list."""

    supplier: str
    email: str
    lead_days: int
    max_lead_days: int
    defect_rate_percent: Decimal
    products: int
    open_purchases: int


class SuppliersListed(Result):
    """Suppliers, the highest defect rate first."""

    total: int
    suppliers: list[SupplierListed]

    def text(self) -> str:
        """Return one line a supplier."""
        if not self.suppliers:
            return "No supplier matches."
        shown = [
            f"**{each.supplier}** ({each.email}): {plural(each.products, 'product')}, {each.lead_days} to {each.max_lead_days} days, "
            f"{each.defect_rate_percent} % defects, {plural(each.open_purchases, 'open purchase order')}"
            for each in self.suppliers[:10]
        ]
        return listing(f"{plural(self.total, 'supplier')}:", shown, self.total)


class ListSuppliers(Args):
    """Which suppliers to list."""

    words: Annotated[str, Field(max_length=100, description="Only those whose name or e-mail address has these words")] = ""
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.SUPPLIER_READ,
    audience=Audience.STAFF,
    examples=(
        "who are our suppliers",
        "list suppliers",
        "which supplier has the most defects",
        "how long does Baltic Textile take to deliver",
        "supplier contacts please",
        "show our vendors with their lead times",
    ),
)
async def list_suppliers(tx: ReadTx, args: ListSuppliers, _ctx: RunContext) -> SuppliersListed:
    """List suppliers with lead times, defect rate, products and open purchase orders, the most defects first."""
    total, rows = await suppliers.find(tx, args.words, args.limit)
    listed = [
        SupplierListed(
            supplier=row.name,
            email=row.email,
            lead_days=row.lead_days,
            max_lead_days=row.max_lead_days,
            defect_rate_percent=Decimal(row.defect_rate_bp) / 100,
            products=row.products,
            open_purchases=row.open_purchases,
        )
        for row in rows
    ]
    return SuppliersListed(total=total, suppliers=listed)


async def _kpis(tx: ReadTx, currency: str, begin: datetime, until: datetime, dispatch_days: int) -> Kpis:
    sold = await reports.period(tx, currency, begin, until)
    row = await kpis.read(tx, currency, begin, until, dispatch_days)
    average = int((Decimal(sold.revenue_minor) / sold.orders).quantize(Decimal(1), rounding=ROUND_HALF_UP)) if sold.orders else 0
    return Kpis(
        revenue=Money(minor=sold.revenue_minor, currency=currency),
        orders=sold.orders,
        average_order=Money(minor=average, currency=currency),
        return_rate=_rate(sold.returns, sold.orders),
        refund_rate=_rate(sold.refunded_minor, sold.revenue_minor),
        late_rate=_rate(row.late, row.parcels),
        on_time_dispatch=_rate(row.dispatched_on_time, row.dispatched),
        gross_margin=_rate(row.margin_revenue_minor - row.cost_minor, row.margin_revenue_minor),
    )


def _rate(part: int, whole: int) -> Decimal | None:
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP) if whole else None


def _percent(rate: Decimal | None) -> str:
    return "n/a" if rate is None else f"{rate} %"


def _change(row: ChangeRow) -> Change:
    return Change(
        kind=row.kind,
        at=row.at,
        subject=row.subject,
        detail=Quote.external(row.detail) if row.detail else None,
        before=Money(minor=row.before_minor, currency=row.currency) if row.before_minor is not None else None,
        after=Money(minor=row.after_minor, currency=row.currency) if row.after_minor is not None else None,
    )
