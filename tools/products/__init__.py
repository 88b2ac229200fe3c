"""The catalogue: products, variants, prices and reviews."""

from tools.products.catalogue import archive_product, create_product, publish_product, update_product
from tools.products.comparing import compare_products, price_history, product_reviews
from tools.products.pricing import bulk_set_prices, set_price
from tools.products.reads import get_product, search_products

TOOLS = (
    search_products,
    get_product,
    compare_products,
    product_reviews,
    price_history,
    create_product,
    update_product,
    publish_product,
    archive_product,
    set_price,
    bulk_set_prices,
)

__all__ = ["TOOLS"]
