"""Marketplace: listings on sales channels, their errors, prices, stock and margins; and the catalogue behind them."""

from agents.spec import AgentSpec, Desk

_LISTINGS = Desk(
    name="listings",
    purpose="Listings on Amazon, eBay, Shopify and other channels: errors, fixes, price and stock mismatches, net margin.",
    tools=frozenset(
        {
            "listing_issues", "fix_listing", "validate_listing", "suggest_fix", "decide_fix", "correction_rules", "revoke_correction_rule",
            "listing_health", "channel_mismatches", "push_price", "push_stock", "net_margin",
            "search_products", "get_product", "check_stock",
        }
    ),
    examples=(
        "what is wrong on amazon",
        "our ebay prices are off",
        "why was the listing rejected",
        "sync the price to shopify",
        "how much do we earn on marketplaces after fees",
    ),
    borrowed=frozenset({"search_products", "get_product", "check_stock"}),
)  # fmt: skip
_CATALOGUE = Desk(
    name="catalogue",
    purpose="The catalogue and its prices: create, publish and archive products, set prices one by one or in bulk, price history.",
    tools=frozenset(
        {
            "search_products", "get_product", "price_history", "create_product", "update_product", "publish_product",
            "archive_product", "set_price", "bulk_set_prices", "bulk_push", "bulk_update_listings", "bulk_changes", "revoke_bulk_change",
        }
    ),
    borrowed=frozenset({"search_products", "get_product"}),
)  # fmt: skip
_CHANNELS = Desk(
    name="channels",
    purpose="The sales channels themselves: connections, pulling their orders, synchronisations, buyers' messages and answers.",
    tools=frozenset(
        {
            "channel_connections", "set_channel_connection", "pull_orders", "sync_history", "channel_inbox", "draft_channel_reply",
            "send_channel_reply", "find_orders", "get_order",
        }
    ),
    borrowed=frozenset({"find_orders", "get_order"}),
)  # fmt: skip

MARKETPLACE = AgentSpec(
    name="marketplace",
    title="Marketplace",
    purpose="Listings on Amazon, eBay, Shopify and other channels: errors, fixes, price and stock mismatches, net margin; the catalogue "
    "and its prices.",
    desks=(_LISTINGS, _CATALOGUE, _CHANNELS),
)
