"""Choose the warehouses that send an order, and move its reservations there."""

from dataclasses import replace
from uuid import UUID

from pydantic import JsonValue

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.statuses import ORDER_TRANSITIONS, OrderStatus, ReservationStatus, change
from store.queries import allocation, backorders, orders, payments
from store.tables.fulfilment import Allocation
from store.unit import Tx
from tools.arguments import OrderNumber
from tools.phrases import joined
from tools.policy import Policy
from tools.policy.fulfilment import decide_allocation
from tools.spec import Args, Audience, Effect
from tools.warehouse.charging import charge_on_arrival
from tools.warehouse.facts import Placing, WarehouseRef, gate_of, placing, sending, shortage
from tools.warehouse.module import module
from tools.warehouse.results import OrderAllocated

_STORED = 20
"""Placements and alternatives that are kept with the choice."""


class AllocateOrder(Args):
    """Which order gets its warehouses."""

    order: OrderNumber
    warehouse: WarehouseRef | None = None
    """Send it from this warehouse; the best one is chosen when left out."""


async def _facts(tx: Tx, args: AllocateOrder, _ctx: RunContext, policy: Policy) -> Placing:
    order = await orders.by_number(tx, args.order, lock=True)
    sources = await payments.of_order(tx, order.id, lock=True)
    await allocation.lock_stock(tx, [line.variant_id for line in await allocation.lines(tx, order.id)])
    found = await placing(tx, policy.fulfilment, order, args.warehouse)
    if args.warehouse is not None and found.plan.short_units:
        missing = ", ".join(f"{need.quantity} x {need.title}" for need in found.plan.short)
        reason = f"{args.warehouse} does not have {missing} for order {order.number}; leave the warehouse out to let the best be chosen"
        raise InvalidInput(reason, field="warehouse", code="warehouse_short")
    return replace(found, policy_version=policy.version, payments=sources)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.FULFILMENT_WRITE,
    audience=Audience.STAFF,
    facts=_facts,
    policy=lambda policy, facts, _args, _principal: decide_allocation(
        policy.fulfilment, gate_of(facts.order), sum(line.to_place for line in facts.lines)
    ),
    examples=(
        "allocate order 1042",
        "assign order 1042 to a warehouse",
        "send 1042 from Rotterdam",
        "choose where order 1017 ships from",
        "start preparing order 1042",
        "reallocate 1042, the goods arrived",
        "move order 1042 to the Leipzig depot",
    ),
)
async def allocate_order(tx: Tx, args: AllocateOrder, ctx: RunContext, facts: Placing) -> OrderAllocated:
    """Choose the warehouse (or warehouses) that sends an order, reserve its units there and start preparing it."""
    order, plan = facts.order, facts.plan
    await _move(tx, facts)
    if OrderStatus(order.status) is OrderStatus.CONFIRMED:
        order.status = change(f"order {order.number}", OrderStatus.CONFIRMED, OrderStatus.PROCESSING, ORDER_TRANSITIONS)
        tx.session.add(order)
    filled, charge = await _fill(tx, facts)
    if filled:
        tx.emit("backorder.filled", order=order.number, units=filled)
    if charge:
        await charge_on_arrival(tx, ctx, order, facts.payments, charge)
    before = await allocation.newest(tx, order.id)
    told = before is not None and before.short_units == plan.short_units
    tx.add(_row(tx, facts))
    orders.note(tx, order, "order.allocated", plan.reason)
    places: list[JsonValue] = [*sorted({each.warehouse for each in plan.placements})]
    tx.emit("order.allocated", order=order.number, warehouses=places, score_bp=plan.score_bp)
    short = [need for need in plan.short if need.quantity > _waiting(facts, need.line_id)]
    if short and not told:
        items: list[JsonValue] = [{"sku": need.sku, "title": need.title, "quantity": need.quantity} for need in short]
        tx.emit("order.short", order=order.number, items=items)
        data: dict[str, JsonValue] = {"item": joined([need.title for need in short]), "choices": "wait for it, or take an alternative"}
        tx.emit("email.requested", customer=str(order.customer_id), template="out_of_stock", order=order.number, data=data)
    return OrderAllocated(
        order=order.number,
        status=order.status,
        score_bp=plan.score_bp,
        split=plan.split,
        sends=sending(plan),
        short=shortage(plan.short),
        filled=filled,
        reason=plan.reason,
        alternatives=plan.options,
    )


async def _move(tx: Tx, facts: Placing) -> None:
    """Hold the units where the plan wants them, and nowhere else."""
    wanted = {(each.line_id, each.warehouse_id): each for each in facts.plan.placements}
    held = {(place.line_id, place.warehouse_id): place for place in facts.held if place.movable}
    for key in sorted(held, key=lambda key: (held[key].variant_id, held[key].warehouse_id, held[key].line_id)):
        surplus = held[key].movable - (wanted[key].quantity if key in wanted else 0)
        if surplus > 0:
            await allocation.settle(tx, *key, surplus, ReservationStatus.RELEASED)
            await allocation.shift(tx, held[key].variant_id, held[key].warehouse_id, reserved=-surplus)
    for key in sorted(wanted, key=lambda key: (wanted[key].variant_id, wanted[key].warehouse_id, wanted[key].line_id)):
        more = wanted[key].quantity - (held[key].movable if key in held else 0)
        if more > 0:
            await allocation.hold(tx, wanted[key].line_id, wanted[key].variant_id, wanted[key].warehouse_id, more)
    await tx.session.flush()


async def _fill(tx: Tx, facts: Placing) -> tuple[int, int]:
    """Mark what the customer waited for and what is there now; return its units and what is charged for it in minor units."""
    short = {need.line_id: need.quantity for need in facts.plan.short}
    units = charge = 0
    for line in facts.lines:
        come = line.waiting - min(line.waiting, short.get(line.id, 0))
        if come:
            units += come
            charge += await backorders.fill(tx, line.id, come)
    return units, charge


def _waiting(facts: Placing, line_id: UUID) -> int:
    return next(line.waiting for line in facts.lines if line.id == line_id)


def _row(tx: Tx, facts: Placing) -> Allocation:
    plan = facts.plan
    return Allocation(
        tenant_id=tx.tenant_id,
        order_id=facts.order.id,
        score_bp=plan.score_bp,
        chosen=[each.model_dump() for each in sending(plan)[:_STORED]],
        alternatives=[option.model_dump() for option in plan.options[:_STORED]],
        reason=plan.reason[:300],
        short_units=plan.short_units,
        policy_version=facts.policy_version,
        created_at=tx.now,
    )
