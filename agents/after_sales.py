"""After-sales: orders, shipments, cancellations, returns, refunds and tickets."""

from agents.spec import AgentSpec

AFTER_SALES = AgentSpec(
    name="after_sales",
    title="After-sales",
    purpose="Orders, tracking, cancellations, address changes, returns, exchanges, refunds and support tickets.",
    tools=frozenset(
        {
            "find_orders",
            "get_order",
            "stuck_orders",
            "track_order",
            "cancel_order",
            "change_address",
            "refund_quote",
            "issue_refund",
            "return_eligibility",
            "request_return",
            "request_exchange",
            "list_returns",
            "decide_return",
            "open_ticket",
            "list_tickets",
            "late_shipments",
        }
    ),
    examples=(
        "my parcel has not arrived",
        "I want my money back",
        "the shoes are too small",
        "it arrived broken",
        "I ordered the wrong size",
        "please cancel my order",
        "I need to talk to a human",
        "I would like to speak to somebody",
        "my payment failed",
        "update my delivery address",
    ),
)
