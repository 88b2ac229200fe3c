"""Give a customer credit: store credit, or a gift card."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import PaymentKind
from store.queries import counters, methods, tenants
from store.tables.customers import Customer
from store.unit import Tx
from tools.arguments import Amount, CustomerRef
from tools.customers.which import one_customer
from tools.payments.facts import money_of
from tools.payments.module import module
from tools.payments.results import CreditIssued
from tools.policy import Policy
from tools.policy.payments import CreditPlan, decide_credit
from tools.spec import Args, Audience, Effect


class CreditReason(StrEnum):
    """Why a customer is given credit."""

    GOODWILL = "goodwill"
    LATE_DELIVERY = "late_delivery"
    DAMAGED = "damaged"
    GIFT = "gift"
    OTHER = "other"


class IssueStoreCredit(Args):
    """Who gets how much store credit, and why."""

    customer: CustomerRef
    amount: Amount
    reason: CreditReason = CreditReason.GOODWILL
    """Why the customer gets it."""


class IssueGiftCard(Args):
    """Who gets a gift card of how much, and why."""

    customer: CustomerRef
    amount: Amount
    reason: CreditReason = CreditReason.GIFT
    """Why the customer gets it."""


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """A plan for credit with the customer, locked."""

    plan: CreditPlan
    customer: Customer


async def store_credit_facts(tx: Tx, args: IssueStoreCredit, _ctx: RunContext, policy: Policy) -> CreditFacts:
    """Find the customer and what was given lately."""
    return await _facts(tx, args, policy, "Store credit")


async def gift_card_facts(tx: Tx, args: IssueGiftCard, _ctx: RunContext, policy: Policy) -> CreditFacts:
    """Find the customer and what was given lately."""
    return await _facts(tx, args, policy, "Gift card")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CREDIT_ISSUE,
    audience=Audience.STAFF,
    facts=store_credit_facts,
    policy=lambda policy, facts, _args, _principal: decide_credit(policy.payments, facts.plan),
    examples=(
        "give clara.jensen@mail.example 5 euros store credit for the late parcel",
        "credit Alice Moreau 10.00 as goodwill",
        "add 20 store credit to Bruno Keller's account",
        "compensate Clara with 15 of store credit, the box was damaged",
        "issue store credit of 7.50 to alice@mail.example",
        "put 30 on Bruno's store credit",
    ),
)
async def issue_store_credit(tx: Tx, args: IssueStoreCredit, ctx: RunContext, facts: CreditFacts) -> CreditIssued:
    """Give a customer store credit."""
    credit = await methods.credit_of(tx, facts.customer.id, facts.plan.amount.currency)
    await methods.move(tx, credit, facts.plan.amount.minor, methods.ISSUED, f"issued:{_call(ctx)}")
    return _issued(tx, facts, args.reason, credit.label, credit.reference, credit.balance_minor, "store_credit.issued")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CREDIT_ISSUE,
    audience=Audience.STAFF,
    facts=gift_card_facts,
    policy=lambda policy, facts, _args, _principal: decide_credit(policy.payments, facts.plan),
    examples=(
        "send Alice Moreau a gift card of 25 euros",
        "make a 20 euro gift card for bruno@mail.example",
        "issue a gift card over 10.00 to Clara Jensen",
        "new gift card for Alice, 15 euros, she won the raffle",
        "Bruno gets a gift card worth 25",
        "create a voucher of 20 for clara.jensen@mail.example",
    ),
)
async def issue_gift_card(tx: Tx, args: IssueGiftCard, ctx: RunContext, facts: CreditFacts) -> CreditIssued:
    """Give a customer a new gift card."""
    number = f"GC-{await counters.take(tx, 'gift_card')}"
    card = await methods.open_balance(tx, facts.customer.id, PaymentKind.GIFT_CARD, number, facts.plan.amount.currency)
    await methods.move(tx, card, facts.plan.amount.minor, methods.ISSUED, f"issued:{_call(ctx)}")
    return _issued(tx, facts, args.reason, card.label, card.reference, card.balance_minor, "gift_card.issued")


async def _facts(tx: Tx, args: IssueStoreCredit | IssueGiftCard, policy: Policy, what: str) -> CreditFacts:
    customer = await one_customer(tx, args.customer, lock=True)
    amount = money_of(args.amount, (await tenants.current(tx)).currency)
    if amount is None:
        raise InvalidInput("how much?", field="amount")
    since = tx.now - timedelta(days=policy.payments.credit_days)
    given = Money(minor=await methods.issued_since(tx, customer.id, since), currency=amount.currency)
    return CreditFacts(CreditPlan(customer=customer.name, what=what, amount=amount, given=given), customer)


def _issued(tx: Tx, facts: CreditFacts, reason: CreditReason, label: str, reference: str, minor: int, topic: str) -> CreditIssued:
    amount = facts.plan.amount
    tx.emit(topic, customer=str(facts.customer.id), amount=amount.model_dump(), reason=reason.value, reference=reference)
    return CreditIssued(
        customer=facts.customer.name,
        method=label,
        reference=reference,
        amount=amount,
        balance=Money(minor=minor, currency=amount.currency),
        reason=reason.value,
    )


def _call(ctx: RunContext) -> str:
    return f"approval:{ctx.approval_id}" if ctx.approval_id else ctx.call_key
