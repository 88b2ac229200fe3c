"""Pick lists: made for what is held, confirmed when it is picked, and packed into parcels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidInput
from core.fulfilment import PICK_TRANSITIONS, PickStatus
from core.identity import Permission, RunContext
from core.statuses import ReservationStatus, change
from store.queries import allocation, counters, inventory, orders, picking
from store.queries.allocation import DepotRow, Held, OpenLine
from store.queries.picking import LineToPick
from store.tables.fulfilment import PickList
from store.tables.orders import Order
from store.unit import Tx
from tools.arguments import ItemRef, OrderNumber, Quantity
from tools.items import resolve
from tools.policy import Policy
from tools.policy.decision import Decision, allow, deny
from tools.policy.fulfilment import FulfilmentPolicy, decide_picking, gate
from tools.spec import Args, Audience, Effect
from tools.warehouse.facts import WarehouseRef, gate_of
from tools.warehouse.module import module
from tools.warehouse.results import OrderPacked, PickConfirmed, PickItem, PickListsCreated, PickMade, Short


class CreatePickList(Args):
    """Which order is picked."""

    order: OrderNumber
    warehouse: WarehouseRef | None = None
    """Only in this warehouse; in each that holds units when left out."""


class Missing(BaseModel):
    """Units that were not on the shelf."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    item: ItemRef
    quantity: Quantity
    """How many units were not found."""


class ConfirmPick(Args):
    """Which order was picked, and what was not found."""

    order: OrderNumber
    warehouse: WarehouseRef | None = None
    """Where; needed when several warehouses pick for the order."""
    missing: list[Missing] = Field(default_factory=list[Missing], max_length=50)
    """What was not on the shelf; nothing when all was found."""


class PackOrder(Args):
    """Which order is packed, and into what."""

    order: OrderNumber
    warehouse: WarehouseRef | None = None
    """Where; needed when several warehouses pack for the order."""
    parcels: Annotated[int, Field(ge=1, le=100, json_schema_extra={"format": "quantity"})] | None = None
    """How many parcels; as many as the weight needs when left out."""
    weight_grams: Annotated[int, Field(ge=1, le=2_000_000)] | None = None
    """What it weighs on the scales in grams; computed from the items when left out."""


