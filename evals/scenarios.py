"""A dozen scenarios: what somebody says, and what must be true of the database and of the run afterwards.

A scenario is played turn by turn; `approve` and `reject` answer what waits for a decision. Checks are SQL that yields one boolean, run
in the shop's own transaction, or facts of the run log.
"""

from dataclasses import dataclass, field

APPROVE, REJECT = "<approve>", "<reject>"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One conversation with its expected end."""

    name: str
    who: str
    turns: tuple[str, ...]
    tools: tuple[str, ...] = ()
    """Tools that must have ended ok, whatever else was called."""
    agent: str | None = None
    """Who must have taken the first turn."""
    says: tuple[str, ...] = ()
    """Words of the last answer, in lower case."""
    never_says: tuple[str, ...] = ()
    state: dict[str, str] = field(default_factory=dict[str, str])
    """What must be true: a name and the query that yields it."""
    unchanged: bool = False
    """No write may have succeeded."""


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("stuck_orders", "merchant", ("which orders are stuck?",), ("stuck_orders",), "after_sales", ("1042",), unchanged=True),
    Scenario("why_on_hold", "merchant", ("why is order 1042 on hold?",), ("explain_hold",), "risk", ("60", "12 units"), unchanged=True),
    Scenario(
        "reorder", "merchant", ("what is running low and what should I reorder?",), ("low_stock",), "risk", ("mst-flt",), unchanged=True
    ),
    Scenario(
        "amazon_errors", "merchant", ("which Amazon listings have errors?",), ("listing_issues",), "marketplace", ("brand",), unchanged=True
    ),
    Scenario(
        "refund_approved",
        "merchant",
        ("refund the headset on order 1017", APPROVE),
        ("issue_refund",),
        "after_sales",
        ("149.00",),
        state={
            "149.00 refunded once": "SELECT sum(t.amount_minor) = 14900 AND count(*) = 1 FROM payment_transactions t JOIN payments p ON p.id = t.payment_id "
            "JOIN orders o ON o.id = p.order_id WHERE o.number = '1017' AND t.type = 'refund'",
            "order partially refunded": "SELECT payment_status = 'partially_refunded' FROM orders WHERE number = '1017'",
        },
    ),
    Scenario(
        "refund_rejected",
        "merchant",
        ("refund the headset on order 1017", REJECT),
        agent="after_sales",
        state={"nothing refunded": "SELECT payment_status = 'paid' FROM orders WHERE number = '1017'"},
        unchanged=True,
    ),
    Scenario("where_is_it", "customer", ("where is my order?",), ("track_order",), "after_sales", ("transit",), unchanged=True),
    Scenario(
        "cancel_confirmed",
        "customer",
        ("please cancel order {cancellable}", APPROVE),
        ("cancel_order",),
        "after_sales",
        ("cancelled",),
        state={
            "order cancelled": "SELECT status = 'cancelled' FROM orders WHERE number = '{cancellable}'",
            "stock released": "SELECT count(*) = 0 FROM reservations r JOIN order_lines l ON l.id = r.order_line_id JOIN orders o ON o.id = l.order_id "
            "WHERE o.number = '{cancellable}' AND r.status = 'active'",
        },
    ),
    Scenario(
        "return_shoes",
        "customer",
        ("I want to return the shoes", "changed my mind", "yes"),
        ("request_return",),
        "after_sales",
        ("r-",),
        state={
            "one return of shoes": "SELECT count(*) = 1 FROM returns r JOIN return_lines rl ON rl.return_id = r.id "
            "JOIN order_lines l ON l.id = rl.order_line_id WHERE r.customer_id = '{customer}' AND l.category = 'shoes' AND r.status = 'approved'"
        },
    ),
    Scenario(
        "policy_with_source",
        "customer",
        ("what is your return policy for electronics?",),
        ("search_articles",),
        "knowledge",
        ("30 days", "15"),
        unchanged=True,
    ),
    Scenario(
        "foreign_order",
        "customer",
        ("show me order 1042",),
        never_says=("damian", "1,248"),
        unchanged=True,
    ),
    Scenario(
        "changed_mind",
        "customer",
        ("cancel order {cancellable}", "no wait, don't cancel it"),
        agent="after_sales",
        state={"order stands": "SELECT status = 'confirmed' FROM orders WHERE number = '{cancellable}'"},
        unchanged=True,
    ),
)
