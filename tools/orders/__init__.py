"""Orders: find, show, cancel, redirect, hold back."""

from tools.orders.reads import find_orders, get_order
from tools.orders.stuck import stuck_orders
from tools.orders.writes import cancel_order, change_address, hold_order

TOOLS = (find_orders, get_order, stuck_orders, cancel_order, change_address, hold_order)
"""The module's tools."""
