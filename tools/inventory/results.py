"""What the inventory tools give back."""

from datetime import datetime

from pydantic import BaseModel

from core.money import Money
from tools.phrases import day, listing, plural
from tools.result import Result

_SHOWN = 10


class LowItem(BaseModel):
    """A variant that needs reordering, with the order that is proposed."""

    sku: str
    title: str
    level: str
    available: int
    reorder_point: int
    on_order: int
    proposed_quantity: int
    supplier: str
    lead_days: int
    unit_cost: Money
    estimated_cost: Money


class LowStock(Result):
    """Variants at or below a level, the most urgent first."""

    level: str
    total: int
    items: list[LowItem]

    def text(self) -> str:
        """List what to order first."""
        if not self.total:
            return "Nothing is at or below its reorder point." if self.level == "low" else f"Nothing is {_WORDS[self.level]}."
        shown = [
            f"**{item.title}** (`{item.sku}`): {item.available} left of a reorder point of {item.reorder_point}, {_WORDS[item.level]}. "
            + (f"{item.on_order} on order. " if item.on_order else "")
            + f"Proposed: {item.proposed_quantity} from {item.supplier}, {item.estimated_cost}, {plural(item.lead_days, 'day')}."
            for item in self.items[:_SHOWN]
        ]
        verb = "needs" if self.total == 1 else "need"
        heading = (
            f"{plural(self.total, 'item')} {verb} reordering:"
            if self.level == "low"
            else f"{plural(self.total, 'item')} {_BELOW[self.level]}:"
        )
        return listing(heading, shown, self.total)


_WORDS = {"out": "out of stock", "critical": "critical", "high": "urgent", "low": "low", "ok": "fine"}
_BELOW = {"out": "out of stock", "critical": "critical or out of stock", "high": "urgent, critical or out of stock"}


class Place(BaseModel):
    """What one warehouse holds."""

    warehouse: str
    name: str
    on_hand: int
    reserved: int
    available: int


class ItemStock(BaseModel):
    """A variant over all warehouses."""

    sku: str
    title: str
    level: str
    on_hand: int
    reserved: int
    available: int
    reorder_point: int
    on_order: int
    warehouses: list[Place]


class StockChecked(Result):
    """Stock of the variants that were asked about."""

    total: int
    items: list[ItemStock]

    def text(self) -> str:
        """List stock by variant; by warehouse when there is one variant only."""
        if len(self.items) == 1:
            item = self.items[0]
            places = [f"{each.name} ({each.warehouse}): {each.available} available, {each.reserved} reserved" for each in item.warehouses]
            return listing(_stock(item), places, len(places))
        return listing(f"{plural(self.total, 'item')} in stock lists:", [_stock(item) for item in self.items], self.total)


class PurchaseOrdered(Result):
    """An order to a supplier that went out."""

    purchase_order: str
    sku: str
    title: str
    supplier: str
    quantity: int
    unit_cost: Money
    total: Money
    expected_at: datetime

    def text(self) -> str:
        """Confirm the order."""
        return (
            f"Purchase order **{self.purchase_order}**: {self.quantity} x {self.title} (`{self.sku}`) from {self.supplier} "
            f"at {self.unit_cost} each, {self.total} in all. Expected on {day(self.expected_at)}."
        )


class StockAdjusted(Result):
    """A correction of stock that was made."""

    sku: str
    title: str
    warehouse: str
    delta: int
    reason: str
    on_hand: int
    reserved: int
    available: int
    """In this warehouse, after the correction."""

    def text(self) -> str:
        """Confirm the correction."""
        return (
            f"Stock of **{self.title}** (`{self.sku}`) in {self.warehouse} changed by {self.delta:+d} ({self.reason.replace('_', ' ')}): "
            f"{self.on_hand} on hand, {self.reserved} reserved, {self.available} available."
        )


def _stock(item: ItemStock) -> str:
    coming = f", {item.on_order} on order" if item.on_order else ""
    return (
        f"**{item.title}** (`{item.sku}`): {item.available} available of {item.on_hand} on hand, {item.reserved} reserved; "
        f"reorder point {item.reorder_point} ({_WORDS[item.level]}){coming}"
    )
