"""Items that ran out after the order: wait for the next delivery, or take something else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.errors import InvalidInput
from core.fulfilment import BackorderChoice
from core.identity import Permission, RunContext
from core.ids import new_id
from core.money import Money
from core.statuses import OrderStatus
from store.queries import allocation, backorders, orders, payments
from store.queries.allocation import OpenLine
from store.queries.backorders import Arrival, Substitute
from store.tables.fulfilment import Backorder
from store.tables.orders import Order, OrderChange, OrderChangeLine, OrderLine
from store.tables.payments import Payment
from store.unit import ReadTx, Tx
from tools.arguments import ItemRef, Limit, OrderNumber
from tools.items import resolve
from tools.payments.amounts import captured_and_refunded
from tools.payments.paying_back import pay_back
from tools.phrases import day
from tools.policy import Policy
from tools.policy.fulfilment import BackorderPlan, FulfilmentPolicy, Need, Placement, can_miss, decide_backorder, place
from tools.policy.shares import net_of_discount
from tools.products import match
from tools.spec import Args, Audience, Effect
from tools.warehouse.facts import depots_for
from tools.warehouse.missing import Alternative, BackorderChosen, BackorderOptions, BackordersListed, MissingItem, Waiting
from tools.warehouse.module import module

_OFFERED = 5
_MATCHED = 50


class BackorderOptionsArgs(Args):
    """Which order misses something."""

    order: OrderNumber


class ChooseBackorder(Args):
    """What happens with an item that has run out."""

    order: OrderNumber
    choice: BackorderChoice
    """Wait for the next delivery, or take an alternative."""
    item: ItemRef | None = None
    """Which item has run out; needed when several have."""
    instead: Annotated[str, Field(min_length=1, max_length=120, description="The alternative: a SKU or words of its title")] | None = None


async def _fulfilment(_tx: ReadTx, _args: BackorderOptionsArgs, _ctx: RunContext, policy: Policy) -> FulfilmentPolicy:
    return policy.fulfilment


@module.tool(
    effect=Effect.READ,
    permission=Permission.ORDER_READ,
    facts=_fulfilment,
    examples=(
        "something of order 1042 is sold out, what now",
        "you wrote that my item is out of stock, what are my options for order 1042",
        "when will the missing item of 1042 be available",
        "is there something similar to what is missing on order 1017",
        "backorder options for 1042",
        "what can the customer of 1042 take instead of the sold-out lamp",
    ),
)
async def backorder_options(tx: ReadTx, args: BackorderOptionsArgs, _ctx: RunContext, policy: FulfilmentPolicy) -> BackorderOptions:
    """Show what ran out after the order: when more arrives, and what could be sent instead."""
    order = await orders.by_number(tx, args.order)
    lines = await allocation.lines(tx, order.id) if can_miss(OrderStatus(order.status)) else []
    items: list[MissingItem] = []
    for line in lines:
        if not line.missing:
            continue
        found = await _substitutes(tx, policy, line)
        arrival = await backorders.arrival(tx, line.variant_id, line.missing)
        items.append(
            MissingItem(
                sku=line.sku,
                title=line.title,
                quantity=line.missing,
                expected_at=_expected(tx, policy, arrival),
                on_order=arrival is not None,
                alternatives=[_alternative(order, line, each) for each in found],
            )
        )
    waiting = [f"{line.waiting} x {line.title}" for line in lines if line.waiting]
    return BackorderOptions(order=order.number, items=items, waiting=waiting)


class ListBackordersArgs(Args):
    """Who waits for what."""

    item: ItemRef | None = None
    """Only for this item."""
    limit: Limit = 20


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    examples=(
        "who is waiting for sold-out items",
        "show all backorders",
        "which waiting orders can be sent now that the goods are here",
        "backorders for the oak desk",
        "which customers wait for the headset",
        "has anything arrived that somebody waits for",
    ),
)
async def list_backorders(tx: ReadTx, args: ListBackordersArgs, _ctx: RunContext) -> BackordersListed:
    """List who waits for an item that ran out, the longest waiting first, and whether enough of it has come."""
    variants = [item.id for item in await match.items(tx, args.item, _MATCHED)] if args.item else None
    total, rows = await backorders.waiting(tx, variants, args.limit)
    return BackordersListed(
        total=total,
        backorders=[
            Waiting(
                order=row.order,
                customer=row.customer,
                sku=row.sku,
                title=row.title,
                quantity=row.quantity,
                since=row.created_at,
                expected_at=row.expected_at,
                available=row.available,
                arrived=row.available >= row.quantity,
            )
            for row in rows
        ],
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """A choice with the locked rows that it was computed from."""

    order: Order
    line: OpenLine | None
    plan: BackorderPlan
    expected_at: datetime
    arrival: Arrival | None = None
    substitute: Substitute | None = None
    placements: Sequence[Placement] = ()
    payments: Sequence[Payment] = ()

    @property
    def sources(self) -> list[Payment]:
        """The order's payments, oldest first."""
        return list(self.payments)


