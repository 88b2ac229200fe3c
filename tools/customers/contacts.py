"""Contacts with customers, and what customers allow."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from core.errors import NotFound
from core.identity import Permission, RunContext
from core.statuses import ConsentPurpose, InteractionChannel
from store.queries import orders, relations
from store.tables.customers import Customer
from store.tables.orders import Order
from store.tables.relations import Consent, Interaction
from store.unit import ReadTx, Tx
from tools.arguments import CustomerRef, Limit, OrderNumber
from tools.customers.module import module
from tools.customers.results import ConsentSet, InteractionAdded, InteractionShown, InteractionsListed
from tools.customers.which import meant, one_customer
from tools.policy import Policy
from tools.policy.customers import ConsentPlan, decide_consent, decide_note
from tools.result import Quote
from tools.spec import Args, Audience, Effect


class AddInteraction(Args):
    """A contact to write down."""

    customer: CustomerRef
    channel: InteractionChannel = InteractionChannel.PHONE
    """How you were in touch."""
    direction: Literal["inbound", "outbound"] = "inbound"
    """Whether the customer or the shop began."""
    summary: Annotated[str, Field(min_length=1, max_length=1000, description="What was said and agreed")]
    order: OrderNumber | None = None
    """The order that it was about."""


@dataclass(frozen=True, slots=True)
class _Contact:
    customer: Customer
    order: Order | None


async def _contact(tx: Tx, args: AddInteraction, _ctx: RunContext, _policy: Policy) -> _Contact:
    customer = await one_customer(tx, args.customer)
    order = await orders.by_number(tx, args.order) if args.order else None
    if order is not None and order.customer_id != customer.id:
        raise NotFound(f"order of {customer.name}", order.number)
    return _Contact(customer, order)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CUSTOMER_WRITE,
    audience=Audience.STAFF,
    facts=_contact,
    policy=lambda _policy, facts, _args, principal: decide_note(facts, principal),
    examples=(
        "note a call with Alice Moreau: she is happy with the exchange",
        "log that I phoned Bruno Keller about order 1042",
        "write down: clara.jensen@mail.example emailed, wants an invoice",
        "add an interaction with Damian Voss, he came to the shop",
        "record my chat with Alice about the late parcel",
        "I called bruno@mail.example, please note it",
    ),
)
async def add_interaction(tx: Tx, args: AddInteraction, _ctx: RunContext, contact: _Contact) -> InteractionAdded:
    """Write down a contact with a customer: call, e-mail, chat or visit, and what was agreed."""
    row = Interaction(
        tenant_id=tx.tenant_id,
        customer_id=contact.customer.id,
        order_id=contact.order.id if contact.order else None,
        channel=args.channel,
        direction=args.direction,
        summary=args.summary,
        by=(tx.principal.name or tx.principal.role.value)[:120],
        at=tx.now,
    )
    tx.add(row)
    tx.emit("customer.contacted", customer=str(contact.customer.id), channel=args.channel.value, direction=args.direction)
    return InteractionAdded(customer=contact.customer.name, interaction=_shown(row, args.order))


class InteractionHistory(Args):
    """Whose contacts to list."""

    customer: CustomerRef
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.CUSTOMER_READ,
    audience=Audience.STAFF,
    examples=(
        "when did we last talk to Alice Moreau",
        "contact history of Bruno Keller",
        "what did we agree with clara.jensen@mail.example on the phone",
        "show the interactions with Damian Voss",
        "did anybody call Alice",
        "list our calls and mails with Bruno",
    ),
)
async def interaction_history(tx: ReadTx, args: InteractionHistory, _ctx: RunContext) -> InteractionsListed:
    """List contacts with a customer that somebody wrote down, the newest first."""
    customer = await one_customer(tx, args.customer)
    total, rows = await relations.interactions(tx, customer.id, args.limit)
    return InteractionsListed(customer=customer.name, total=total, interactions=[_shown(row.interaction, row.order) for row in rows])


class SetConsent(Args):
    """What a customer allows, or no longer allows."""

    customer: CustomerRef | None = None
    """For staff: which customer. Customers answer for themselves."""
    purpose: ConsentPurpose
    """What it is about."""
    granted: bool
    """Whether it is allowed."""


@dataclass(frozen=True, slots=True)
class _Answer:
    customer: Customer
    plan: ConsentPlan


async def _answer(tx: Tx, args: SetConsent, _ctx: RunContext, _policy: Policy) -> _Answer:
    customer = await meant(tx, args.customer, lock=True)
    current = await relations.consent(tx, customer.id, args.purpose)
    return _Answer(customer, ConsentPlan(purpose=args.purpose.value, granted=args.granted, current=current))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROFILE_WRITE,
    facts=_answer,
    policy=lambda _policy, facts, _args, principal: decide_consent(facts.plan, principal),
    examples=(
        "stop sending me marketing emails",
        "unsubscribe me from the newsletter",
        "I do not want my data used for profiling",
        "you may send me text message offers",
        "Alice Moreau withdrew her consent to email marketing",
        "I agree to receive the newsletter",
    ),
)
async def set_consent(tx: Tx, args: SetConsent, _ctx: RunContext, answer: _Answer) -> ConsentSet:
    """Give or withdraw consent to marketing e-mails, text messages, profiling or sharing of data."""
    source = "the customer" if tx.principal.is_customer else f"staff: {tx.principal.name or tx.principal.role.value}"
    row = Consent(
        tenant_id=tx.tenant_id, customer_id=answer.customer.id, purpose=args.purpose, granted=args.granted, source=source[:80], at=tx.now
    )
    tx.add(row)
    tx.emit("customer.consent_changed", customer=str(answer.customer.id), purpose=args.purpose.value, granted=args.granted)
    return ConsentSet(customer=answer.customer.name, purpose=args.purpose, granted=args.granted, at=tx.now)


def _shown(row: Interaction, order: str | None) -> InteractionShown:
    return InteractionShown(
        at=row.at,
        channel=InteractionChannel(row.channel),
        direction=row.direction,
        summary=Quote.customer(row.summary),
        order=order,
        by=row.by,
    )
