"""Risk: fraud, held orders, and business risk over stock and suppliers."""

from agents.spec import AgentSpec

RISK = AgentSpec(
    name="risk",
    title="Risk",
    purpose="Fraud checks, orders on hold, customers' risk, stock that runs low and purchase orders, late shipments.",
    tools=frozenset(
        {
            "explain_hold",
            "fraud_review_queue",
            "release_order",
            "hold_order",
            "customer_risk",
            "get_customer",
            "get_order",
            "low_stock",
            "check_stock",
            "create_purchase_order",
            "adjust_stock",
            "late_shipments",
        }
    ),
    examples=(
        "is this customer a fraudster",
        "what should we reorder",
        "are we running out of anything",
        "which orders look suspicious",
        "put the order on hold",
    ),
)