async def _choice(tx: Tx, args: ChooseBackorder, _ctx: RunContext, policy: Policy) -> _Choice:
    order = await orders.by_number(tx, args.order, lock=True)
    sources = await payments.of_order(tx, order.id, lock=True)
    lines = await allocation.lines(tx, order.id)
    zero, status = Money.zero(order.currency), OrderStatus(order.status)
    missing = [line for line in lines if line.missing and can_miss(status)]
    if not missing:
        nothing = BackorderPlan(order=order.number, status=status, title="", quantity=0, pay_back=zero, charge_later=zero)
        return _Choice(order, None, nothing, tx.now)
    line = resolve(args.item, missing, order.number)
    if args.choice is BackorderChoice.ALTERNATIVE:
        return await _instead(tx, args, policy.fulfilment, order, line, sources)
    await backorders.lock_variant(tx, line.variant_id)
    arrival = await backorders.arrival(tx, line.variant_id, line.missing)
    expected = _expected(tx, policy.fulfilment, arrival)
    captured, _ = captured_and_refunded(sources, order.currency)
    later = zero if captured.minor else _worth(order, lines, line)
    plan = BackorderPlan(
        order=order.number,
        status=status,
        title=line.title,
        quantity=line.missing,
        wait_until=day(expected),
        pay_back=zero,
        charge_later=later,
    )
    return _Choice(order, line, plan, expected, arrival, payments=sources)


async def _instead(
    tx: Tx, args: ChooseBackorder, policy: FulfilmentPolicy, order: Order, line: OpenLine, sources: Sequence[Payment]
) -> _Choice:
    offered = await _substitutes(tx, policy, line)
    if not offered:
        raise InvalidInput(f"nothing like {line.title} is in stock; the customer can wait", field="choice", code="no_alternative")
    wanted = resolve(args.instead, offered, order.number)
    await allocation.lock_stock(tx, [wanted.id])
    need = Need(line_id=line.id, variant_id=wanted.id, sku=wanted.sku, title=wanted.title, quantity=line.missing)
    plan = place(policy, [need], await depots_for(tx, [wanted.id], [], None))
    if plan.short_units:
        raise InvalidInput(f"{wanted.title} has just sold out; choose again", field="instead", code="out_of_stock")
    captured, refunded = captured_and_refunded(sources, order.currency)
    less = max(line.unit_price_minor - wanted.price_minor, 0) * line.missing
    back = Money(minor=min(less, (captured - refunded).minor), currency=order.currency)
    price = _alternative(order, line, wanted).price
    shown = BackorderPlan(
        order=order.number,
        status=OrderStatus(order.status),
        title=line.title,
        quantity=line.missing,
        instead=f"{line.missing} x {wanted.title} ({wanted.sku}), {price} each",
        pay_back=back,
        charge_later=Money.zero(order.currency),
    )
    return _Choice(order, line, shown, tx.now, substitute=wanted, placements=plan.placements, payments=sources)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ORDER_WRITE,
    facts=_choice,
    policy=lambda _policy, facts, _args, _principal: decide_backorder(facts.plan),
    examples=(
        "I'll wait for the missing item of order 1042",
        "the customer of 1042 waits for the sold-out lamp",
        "take the grey one instead of the sold-out tee on order 1042",
        "send me the alternative for order 1017",
        "backorder the headset on 1042",
        "order 1042: replace what is out of stock with MRL-SNK-WHT-43",
    ),
)
async def choose_backorder(tx: Tx, args: ChooseBackorder, ctx: RunContext, facts: _Choice) -> BackorderChosen:
    """Settle an item that ran out after the order: the customer waits for it, or takes an alternative."""
    order, line, plan = facts.order, facts.line, facts.plan
    assert line is not None
    if facts.substitute is None:
        _wait(tx, facts, line)
        orders.note(tx, order, "order.backordered", f"{plan.quantity} x {line.title} will be sent when it arrives, about {plan.wait_until}")
    else:
        await _replace(tx, ctx, facts, line, facts.substitute)
        orders.note(tx, order, "order.item_replaced", f"{plan.quantity} x {line.title} ran out: {plan.instead} instead")
    tx.emit(
        "backorder.chosen",
        order=order.number,
        sku=line.sku,
        quantity=plan.quantity,
        choice=args.choice.value,
        instead=facts.substitute.sku if facts.substitute else None,
        expected_at=None if facts.substitute else facts.expected_at.isoformat(),
    )
    return BackorderChosen(
        order=order.number,
        choice=args.choice,
        title=line.title,
        quantity=plan.quantity,
        instead=plan.instead or None,
        expected_at=None if facts.substitute else facts.expected_at,
        pay_back=plan.pay_back,
        charge_later=plan.charge_later,
    )


