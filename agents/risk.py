"""Risk: fraud, held orders, and business risk over stock, suppliers and shipments."""

from agents.spec import AgentSpec, Desk

_FRAUD = Desk(
    name="fraud",
    purpose="Fraud checks, orders on hold, customers' risk, the block list.",
    tools=frozenset(
        {
            "explain_hold",
            "fraud_review_queue",
            "score_order",
            "decide_fraud",
            "release_order",
            "hold_order",
            "customer_risk",
            "return_abuse",
            "block_list",
            "block",
            "unblock",
            "get_customer",
            "get_order",
        }
    ),
    examples=("is this customer a fraudster", "which orders look suspicious", "put the order on hold"),
    borrowed=frozenset({"get_order"}),
)
_STOCK = Desk(
    name="stock",
    purpose="Stock that runs low, stock corrections and orders to suppliers.",
    tools=frozenset(
        {
            "low_stock",
            "check_stock",
            "stock_movements",
            "reorder_proposal",
            "set_reorder_point",
            "create_purchase_order",
            "list_purchase_orders",
            "receive_purchase_order",
            "cancel_purchase_order",
            "adjust_stock",
            "bulk_adjust_stock",
            "transfer_stock",
            "reserve_stock",
            "release_reservation",
        }
    ),
    examples=("what should we reorder", "are we running out of anything"),
)
_DELIVERY = Desk(
    name="delivery",
    purpose="Late and lost shipments, and what the carriers owe.",
    tools=frozenset(
        {
            "late_shipments",
            "get_order",
            "get_customer",
            "track_order",
            "handle_late_shipment",
            "carrier_performance",
            "carrier_quotes",
            "open_carrier_claim",
            "decide_carrier_claim",
            "list_carrier_claims",
        }
    ),
    examples=("the carrier keeps being late", "a parcel arrived crushed, who pays"),
    borrowed=frozenset({"get_order", "get_customer", "track_order"}),
)
_BUSINESS = Desk(
    name="business",
    purpose="Merchants who apply to sell here, suppliers, and alerts of the shop.",
    tools=frozenset(
        {
            "onboarding_queue",
            "submit_application",
            "add_application_document",
            "request_documents",
            "review_application",
            "list_suppliers",
            "list_alerts",
            "acknowledge_alert",
            "resolve_alert",
        }
    ),
    borrowed=frozenset({"list_suppliers", "list_alerts", "acknowledge_alert", "resolve_alert"}),
    examples=("which merchants are waiting", "is the application complete", "what alarms are open"),
)

_QUALITY = Desk(
    name="quality",
    purpose="Quality of the goods: inspections of lots, defects of products, how good suppliers are.",
    tools=frozenset(
        {"schedule_inspection", "record_inspection", "list_inspections", "defect_rate", "supplier_rating", "list_suppliers", "check_stock"}
    ),
    borrowed=frozenset({"list_suppliers", "check_stock"}),
    examples=("is something wrong with what we sell", "a sample of the delivery has to be looked at"),
)

RISK = AgentSpec(
    name="risk",
    title="Risk",
    purpose="Fraud checks, orders on hold, customers' risk, stock and purchases, late shipments, quality, merchants who apply.",
    desks=(_FRAUD, _STOCK, _DELIVERY, _QUALITY, _BUSINESS),
)
