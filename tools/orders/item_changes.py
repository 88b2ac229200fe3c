"""Change the items of an order that was placed: other variants of the same products, with the price difference."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidInput
from core.identity import Permission, Principal, RunContext
from core.ids import new_id
from core.money import Money
from core.statuses import OrderStatus
from store.queries import exchanges, methods, order_changes, order_lines, orders, payments
from store.queries.exchanges import Sibling
from store.queries.order_lines import LineState
from store.tables.orders import Order, OrderChange, OrderChangeLine
from store.tables.payments import Payment, PaymentMethod
from store.unit import Tx
from tools.arguments import ItemRef, OrderNumber, Quantity
from tools.items import resolve
from tools.orders.changes import ItemsModified
from tools.orders.module import module
from tools.payments.amounts import refundable_of
from tools.payments.charging import authorize, charge
from tools.payments.methods import PaymentMethodRef, admit_target, balance, chosen
from tools.payments.paying_back import give_back
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.policy.order_changes import ChangedOrder, ItemChangePlan, admit_items, decide_items
from tools.spec import Args, Effect
from tools.variants import variant

_AT_ONCE = 20
Wanted = Annotated[str, Field(min_length=1, max_length=120, description="The wanted variant: a SKU, or options such as size 43 black")]


class MoreChanges(BaseModel):
    """Another item that is changed with the first."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    item: ItemRef
    wanted: Wanted
    quantity: Quantity | None = None
    """How many units; all of them when left out."""


class ModifyOrderItems(Args):
    """Which items become which other variants. All changes of an order come in one request."""

    order: OrderNumber
    item: ItemRef | None = None
    """Which item; needed when the order has several."""
    wanted: Wanted
    quantity: Quantity | None = None
    """How many units; all of them when left out."""
    more: Annotated[tuple[MoreChanges, ...], Field(max_length=_AT_ONCE, description="Further items to change in the same request")] = ()
    payment_method: PaymentMethodRef | None = None
    """What pays the price difference, or gets it back; the order's own payment when left out."""


@dataclass(frozen=True, slots=True)
class UnitsChanged:
    """Units of a line and what they become."""

    line: LineState
    quantity: int
    wanted: Sibling


@dataclass(frozen=True, slots=True)
class ItemChangeFacts:
    """A change's plan with the locked rows that it was computed from; `refused` says why there is no plan."""

    order: Order
    refused: Decision | None = None
    plan: ItemChangePlan | None = None
    payments: Sequence[Payment] = ()
    method: PaymentMethod | None = None
    changes: list[UnitsChanged] = field(default_factory=list[UnitsChanged])

    def decide(self, principal: Principal) -> Decision:
        """Return what the policy says."""
        if self.refused is not None:
            return self.refused
        assert self.plan is not None
        return decide_items(self.plan, principal)


async def changed_order(tx: Tx, order: Order) -> ChangedOrder:
    """Return an order as the rules on changes see it."""
    return ChangedOrder(
        order=order.number,
        status=OrderStatus(order.status),
        on_hold=order.on_hold,
        item_changes=await order_changes.count(tx, order.id),
    )


async def item_change_facts(tx: Tx, args: ModifyOrderItems, _ctx: RunContext, policy: Policy) -> ItemChangeFacts:
    """Find what becomes what, and what it costs more or less. The order's lock keeps two changes apart."""
    order = await orders.by_number(tx, args.order, lock=True)
    state = await changed_order(tx, order)
    if refused := admit_items(policy.order_changes, state):
        return ItemChangeFacts(order, refused)
    sources = await payments.of_order(tx, order.id, lock=True)
    changes = await _wanted(tx, args, order, same=policy.order_changes.same_variant)
    method = await _payer(tx, args.payment_method, order, sources)
    more = sum((each.wanted.price_minor - each.line.unit_price_minor) * each.quantity for each in changes)
    difference = Money(minor=more, currency=order.currency)
    if more < 0:
        admit_target(method, sources)
    if more > 0 and method is None:
        raise InvalidInput(f"what should pay the difference of {difference}?", field="payment_method", code="payment_method_needed")
    plan = ItemChangePlan(
        order=state,
        changes=[(f"{each.quantity} x {each.line.title}, {_price(order, each.line.unit_price_minor)}", _shown(each)) for each in changes],
        difference=difference,
        total=_price(order, order.total_minor + more),
        method=method.label if method else "the original payment",
        balance=balance(method) if method else None,
    )
    return ItemChangeFacts(order, plan=plan, payments=sources, method=method, changes=changes)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.ORDER_WRITE,
    facts=item_change_facts,
    policy=lambda _policy, facts, _args, principal: facts.decide(principal),
    examples=(
        "make the jacket in order 1042 a size L before it ships",
        "I ordered the wrong colour, can order 1042 still become the white headset",
        "change the item in my pending order 1042 to size 43",
        "modify order 1017: the tee should be grey instead of black",
        "order 1042 has not shipped yet, give me the 256 GB one instead",
        "update the items of 1042, blue instead of red, pay the rest with PayPal",
        "switch the sneakers in my open order 1042 to black 44",
        "I picked the wrong size in 1042, change it please",
        "change the boots in order 1042 to 43",
        "please change the bedding of order 1042 to grey",
        "order 1042 has not shipped yet, make the chair blue please",
    ),
)
async def modify_order_items(tx: Tx, args: ModifyOrderItems, ctx: RunContext, facts: ItemChangeFacts) -> ItemsModified:
    """Change items of an order that has not been processed into another size, colour or other variant of the same product."""
    order, plan, method = facts.order, facts.plan, facts.method
    assert plan is not None
    change = tx.add(
        OrderChange(
            tenant_id=tx.tenant_id,
            id=new_id(),
            order_id=order.id,
            difference_minor=plan.difference.minor,
            currency=order.currency,
            payment_method_id=method.id if method else None,
            created_at=tx.now,
        )
    )
    await tx.session.flush()
    for each in sorted(facts.changes, key=lambda each: (min(each.line.variant_id, each.wanted.id), each.line.id)):
        await _apply(tx, change.id, each)
    order.subtotal_minor += plan.difference.minor
    order.total_minor += plan.difference.minor
    tx.session.add(order)
    await _settle(tx, ctx, facts, plan.difference)
    shown = "; ".join(f"{old} became {new}" for old, new in plan.changes)
    orders.note(tx, order, "order.items_changed", f"Items changed: {shown}")
    tx.emit("order.items_changed", order=order.number, difference=plan.difference.model_dump(), items=[list(each) for each in plan.changes])
    return ItemsModified(order=order.number, changes=plan.changes, difference=plan.difference, total=plan.total, method=plan.method)