def _wait(tx: Tx, facts: _Choice, line: OpenLine) -> None:
    tx.add(
        Backorder(
            tenant_id=tx.tenant_id,
            order_line_id=line.id,
            variant_id=line.variant_id,
            purchase_order_id=facts.arrival.purchase_order_id if facts.arrival else None,
            quantity=line.missing,
            charge_minor=facts.plan.charge_later.minor,
            currency=facts.order.currency,
            expected_at=facts.expected_at,
            created_at=tx.now,
        )
    )


async def _replace(tx: Tx, ctx: RunContext, facts: _Choice, line: OpenLine, wanted: Substitute) -> None:
    """Put the alternative in the place of what is missing: on its line, or on a line of its own when part of it is there."""
    order, price = facts.order, min(line.unit_price_minor, wanted.price_minor)
    row = await orders.line(tx, line.id)
    if line.missing < row.quantity:
        row.quantity -= line.missing
        tx.session.add(row)
        row = OrderLine(**row.model_dump(exclude={"id", "quantity", "shipped"}), quantity=line.missing)
    row.variant_id, row.sku, row.title, row.category = wanted.id, wanted.sku, wanted.title, wanted.category
    row.unit_price_minor, row.unit_cost_minor = price, wanted.cost_minor
    tx.add(row)
    await tx.session.flush()
    if facts.plan.pay_back.minor:
        await pay_back(tx, ctx, order, facts.sources, [], facts.plan.pay_back, "cheaper_alternative")
    less = (line.unit_price_minor - price) * line.missing
    order.subtotal_minor -= less
    order.discount_minor = min(order.discount_minor, order.subtotal_minor + order.shipping_minor)
    order.total_minor = order.subtotal_minor + order.shipping_minor - order.discount_minor
    tx.session.add(order)
    await _record(tx, facts, line, row, less)
    for each in facts.placements:
        await allocation.hold(tx, row.id, each.variant_id, each.warehouse_id, each.quantity)
    await tx.session.flush()


async def _record(tx: Tx, facts: _Choice, line: OpenLine, row: OrderLine, less: int) -> None:
    """Keep what the units were before, as for any change of an order's items."""
    change = OrderChange(
        tenant_id=tx.tenant_id,
        id=new_id(),
        order_id=facts.order.id,
        difference_minor=-less,
        currency=facts.order.currency,
        created_at=tx.now,
    )
    tx.add(change)
    await tx.session.flush()
    tx.add(
        OrderChangeLine(
            tenant_id=tx.tenant_id,
            order_change_id=change.id,
            order_line_id=row.id,
            old_variant_id=line.variant_id,
            new_variant_id=row.variant_id,
            quantity=line.missing,
            old_price_minor=line.unit_price_minor,
            new_price_minor=row.unit_price_minor,
        )
    )


async def _substitutes(tx: ReadTx, policy: FulfilmentPolicy, line: OpenLine) -> list[Substitute]:
    return await backorders.substitutes(
        tx, line.variant_id, line.missing, line.unit_price_minor, policy.alternative_price_percent, _OFFERED
    )


def _alternative(order: Order, line: OpenLine, each: Substitute) -> Alternative:
    """Return an alternative at what the customer pays for it: never more than for what ran out."""
    price = Money(minor=min(each.price_minor, line.unit_price_minor), currency=order.currency)
    return Alternative(sku=each.sku, title=each.title, price=price, available=each.available)


def _expected(tx: ReadTx, policy: FulfilmentPolicy, arrival: Arrival | None) -> datetime:
    if arrival is None:
        return tx.now + timedelta(days=policy.backorder_days)
    return max(arrival.expected_at, tx.now + timedelta(days=1))


def _worth(order: Order, lines: Sequence[OpenLine], line: OpenLine) -> Money:
    """Return what the missing units of a line cost the customer, after the order's discount."""
    net = net_of_discount([each.unit_price_minor * each.quantity for each in lines], order.discount_minor)
    worth: dict[UUID, int] = {each.id: minor for each, minor in zip(lines, net, strict=True)}
    return Money(minor=worth[line.id] * line.missing // line.quantity, currency=order.currency)
