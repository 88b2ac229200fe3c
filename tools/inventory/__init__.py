"""Stock: what there is, what runs low, what moved, what is kept aside; corrections, transfers, and orders to suppliers."""

from tools.inventory.history import stock_movements
from tools.inventory.holding import release_reservation, reserve_stock
from tools.inventory.moving import bulk_adjust_stock, transfer_stock
from tools.inventory.purchasing import cancel_purchase_order, list_purchase_orders, receive_purchase_order
from tools.inventory.reads import check_stock, low_stock
from tools.inventory.reordering import reorder_proposal, set_reorder_point
from tools.inventory.writes import adjust_stock, create_purchase_order

TOOLS = (
    low_stock,
    check_stock,
    stock_movements,
    reorder_proposal,
    set_reorder_point,
    create_purchase_order,
    list_purchase_orders,
    receive_purchase_order,
    cancel_purchase_order,
    adjust_stock,
    bulk_adjust_stock,
    transfer_stock,
    reserve_stock,
    release_reservation,
)

__all__ = ["TOOLS"]