@dataclass(frozen=True, slots=True)
class _Picking:
    """What is held for an order and not on a list yet, by warehouse."""

    order: Order
    lines: list[OpenLine]
    places: dict[DepotRow, list[Held]]

    @property
    def units(self) -> int:
        """How many units can be put on lists."""
        return sum(place.movable for held in self.places.values() for place in held)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A list in the state that a step needs, if there is one, with its lines."""

    order: Order
    warehouse: str
    picks: PickList | None
    lines: list[LineToPick]
    policy: FulfilmentPolicy


async def _to_pick(tx: Tx, args: CreatePickList, _ctx: RunContext, _policy: Policy) -> _Picking:
    order = await orders.by_number(tx, args.order, lock=True)
    only = (await inventory.warehouse(tx, args.warehouse)).id if args.warehouse else None
    busy = {each.warehouse_id for each in await picking.live(tx, order.id)}
    held = [place for place in await allocation.held(tx, order.id) if place.movable and place.warehouse_id not in busy]
    places = {
        depot: [place for place in held if place.warehouse_id == depot.id]
        for depot in await allocation.depots(tx)
        if only in {None, depot.id} and any(place.warehouse_id == depot.id for place in held)
    }
    return _Picking(order, await allocation.lines(tx, order.id), places)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.FULFILMENT_WRITE,
    audience=Audience.STAFF,
    facts=_to_pick,
    policy=lambda policy, facts, _args, _principal: decide_picking(policy.fulfilment, gate_of(facts.order), facts.units),
    examples=(
        "create a pick list for order 1042",
        "make the pick list of 1042",
        "let somebody pick order 1017",
        "print what to pick for 1042 in Lyon",
        "start picking order 1042",
        "get 1042 onto a picking list",
    ),
)
async def create_pick_list(tx: Tx, args: CreatePickList, _ctx: RunContext, facts: _Picking) -> PickListsCreated:
    """Make the pick list of an allocated order, one for each warehouse that holds units of it."""
    order, lines, made = facts.order, {line.id: line for line in facts.lines}, list[PickMade]()
    for depot, held in facts.places.items():
        number = f"P-{await counters.take(tx, 'pick_list')}"
        picks = PickList(tenant_id=tx.tenant_id, number=number, order_id=order.id, warehouse_id=depot.id, created_at=tx.now)
        await picking.add(tx, picks, [(place.line_id, place.movable) for place in held])
        orders.note(tx, order, "order.picking", f"Pick list {number} for {depot.name}")
        tx.emit("pick_list.created", pick_list=number, order=order.number, warehouse=depot.code)
        items = [
            PickItem(sku=lines[place.line_id].sku, title=lines[place.line_id].title, quantity=place.movable, picked=0) for place in held
        ]
        made.append(PickMade(pick_list=number, warehouse=depot.code, items=items))
    return PickListsCreated(order=order.number, pick_lists=made)


async def _open_list(tx: Tx, args: ConfirmPick, _ctx: RunContext, policy: Policy) -> _Listed:
    listed = await _listed(tx, args.order, args.warehouse, PickStatus.OPEN, policy)
    await allocation.lock_stock(tx, [line.variant_id for line in listed.lines])
    return listed


async def _picked_list(tx: Tx, args: PackOrder, _ctx: RunContext, policy: Policy) -> _Listed:
    return await _listed(tx, args.order, args.warehouse, PickStatus.PICKED, policy)


async def _listed(tx: Tx, number: str, ref: str | None, wanted: PickStatus, policy: Policy) -> _Listed:
    """Return the one list of an order that is in a state; several need the warehouse."""
    order = await orders.by_number(tx, number, lock=True)
    only = (await inventory.warehouse(tx, ref)).id if ref else None
    found = [each for each in await picking.live(tx, order.id) if each.status == wanted and only in {None, each.warehouse_id}]
    codes = {depot.id: depot.code for depot in await allocation.depots(tx)}
    if len(found) > 1:
        where = ", ".join(sorted(codes[each.warehouse_id] for each in found))
        raise InvalidInput(
            f"order {number} is {wanted} in several warehouses; which one: {where}?", field="warehouse", code="which_warehouse"
        )
    if not found:
        return _Listed(order, "", None, [], policy.fulfilment)
    return _Listed(order, codes[found[0].warehouse_id], found[0], await picking.lines(tx, found[0].id), policy.fulfilment)


def _has_list(policy: Policy, facts: _Listed, wanted: PickStatus) -> Decision:
    """Let a step run on a list in the state that it needs."""
    refusal = gate(policy.fulfilment, gate_of(facts.order))
    if refusal is not None:
        return refusal
    if facts.picks is None:
        before = "create a pick list" if wanted is PickStatus.OPEN else "confirm the pick"
        return deny(f"pick.none_{wanted}", f"Order {facts.order.number} has no pick list that is {wanted}.", before, "show its pick lists")
    return allow("fulfilment.pick")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.FULFILMENT_WRITE,
    audience=Audience.STAFF,
    facts=_open_list,
    policy=lambda policy, facts, _args, _principal: _has_list(policy, facts, PickStatus.OPEN),
    examples=(
        "order 1042 is picked",
        "picking of 1042 is done",
        "confirm the pick of order 1017",
        "everything for 1042 was on the shelf",
        "picked 1042 but 2 speakers were missing",
        "one lamp of order 1042 could not be found",
    ),
)
async def confirm_pick(tx: Tx, args: ConfirmPick, _ctx: RunContext, facts: _Listed) -> PickConfirmed:
    """Confirm that an order was picked; what was not on the shelf is taken off the stock."""
    order, picks = facts.order, facts.picks
    assert picks is not None
    lost = _lost(args.missing, facts)
    for line in facts.lines:
        missing = lost.get(line.id, 0)
        await picking.found(tx, line.id, line.quantity - missing)
        if missing:
            await allocation.settle(tx, line.line_id, picks.warehouse_id, missing, ReservationStatus.RELEASED)
            await allocation.shift(tx, line.variant_id, picks.warehouse_id, on_hand=-missing, reserved=-missing)
            allocation.moved(tx, line.variant_id, picks.warehouse_id, -missing, "short_pick", order.number)
            tx.emit("stock.adjusted", sku=line.sku, warehouse=facts.warehouse, delta=-missing, reason="short_pick")
    items = [
        PickItem(sku=line.sku, title=line.title, quantity=line.quantity, picked=line.quantity - lost.get(line.id, 0))
        for line in facts.lines
    ]
    step = PickStatus.PICKED if any(item.picked for item in items) else PickStatus.CANCELLED
    picks.status = change(f"pick list {picks.number}", PickStatus(picks.status), step, PICK_TRANSITIONS)
    picks.picked_at = tx.now
    tx.session.add(picks)
    short = [Short(sku=item.sku, title=item.title, quantity=item.quantity - item.picked) for item in items if item.picked < item.quantity]
    orders.note(tx, order, "order.picked", f"Picked in {facts.warehouse}{', some items were missing' if short else ''}")
    tx.emit("pick_list.picked", pick_list=picks.number, order=order.number, short_units=sum(each.quantity for each in short))
    return PickConfirmed(
        pick_list=picks.number, order=order.number, warehouse=facts.warehouse, status=PickStatus(picks.status), items=items, short=short
    )


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.FULFILMENT_WRITE,
    audience=Audience.STAFF,
    facts=_picked_list,
    policy=lambda policy, facts, _args, _principal: _has_list(policy, facts, PickStatus.PICKED),
    examples=(
        "order 1042 is packed",
        "pack 1042 into 2 parcels",
        "1042 is in the box, it weighs 3200 grams",
        "packing of order 1017 is finished",
        "put everything of 1042 in one parcel",
        "box up order 1042",
    ),
)
async def pack_order(tx: Tx, args: PackOrder, _ctx: RunContext, facts: _Listed) -> OrderPacked:
    """Record that a picked order is packed, with its parcels and its weight."""
    order, picks = facts.order, facts.picks
    assert picks is not None
    goods = sum(line.picked * line.weight_grams for line in facts.lines)
    picks.parcels = args.parcels or facts.policy.parcels(goods)
    picks.weight_grams = args.weight_grams or goods + picks.parcels * facts.policy.packaging_grams
    picks.status = change(f"pick list {picks.number}", PickStatus(picks.status), PickStatus.PACKED, PICK_TRANSITIONS)
    picks.packed_at = tx.now
    tx.session.add(picks)
    orders.note(tx, order, "order.packed", f"Packed in {facts.warehouse}")
    tx.emit("pick_list.packed", pick_list=picks.number, order=order.number, parcels=picks.parcels, weight_grams=picks.weight_grams)
    return OrderPacked(
        pick_list=picks.number,
        order=order.number,
        warehouse=facts.warehouse,
        parcels=picks.parcels,
        weight_grams=picks.weight_grams,
        items=[PickItem(sku=line.sku, title=line.title, quantity=line.quantity, picked=line.picked) for line in facts.lines],
    )


def _lost(missing: Sequence[Missing], facts: _Listed) -> dict[UUID, int]:
    """Return the units that were not found, by line of the list.

    Raises:
        InvalidInput: an item is not on the list, or more is missing than it lists.
    """
    lost: dict[UUID, int] = {}
    for each in missing:
        line = resolve(each.item, facts.lines, facts.order.number)
        lost[line.id] = lost.get(line.id, 0) + each.quantity
        if lost[line.id] > line.quantity:
            raise InvalidInput(f"only {line.quantity} x {line.title} are on the list", field="missing", code="more_than_listed")
    return lost
