"""Orders: quote, place, find, show, count; cancel, redirect, change items, hold back, split, note and tag; discount codes."""

from tools.orders.coupons import create_coupon
from tools.orders.item_changes import modify_order_items
from tools.orders.notes import add_order_note, tag_order, untag_order
from tools.orders.placing import place_order, quote_order
from tools.orders.reads import find_orders, get_order
from tools.orders.splitting import split_order
from tools.orders.stats import order_stats
from tools.orders.stuck import stuck_orders
from tools.orders.writes import cancel_order, change_address, hold_order

TOOLS = (
    quote_order,
    place_order,
    find_orders,
    get_order,
    order_stats,
    stuck_orders,
    cancel_order,
    change_address,
    modify_order_items,
    hold_order,
    split_order,
    add_order_note,
    tag_order,
    untag_order,
    create_coupon,
)
"""The module's tools."""
