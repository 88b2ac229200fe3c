"""Warehouse: who sends an order, picking, packing, and items that ran out after the order."""

from tools.warehouse.allocation import allocate_order
from tools.warehouse.backorders import backorder_options, choose_backorder, list_backorders
from tools.warehouse.picking import confirm_pick, create_pick_list, pack_order
from tools.warehouse.reads import fulfilment_options, pick_lists, warehouse_stock

TOOLS = (
    warehouse_stock,
    fulfilment_options,
    pick_lists,
    allocate_order,
    create_pick_list,
    confirm_pick,
    pack_order,
    backorder_options,
    choose_backorder,
    list_backorders,
)
"""The module's tools."""
