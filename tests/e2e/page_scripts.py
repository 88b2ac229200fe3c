"""What the stand-in API's assistant does for each question: a shop's day in a few scripts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.page_fixture import MERCHANTS, FakeApi, Step, answer, finished, tool

HOSTILE = """<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">

![pixel](https://evil.example/p.png?q=secret) and ![](//evil.example/x)

[click](javascript:window.hacked=3) [data](data:text/html,<script>1</script>)
[https://amazon.com](https://evil.example/login) [vb](vbscript:x)

[ok](https://docs.example/page) <https://plain.example/a> https://amazon.com@evil.example/x and snake_case_name stays

| a | b |
|---|---|
| <b>x</b> | `<i>` |

- **bold** <iframe src="https://evil.example"></iframe>
- [x](JaVaScRiPt:alert(1))

```html
<script>window.hacked = 4</script>
```
"""
LONG = "Every word of this answer arrives exactly once and in its order, " * 6 + "and here it ends."


def fact(event: str, /, **fields: Any) -> Step:
    """Return a step that appends a run event."""
    return ("fact", {"type": event, **fields})


def route(agent: str, by: str = "classifier", confidence: float = 0.93) -> Step:
    """Return the supervisor's choice."""
    return fact("route", agent=agent, by=by, confidence=confidence, reason="")


def question(
    tool_name: str,
    kind: str,
    title: str,
    args: dict[str, Any],
    preview: list[tuple[str, str]],
    reason: str,
    rule: str,
    may_decide: list[str],
) -> list[Step]:
    """Return a call that waits for a person."""
    call = {"id": "3.0", "name": tool_name, "args": args, "type": "tool_call"}
    return [
        fact("message", message={"id": f"m-{tool_name}", "type": "ai", "name": "after_sales", "content": "", "tool_calls": [call]}),
        fact("tool.started", call_id="3.0", tool=tool_name, agent="after_sales", args=args),
        fact("tool.finished", call_id="3.0", tool=tool_name, status="pending", result=None, text=""),
        fact(
            "approval.requested",
            kind=kind,
            tool=tool_name,
            args=args,
            title=title,
            preview=preview,
            reason=reason,
            rule=rule,
            expires_at=(datetime.now(UTC) + timedelta(hours=23)).isoformat(),
            may_decide=may_decide,
        ),
        finished("interrupted"),
    ]


ORDER_1017 = {
    "order": "1017",
    "status": "delivered",
    "total": {"minor": 21800, "currency": "EUR"},
    "lines": [{"sku": "HS-300", "title": "Aurora wireless headset", "quantity": 1}],
}
FIND_1017 = tool(
    "1.0",
    "get_order",
    {"order_number": "1017"},
    ORDER_1017,
    "**Order 1017**, delivered 3 November\n\n"
    "| Item | Qty | Price |\n|---|---|---|\n| Aurora wireless headset | 1 | €129.00 |\n| USB-C charging dock | 1 | €89.00 |",
)
QUOTE = tool(
    "2.0",
    "quote_refund",
    {"order_number": "1017", "sku": "HS-300"},
    {"refundable": {"minor": 12900, "currency": "EUR"}, "fee": {"minor": 1935, "currency": "EUR"}},
    "€129.00 captured, €0.00 refunded so far. Restocking fee 15 %: **€19.35**.",
)
REFUND_ARGS = {"order_number": "1017", "amount": {"minor": 10965, "currency": "EUR"}, "reason": "changed_mind", "notify_customer": True}
REFUND_PREVIEW = [
    ("Order", "1017 · Anna Keller"),
    ("Item", "Aurora wireless headset"),
    ("Captured", "€129.00"),
    ("Restocking fee (15 %)", "-€19.35"),
    ("Refund to card", "€109.65"),
]
REFUND = question(
    "issue_refund",
    "approval",
    "Refund €109.65 for order 1017",
    REFUND_ARGS,
    REFUND_PREVIEW,
    "Refunds over €100.00 are approved by a manager.",
    "refunds.approval_over",
    MERCHANTS,
)

ON_HOLD = """Order **1042** is on hold because its fraud score is **65 of 100**, which asks for a manual review.

| Signal | Points | What was found |
|---|---:|---|
| Young account | 30 | Opened 5 hours before the order |
| Order total over €1,000 | 20 | €1,486.00 |
| Billing differs from shipping | 15 | Lyon and Berlin |

The payment is authorised, nothing has shipped, and the 3 units stay reserved. You can:

1. **Release it** if the customer confirms the address.
2. **Keep it on hold** until the documents arrive.
3. **Block it**, which cancels the order and voids the authorisation.
"""
POLICY = """You can return electronics within **30 days of delivery** [1]. A restocking fee of **15 %** applies once the box was opened [1],
and return shipping is **€5.00** [2].

Both are waived when the item is defective, damaged or not what you ordered; then you have **90 days** [1, 2].

**Sources**

1. Returns and refunds · Electronics
2. Shipping costs · Returning a parcel
"""
CITATIONS = [
    {"number": 1, "title": "Returns and refunds", "slug": "returns", "heading": "Electronics", "excerpt": "30 days."},
    {"number": 2, "title": "Shipping costs", "slug": "shipping", "heading": "Returning a parcel", "excerpt": "5.00"},
]

SCRIPTS: dict[str, list[Step]] = {
    "1042": [
        route("risk"),
        *tool(
            "1.0",
            "get_order",
            {"order_number": "1042"},
            {"order": "1042", "status": "pending", "hold": True},
            "**Order 1042**, pending, on hold since 14:05 · €1,486.00",
            agent="risk",
        ),
        *tool(
            "2.0",
            "explain_fraud_check",
            {"order_number": "1042"},
            {"score": 65, "rules": 7, "signals": ["account_age", "order_total", "address"]},
            "Score **65**: manual review",
            agent="risk",
        ),
        *answer("a-1042", ON_HOLD, "risk"),
        finished(calls=3),
    ],
    "refund the headset": [route("after_sales"), *FIND_1017, *QUOTE, *REFUND],
    "refund my headset": [route("after_sales", "rule", 1.0), *FIND_1017, *REFUND],
    "cancel it": [
        route("after_sales", "sticky", 1.0),
        *question(
            "cancel_order",
            "confirmation",
            "Cancel order 1051 and refund €64.90",
            {"order_number": "1051", "reason": "customer_request"},
            [("Order", "1051, placed today"), ("Items", "2 x cable organiser"), ("Refund", "€64.90 to Visa ending 4242")],
            "Cancelling cannot be undone.",
            "cancellation.confirm",
            ["customer"],
        ),
    ],
    "policy": [
        route("knowledge"),
        *tool(
            "1.0",
            "search_articles",
            {"query": "return policy electronics"},
            {"citations": CITATIONS},
            "1. **Returns and refunds** · Electronics\n2. **Shipping costs** · Returning a parcel",
            agent="knowledge",
        ),
        *answer("a-policy", POLICY, "knowledge"),
        finished(),
    ],
    "hostile": [
        route("knowledge"),
        *tool(
            "1.0",
            "get_order",
            {"order_number": "<img src=x onerror=window.hacked=5>"},
            {"note": "<script>window.hacked=6</script>"},
            HOSTILE,
        ),
        *answer("a-hostile", HOSTILE),
        finished(),
    ],
    "slow": [route("knowledge"), ("tokens", ("a-slow", LONG)), ("gate", "slow"), *answer("a-slow", LONG)[1:], finished()],
    "cut": [
        route("knowledge"),
        ("tokens", ("a-cut", LONG[:150])),
        ("drop", None),
        ("sleep", 0.1),
        ("tokens", ("a-cut", LONG[150:280])),
        ("drop", None),
        ("sleep", 0.1),
        *tool("1.0", "list_orders", {}, [], "none"),
        ("tokens", ("a-cut", LONG[280:])),
        ("gate", "cut"),
        *answer("a-cut", LONG)[1:],
        finished(),
    ],
    "rewrite": [
        route("risk"),
        ("tokens", ("a-bad", "Order 9999 was lost.")),
        fact("draft.discarded", message_id="a-bad"),
        fact("answer.checked", unsupported=["9999"], action="regenerated"),
        *answer("a-good", "There is no such order.", "risk"),
        finished(),
    ],
    "denied": [
        route("after_sales"),
        *tool(
            "1.0",
            "cancel_order",
            {"order_number": "1003"},
            {"rule_id": "cancellation.shipped"},
            "**Not allowed** (`cancellation.shipped`): the order has shipped. Request a return instead.",
            status="denied",
        ),
        *answer("a-denied", "Order 1003 has shipped, so it cannot be cancelled. I can open a return for it."),
        finished(),
    ],
    "fail": [route("risk"), fact("run.failed", code="model_unavailable", message="The model did not answer in time.")],
    "": [
        route("knowledge", "model", 0.71),
        *answer("a-any", "I can look into orders, stock, listings and returns. What do you need?", "knowledge"),
        finished(),
    ],
}
RESUMES: dict[str, list[Step]] = {
    "issue_refund": answer("a-refunded", "The refund is on its way. The customer sees it within **3 to 5 days**."),
    "cancel_order": answer("a-cancelled", "Order **1051** is cancelled and **€64.90** goes back to your card."),
}


def demo_api(pace: float = 0.005) -> FakeApi:
    """Return an API with a few conversations of the past."""
    api = FakeApi(SCRIPTS, RESUMES, pace=pace)
    said = [
        {"id": "h1", "type": "human", "content": "What is running low?"},
        {"id": "x1", "type": "ai", "name": "risk", "content": "Two SKUs are below their reorder point."},
    ]
    for title, days in (
        ("What is running low and what should I reorder?", 0.2),
        ("Amazon listings with errors", 1.1),
        ("Late parcels with Colis Privé", 1.3),
        ("Weekly sales report", 4),
        ("Supplier defect rates", 12),
    ):
        api.add_thread(title, said, age=timedelta(days=days))
    return api
