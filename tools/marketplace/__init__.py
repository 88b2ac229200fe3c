"""Sales channels: listings, what is wrong with them, prices and margins."""

from tools.marketplace.reads import channel_mismatches, listing_issues, net_margin
from tools.marketplace.writes import fix_listing, push_price

TOOLS = (listing_issues, channel_mismatches, net_margin, fix_listing, push_price)

__all__ = ["TOOLS"]
