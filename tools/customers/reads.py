"""Find customers, show one, and where one stands in the loyalty programme."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import addresses, customers, fraud, orders, relations, tenants
from store.queries import segments as segment_rows
from store.tables.customers import Customer
from store.unit import ReadTx
from tools.addresses import one_line
from tools.arguments import CustomerRef, Limit
from tools.customers.module import module
from tools.customers.results import (
    AddressShown,
    CustomerListed,
    CustomersFound,
    CustomerShown,
    LastOrder,
    LoyaltyShown,
    ProfileShown,
)
from tools.customers.segments import bounds_of
from tools.customers.standing import standing
from tools.customers.which import meant, one_customer
from tools.policy import Policy
from tools.policy.fraud import FraudPolicy
from tools.policy.loyalty import LoyaltyPolicy
from tools.policy.risk import PastOrders, RiskLevel, judge
from tools.result import Quote
from tools.spec import Args, Audience, Effect

_LAST = 5


@dataclass(frozen=True, slots=True)
class _Rules:
    """What reading customers needs of the policy."""

    fraud: FraudPolicy
    loyalty: LoyaltyPolicy


async def _rules(_tx: ReadTx, _args: Any, _ctx: RunContext, policy: Policy) -> _Rules:
    return _Rules(policy.fraud, policy.loyalty)


class FindCustomers(Args):
    """Which customers to find."""

    words: Annotated[
        str, Field(min_length=2, max_length=100, description="Words of a name, an e-mail address, or digits of a phone number")
    ]
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.CUSTOMER_READ,
    audience=Audience.STAFF,
    facts=_rules,
    examples=(
        "find customers called Keller",
        "search customer by phone 06 12 34",
        "which customers have an address at mail.example",
        "look up the client named Moreau",
        "list customers whose name contains jensen",
        "do we have a customer Voss",
    ),
)
async def find_customers(tx: ReadTx, args: FindCustomers, _ctx: RunContext, rules: _Rules) -> CustomersFound:
    """Find customers by name, e-mail address or phone number, several at once."""
    total, rows = await customers.find(tx, args.words, args.limit)
    currency = (await tenants.current(tx)).currency
    listed = [
        CustomerListed(
            customer=row.customer.name,
            email=row.customer.email,
            phone=row.customer.phone,
            loyalty_tier=(await standing(tx, row.customer, currency, rules.loyalty)).tier,
            orders=row.orders,
            since=row.customer.created_at,
        )
        for row in rows
    ]
    return CustomersFound(total=total, customers=listed)


class GetCustomer(Args):
    """Which customer to show."""

    customer: CustomerRef


@module.tool(
    effect=Effect.READ,
    permission=Permission.CUSTOMER_READ,
    audience=Audience.STAFF,
    facts=_rules,
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
async def get_customer(tx: ReadTx, args: GetCustomer, _ctx: RunContext, rules: _Rules) -> CustomerShown:
    """Show a customer at a glance: orders, lifetime value, returns, open tickets, risk, loyalty, segments, consents."""
    customer = await one_customer(tx, args.customer)
    currency = (await tenants.current(tx)).currency
    figures = await customers.figures(tx, customer.id)
    _, last = await orders.find(tx, orders.OrderFilter(customer_id=customer.id), _LAST)
    kept = figures.orders - figures.cancelled
    returned = round(100 * figures.orders_with_return / kept) if kept else 0
    contacts, _ = await relations.interactions(tx, customer.id, 1)
    return CustomerShown(
        customer=customer.name,
        email=customer.email,
        phone=customer.phone,
        since=customer.created_at,
        erased=customer.erased_at is not None,
        loyalty_tier=(await standing(tx, customer, currency, rules.loyalty)).tier,
        store_credit=Money(minor=customer.store_credit_minor, currency=currency),
        orders=figures.orders,
        cancelled=figures.cancelled,
        lifetime_value=[Money(minor=minor, currency=currency) for currency, minor in await customers.lifetime_values(tx, customer.id)],
        return_rate_percent=returned,
        open_tickets=figures.open_tickets,
        risk=await _risk(tx, customer, returned, rules.fraud),
        segments=await _segments(tx, customer, currency),
        consents=[each.purpose for each in await relations.consents(tx, customer.id) if each.granted],
        contacts=contacts,
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


class MyProfile(Args):
    """Whose profile to show."""

    customer: CustomerRef | None = None
    """For staff: which customer. Customers see their own."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.PROFILE_READ,
    facts=_rules,
    examples=(
        "show my profile",
        "which addresses do you have of me",
        "what is my phone number in your system",
        "my account details",
        "what data do you have about me",
        "did I agree to your newsletter",
        "my addresses please",
    ),
)
async def my_profile(tx: ReadTx, args: MyProfile, _ctx: RunContext, rules: _Rules) -> ProfileShown:
    """Show one's profile: name, e-mail, phone, numbered addresses, consents, loyalty points."""
    customer = await meant(tx, args.customer)
    currency = (await tenants.current(tx)).currency
    rows = await addresses.of_customer(tx, customer.id)
    return ProfileShown(
        customer=customer.name,
        email=customer.email,
        phone=customer.phone,
        since=customer.created_at,
        store_credit=Money(minor=customer.store_credit_minor, currency=currency),
        loyalty=(await standing(tx, customer, currency, rules.loyalty)).short,
        addresses=[
            AddressShown(number=number, address=Quote.customer(one_line(row.model_dump()))) for number, row in enumerate(rows, start=1)
        ],
        consents={each.purpose: each.granted for each in await relations.consents(tx, customer.id)},
    )


class LoyaltyStatus(Args):
    """Whose standing to show."""

    customer: CustomerRef | None = None
    """For staff: which customer. Customers see their own."""


@module.tool(
    effect=Effect.READ,
    permission=Permission.PROFILE_READ,
    facts=_rules,
    examples=(
        "how many points do I have",
        "what is my loyalty status",
        "how far am I from gold",
        "loyalty points of Bruno Keller",
        "what are the benefits of my tier",
        "when do I become platinum",
        "am I a gold member",
    ),
)
async def loyalty_status(tx: ReadTx, args: LoyaltyStatus, _ctx: RunContext, rules: _Rules) -> LoyaltyShown:
    """Show a loyalty standing: tier, points, benefits, and what is missing for the next tier."""
    customer = await meant(tx, args.customer)
    currency = (await tenants.current(tx)).currency
    found = await standing(tx, customer, currency, rules.loyalty)
    following = rules.loyalty.next_after(found.tier)
    return LoyaltyShown(
        customer=customer.name,
        tier=found.tier,
        granted=found.granted,
        earned=found.earned,
        spent=Money(minor=found.spent_minor, currency=currency),
        window_days=rules.loyalty.window_days,
        points=found.points,
        benefits=found.benefits,
        next_tier=following[0] if following else None,
        missing=Money(minor=max(0, following[1] - found.spent_minor), currency=currency) if following else None,
    )


async def _risk(tx: ReadTx, customer: Customer, returned: int, policy: FraudPolicy) -> RiskLevel:
    past = await fraud.past(tx, customer.id)
    facts = PastOrders(
        orders=past.orders,
        fraudulent=past.fraudulent,
        suspicious=past.suspicious,
        highest_score=past.highest_score,
        return_rate_percent=returned,
        blocked=await fraud.block_reason(tx, customer.email),
    )
    return judge(policy, facts)[0]


async def _segments(tx: ReadTx, customer: Customer, currency: str) -> list[str]:
    found = await segment_rows.everything(tx)
    return [each.name for each in found if await segment_rows.is_member(tx, each, bounds_of(tx, each, currency), customer.id)]