async def _wanted(tx: Tx, args: ModifyOrderItems, order: Order, *, same: bool) -> list[UnitsChanged]:
    """Return which units become what; all items are found before the first variant is looked for."""
    lines = await order_lines.states(tx, order)
    left = {line.id: line.quantity for line in lines}
    asked = [(args.item, args.quantity, args.wanted), *((each.item, each.quantity, each.wanted) for each in args.more)]
    parts = [(_take(order, lines, left, item, quantity), wanted) for item, quantity, wanted in asked]
    found: list[UnitsChanged] = []
    for part, ref in parts:
        line = part[0][0]
        if not same and ref.strip().lower() == line.sku.lower():
            raise InvalidInput(f"{line.title} is what the order has; name another variant", field="wanted", code="variant_same")
        siblings = await exchanges.siblings(tx, line.variant_id, with_own=same)
        wanted = variant(ref, line.title, siblings, sum(units for _, units in part))
        found += [UnitsChanged(line, units, wanted) for line, units in part]
    return found


def _take(
    order: Order, lines: list[LineState], left: dict[UUID, int], ref: str | None, quantity: int | None
) -> list[tuple[LineState, int]]:
    """Take units of the item that `ref` means from the lines that have it.

    Raises:
        InvalidInput: the order has no such item, or not so many of it.
    """
    sku = resolve(ref, lines, order.number).sku
    same = [line for line in lines if line.sku == sku]
    has = sum(left[line.id] for line in same)
    wanted = quantity or has
    if wanted == 0 or wanted > has:
        raise InvalidInput(f"order {order.number} has {has} of {same[0].title} left to change", field="quantity", code="item_quantity")
    taken: list[tuple[LineState, int]] = []
    for line in same:
        units = min(wanted, left[line.id])
        if units:
            taken.append((line, units))
            left[line.id] -= units
            wanted -= units
    return taken


async def _payer(tx: Tx, ref: str | None, order: Order, sources: Sequence[Payment]) -> PaymentMethod | None:
    """Return the chosen method, else the one on file that paid the order last, locked."""
    if ref is not None:
        return await chosen(tx, ref, order.customer_id, lock=True)
    ids = [source.payment_method_id for source in sources if source.payment_method_id]
    known = await methods.by_ids(tx, ids[-1:], lock=True)
    return known.get(ids[-1]) if ids else None


async def _apply(tx: Tx, change_id: UUID, each: UnitsChanged) -> None:
    line = await order_changes.line(tx, each.line.id)
    holder = await order_changes.become(tx, line, each.wanted, each.quantity)
    tx.add(
        OrderChangeLine(
            tenant_id=tx.tenant_id,
            order_change_id=change_id,
            order_line_id=holder.id,
            old_variant_id=each.line.variant_id,
            new_variant_id=each.wanted.id,
            quantity=each.quantity,
            old_price_minor=each.line.unit_price_minor,
            new_price_minor=each.wanted.price_minor,
        )
    )


async def _settle(tx: Tx, ctx: RunContext, facts: ItemChangeFacts, difference: Money) -> None:
    """Charge or pay back the difference. What is only held is taken at its new amount later; an unpaid order is paid at its new total."""
    order, sources = facts.order, facts.payments
    captured = sum(source.captured_minor for source in sources)
    authorized = sum(source.authorized_minor for source in sources)
    if difference.minor > 0 and facts.method is not None:
        if captured:
            await charge(tx, ctx, order, facts.method, difference, "price_difference")
        elif authorized:
            await authorize(tx, ctx, order, facts.method, difference, "price_difference")
    elif difference.minor < 0 and captured:
        back = min(-difference, refundable_of(sources, order.currency))
        if back.minor > 0:
            await give_back(tx, ctx, order, sources, [], back, "price_difference", to=facts.method)


def _price(order: Order, minor: int) -> Money:
    return Money(minor=minor, currency=order.currency)


def _shown(each: UnitsChanged) -> str:
    price = Money(minor=each.wanted.price_minor, currency=each.wanted.currency)
    return f"{each.quantity} x {each.wanted.title} ({each.wanted.sku}), {price}"
