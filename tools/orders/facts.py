"""What the rules on orders need to know, read under lock."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.identity import RunContext
from core.statuses import ORDER_TRANSITIONS, CancelReason, OrderStatus
from store.queries import order_changes, order_lines, orders, payments, reservations
from store.queries.order_lines import LineState
from store.tables.orders import Order
from store.tables.payments import Payment
from store.unit import Tx
from tools.addresses import one_line
from tools.arguments import OrderNumber
from tools.payments.amounts import refundable_of
from tools.policy import Policy
from tools.policy.cancellation import CancelPlan
from tools.policy.order_changes import Step, locked
from tools.policy.orders import AddressPlan, HoldPlan
from tools.spec import Args

_CANCELLABLE = [status for status, ways in ORDER_TRANSITIONS.items() if OrderStatus.CANCELLED in ways]


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _short(length: int, what: str) -> Any:
    return Field(min_length=1, max_length=length, description=what)


class CancelOrder(Args):
    """Which order to cancel, and why."""

    order: OrderNumber
    reason: CancelReason = CancelReason.CUSTOMER_REQUEST
    """Why it is cancelled."""


class ChangeAddress(Args):
    """Where an order goes to instead."""

    order: OrderNumber
    name: Annotated[str, _short(120, "Who receives it; unchanged when left out")] | None = None
    line1: Annotated[str, _short(160, "Street and house number")]
    line2: Annotated[str, _short(160, "Floor, apartment or care of")] | None = None
    city: Annotated[str, _short(80, "City")]
    region: Annotated[str, _short(80, "State or province, where addresses have one")] | None = None
    postal_code: Annotated[str, _short(16, "Postal code")]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Country as two letters, such as FR"), BeforeValidator(_upper)]


class HoldOrder(Args):
    """Which order to hold back, and why."""

    order: OrderNumber
    reason: Annotated[str, _short(200, "Why it is held back, for colleagues")]


@dataclass(frozen=True, slots=True)
class CancelFacts:
    """A cancellation's plan with the locked rows that it was computed from."""

    plan: CancelPlan
    order: Order
    payments: list[Payment]
    lines: list[LineState]


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """A change of address with the locked order."""

    plan: AddressPlan
    order: Order
    address: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """A hold with the locked order."""

    plan: HoldPlan
    order: Order


async def cancel_facts(tx: Tx, args: CancelOrder, _ctx: RunContext, policy: Policy) -> CancelFacts:
    """Compute what a cancellation pays back and releases."""
    order = await orders.by_number(tx, args.order, lock=True)
    sources = list(await payments.of_order(tx, order.id, lock=True))
    lines = await order_lines.states(tx, order)
    plan = CancelPlan(
        order=order.number,
        status=OrderStatus(order.status),
        reason=args.reason,
        items_changed=locked(policy.order_changes, await order_changes.count(tx, order.id), Step.CANCEL),
        items=[f"{line.quantity} x {line.title}" for line in lines],
        refund=refundable_of(sources, order.currency),
        released_units=await reservations.held_units(tx, order.id),
        others=await orders.numbers(tx, order.customer_id, _CANCELLABLE, besides=order.id),
    )
    return CancelFacts(plan, order, sources, lines)


async def address_facts(tx: Tx, args: ChangeAddress, _ctx: RunContext, policy: Policy) -> AddressFacts:
    """Compare the address that an order goes to with the wanted one."""
    order = await orders.by_number(tx, args.order, lock=True)
    address = args.model_dump(exclude={"order"}) | {"name": args.name or order.ship_to.get("name", "")}
    plan = AddressPlan(
        order=order.number,
        status=OrderStatus(order.status),
        on_hold=order.on_hold,
        items_changed=locked(policy.order_changes, await order_changes.count(tx, order.id), Step.ADDRESS),
        old=one_line(order.ship_to),
        new=one_line(address),
    )
    return AddressFacts(plan, order, address)


async def hold_facts(tx: Tx, args: HoldOrder, _ctx: RunContext, _policy: Policy) -> HoldFacts:
    """Read whether an order can be held back."""
    order = await orders.by_number(tx, args.order, lock=True)
    plan = HoldPlan(order=order.number, status=OrderStatus(order.status), on_hold=order.on_hold, hold_reason=order.hold_reason or "")
    return HoldFacts(plan, order)
