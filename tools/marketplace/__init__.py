"""Sales channels: connections, listings and what is wrong with them, prices and margins, orders and messages that come from them."""

from tools.marketplace.answers import record_channel_result
from tools.marketplace.bulk import bulk_push, bulk_update_listings, push_stock
from tools.marketplace.connections import channel_connections, listing_health, pull_orders, set_channel_connection, sync_history
from tools.marketplace.fixing import correction_rules, decide_fix, revoke_correction_rule, suggest_fix, validate_listing
from tools.marketplace.heard import record_channel_message, record_reply_refused, record_sync_result
from tools.marketplace.inbox import channel_inbox, draft_channel_reply, send_channel_reply
from tools.marketplace.intake import import_channel_order
from tools.marketplace.reads import channel_mismatches, listing_issues, net_margin
from tools.marketplace.revoking import bulk_changes, revoke_bulk_change
from tools.marketplace.writes import fix_listing, push_price

TOOLS = (
    listing_issues,
    channel_mismatches,
    net_margin,
    fix_listing,
    push_price,
    validate_listing,
    suggest_fix,
    decide_fix,
    correction_rules,
    revoke_correction_rule,
    channel_connections,
    set_channel_connection,
    listing_health,
    sync_history,
    pull_orders,
    channel_inbox,
    draft_channel_reply,
    send_channel_reply,
    push_stock,
    bulk_push,
    bulk_update_listings,
    bulk_changes,
    revoke_bulk_change,
    record_channel_result,
    import_channel_order,
    record_sync_result,
    record_channel_message,
    record_reply_refused,
)

__all__ = ["TOOLS"]
