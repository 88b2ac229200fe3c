"""Orders: find, show, cancel, redirect, change items, hold back."""

from tools.orders.item_changes import modify_order_items
from tools.orders.reads import find_orders, get_order
from tools.orders.stuck import stuck_orders
from tools.orders.writes import cancel_order, change_address, hold_order

TOOLS = (find_orders, get_order, stuck_orders, cancel_order, change_address, modify_order_items, hold_order)
"""The module's tools."""
