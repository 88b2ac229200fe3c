"""Split an order that has not shipped: some of its units become an order of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.ids import new_id
from core.money import Money
from core.statuses import OrderStatus, PaymentStatus
from store.queries import counters, order_lines, orders, payments, picking, splitting
from store.queries.order_lines import LineState
from store.queries.placing import method_of
from store.tables.orders import Order
from store.tables.payments import Payment
from store.unit import Tx
from tools.arguments import ItemRef, OrderNumber, Quantity
from tools.items import resolve
from tools.orders.module import module
from tools.orders.placing import pay, request_authorization
from tools.phrases import bullets
from tools.policy import Policy
from tools.policy.placing import SplitPlan, decide_split
from tools.policy.shares import net_of_discount
from tools.result import Result
from tools.spec import Args, Audience, Effect


class Moving(BaseModel):
    """Units of an item that leave the order."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    item: ItemRef
    quantity: Quantity | None = None
    """How many units; all of them when left out."""


class SplitOrder(Args):
    """Which units leave which order."""

    order: OrderNumber
    item: ItemRef
    quantity: Quantity | None = None
    """How many units of it; all of them when left out."""
    more: Annotated[list[Moving], Field(default_factory=list, max_length=19)]
    """Further items that leave with it."""


class OrderSplit(Result):
    """Two orders that were one."""

    order: str
    new_order: str
    moved: list[str]
    total: Money
    """Of what stays."""
    new_total: Money

    def text(self) -> str:
        """Say what went where."""
        head = f"Order {self.order} is split: order **{self.new_order}** ({self.new_total}) has"
        return "\n".join([head, *bullets(self.moved), f"Order {self.order} keeps the rest, {self.total}."])


@dataclass(frozen=True, slots=True)
class _Part:
    line: LineState
    units: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class _Split:
    plan: SplitPlan
    order: Order
    parts: list[_Part]
    sources: Sequence[Payment]


async def _split(tx: Tx, args: SplitOrder, _ctx: RunContext, _policy: Policy) -> _Split:
    order = await orders.by_number(tx, args.order, lock=True)
    sources = await payments.of_order(tx, order.id, lock=True)
    lines = await order_lines.states(tx, order)
    parts = _parts(order, lines, [(args.item, args.quantity), *((each.item, each.quantity) for each in args.more)])
    goods = sum(part.line.unit_price_minor * part.units for part in parts)
    new_total = goods - sum(part.discount_minor for part in parts)
    captured = Money(minor=sum(source.captured_minor for source in sources), currency=order.currency)
    plan = SplitPlan(
        order=order.number,
        status=OrderStatus(order.status),
        on_hold=order.on_hold,
        captured=captured,
        moving=[f"{part.units} x {part.line.title}" for part in parts],
        picking=bool(await picking.live(tx, order.id)),
        everything=sum(part.units for part in parts) == sum(line.quantity for line in lines),
        new_total=Money(minor=new_total, currency=order.currency),
        left_total=Money(minor=order.total_minor - new_total, currency=order.currency),
    )
    return _Split(plan, order, parts, sources)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.ORDER_SPLIT,
    audience=Audience.STAFF,
    facts=_split,
    policy=lambda _policy, facts, _args, _principal: decide_split(facts.plan),
    examples=(
        "split order 1042: the armchair goes into its own order",
        "make a separate order of the tees on 1042",
        "divide order 1042, the customer wants the lamp later",
        "take 2 units of the headset out of 1042 into a new order",
        "split #1017 in two",
        "put the furniture of order 1042 on an order of its own",
    ),
)
async def split_order(tx: Tx, args: SplitOrder, ctx: RunContext, facts: _Split) -> OrderSplit:
    """Make some units of an unpaid or authorized order an order of their own."""
    order, plan = facts.order, facts.plan
    discount = sum(part.discount_minor for part in facts.parts)
    number = str(await counters.take(tx, "order"))
    child = tx.add(
        Order(
            **{name: getattr(order, name) for name in _SAME},
            tenant_id=tx.tenant_id,
            id=new_id(),
            number=number,
            external_id=number if order.channel == "web" else f"{order.external_id}/{number}"[-60:],
            status=OrderStatus.PENDING,
            payment_status=PaymentStatus.PENDING,
            subtotal_minor=plan.new_total.minor + discount,
            discount_minor=discount,
            total_minor=plan.new_total.minor,
            parent_order_id=order.id,
        )
    )
    order.subtotal_minor -= child.subtotal_minor
    order.discount_minor -= discount
    order.total_minor = plan.left_total.minor
    tx.session.add(order)
    await tx.session.flush()
    for part in facts.parts:
        await splitting.move(tx, part.line.id, child.id, part.units)
    await splitting.lower_authorized(tx, order.id, order.total_minor)
    source = facts.sources[0] if facts.sources else None
    method = await method_of(tx, source.payment_method_id) if source and source.payment_method_id else None
    if method is not None:
        request_authorization(tx, child, await pay(tx, ctx, child, method), method, "order_split")
    orders.note(tx, order, "order.split", f"{', '.join(plan.moving)} moved to order {number}")
    orders.note(tx, child, "order.placed", f"Split from order {order.number}")
    tx.emit("order.split", order=order.number, new_order=number, total=plan.left_total.model_dump(), new_total=plan.new_total.model_dump())
    return OrderSplit(order=order.number, new_order=number, moved=plan.moving, total=plan.left_total, new_total=plan.new_total)


_SAME = (
    "customer_id",
    "channel",
    "fulfilment_status",
    "on_hold",
    "hold_reason",
    "currency",
    "ship_to",
    "bill_to",
    "tags",
    "placed_at",
    "promised_at",
)
"""What both orders have in common."""


def _parts(order: Order, lines: Sequence[LineState], wanted: Sequence[tuple[str, int | None]]) -> list[_Part]:
    units: dict[int, int] = {}
    for ref, quantity in wanted:
        line = resolve(ref, lines, order.number)
        position = next(index for index, each in enumerate(lines) if each is line)
        units[position] = units.get(position, 0) + (quantity or line.quantity)
        if units[position] > line.quantity:
            message = f"order {order.number} has {line.quantity} of {line.title}, not {units[position]}"
            raise InvalidInput(message, field="quantity", code="quantity_too_large")
    net = net_of_discount([line.unit_price_minor * line.quantity for line in lines], order.discount_minor)
    parts: list[_Part] = []
    for position, count in units.items():
        line = lines[position]
        off = line.unit_price_minor * line.quantity - net[position]
        parts.append(_Part(line, count, off * count // line.quantity))
    return parts
