"""Change orders that have not shipped."""

from core.identity import Permission, RunContext
from core.statuses import ORDER_TRANSITIONS, OrderStatus, PaymentStatus, change
from store.queries import backorders, orders, picking, reservations
from store.unit import Tx
from tools.orders.changes import AddressChanged, OrderCancelled, OrderHeld
from tools.orders.facts import (
    AddressFacts,
    CancelFacts,
    CancelOrder,
    ChangeAddress,
    HoldFacts,
    HoldOrder,
    address_facts,
    cancel_facts,
    hold_facts,
)
from tools.orders.module import module
from tools.payments.amounts import spread, value_lines
from tools.payments.paying_back import call_off, pay_back
from tools.phrases import words
from tools.policy import cancellation
from tools.policy.orders import decide_address, decide_hold
from tools.result import Quote
from tools.spec import Audience, Effect


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ORDER_CANCEL,
    facts=cancel_facts,
    policy=lambda policy, facts, _args, principal: cancellation.decide(policy.cancellation, facts.plan, principal),
    examples=(
        "cancel order 1042",
        "cancel my order",
        "I don't want order 1042 anymore",
        "please stop #1042, ordered by mistake",
        "cancel 1042, the customer ordered twice",
        "call off order 1042 pls",
        "order 1042 is out of stock, cancel it and refund",
        "annul my order 1017",
        "cancel 1042 because of fraud",
    ),
)
async def cancel_order(tx: Tx, args: CancelOrder, ctx: RunContext, facts: CancelFacts) -> OrderCancelled:
    """Cancel an order that has not shipped: refund what was paid and release its stock."""
    order, plan = facts.order, facts.plan
    order.status = change(f"order {order.number}", OrderStatus(order.status), OrderStatus.CANCELLED, ORDER_TRANSITIONS)
    order.cancel_reason, order.cancelled_at = args.reason, tx.now
    order.on_hold, order.hold_reason = False, None
    tx.session.add(order)
    await call_off(tx, ctx, order, facts.payments)
    if plan.refund.minor > 0:
        shares = spread(plan.refund, value_lines(order, facts.lines, plan.refund))
        lines = [(value.line.id, amount.minor) for value, amount in shares]
        await pay_back(tx, ctx, order, facts.payments, lines, plan.refund, "order_cancelled")
    await picking.call_off(tx, order.id)
    await backorders.call_off(tx, [line.id for line in facts.lines])
    released = await reservations.release(tx, order.id)
    orders.note(tx, order, "order.cancelled", f"Cancelled: {words(args.reason)}")
    tx.emit("order.cancelled", order=order.number, reason=args.reason.value, refund=plan.refund.model_dump(), released_units=released)
    return OrderCancelled(
        order=order.number,
        status=order.status,
        payment_status=PaymentStatus(order.payment_status),
        reason=args.reason,
        refund=plan.refund,
        method=" and ".join(source.label for source in facts.payments) or "the original payment",
        released_units=released,
        items=plan.items,
    )


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ORDER_WRITE,
    facts=address_facts,
    policy=lambda _policy, facts, _args, principal: decide_address(facts.plan, principal),
    examples=(
        "change the address of order 1042 to 12 Rue de la Paix, 75002 Paris, FR",
        "I moved, please send order 1042 to 5 Keizersgracht, 1015 Amsterdam, NL",
        "wrong address on 1042, it should be 8 Lindenstrasse, 10969 Berlin, DE",
        "ship #1042 to my office instead",
        "update the delivery address for order 1042",
        "can you deliver 1042 somewhere else",
        "fix the shipping address on order 1042",
    ),
)
async def change_address(tx: Tx, args: ChangeAddress, _ctx: RunContext, facts: AddressFacts) -> AddressChanged:
    """Change where an order is delivered, before it ships."""
    facts.order.ship_to = facts.address
    tx.session.add(facts.order)
    orders.note(tx, facts.order, "order.address_changed", f"Delivery address changed to {facts.plan.new}")
    tx.emit("order.address_changed", order=facts.order.number)
    return AddressChanged(order=facts.order.number, old_address=Quote.customer(facts.plan.old), new_address=Quote.customer(facts.plan.new))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ORDER_HOLD,
    audience=Audience.STAFF,
    facts=hold_facts,
    policy=lambda _policy, facts, _args, _principal: decide_hold(facts.plan),
    examples=(
        "put order 1042 on hold, the address looks wrong",
        "hold 1042 until the customer answers",
        "don't ship order 1042 yet, suspicious payment",
        "freeze order 1042: possible fraud",
        "stop 1042 from shipping, customer wants to change the size",
        "pause #1042 because of the stock count",
    ),
)
async def hold_order(tx: Tx, args: HoldOrder, _ctx: RunContext, facts: HoldFacts) -> OrderHeld:
    """Hold back an order so that it does not ship until somebody releases it."""
    facts.order.on_hold, facts.order.hold_reason = True, args.reason
    tx.session.add(facts.order)
    orders.note(tx, facts.order, "order.held", f"Put on hold: {args.reason}")
    tx.emit("order.held", order=facts.order.number, reason=args.reason)
    return OrderHeld(order=facts.order.number, on_hold=True, hold_reason=args.reason)
