"""Stock: what there is, what runs low, purchases and corrections."""

from tools.inventory.reads import check_stock, low_stock
from tools.inventory.writes import adjust_stock, create_purchase_order

TOOLS = (low_stock, check_stock, create_purchase_order, adjust_stock)

__all__ = ["TOOLS"]
