"""What tools that change stock give back."""

from datetime import datetime

from pydantic import BaseModel

from core.money import Money
from core.statuses import PurchaseOrderStatus, ReservationStatus
from core.stock_statuses import HoldKind
from tools.phrases import listing, plural, words
from tools.result import Result

SHOWN = 100
"""Corrections of a bulk change that its answer names."""


class StockReserved(Result):
    """Units that are kept aside until a time."""

    reservation: str
    sku: str
    title: str
    warehouse: str
    quantity: int
    kind: HoldKind
    purpose: str
    expires_at: datetime
    available: int
    """Left over all warehouses."""

    def text(self) -> str:
        """Confirm what is kept aside and until when."""
        return (
            f"Reservation **{self.reservation}**: {self.quantity} x {self.title} (`{self.sku}`) in {self.warehouse}, {self.purpose}. "
            f"Kept until {self.expires_at:%d %B %Y, %H:%M} UTC; {self.available} still available."
        )


class ReservationReleased(Result):
    """Units that are free again."""

    reservation: str
    status: ReservationStatus
    sku: str
    warehouse: str
    quantity: int
    available: int

    def text(self) -> str:
        """Confirm that the units are free."""
        return (
            f"Reservation **{self.reservation}** is {self.status}: {plural(self.quantity, 'unit')} of `{self.sku}` in {self.warehouse} "
            f"are free again, {self.available} available in all."
        )


class StockTransferred(Result):
    """Units that are in another warehouse now."""

    transfer: str
    sku: str
    title: str
    quantity: int
    source: str
    target: str
    left_at_source: int
    """Available there afterwards."""
    available_at_target: int

    def text(self) -> str:
        """Confirm the transfer."""
        return (
            f"Transfer **{self.transfer}**: {self.quantity} x {self.title} (`{self.sku}`) from {self.source} ({self.left_at_source} left) "
            f"to {self.target} ({self.available_at_target} available there now)."
        )


class Corrected(BaseModel):
    """One item of a correction of many."""

    sku: str
    delta: int
    on_hand: int
    available: int
    """In this warehouse, after the correction."""


class StockAdjustedInBulk(Result):
    """Corrections of many items of one warehouse. `items` are the first of them."""

    bulk_change: str
    warehouse: str
    reason: str
    total: int
    items: list[Corrected]

    def text(self) -> str:
        """List what changed."""
        shown = [f"`{item.sku}` {item.delta:+d}: {item.on_hand} on hand, {item.available} available" for item in self.items[:15]]
        head = f"Bulk change **{self.bulk_change}**: {plural(self.total, 'item')} corrected in {self.warehouse} ({words(self.reason)}):"
        return f"{listing(head, shown, self.total)}\nIt can be taken back as {self.bulk_change}."


class ReorderPointSet(Result):
    """When an item is reordered from now on."""

    sku: str
    title: str
    old_reorder_point: int
    reorder_point: int
    available: int
    level: str

    def text(self) -> str:
        """Confirm the reorder point."""
        return (
            f"**{self.title}** (`{self.sku}`) is reordered at **{self.reorder_point}** from now on (before: {self.old_reorder_point}). "
            f"{self.available} available: {words(self.level)}."
        )


class PurchaseReceived(Result):
    """Units that a supplier delivered."""

    purchase_order: str
    status: PurchaseOrderStatus
    sku: str
    title: str
    supplier: str
    warehouse: str
    received: int
    """With this delivery."""
    received_in_all: int
    outstanding: int
    on_hand: int
    available: int

    def text(self) -> str:
        """Confirm what came and what is missing."""
        rest = f"{self.outstanding} still to come." if self.outstanding else "The order is complete."
        return (
            f"**{self.received} x {self.title}** (`{self.sku}`) received from {self.supplier} into {self.warehouse} on "
            f"{self.purchase_order}: {self.on_hand} on hand, {self.available} available there. {rest}"
        )


class PurchaseCancelled(Result):
    """An order to a supplier whose rest is called off."""

    purchase_order: str
    status: PurchaseOrderStatus
    sku: str
    title: str
    supplier: str
    received: int
    called_off: int
    saved: Money

    def text(self) -> str:
        """Confirm what will not come."""
        kept = f" {self.received} had come and stay." if self.received else ""
        return (
            f"Purchase order **{self.purchase_order}** is cancelled: {self.called_off} x {self.title} (`{self.sku}`) from {self.supplier} "
            f"will not come, {self.saved} less to pay.{kept}"
        )
