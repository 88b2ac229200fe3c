"""Deciding on held orders."""

from dataclasses import dataclass

from core.identity import Permission, Principal, RunContext
from core.money import Money
from core.statuses import FraudOutcome
from store.queries import fraud, orders
from store.tables.fraud import FraudCheck
from store.tables.orders import Order
from store.unit import Tx
from tools.arguments import OrderNumber
from tools.fraud.module import module
from tools.fraud.reads import signals
from tools.fraud.results import OrderReleased
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.policy.fraud import ReleasePlan, decide_release
from tools.spec import Args, Audience, Effect


class ReleaseOrder(Args):
    """Arguments of `release_order`."""

    order: OrderNumber


@dataclass(frozen=True, slots=True)
class _Release:
    order: Order
    check: FraudCheck | None
    plan: ReleasePlan


async def _release(tx: Tx, args: ReleaseOrder, _ctx: RunContext, _policy: Policy) -> _Release:
    order = await orders.by_number(tx, args.order, lock=True)
    check = await fraud.latest_check(tx, order.id)
    plan = ReleasePlan(
        order=order.number,
        on_hold=order.on_hold,
        hold_reason=order.hold_reason or "no reason was noted",
        score=check.score if check else None,
        signals=[f"{signal.detail} ({signal.points})" for signal in signals(check.signals)] if check else [],
        total=str(Money(minor=order.total_minor, currency=order.currency)),
    )
    return _Release(order, check, plan)


def _may_release(policy: Policy, release: _Release, _args: ReleaseOrder, principal: Principal) -> Decision:
    return decide_release(policy.fraud, release.plan, principal)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.FRAUD_DECIDE,
    audience=Audience.STAFF,
    facts=_release,
    policy=_may_release,
    examples=(
        "release order 1042",
        "1042 is fine, let it go",
        "approve the held order 1042",
        "take order 1042 off hold",
        "unblock #1042",
        "lift the hold on 1042, I called the customer",
        "clear the fraud hold for order 1042",
    ),
)
async def release_order(tx: Tx, args: ReleaseOrder, _ctx: RunContext, release: _Release) -> OrderReleased:
    """Release an order from its hold, so that it goes on to payment and shipping."""
    order, check = release.order, release.check
    by = tx.principal.name or tx.principal.role.value
    order.on_hold, order.hold_reason = False, None
    tx.session.add(order)
    if check is not None and check.reviewed_at is None:
        fraud.rule(tx, order, check, FraudOutcome.APPROVE, f"Released from its hold: {release.plan.hold_reason}")
    orders.note(tx, order, "order.released", f"Released from its hold ({release.plan.hold_reason})")
    tx.emit("order.released", order=args.order, score=release.plan.score, by=by)
    return OrderReleased(order=order.number, status=order.status, released_by=by)
