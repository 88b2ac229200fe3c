"""The catalogue: products, variants, prices and reviews."""

from tools.products.reads import get_product, search_products

TOOLS = (search_products, get_product)

__all__ = ["TOOLS"]
