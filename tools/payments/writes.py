"""Give money back."""

from core.identity import Permission, RunContext
from core.statuses import PaymentStatus
from store.unit import Tx
from tools.payments.facts import IssueRefund, RefundFacts, refund_facts
from tools.payments.module import module
from tools.payments.paying_back import pay_back
from tools.payments.results import RefundedItem, RefundIssued
from tools.policy import refunds
from tools.spec import Effect


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.REFUND_ISSUE,
    facts=refund_facts,
    policy=lambda policy, facts, _args, principal: refunds.decide(policy.refunds, facts.plan, principal),
    examples=(
        "refund the headset on order 1042",
        "give the customer 15 euros back on order 1042 for the late delivery",
        "refund order 1042 completely",
        "I want my money back for order 1017",
        "issue a goodwill refund of 5.00 on #1042",
        "refund one of the two t-shirts from order 1042, it was missing",
        "money back pls, the lamp in 1017 arrived damaged",
        "reimburse 20 on 1042, price difference",
    ),
)
async def issue_refund(tx: Tx, args: IssueRefund, ctx: RunContext, facts: RefundFacts) -> RefundIssued:
    """Refund money on an order without a return: all of it, one item, or a given amount."""
    plan = facts.plan
    await pay_back(tx, ctx, facts.order, facts.payments, facts.lines, plan.amount, args.reason.value)
    return RefundIssued(
        order=plan.order,
        amount=plan.amount,
        items=[RefundedItem(title=item.title, quantity=item.quantity, amount=item.amount) for item in plan.items],
        method=plan.method,
        reason=args.reason.value,
        payment_status=PaymentStatus(facts.order.payment_status),
        left_to_refund=plan.refundable - plan.amount,
    )
