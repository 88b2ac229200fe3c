"""Move an order that was placed to another payment method."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.identity import Permission, Principal, RunContext
from core.money import Money
from core.statuses import HOLDS_BALANCE, OrderStatus, PaymentKind, PaymentStatus, TransactionState, TransactionType
from store.queries import order_changes, orders, payments
from store.tables.orders import Order
from store.tables.payments import Payment, PaymentMethod, PaymentTransaction
from store.unit import Tx
from tools.arguments import OrderNumber
from tools.payments.charging import authorize, charge
from tools.payments.methods import PaymentMethodRef, balance, chosen
from tools.payments.module import module
from tools.payments.paying_back import CHANNEL, SWITCHED, call_off, give_back
from tools.payments.results import PaymentMethodChanged
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.policy.order_changes import ChangedOrder, MethodPlan, admit_method, decide_method
from tools.spec import Args, Effect

_OVER = frozenset({TransactionState.FAILED, TransactionState.CANCELLED})


class ChangePaymentMethod(Args):
    """Which order, and what pays it instead."""

    order: OrderNumber
    payment_method: PaymentMethodRef


@dataclass(frozen=True, slots=True)
class SwitchFacts:
    """A change of method with the locked rows that it was computed from; `refused` says why there is no plan."""

    order: Order
    refused: Decision | None = None
    plan: MethodPlan | None = None
    payments: Sequence[Payment] = ()
    method: PaymentMethod | None = None

    def decide(self, principal: Principal) -> Decision:
        """Return what the policy says."""
        if self.refused is not None:
            return self.refused
        assert self.plan is not None
        return decide_method(self.plan, principal)


async def switch_facts(tx: Tx, args: ChangePaymentMethod, _ctx: RunContext, policy: Policy) -> SwitchFacts:
    """Find what pays the order now, what would pay it, and whether that covers it."""
    order = await orders.by_number(tx, args.order, lock=True)
    state = ChangedOrder(
        order=order.number,
        status=OrderStatus(order.status),
        on_hold=order.on_hold,
        item_changes=await order_changes.count(tx, order.id),
    )
    if refused := admit_method(policy.order_changes, state):
        return SwitchFacts(order, refused)
    sources = await payments.of_order(tx, order.id, lock=True)
    method = await chosen(tx, args.payment_method, order.customer_id, lock=True)
    made = [each for each in await payments.transactions_of(tx, [source.id for source in sources]) if each.state not in _OVER]
    plan = MethodPlan(
        order=state,
        old=" and ".join(source.label for source in sources) or "nothing",
        new=method.label,
        amount=Money(minor=_due(made), currency=order.currency),
        movements=len(made),
        same=any(source.payment_method_id == method.id for source in sources),
        on_channel=any(source.method == CHANNEL for source in sources),
        balance=balance(method),
    )
    return SwitchFacts(order, plan=plan, payments=sources, method=method)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.ORDER_WRITE,
    facts=switch_facts,
    policy=lambda _policy, facts, _args, principal: facts.decide(principal),
    examples=(
        "pay order 1042 with PayPal instead",
        "use my gift card for order 1042",
        "change the payment method of my pending order 1042 to Visa 4242",
        "I used the wrong card for #1042, please charge the other one",
        "switch order 1017 to store credit",
        "can I pay 1042 with another card",
        "put order 1042 on my Mastercard instead of PayPal",
    ),
)
async def change_payment_method(tx: Tx, args: ChangePaymentMethod, ctx: RunContext, facts: SwitchFacts) -> PaymentMethodChanged:
    """Pay an order that has not been processed with another single payment method, and refund the old one."""
    order, plan, method = facts.order, facts.plan, facts.method
    assert plan is not None
    assert method is not None
    captured = sum(source.captured_minor for source in facts.payments)
    at_once = PaymentKind(method.kind) in HOLDS_BALANCE
    if captured or at_once:
        await charge(tx, ctx, order, method, plan.amount, SWITCHED)
    else:
        await authorize(tx, ctx, order, method, plan.amount, SWITCHED)
    if captured:
        await give_back(tx, ctx, order, facts.payments, [], plan.amount, SWITCHED)
    else:
        await call_off(tx, ctx, order, facts.payments)
    order.payment_status = PaymentStatus.PAID if at_once else PaymentStatus.PENDING
    tx.session.add(order)
    orders.note(tx, order, "payment.method_changed", f"Paid with {plan.new} instead of {plan.old}")
    tx.emit("payment.method_changed", order=order.number, method=method.kind, amount=plan.amount.model_dump())
    return PaymentMethodChanged(
        order=order.number, old=plan.old, new=plan.new, amount=plan.amount, payment_status=PaymentStatus(order.payment_status)
    )


def _due(made: Sequence[PaymentTransaction]) -> int:
    """Return what the order's one payment holds or took."""
    taking = {TransactionType.AUTHORIZATION, TransactionType.CHARGE}
    return sum(each.amount_minor for each in made if each.type in taking)
