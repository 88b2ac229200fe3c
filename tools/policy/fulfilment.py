"""Fulfilment: which warehouse sends an order, when it may be picked and sent, and what happens when an item has run out."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.money import Money
from core.statuses import FulfilmentStatus, OrderStatus, PaymentStatus
from tools.policy.decision import Decision, Preview, allow, confirm, deny
from tools.policy.figures import Loosens

_PAID = frozenset({PaymentStatus.AUTHORIZED, PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED})
_UNDER_WAY = frozenset({OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.SHIPPED})
_WHOLE_BP = 10_000


class FulfilmentPolicy(BaseModel):
    """Weights of the warehouse's score, the load that a warehouse should have, parcels, and backorders."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fulfils_all_weight: int = Field(default=70, ge=1, le=100)
    """What it weighs that one warehouse has all lines."""
    free_capacity_weight: int = Field(default=30, ge=1, le=100)
    """What the share of a warehouse's free capacity weighs."""
    utilisation_from_percent: int = Field(default=70, ge=0, le=100)
    utilisation_to_percent: int = Field(default=85, ge=0, le=100)
    """A warehouse should be filled between these two."""
    packaging_grams: int = Field(default=200, ge=0, le=5_000)
    """What the packaging of a parcel weighs."""
    parcel_grams: int = Field(default=30_000, ge=1, le=100_000)
    """What a parcel weighs at most."""
    backorder_days: int = Field(default=21, ge=1, le=365)
    """How long a customer waits for units that are not on order yet."""
    alternative_price_percent: int = Field(default=20, ge=0, le=100)
    """How far the price of an alternative may be from the price of what has run out."""
    ship_unpaid: Annotated[bool, Loosens.UP] = False
    """Whether an order is prepared before it is paid or its payment is authorized."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.utilisation_from_percent > self.utilisation_to_percent:
            raise ValueError("utilisation_from_percent must not be above utilisation_to_percent")
        return self

    def score(self, *, fulfils_all: bool, free_bp: int) -> int:
        """Return a warehouse's score in basis points, given its free share of capacity in basis points."""
        weighed = self.fulfils_all_weight * (_WHOLE_BP if fulfils_all else 0) + self.free_capacity_weight * free_bp
        return weighed // (self.fulfils_all_weight + self.free_capacity_weight)

    def load(self, used_bp: int) -> str:
        """Return `below`, `within` or `above`: how a warehouse's utilisation stands to the target."""
        if used_bp < self.utilisation_from_percent * 100:
            return "below"
        return "within" if used_bp <= self.utilisation_to_percent * 100 else "above"

    def parcels(self, grams: int) -> int:
        """Return how many parcels goods of a weight fill at least."""
        return max(1, -(-grams // max(self.parcel_grams - self.packaging_grams, 1)))


def used_bp(units: int, capacity: int) -> int:
    """Return the used share of a capacity in basis points; more than all when there is more than fits."""
    return units * _WHOLE_BP // capacity if capacity > 0 else _WHOLE_BP


class Need(BaseModel):
    """Units of an order line that a warehouse has to send."""

    model_config = ConfigDict(frozen=True)

    line_id: UUID
    variant_id: UUID
    sku: str
    title: str
    quantity: int = Field(gt=0)


class Depot(BaseModel):
    """A warehouse with what it could give to this order."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    code: str
    name: str
    capacity_units: int
    units: int
    """What it holds of everything."""
    free: Mapping[UUID, int]
    """Units of a variant that are available, or held for this very order."""

    @property
    def free_bp(self) -> int:
        """The free share of its capacity in basis points."""
        return max(_WHOLE_BP - used_bp(self.units, self.capacity_units), 0)


class DepotScore(BaseModel):
    """How well a warehouse could send an order."""

    warehouse: str
    score_bp: int
    fulfils_all: bool
    units: int
    """How many of the units it has."""
    free_capacity_bp: int
    reason: str


class Placement(BaseModel):
    """Units of a line that a warehouse sends."""

    model_config = ConfigDict(frozen=True)

    line_id: UUID
    variant_id: UUID
    sku: str
    title: str
    warehouse_id: UUID
    warehouse: str
    quantity: int


class Plan(BaseModel):
    """Who sends what of an order, and why."""

    placements: list[Placement]
    score_bp: int
    split: bool
    short: list[Need]
    """What no warehouse has."""
    reason: str
    options: list[DepotScore]
    """All warehouses, the best first."""

    @property
    def short_units(self) -> int:
        """How many units no warehouse has."""
        return sum(need.quantity for need in self.short)


def place(policy: FulfilmentPolicy, needs: Sequence[Need], depots: Sequence[Depot]) -> Plan:
    """Choose who sends an order: the best warehouse that has all of it; a split only when none has.

    The order in which needs and warehouses come does not matter; equal scores go to the first code.
    """
    needs = sorted(needs, key=lambda need: (need.sku, str(need.line_id)))
    wanted = sum(need.quantity for need in needs)
    covers = {depot.code: _cover(needs, depot) for depot in depots}
    options = sorted(
        (_scored(policy, depot, sum(covers[depot.code].values()), wanted) for depot in depots),
        key=lambda option: (-option.score_bp, -option.units, option.warehouse),
    )
    by_code = {depot.code: depot for depot in depots}
    whole = next((option for option in options if option.fulfils_all), None)
    if whole is not None:
        placements = _placed(needs, by_code[whole.warehouse], covers[whole.warehouse])
        return Plan(placements=placements, score_bp=whole.score_bp, split=False, short=[], reason=_why(whole, options), options=options)
    return _split(needs, by_code, options)


def _split(needs: Sequence[Need], depots: Mapping[str, Depot], options: list[DepotScore]) -> Plan:
    """Take from the warehouse that has most of what is left, until nothing is left or nobody has any."""
    scores = {option.warehouse: option.score_bp for option in options}
    left, placements, used = list(needs), list[Placement](), list[str]()
    while left:
        covers = {code: _cover(left, depot) for code, depot in depots.items() if code not in used}
        best = min(covers, key=lambda code: (-sum(covers[code].values()), -scores[code], code), default=None)
        if best is None or not covers[best]:
            break
        placements += _placed(left, depots[best], covers[best])
        used.append(best)
        rest = [(need, need.quantity - covers[best].get(need.line_id, 0)) for need in left]
        left = [need.model_copy(update={"quantity": units}) for need, units in rest if units]
    short = sum(need.quantity for need in left)
    missing = f"{short} {'unit is' if short == 1 else 'units are'} out of stock"
    if not used:
        reason = f"No warehouse has any of it: {missing}"
    else:
        reason = f"No warehouse has all lines: {' and '.join(used)} {'sends' if len(used) == 1 else 'send'} what there is"
        reason += f"; {missing}" if short else ""
    return Plan(
        placements=placements, score_bp=scores[used[0]] if used else 0, split=len(used) > 1, short=left, reason=reason, options=options
    )


def _cover(needs: Sequence[Need], depot: Depot) -> dict[UUID, int]:
    """Return what a warehouse has of each line; lines of one variant share what there is."""
    free, found = dict(depot.free), dict[UUID, int]()
    for need in needs:
        units = min(need.quantity, max(free.get(need.variant_id, 0), 0))
        if units:
            found[need.line_id] = units
            free[need.variant_id] -= units
    return found


def _placed(needs: Sequence[Need], depot: Depot, cover: Mapping[UUID, int]) -> list[Placement]:
    return [
        Placement(
            line_id=need.line_id,
            variant_id=need.variant_id,
            sku=need.sku,
            title=need.title,
            warehouse_id=depot.id,
            warehouse=depot.code,
            quantity=cover[need.line_id],
        )
        for need in needs
        if need.line_id in cover
    ]


def _scored(policy: FulfilmentPolicy, depot: Depot, units: int, wanted: int) -> DepotScore:
    whole = units == wanted
    return DepotScore(
        warehouse=depot.code,
        score_bp=policy.score(fulfils_all=whole, free_bp=depot.free_bp),
        fulfils_all=whole,
        units=units,
        free_capacity_bp=depot.free_bp,
        reason=f"{depot.name} has {'all' if whole else units} of {wanted} units and {depot.free_bp // 100} % free capacity",
    )


def _why(chosen: DepotScore, options: Sequence[DepotScore]) -> str:
    others = [option for option in options if option.fulfils_all and option is not chosen]
    if not others:
        return f"{chosen.reason}; it is the only one with all lines"
    return f"{chosen.reason}: score {chosen.score_bp / 100:.1f} %, next {others[0].warehouse} with {others[0].score_bp / 100:.1f} %"


def fulfilment_of(units: Sequence[tuple[int, int]]) -> FulfilmentStatus:
    """Return what left the warehouse, from the ordered and the sent units of each line."""
    if not any(sent for _, sent in units):
        return FulfilmentStatus.UNFULFILLED
    whole = all(sent >= ordered for ordered, sent in units)
    return FulfilmentStatus.FULFILLED if whole else FulfilmentStatus.PARTIALLY_FULFILLED


class Gate(BaseModel):
    """The state of an order that somebody wants to prepare or send."""

    order: str
    status: OrderStatus
    payment_status: PaymentStatus
    on_hold: bool
    hold_reason: str = ""


def gate(policy: FulfilmentPolicy, order: Gate) -> Decision | None:
    """Return why an order must not be prepared or sent now, or nothing."""
    if order.on_hold:
        why = f": {order.hold_reason}" if order.hold_reason else ""
        return deny("fulfilment.on_hold", f"Order {order.order} is on hold{why}.", "release the order first")
    if order.status not in {OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.SHIPPED}:
        return deny("fulfilment.status", f"Order {order.order} is {order.status}: there is nothing to send.", "show the order")
    if order.payment_status not in _PAID and not policy.ship_unpaid:
        reason = f"Order {order.order} is not paid (payment {order.payment_status.replace('_', ' ')})."
        return deny("fulfilment.unpaid", reason, "wait for the payment, or cancel the order")
    return None


def decide_allocation(policy: FulfilmentPolicy, order: Gate, open_units: int) -> Decision:
    """Decide on choosing the warehouses; `open_units` are neither sent, on a pick list, nor waited for."""
    if (refusal := gate(policy, order)) is not None:
        return refusal
    if open_units == 0:
        return deny("fulfilment.nothing_open", f"Everything of order {order.order} is sent or being picked.", "show its pick lists")
    return allow("fulfilment.allocate")


def decide_picking(policy: FulfilmentPolicy, order: Gate, units: int) -> Decision:
    """Decide on a pick list for what is held at a warehouse."""
    if (refusal := gate(policy, order)) is not None:
        return refusal
    if order.status is OrderStatus.CONFIRMED:
        return deny("fulfilment.not_allocated", f"Order {order.order} has no warehouse yet.", "allocate the order first")
    if units == 0:
        return deny("pick.nothing_held", f"Nothing of order {order.order} waits to be picked there.", "show its pick lists", "allocate it")
    return allow("fulfilment.pick")


def can_miss(status: OrderStatus) -> bool:
    """Return whether an order is still to be sent, so that something of it can be missing."""
    return status in _UNDER_WAY


class BackorderPlan(BaseModel):
    """What a customer chooses for units that have run out."""

    order: str
    status: OrderStatus
    title: str
    quantity: int
    """Units that are neither sent, held nor waited for."""
    wait_until: str = ""
    instead: str = ""
    """The alternative, in words."""
    pay_back: Money
    charge_later: Money


def decide_backorder(plan: BackorderPlan) -> Decision:
    """Whoever asks confirms what was chosen: a customer for themselves, staff for the customer who told them."""
    if not can_miss(plan.status):
        return deny("backorder.status", f"Order {plan.order} is {plan.status}: nothing more of it is sent.", "show the order")
    if plan.quantity == 0:
        return deny("backorder.nothing_missing", f"Nothing of order {plan.order} is missing.", "track the order")
    rows = [("Order", plan.order), ("Out of stock", f"{plan.quantity} x {plan.title}")]
    rows += [("Instead", plan.instead)] if plan.instead else [("Wait until", plan.wait_until)]
    if plan.pay_back.minor:
        rows.append(("Paid back", str(plan.pay_back)))
    if plan.charge_later.minor:
        rows.append(("Charged on arrival", str(plan.charge_later)))
    title = f"Replace what has run out on order {plan.order}" if plan.instead else f"Wait for {plan.title}"
    return confirm("backorder.confirm", "Please check what was chosen.", Preview(title=title, rows=tuple(rows)))
