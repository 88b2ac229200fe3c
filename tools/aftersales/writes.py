"""Open returns and exchanges, and decide on them."""

from datetime import timedelta
from uuid import UUID

from core.identity import Permission, Principal, RunContext
from core.money import Money
from core.statuses import RETURN_TRANSITIONS, ReturnStatus, change
from store.queries import counters, orders
from store.tables.aftersales import Return, ReturnLine
from store.unit import Tx
from tools.aftersales.facts import (
    DecideReturn,
    DecisionFacts,
    RequestExchange,
    RequestReturn,
    ReturnFacts,
    decision_facts,
    exchange_facts,
    initial_status,
    return_facts,
)
from tools.aftersales.module import module
from tools.aftersales.results import ReturnDecided, ReturnedItem, ReturnRequested
from tools.phrases import words
from tools.policy import Policy, returns
from tools.policy.decision import Decision
from tools.policy.handling_returns import decide_verdict
from tools.spec import Args, Audience, Effect


def may_return(policy: Policy, facts: ReturnFacts, _args: Args, principal: Principal) -> Decision:
    """Decide on what comes back, or say why nothing can."""
    if facts.refused is not None:
        return facts.refused
    assert facts.plan is not None
    return returns.decide(policy.returns, facts.plan, principal)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_REQUEST,
    facts=return_facts,
    policy=may_return,
    examples=(
        "I want to return the headset from order 1017",
        "send back order 1042, changed my mind",
        "return one of the t-shirts from 1042, too small",
        "the lamp in order 1042 arrived broken, I want to return it",
        "start a return for #1017: not as described",
        "return 1042 for store credit",
        "wanna return the jacket, order 1042, found it cheaper",
        "my headset is defective, please replace it, order 1017",
        "you sent me the wrong thing",
    ),
)
async def request_return(tx: Tx, args: RequestReturn, _ctx: RunContext, facts: ReturnFacts) -> ReturnRequested:
    """Open a return of an item for a refund, a replacement or store credit."""
    return await _open(tx, facts, args.note)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_REQUEST,
    facts=exchange_facts,
    policy=may_return,
    examples=(
        "exchange the shoes from order 1042 for size 43",
        "swap the jacket in 1042 for the olive one",
        "can I get the t-shirt from order 1017 in L instead",
        "wrong size, I need 44 black instead, order 1042",
        "change the sneakers from #1042 to navy 42",
        "the chinos are too tight, send me a 34, order 1017",
        "exchange it for MRL-SNK-WHT-43, order 1042",
    ),
)
async def request_exchange(tx: Tx, args: RequestExchange, _ctx: RunContext, facts: ReturnFacts) -> ReturnRequested:
    """Open an exchange of an item for another size, colour or other variant of the same product."""
    return await _open(tx, facts, args.note)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_DECIDE,
    audience=Audience.STAFF,
    facts=decision_facts,
    policy=lambda _policy, facts, args, _principal: decide_verdict(facts.step, approve=args.approve),
    examples=(
        "approve return R-1007",
        "reject R-1007, the item was used",
        "accept the return R-1012",
        "decline return R-1007: outside of our policy",
        "R-1007 is fine, go ahead",
        "say no to R-1020",
    ),
)
async def decide_return(tx: Tx, args: DecideReturn, _ctx: RunContext, facts: DecisionFacts) -> ReturnDecided:
    """Approve or reject a return that was requested."""
    rma, order = facts.rma, facts.order
    wanted = ReturnStatus.APPROVED if args.approve else ReturnStatus.REJECTED
    rma.status = change(f"return {rma.number}", ReturnStatus(rma.status), wanted, RETURN_TRANSITIONS)
    rma.decided_at = tx.now
    rma.expires_at = facts.expires_at if args.approve else None
    tx.session.add(rma)
    orders.note(tx, order, f"return.{wanted}", f"Return {rma.number} {wanted}{f': {args.note}' if args.note else ''}")
    rma.closed_at = None if args.approve else tx.now
    tx.emit(f"return.{wanted}", return_number=rma.number, order=order.number, note=args.note)
    return ReturnDecided(
        return_number=rma.number,
        order=order.number,
        status=wanted,
        refund=Money(minor=rma.quoted_minor, currency=rma.currency),
        expires_at=rma.expires_at,
    )


async def _open(tx: Tx, facts: ReturnFacts, note: str) -> ReturnRequested:
    order, plan = facts.order, facts.plan
    assert plan is not None
    status = initial_status(plan)
    expires_at = tx.now + timedelta(days=facts.policy.returns.rma_valid_days)
    rma = tx.add(
        Return(
            tenant_id=tx.tenant_id,
            number=f"R-{await counters.take(tx, 'return')}",
            order_id=order.id,
            customer_id=order.customer_id,
            status=status,
            reason=plan.reason,
            type=plan.type,
            note=note,
            quoted_minor=plan.total("refund").minor,
            fee_minor=plan.total("restocking_fee").minor,
            shipping_fee_minor=plan.total("return_shipping").minor,
            payment_method_id=facts.method.id if facts.method else None,
            difference_minor=plan.settlement.difference.minor if plan.settlement else 0,
            currency=order.currency,
            rule=plan.lines[0].rule,
            policy_version=facts.policy.version,
            requested_at=tx.now,
            decided_at=tx.now if status is ReturnStatus.APPROVED else None,
            expires_at=expires_at,
        )
    )
    await tx.session.flush()
    for position, line in enumerate(plan.lines):
        tx.add(
            ReturnLine(
                tenant_id=tx.tenant_id,
                return_id=rma.id,
                order_line_id=UUID(line.line_id),
                quantity=line.quantity,
                exchange_variant_id=facts.wanted[position].id if facts.wanted else None,
                refund_minor=line.refund.minor,
            )
        )
    orders.note(tx, order, "return.requested", f"Return {rma.number} requested, {words(plan.type)}: {words(plan.reason)}")
    tx.emit("return.requested", return_number=rma.number, order=order.number, type=plan.type.value, reason=plan.reason.value)
    if status is ReturnStatus.APPROVED:
        tx.emit("return.approved", return_number=rma.number, order=order.number, note="")
    return ReturnRequested(
        return_number=rma.number,
        order=order.number,
        status=status,
        type=plan.type,
        reason=plan.reason,
        items=[ReturnedItem(sku=line.sku, title=line.title, quantity=line.quantity) for line in plan.lines],
        refund=plan.total("refund"),
        fee=plan.total("restocking_fee"),
        return_shipping=plan.total("return_shipping"),
        exchange_for=plan.exchange_for,
        price_difference=plan.settlement.difference if plan.settlement else None,
        method=facts.method.label if facts.method else None,
        needs_photo=any(line.needs_photo for line in plan.lines),
        expires_at=expires_at,
    )
