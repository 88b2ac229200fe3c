"""Show a customer."""

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import customers, orders, tenants
from store.unit import ReadTx
from tools.arguments import CustomerRef
from tools.customers.module import module
from tools.customers.results import CustomerShown, LastOrder
from tools.customers.which import one_customer
from tools.spec import Args, Audience, Effect

_LAST = 5


class GetCustomer(Args):
    """Which customer to show."""

    customer: CustomerRef


@module.tool(
    effect=Effect.READ,
    permission=Permission.CUSTOMER_READ,
    audience=Audience.STAFF,
    examples=(
        "who is clara.jensen@mail.example",
        "show customer Bruno Keller",
        "is Alice Moreau a good customer",
        "how much has Alice spent with us",
        "customer profile of Damian Voss",
        "does clara.jensen@mail.example return a lot",
        "loyalty tier of Bruno",
        "tell me about the customer Alice Moreau",
    ),
)
async def get_customer(tx: ReadTx, args: GetCustomer, _ctx: RunContext) -> CustomerShown:
    """Show a customer at a glance: orders, lifetime value, returns, open tickets, loyalty."""
    customer = await one_customer(tx, args.customer)
    figures = await customers.figures(tx, customer.id)
    _, last = await orders.find(tx, orders.OrderFilter(customer_id=customer.id), _LAST)
    kept = figures.orders - figures.cancelled
    return CustomerShown(
        customer=customer.name,
        email=customer.email,
        since=customer.created_at,
        loyalty_tier=customer.loyalty_tier,
        store_credit=Money(minor=customer.store_credit_minor, currency=(await tenants.current(tx)).currency),
        orders=figures.orders,
        cancelled=figures.cancelled,
        lifetime_value=[Money(minor=minor, currency=currency) for currency, minor in await customers.lifetime_values(tx, customer.id)],
        return_rate_percent=round(100 * figures.orders_with_return / kept) if kept else 0,
        open_tickets=figures.open_tickets,
        last_orders=[
            LastOrder(
                order=row.order.number,
                status=row.order.status,
                placed_at=row.order.placed_at,
                total=Money(minor=row.order.total_minor, currency=row.order.currency),
            )
            for row in last
        ],
    )
