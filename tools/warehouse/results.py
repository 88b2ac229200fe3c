"""What tools on warehouses, picking and packing give back."""

from datetime import datetime

from pydantic import BaseModel

from core.fulfilment import PickStatus
from core.statuses import OrderStatus
from tools.phrases import bullets, joined, listing, plural, words
from tools.policy.fulfilment import DepotScore
from tools.result import Result

_SHOWN = 10


class WarehouseShown(BaseModel):
    """A warehouse, how full it is, and what waits there."""

    warehouse: str
    name: str
    city: str
    capacity_units: int
    on_hand: int
    reserved: int
    available: int
    utilisation_percent: int
    load: str
    """below, within or above the target."""
    waiting_picks: int
    """Pick lists whose units have not left."""


class WarehouseStock(Result):
    """Warehouses with their utilisation against the target."""

    target: str
    warehouses: list[WarehouseShown]

    def text(self) -> str:
        """Return one line a warehouse."""
        shown = [
            f"**{each.name}** ({each.warehouse}): {each.on_hand} of {each.capacity_units} units, {each.utilisation_percent} % used, "
            f"{each.load} the target; "
            f"{each.reserved} reserved, {each.available} available, {plural(each.waiting_picks, 'pick list')} waiting"
            for each in self.warehouses[:_SHOWN]
        ]
        return listing(f"{plural(len(self.warehouses), 'warehouse')}, target {self.target}:", shown, len(self.warehouses))


class Sending(BaseModel):
    """Units of an item that a warehouse sends."""

    warehouse: str
    sku: str
    title: str
    quantity: int

    @property
    def shown(self) -> str:
        """The units in words."""
        return f"{self.quantity} x {self.title} from {self.warehouse}"


class Short(BaseModel):
    """Units that no warehouse has."""

    sku: str
    title: str
    quantity: int

    @property
    def shown(self) -> str:
        """The units in words."""
        return f"{self.quantity} x {self.title}"


class FulfilmentOptions(Result):
    """Who could send an order, the proposal and the alternatives with their scores."""

    order: str
    status: OrderStatus
    score_bp: int
    """Of the proposal, in basis points."""
    split: bool
    proposal: list[Sending]
    short: list[Short]
    reason: str
    options: list[DepotScore]

    def text(self) -> str:
        """Return the proposal, why, and the other warehouses."""
        if not self.proposal and not self.short:
            return f"Order {self.order} is {words(self.status)}: everything is sent or being picked."
        lines = [f"Order {self.order}: {self.reason}."]
        lines += bullets(each.shown for each in self.proposal[:_SHOWN])
        lines += _missing(self.short)
        others = [f"{option.warehouse} {option.score_bp / 100:.1f} %: {option.reason}" for option in self.options[:5]]
        return "\n".join([*lines, *(["Scores:"] if others else []), *bullets(others)])


class OrderAllocated(Result):
    """Which warehouses send an order, as it was stored."""

    order: str
    status: OrderStatus
    score_bp: int
    split: bool
    sends: list[Sending]
    short: list[Short]
    filled: int
    """Units that the customer waited for and that are there now."""
    reason: str
    alternatives: list[DepotScore]

    def text(self) -> str:
        """Return who sends what, why, and what is missing."""
        lines = [f"Order {self.order} is **{words(self.status)}**. {self.reason}."]
        lines += bullets(each.shown for each in self.sends[:_SHOWN])
        if self.filled:
            lines.append(f"{plural(self.filled, 'unit')} that the customer waited for came in.")
        return "\n".join([*lines, *_missing(self.short)])


class PickItem(BaseModel):
    """Units of an item on a pick list."""

    sku: str
    title: str
    quantity: int
    picked: int


class PickShown(BaseModel):
    """A pick list."""

    pick_list: str
    order: str
    warehouse: str
    status: PickStatus
    created_at: datetime
    items: list[str]
    wanted: int
    picked: int
    parcels: int
    weight_grams: int
    on_hold: bool
    """Whether its order is held back meanwhile."""

    @property
    def shown(self) -> str:
        """The list on one line."""
        packed = f", {plural(self.parcels, 'parcel')} of {kilos(self.weight_grams)} in all" if self.parcels else ""
        held = ", **order on hold**" if self.on_hold else ""
        return f"{self.pick_list} for order {self.order} in {self.warehouse}: {self.status}{held}, {', '.join(self.items[:4])}{packed}"


class PickLists(Result):
    """Pick lists that match, the oldest first; `total` counts all of them."""

    total: int
    pick_lists: list[PickShown]

    def text(self) -> str:
        """Return one line a list."""
        if not self.pick_lists:
            return "No pick list matches."
        return listing(f"{plural(self.total, 'pick list')}:", [each.shown for each in self.pick_lists[:_SHOWN]], self.total)


class PickMade(BaseModel):
    """A list that a picker can start with."""

    pick_list: str
    warehouse: str
    items: list[PickItem]


class PickListsCreated(Result):
    """New pick lists of an order, one a warehouse."""

    order: str
    pick_lists: list[PickMade]

    def text(self) -> str:
        """Return what to take from where."""
        lines: list[str] = []
        for each in self.pick_lists[:5]:
            lines.append(f"Pick list **{each.pick_list}** for order {self.order} in {each.warehouse}:")
            lines += bullets(f"{item.quantity} x {item.title} (`{item.sku}`)" for item in each.items[:_SHOWN])
        return "\n".join(lines)


class PickConfirmed(Result):
    """A list that was picked, and what was not found."""

    pick_list: str
    order: str
    warehouse: str
    status: PickStatus
    items: list[PickItem]
    short: list[Short]

    def text(self) -> str:
        """Return what was found and what to do about the rest."""
        picked = [f"{item.picked} x {item.title}" for item in self.items if item.picked]
        head = f"Pick list {self.pick_list} of order {self.order} is **{self.status}**: {joined(picked[:_SHOWN]) or 'nothing was found'}."
        if not self.short:
            return head
        lost = f"Not found in {self.warehouse} and taken off its stock: {joined([each.shown for each in self.short[:_SHOWN]])}."
        return f"{head}\n{lost} Allocate the order again, or offer the customer a backorder or an alternative."


class OrderPacked(Result):
    """A list whose units are in parcels."""

    pick_list: str
    order: str
    warehouse: str
    parcels: int
    weight_grams: int
    items: list[PickItem]

    def text(self) -> str:
        """Return the parcels and their weight."""
        packed = joined([f"{item.picked} x {item.title}" for item in self.items[:_SHOWN] if item.picked])
        return (
            f"Order {self.order} is packed in {self.warehouse}: {plural(self.parcels, 'parcel')}, "
            f"{kilos(self.weight_grams)} in all ({packed})."
        )


def kilos(grams: int) -> str:
    """Return a weight in kilograms."""
    return f"{grams / 1000:.1f} kg"


def _missing(short: list[Short]) -> list[str]:
    if not short:
        return []
    return [f"**Out of stock**: {joined([each.shown for each in short[:_SHOWN]])}. The customer can wait or take an alternative."]
