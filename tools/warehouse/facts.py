"""What the rules on fulfilment need to know of an order, read under lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.statuses import OrderStatus, PaymentStatus
from store.queries import allocation, inventory
from store.queries.allocation import Held, OpenLine
from store.tables.orders import Order
from store.tables.payments import Payment
from store.unit import ReadTx
from tools.policy.fulfilment import Depot, FulfilmentPolicy, Gate, Need, Plan, place
from tools.warehouse.results import Sending, Short

WarehouseRef = Annotated[
    str,
    Field(
        min_length=2,
        max_length=80,
        description="Code or city of a warehouse, such as LYO or Lyon",
        json_schema_extra={"format": "warehouse"},
    ),
]


@dataclass(frozen=True, slots=True)
class Placing:
    """An order's plan of who sends what, with the rows that it was computed from."""

    order: Order
    lines: list[OpenLine]
    held: list[Held]
    plan: Plan
    policy_version: int = 0
    payments: Sequence[Payment] = ()


def gate_of(order: Order) -> Gate:
    """Return the state that lets an order be prepared and sent, or not."""
    return Gate(
        order=order.number,
        status=OrderStatus(order.status),
        payment_status=PaymentStatus(order.payment_status),
        on_hold=order.on_hold,
        hold_reason=order.hold_reason or "",
    )


async def placing(tx: ReadTx, policy: FulfilmentPolicy, order: Order, only: str | None) -> Placing:
    """Plan who sends what is neither sent nor being picked; from one warehouse `only` when it is named."""
    lines = await allocation.lines(tx, order.id)
    held = await allocation.held(tx, order.id)
    depots = await depots_for(tx, [line.variant_id for line in lines], held, only)
    return Placing(order, lines, held, place(policy, [_need(line) for line in lines if line.to_place], depots))


async def depots_for(tx: ReadTx, variants: Sequence[UUID], held: list[Held], only: str | None) -> list[Depot]:
    """Return the warehouses with what each could give to an order: what is free, and what it holds for that order already."""
    rows = await allocation.depots(tx)
    if only is not None:
        wanted = (await inventory.warehouse(tx, only)).id
        rows = [row for row in rows if row.id == wanted]
    free, own = await allocation.free(tx, variants), allocation.movable(held)
    return [
        Depot(
            id=row.id,
            code=row.code,
            name=row.name,
            capacity_units=row.capacity_units,
            units=row.on_hand,
            free={
                variant: free.get(row.id, {}).get(variant, 0) + own.get(row.id, {}).get(variant, 0)
                for variant in {*free.get(row.id, {}), *own.get(row.id, {})}
            },
        )
        for row in rows
    ]


def sending(plan: Plan) -> list[Sending]:
    """Return who sends what, for a reader."""
    return [Sending(warehouse=each.warehouse, sku=each.sku, title=each.title, quantity=each.quantity) for each in plan.placements]


def shortage(needs: Sequence[Need]) -> list[Short]:
    """Return what is missing, for a reader."""
    return [Short(sku=need.sku, title=need.title, quantity=need.quantity) for need in needs]


def _need(line: OpenLine) -> Need:
    return Need(line_id=line.id, variant_id=line.variant_id, sku=line.sku, title=line.title, quantity=line.to_place)
