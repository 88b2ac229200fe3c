"""The sales report on paper."""

from dataclasses import dataclass
from datetime import timedelta

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import documents, figures, reports, tenants
from store.queries.reports import PeriodRow
from store.tables.documents import DocumentKind
from store.unit import Tx
from tools.arguments import Days
from tools.documents import prints
from tools.documents.filing import About, file, printed, seller, version
from tools.documents.module import module
from tools.documents.prints import ReportData
from tools.documents.results import DocumentMade
from tools.phrases import plural
from tools.policy import Policy
from tools.policy.decision import allow
from tools.spec import Args, Audience, Effect


class CreateSalesReport(Args):
    """Which period the report covers."""

    days: Days = 30
    """How many whole days, up to yesterday; the same number before them is compared."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What the shop's paper says."""

    policy: Policy


async def report_facts(_tx: Tx, _args: CreateSalesReport, _ctx: RunContext, policy: Policy) -> ReportFacts:
    """Pass on the policy."""
    return ReportFacts(policy)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.DOCUMENT_PRINT,
    audience=Audience.STAFF,
    facts=report_facts,
    policy=lambda _policy, _facts, _args, _principal: allow("document.report"),
    examples=(
        "make me a PDF with the figures and charts of the last 30 days",
        "print the revenue charts on paper",
        "export the turnover to a PDF document",
        "a printable PDF of the past week's figures",
        "PDF document with 90 days of turnover for the bank",
        "put the figures of 14 days into a PDF file",
    ),
)
async def create_sales_report(tx: Tx, args: CreateSalesReport, _ctx: RunContext, facts: ReportFacts) -> DocumentMade:
    """Make a PDF document of the shop's turnover with charts, to print or to send: by day, beside the period before, best sellers."""
    currency = (await tenants.current(tx)).currency
    until = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = until - timedelta(days=args.days)
    current = await reports.period(tx, currency, begin, until)
    before = await reports.period(tx, currency, begin - timedelta(days=args.days), begin)
    daily = await documents.daily(tx, currency, begin, until)
    top = await figures.top_products(tx, currency, begin, until)
    last = (until - timedelta(days=1)).date()
    data = ReportData(
        title=f"Sales report, {plural(args.days, 'day')}",
        begin=begin.date(),
        end=last,
        seller=await seller(tx, facts.policy),
        figures=[(name, now, then) for (name, now), (_, then) in zip(_figures(current, currency), _figures(before, currency), strict=True)],
        daily=[(f"{each.day.day} {each.day:%b}", each.revenue_minor, _money(each.revenue_minor, currency)) for each in daily],
        top=[(row.title, row.revenue_minor, f"{_money(row.revenue_minor, currency)}, {plural(row.units, 'unit')}") for row in top],
        notes=[f"Not counted: {plural(current.other_currency, 'order')} in other currencies."] if current.other_currency else [],
    )
    pdf = await printed(lambda: prints.sales_report(data))
    name = f"SR-{begin:%Y%m%d}-{args.days}-{version(pdf)[:6].upper()}"
    about = About(DocumentKind.SALES_REPORT, name, f"{data.title} to {last.isoformat()}", last)
    return await file(tx, about, f"sales_report:{begin:%Y%m%d}:{args.days}:{version(pdf)}", pdf)


def _figures(row: PeriodRow, currency: str) -> list[tuple[str, str]]:
    average = round(row.revenue_minor / row.orders) if row.orders else 0
    return [
        ("Revenue", _money(row.revenue_minor, currency)),
        ("Orders", f"{row.orders:,}"),
        ("Average order", _money(average, currency)),
        ("Refunds", _money(row.refunded_minor, currency)),
        ("Cancelled orders", f"{row.cancelled:,}"),
        ("Returns requested", f"{row.returns:,}"),
    ]


def _money(minor: int, currency: str) -> str:
    return str(Money(minor=minor, currency=currency))
