"""Invoices: numbered without a gap, and unchanged once they are made."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import OrderStatus
from store.queries import counters, documents, orders, payments
from store.tables.documents import Document, DocumentKind
from store.tables.orders import Order
from store.tables.payments import Payment
from store.unit import Tx
from tools.arguments import OrderNumber
from tools.documents import prints
from tools.documents.filing import About, file, printed, seller
from tools.documents.module import module
from tools.documents.prints import InvoiceData, PrintedLine
from tools.documents.results import DocumentMade, shown
from tools.policy import Policy
from tools.policy.documents import InvoicePlan, decide_invoice
from tools.spec import Args, Effect


class CreateInvoice(Args):
    """Which order is invoiced."""

    order: OrderNumber


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """The order, locked, with how it was paid and the invoice that it may have already."""

    order: Order
    sources: list[Payment]
    known: Document | None
    policy: Policy

    @property
    def plan(self) -> InvoicePlan:
        """What the rule looks at."""
        captured = sum(source.captured_minor for source in self.sources)
        status = OrderStatus(self.order.status)
        return InvoicePlan(order=self.order.number, status=status, captured_minor=captured, exists=self.known is not None)


async def invoice_facts(tx: Tx, args: CreateInvoice, _ctx: RunContext, policy: Policy) -> InvoiceFacts:
    """Read what is invoiced. The order's lock keeps two requests from taking two numbers."""
    order = await orders.by_number(tx, args.order, lock=True)
    sources = list(await payments.of_order(tx, order.id))
    return InvoiceFacts(order, sources, await documents.by_subject(tx, f"invoice:{order.id}"), policy)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.DOCUMENT_CREATE,
    facts=invoice_facts,
    policy=lambda _policy, facts, _args, _principal: decide_invoice(facts.plan),
    examples=(
        "I need an invoice for order 1042",
        "can I have the invoice of my order 1017 as a PDF",
        "make the invoice for #1042",
        "bill for order 1042 please, for my accounting",
        "print an invoice for order 1009",
        "send me a receipt with VAT for 1042",
        "show me the invoice of order 1017",
    ),
)
async def create_invoice(tx: Tx, args: CreateInvoice, _ctx: RunContext, facts: InvoiceFacts) -> DocumentMade:
    """Make the invoice of a paid order as a PDF, or find the one that was made."""
    if facts.known is not None:
        return shown(facts.known)
    order = facts.order
    lines = (await orders.lines_of(tx, [order.id]))[order.id]
    house = await seller(tx, facts.policy)
    number = f"INV-{await counters.take(tx, 'invoice')}"

    def money(minor: int) -> Money:
        return Money(minor=minor, currency=order.currency)

    sums = [("Subtotal", money(order.subtotal_minor))]
    sums += [("Discount", money(-order.discount_minor))] if order.discount_minor else []
    sums += [("Delivery", money(order.shipping_minor))] if order.shipping_minor else []
    paid = [(f"Paid by {source.label}", money(source.captured_minor)) for source in facts.sources if source.captured_minor]
    back = sum(source.refunded_minor for source in facts.sources)
    data = InvoiceData(
        number=number,
        dated=tx.now.date(),
        order=order.number,
        ordered=order.placed_at.date(),
        seller=house,
        bill_to=prints.address(order.bill_to or order.ship_to),
        ship_to=prints.address(order.ship_to),
        lines=[
            PrintedLine(line.sku, line.title, line.quantity, money(line.unit_price_minor), money(line.unit_price_minor * line.quantity))
            for line in lines
        ],
        sums=sums,
        total=money(order.total_minor),
        tax=_included(money(order.total_minor), facts.policy),
        paid=[*paid, *([("Refunded", money(-back))] if back else [])],
    )
    pdf = await printed(lambda: prints.invoice(data))
    title = f"Invoice {number}, order {order.number}"
    about = About(DocumentKind.INVOICE, number, title, data.dated, customer_id=order.customer_id, order_id=order.id)
    orders.note(tx, order, "document.created", title)
    return await file(tx, about, f"invoice:{order.id}", pdf)


def _included(total: Money, policy: Policy) -> tuple[str, Money]:
    """Return the tax that the total holds, rounded half up to a whole minor unit."""
    rate = policy.documents.tax_percent
    minor = int((Decimal(total.minor) * rate / (100 + rate)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return f"Including {policy.documents.tax_name} {rate.normalize():f} %", Money(minor=minor, currency=total.currency)
