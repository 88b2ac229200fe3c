"""After-sales: orders, shipments, cancellations, returns, refunds and tickets."""

from agents.spec import AgentSpec, Desk

_ORDERS = Desk(
    name="orders",
    purpose="Orders and their changes: find, show, track, cancel, address, payment and refunds of an order.",
    tools=frozenset(
        {
            "find_orders",
            "get_order",
            "stuck_orders",
            "track_order",
            "cancel_order",
            "change_address",
            "modify_order_items",
            "change_payment_method",
            "refund_quote",
            "issue_refund",
            "late_shipments",
            "backorder_options",
            "choose_backorder",
        }
    ),
    examples=(
        "my parcel has not arrived",
        "I want my money back",
        "I ordered the wrong size",
        "please cancel my order",
        "my payment failed",
        "update my delivery address",
        "show 1042",
        "which of the orders are paid",
        "since when has it been waiting",
    ),
    borrowed=frozenset({"late_shipments", "backorder_options", "choose_backorder", "change_payment_method"}),
)
_PAYMENTS = Desk(
    name="payments",
    purpose="Payments: what was held, taken and paid back, payment methods, gift cards and store credit.",
    tools=frozenset(
        {
            "find_orders",
            "get_order",
            "order_payments",
            "failed_payments",
            "authorize_payment",
            "capture_payment",
            "void_payment",
            "change_payment_method",
            "list_payment_methods",
            "gift_card_balance",
            "issue_store_credit",
            "issue_gift_card",
            "refund_quote",
            "issue_refund",
        }
    ),
    examples=("was my card charged twice", "a customer's payment was declined", "is there money left on my gift card"),
    borrowed=frozenset({"find_orders", "get_order", "refund_quote", "issue_refund"}),
)
_BUYING = Desk(
    name="buying",
    purpose="Buying by chat: what a cart costs, and placing the order; discount codes.",
    tools=frozenset({"quote_order", "place_order", "create_coupon", "search_products", "get_product", "find_orders", "get_order"}),
    borrowed=frozenset({"search_products", "get_product", "find_orders", "get_order"}),
    examples=("I would like to order something", "can I buy this here", "put it on my card"),
)
_HANDLING = Desk(
    name="handling",
    purpose="Colleagues' work on orders: notes, tags, holds, splitting, orders that do not move.",
    tools=frozenset(
        {"find_orders", "get_order", "hold_order", "stuck_orders", "add_order_note", "tag_order", "untag_order", "split_order"}
    ),
    borrowed=frozenset({"find_orders", "get_order", "hold_order", "stuck_orders"}),
    examples=("write a note on the order", "split the order in two"),
)
_RETURNS = Desk(
    name="returns",
    purpose="Returns, exchanges and replacements, from the question whether it can go back to the refund.",
    tools=frozenset(
        {
            "find_orders",
            "get_order",
            "return_eligibility",
            "request_return",
            "request_exchange",
            "add_return_photo",
            "list_returns",
            "get_return",
            "decide_return",
            "cancel_return",
        }
    ),
    examples=("the shoes are too small", "it arrived broken", "I want to send something back", "how many returns are open"),
    borrowed=frozenset({"find_orders", "get_order"}),
)
_RETURNED = Desk(
    name="returned_goods",
    purpose="Handling approved returns: label, receipt, inspection, what becomes of the items, refund, sending an exchange.",
    tools=frozenset(
        {
            "get_return",
            "list_returns",
            "send_return_label",
            "receive_return",
            "inspect_return",
            "dispose_return",
            "refund_return",
            "retry_return_refund",
            "ship_exchange",
            "complete_return",
            "expire_returns",
        }
    ),
    examples=("a returned parcel arrived at the warehouse", "what was sent back has to be inspected", "returns that nobody inspected yet"),
    borrowed=frozenset({"get_return", "list_returns"}),
)
_SERVICE = Desk(
    name="service",
    purpose="Support tickets, and everything that needs a person.",
    tools=frozenset(
        {
            "find_orders",
            "get_order",
            "open_ticket",
            "list_tickets",
            "get_ticket",
            "reply_ticket",
            "escalate_ticket",
            "resolve_ticket",
        }
    ),
    borrowed=frozenset({"find_orders", "get_order"}),
)

_CARE = Desk(
    name="care",
    purpose="Care after the sale: warranty and warranty claims, surveys of satisfied and unsatisfied customers.",
    tools=frozenset(
        {
            "find_orders",
            "get_order",
            "check_warranty",
            "claim_warranty",
            "get_warranty_claim",
            "list_warranty_claims",
            "decide_warranty_claim",
            "send_surveys",
            "answer_survey",
            "survey_summary",
        }
    ),
    examples=("it broke long after I bought it", "is this covered by the guarantee", "are our customers happy with us"),
    borrowed=frozenset({"find_orders", "get_order"}),
)
_FULFILMENT = Desk(
    name="fulfilment",
    purpose="Preparing and sending orders: which depot and carrier, picking, packing, labels, and items that ran out.",
    tools=frozenset(
        {
            "get_order",
            "track_order",
            "warehouse_stock",
            "fulfilment_options",
            "allocate_order",
            "create_pick_list",
            "confirm_pick",
            "pack_order",
            "pick_lists",
            "backorder_options",
            "choose_backorder",
            "list_backorders",
            "carrier_quotes",
            "create_shipment",
            "cancel_shipment",
            "update_shipment",
        }
    ),
    examples=("get this order out of the warehouse", "an item is sold out after the customer ordered it"),
    borrowed=frozenset({"get_order", "track_order", "carrier_quotes"}),
)
_CUSTOMERS = Desk(
    name="customers",
    purpose="Customers themselves: profile, address book, consents, loyalty, contacts, segments, and their rights over their data.",
    tools=frozenset(
        {
            "find_customers",
            "get_customer",
            "my_profile",
            "update_profile",
            "add_address",
            "update_address",
            "remove_address",
            "set_consent",
            "loyalty_status",
            "interaction_history",
            "add_interaction",
            "list_segments",
            "assign_segment",
            "export_personal_data",
            "erase_personal_data",
        }
    ),
    examples=("my account", "I want to be forgotten", "how many points do I have"),
    borrowed=frozenset({"get_customer"}),
)

_DOCUMENTS = Desk(
    name="documents",
    purpose="Documents as PDFs: invoices, packing slips, shipping labels, return labels, and where to find them.",
    tools=frozenset(
        {
            "find_orders",
            "get_order",
            "list_returns",
            "create_invoice",
            "create_packing_slip",
            "create_shipping_label",
            "create_return_label",
            "list_documents",
            "get_document",
        }
    ),
    examples=("print it for me", "I need it as a PDF"),
    borrowed=frozenset({"find_orders", "get_order", "list_returns"}),
)

AFTER_SALES = AgentSpec(
    name="after_sales",
    title="After-sales",
    purpose="Orders, tracking, cancellations, address changes, returns, refunds, warranty, surveys, invoices and support tickets.",
    desks=(_ORDERS, _PAYMENTS, _BUYING, _HANDLING, _RETURNS, _RETURNED, _SERVICE, _CARE, _FULFILMENT, _CUSTOMERS, _DOCUMENTS),
)
